//! One space in memory, on which commands are decided and carried out as the ledger does it.

use roster::domain::{
    Actor, Attendance, AttendanceChange, Attributes, Authorship, Capacity, Command, Content,
    Contribution, CoolDown, Counts, DisplayName, Event, InviteLimits, Membership, Millis, NewSpace,
    Placement, Privacy, Refusal, RoleChange, Snapshot, Space, SpaceName, SpaceState, Status,
    Subject, Until, UserId, Users, decide,
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

pub fn name(text: &str) -> DisplayName {
    DisplayName::new(text).unwrap()
}

pub fn attributes(text: &str) -> Attributes {
    Attributes::new(text).unwrap()
}

/// What a space is made of when nothing else is said.
pub fn new_space(privacy: Privacy) -> NewSpace {
    NewSpace {
        privacy,
        creator: user(CREATOR),
        contribution: Contribution::Anyone,
        cool_down: CoolDown::default(),
        capacity: None,
        waitlist: false,
        content: Content { display_name: name("Roses"), attributes: attributes("{}") },
        invitees: None,
    }
}

/// A space, or the place where one may come to be.
#[derive(Clone)]
pub struct World {
    pub name: SpaceName,
    pub now: Millis,
    pub state: SpaceState,
}

impl World {
    /// No space yet.
    pub fn empty(name: &str) -> Self {
        Self { name: SpaceName::parse(name).unwrap(), now: 1_000, state: SpaceState::default() }
    }

    /// A course with its creator and these memberships, none of which has a history.
    pub fn course(privacy: Privacy, people: &[(&str, Status)]) -> Self {
        Self::of("courses/1", privacy, people)
    }

    /// The same of any kind.
    pub fn of(name: &str, privacy: Privacy, people: &[(&str, Status)]) -> Self {
        let mut world = Self::empty(name);
        let NewSpace { creator, contribution, content, .. } = new_space(privacy);
        let mut counts = Counts::default();
        let mut memberships = Vec::new();
        for (id, status) in people.iter().chain(&[(CREATOR, Status::Creator)]) {
            counts.shift(Status::Absent, *status);
            let absent = Membership::absent(world.name.clone(), user(id), 0);
            memberships.push(Membership { status: *status, ..absent });
        }
        let (name, capacity, seq, created_at) = (world.name.clone(), None, 0, 0);
        let hides_members = false;
        let space = Space {
            name,
            privacy,
            creator,
            contribution,
            capacity,
            cool_down: CoolDown::default(),
            waitlist: false,
            hides_members,
            seq,
            counts,
            created_at,
            next_until: None,
        };
        let mut snapshot = Snapshot::new(space, memberships);
        snapshot.add_line(Vec::new(), true);
        snapshot.content = Some(content);
        world.state.snapshot = Some(snapshot);
        world
    }

    /// Limits the seats to those that are taken, and so many more.
    pub fn with_room_for(mut self, seats: i64) -> Self {
        let space = &mut self.state.snapshot.as_mut().unwrap().space;
        space.capacity = Capacity::new(space.counts.seats() + seats);
        self
    }

    /// Whoever finds no seat waits for one.
    pub fn with_a_waiting_list(mut self) -> Self {
        self.state.snapshot.as_mut().unwrap().space.waitlist = true;
        self
    }

    /// Decides a command and carries it out, a moment after what was before.
    pub fn run(&mut self, actor: &Actor, command: &Command) -> Result<Vec<Event>, Refusal> {
        self.now += 1;
        self.run_now(actor, command)
    }

    /// The same at the very moment of what was before.
    pub fn run_now(&mut self, actor: &Actor, command: &Command) -> Result<Vec<Event>, Refusal> {
        let snapshot = self.state.snapshot.as_ref();
        let decision = decide(&self.name, snapshot, actor, command, self.now)?;
        let (actor, cause) = (actor.clone(), command.action(actor));
        Ok(self
            .state
            .carry_out(decision, &Authorship { actor, service: None, cause, at: self.now }))
    }

    /// Runs a command and says what it did, as in `ann absent → member joined` for a membership
    /// and `updated capacity` for the space.
    pub fn told(&mut self, actor: &Actor, command: &Command) -> Result<Vec<String>, Refusal> {
        let line = |event: &Event| match &event.subject {
            Subject::Membership { user, from, to } => {
                format!("{user} {from} → {to} {}", event.name)
            }
            Subject::Space { fields } => {
                let words = fields.iter().map(|field| field.word());
                [event.name.word()].into_iter().chain(words).collect::<Vec<_>>().join(" ")
            }
        };
        self.run(actor, command).map(|events| events.iter().map(line).collect())
    }

    /// The space and its people, who must be there.
    pub fn snapshot(&self) -> &Snapshot {
        self.state.snapshot.as_ref().unwrap()
    }

    /// The space, which must be there.
    pub fn space(&self) -> &Space {
        &self.snapshot().space
    }

    /// What this user is to the space now.
    pub fn status(&self, id: &str) -> Status {
        self.state.snapshot.as_ref().map_or(Status::Absent, |s| s.at(self.now).status(&user(id)))
    }
}

/// Some users, until a time.
pub fn until(ids: &[&str], at: Millis) -> Placement {
    Placement { until: Until::At(at), ..users(ids).into() }
}

/// Some users, where so many invitations of one user may be open.
pub fn limited(ids: &[&str], per_sender: i64) -> Placement {
    let limits = InviteLimits { per_sender: Some(per_sender), per_space: None };
    Placement { limits, ..users(ids).into() }
}

/// An answer to whether somebody goes: of these, or of the actor.
pub fn attendance(users: Option<&[&str]>, attendance: Option<Attendance>) -> Command {
    let users = users.map(self::users);
    Command::SetAttendance(AttendanceChange { users, attendance, if_attendance: None })
}
