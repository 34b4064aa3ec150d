//! What is asked: any command, by anybody, of few spaces and few users, so that they meet again and again.

use roster::domain::{
    Actor, Attendance, AttendanceChange, Attributes, Capacity, Command, Content, Contribution,
    CoolDown, DisplayName, Grant, InviteLimits, LinkHash, Millis, Moderation, NewLink, NewSpace,
    Note, Offer, Placement, Privacy, RoleChange, SpaceName, SpacePatch, Sweep, Until, UserId,
    Users, Uses,
};

use crate::random::Random;

/// A wish that chance did not make well formed; another one is made then.
type Wish = Option<(Actor, Command)>;

/// The first of them makes the spaces.
pub const PEOPLE: &[&str] = &["ada", "bob", "eve", "kay", "max", "sue", "tim", "zoe"];
const FREQUENT: usize = 3;
const NAMES: &[&str] =
    &["events/1", "courses/1", "groups/1", "communities/00000000000000000000000000000001"];

/// Makes wishes.
pub struct Wishes<'a> {
    random: &'a mut Random,
    /// When it is.
    now: Millis,
    /// What the services are called that ask.
    service: UserId,
}

#[derive(Clone, Copy)]
enum Of {
    Join,
    JoinByLink,
    Leave,
    Remove,
    Invite,
    RemoveInvitations,
    Add,
    Roles,
    Block,
    Unblock,
    Attend,
    Moderate,
    Transfer,
    Expire,
    MakeLink,
    EndLink,
    Update,
    Delete,
    Create,
}

/// Joins most of all, as in life: theirs is the way with the fewest looks.
const OFTEN: &[(usize, Of)] = &[
    (34, Of::Join),
    (4, Of::JoinByLink),
    (12, Of::Leave),
    (4, Of::Remove),
    (7, Of::Invite),
    (2, Of::RemoveInvitations),
    (4, Of::Add),
    (7, Of::Roles),
    (3, Of::Block),
    (2, Of::Unblock),
    (5, Of::Attend),
    (2, Of::Moderate),
    (2, Of::Transfer),
    (3, Of::Expire),
    (3, Of::MakeLink),
    (2, Of::EndLink),
    (4, Of::Update),
    (2, Of::Delete),
    (3, Of::Create),
];

fn user(name: &str) -> Option<UserId> {
    UserId::parse(name).ok()
}

/// So many spaces.
pub fn spaces(random: &mut Random, most: usize) -> Vec<SpaceName> {
    let n = 1 + random.below(most);
    let first = random.below(NAMES.len());
    let names = NAMES.iter().cycle().skip(first).take(n);
    names.filter_map(|name| SpaceName::parse(name).ok()).collect()
}

impl<'a> Wishes<'a> {
    /// At this moment; services are called this.
    pub fn new(random: &'a mut Random, now: Millis, service: UserId) -> Self {
        Self { random, now, service }
    }

    /// One of them.
    pub fn one(&mut self, space: &SpaceName) -> (Actor, Command) {
        loop {
            let of = self.random.weighted(OFTEN, Of::Join);
            if let Some(wish) = self.wish(of, space) {
                return wish;
            }
        }
    }

    /// The making of a space.
    pub fn create(&mut self, space: &SpaceName) -> Option<Command> {
        let kind = space.kind();
        let possible: Vec<_> = Privacy::ALL.iter().filter(|it| it.exists_for(kind)).collect();
        let is_open = self.random.percent(60);
        let any = **self.random.pick(&possible)?;
        let invitees = if self.random.percent(20) { Some(self.placement()?) } else { None };
        let title = DisplayName::new("Roses").ok()?;
        Some(Command::CreateSpace(NewSpace {
            privacy: if is_open { Privacy::Open } else { any },
            creator: user(PEOPLE.first()?)?,
            contribution: Contribution::Anyone,
            capacity: self.capacity(),
            cool_down: CoolDown::from_seconds(self.random.below(2) as i64)?,
            waitlist: self.random.percent(40),
            content: Content { display_name: title, attributes: Attributes::default() },
            invitees,
        }))
    }

    /// Some are there more often, so that more becomes of them.
    fn person(&mut self) -> Option<UserId> {
        let most = if self.random.percent(40) { FREQUENT } else { PEOPLE.len() };
        user(self.random.pick(PEOPLE.get(..most)?)?)
    }

    fn people(&mut self) -> Option<Users> {
        let n = 1 + self.random.below(3);
        let people: Option<Vec<_>> = (0..n).map(|_| self.person()).collect();
        Users::new(people?).ok()
    }

    fn actor(&mut self) -> Option<Actor> {
        self.person().map(Actor::User)
    }

    /// Whoever made the space, most of the time, or a service.
    fn manager(&mut self) -> Option<Actor> {
        match self.random.below(10) {
            0..=3 => user(PEOPLE.first()?).map(Actor::User),
            4..=6 => self.actor(),
            _ => Some(Actor::Service(self.service.clone())),
        }
    }

    fn soon(&mut self) -> Millis {
        let far = if self.random.percent(70) { 60 } else { 4_000 };
        self.now + 1 + self.random.below(far) as Millis
    }

    fn until(&mut self) -> Until {
        match self.random.below(10) {
            0..=4 => Until::Unsaid,
            5 => Until::Never,
            6 => Until::For(1 + self.random.below(80) as Millis),
            _ => Until::At(self.soon()),
        }
    }

    fn capacity(&mut self) -> Option<Capacity> {
        if self.random.percent(50) { Capacity::new(1 + self.random.below(5) as i64) } else { None }
    }

    fn placement(&mut self) -> Option<Placement> {
        let note = self.random.percent(25).then(|| Note::new("hello").ok()).flatten();
        let per_sender = self.random.percent(25).then(|| self.random.below(3) as i64);
        let (users, until) = (self.people()?, self.until());
        Some(Placement { users, until, limits: InviteLimits { per_sender, per_space: None }, note })
    }

    fn hash(&mut self) -> Option<LinkHash> {
        let letter = self.random.pick(&["a", "b", "c", "d"])?;
        LinkHash::parse(&letter.repeat(43))
    }

    fn link(&mut self) -> Option<NewLink> {
        let until = self.random.percent(30).then(|| self.soon());
        let uses = self.random.percent(50).then(|| 1 + self.random.below(2) as i64);
        Some(NewLink {
            hash: self.hash()?,
            grant: *self.random.pick(Grant::ALL)?,
            until,
            max_uses: uses.and_then(Uses::new),
        })
    }

    fn roles(&mut self) -> Option<RoleChange> {
        let [mut managers, mut members, mut none] = [Vec::new(), Vec::new(), Vec::new()];
        for user in self.people()?.iter() {
            let list = match self.random.below(5) {
                0 | 1 => &mut managers,
                2 | 3 => &mut members,
                _ => &mut none,
            };
            list.push(user.clone());
        }
        let until = self.until();
        RoleChange::new(managers, members, none).ok().map(|change| change.until(until))
    }

    fn attendance(&mut self, users: Option<Users>) -> Option<AttendanceChange> {
        let mut answer = || {
            self.random.pick(&[Some(Attendance::Going), Some(Attendance::NotGoing), None]).copied()
        };
        let attendance = answer()?;
        let if_attendance = answer()?.filter(|_| self.random.percent(20));
        Some(AttendanceChange { users, attendance, if_attendance })
    }

    fn moderation(&mut self) -> Option<Moderation> {
        let seen: Option<Vec<_>> =
            (0..3).map(|_| Some((self.person()?, 1 + self.random.below(20) as i64))).collect();
        Moderation::new(*self.random.pick(Sweep::ALL)?, seen?).ok()
    }

    fn update(&mut self, space: &SpaceName) -> Option<SpacePatch> {
        let privacy = *self.random.pick(Privacy::ALL)?;
        let privacy = Some(privacy).filter(|it| it.exists_for(space.kind()));
        let title = *self.random.pick(&["Roses", "Tulips"])?;
        Some(SpacePatch {
            privacy: privacy.filter(|_| self.random.percent(15)),
            capacity: self.random.percent(60).then(|| self.capacity()),
            waitlist: self.random.percent(20).then(|| self.random.percent(50)),
            display_name: DisplayName::new(title).ok(),
            if_version: self.random.percent(10).then(|| self.random.below(20) as i64),
            ..SpacePatch::default()
        })
    }

    fn wish(&mut self, of: Of, space: &SpaceName) -> Wish {
        let command = match of {
            Of::Join => return Some((self.actor()?, Command::Join)),
            Of::JoinByLink => return Some((self.actor()?, Command::JoinByLink(self.hash()?))),
            Of::Leave => return Some((self.actor()?, Command::Leave)),
            Of::Attend if self.random.percent(60) => {
                return Some((self.actor()?, Command::SetAttendance(self.attendance(None)?)));
            }
            Of::Attend => {
                let users = self.people()?;
                Command::SetAttendance(self.attendance(Some(users))?)
            }
            Of::Expire => return Some((Actor::Service(self.service.clone()), Command::Expire)),
            Of::Remove => Command::Remove(self.person()?),
            Of::Invite => Command::Invite(self.placement()?, *self.random.pick(Offer::ALL)?),
            Of::RemoveInvitations => Command::RemoveInvitations(self.people()?),
            Of::Add => Command::Add(self.placement()?),
            Of::Roles => Command::ChangeRoles(self.roles()?),
            Of::Block => Command::Block(self.placement()?),
            Of::Unblock => Command::Unblock(self.people()?),
            Of::Moderate => Command::Moderate(self.moderation()?),
            Of::Transfer => Command::TransferOwnership(self.person()?),
            Of::MakeLink => Command::CreateLink(self.link()?),
            Of::EndLink => Command::RevokeLink(1 + self.random.below(20) as i64),
            Of::Update => Command::UpdateSpace(self.update(space)?),
            Of::Delete => {
                Command::DeleteSpace { if_version: None, if_empty: self.random.percent(50) }
            }
            Of::Create => {
                let command = self.create(space)?;
                return Some((Actor::Service(self.service.clone()), command));
            }
        };
        Some((self.manager()?, command))
    }
}
