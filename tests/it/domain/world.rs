//! One space in memory, on which commands are decided and carried out as the ledger does it.

use roster::domain::{
    Actor, Command, Contribution, Counts, Event, Membership, Millis, NewSpace, Privacy, Refusal,
    RoleChange, Snapshot, Space, SpaceName, Status, UserId, Users, decide, snapshot,
};

/// The creator of every space here.
pub const CREATOR: &str = "creator";

pub fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

pub fn users(ids: &[&str]) -> Users {
    Users::new(ids.iter().map(|id| user(id)).collect()).unwrap()
}

pub fn by(id: &str) -> Actor {
    Actor::User(user(id))
}

pub fn service() -> Actor {
    Actor::Service(user("courses-service"))
}

/// A change of roles: who becomes manager, member, nothing.
pub fn roles(managers: &[&str], members: &[&str], none: &[&str]) -> Command {
    let list = |ids: &[&str]| ids.iter().map(|id| user(id)).collect();
    Command::ChangeRoles(RoleChange::new(list(managers), list(members), list(none)).unwrap())
}

/// What a space is made of when nothing else is said.
pub fn new_space(privacy: Privacy) -> NewSpace {
    NewSpace {
        privacy,
        display_name: "Roses".into(),
        creator: user(CREATOR),
        contribution: Contribution::Anyone,
        capacity: None,
        attributes: "{}".into(),
    }
}

/// A space, or the place where one may come to be, with all that has happened to it.
#[derive(Clone)]
pub struct World {
    pub name: SpaceName,
    pub now: Millis,
    pub snapshot: Option<Snapshot>,
}

impl World {
    /// No space yet.
    pub fn empty(name: &str) -> Self {
        Self { name: SpaceName::parse(name).unwrap(), now: 1_000, snapshot: None }
    }

    /// A course with its creator and these memberships, none of which has a history.
    pub fn course(privacy: Privacy, people: &[(&str, Status)]) -> Self {
        let mut world = Self::empty("courses/1");
        let NewSpace { display_name, creator, contribution, attributes, .. } = new_space(privacy);
        let mut counts = Counts::default();
        let mut memberships = Vec::new();
        for (id, status) in people.iter().chain(&[(CREATOR, Status::Creator)]) {
            counts.shift(Status::Absent, *status);
            let absent = Membership::absent(world.name.clone(), user(id), 0);
            memberships.push(Membership { status: *status, ..absent });
        }
        let name = world.name.clone();
        let (capacity, seq, created_at) = (None, 0, 0);
        let space = Space {
            name,
            privacy,
            display_name,
            creator,
            contribution,
            capacity,
            attributes,
            seq,
            counts,
            created_at,
        };
        world.snapshot = Some(Snapshot::new(space, memberships));
        world
    }

    /// Limits the seats to those that are taken, and so many more.
    pub fn with_room_for(mut self, seats: i64) -> Self {
        let space = &mut self.snapshot.as_mut().unwrap().space;
        space.capacity = Some(space.counts.seats() + seats);
        self
    }

    /// Decides a command and carries it out.
    pub fn run(&mut self, actor: &Actor, command: &Command) -> Result<Vec<Event>, Refusal> {
        self.now += 1;
        let decision = decide(&self.name, self.snapshot.as_ref(), actor, command, self.now)?;
        let cause = command.action(actor);
        Ok(snapshot::carry_out(&mut self.snapshot, decision, actor, cause, self.now))
    }

    /// Runs a command and says what it did, as in `ann ABSENT → MEMBER joined`.
    pub fn told(&mut self, actor: &Actor, command: &Command) -> Result<Vec<String>, Refusal> {
        let line = |e: &Event| format!("{} {} → {} {}", e.user, e.from, e.to, e.name);
        self.run(actor, command).map(|events| events.iter().map(line).collect())
    }

    /// The space, which must be there.
    pub fn space(&self) -> &Space {
        &self.snapshot.as_ref().unwrap().space
    }

    /// What this user is to the space.
    pub fn status(&self, id: &str) -> Status {
        self.snapshot.as_ref().map_or(Status::Absent, |snapshot| snapshot.status(&user(id)))
    }
}
