//! The one place that decides: visible, permitted, which move, and is there room.

use std::collections::BTreeMap;

use super::erasure;
use super::permission::{has_attendance, need, permit};
use super::space::HIDES_MEMBERS;
use super::transition::{Move, Verb, revokes_sent_invitations, transition};
use super::{
    Action, Actor, Attendance, Command, Content, Counts, Erasure, EventName, Millis, Moderation,
    NewSpace, Privacy, Refusal, Snapshot, Space, SpaceField, SpaceName, SpacePatch, Standing,
    Status, UserId, Users,
};

/// One membership's change: complete, so that carrying it out needs no further thought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whose membership.
    pub user: UserId,
    /// The status before.
    pub from: Status,
    /// The status after.
    pub to: Status,
    /// What to call it.
    pub event: EventName,
}

/// What a command comes to when no rule says no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Memberships change, or nothing does if the list is empty.
    Move(Vec<Change>),
    /// A new space, with its creator.
    Create {
        /// The space, without anybody in it yet.
        space: Box<Space>,
        /// What it shows.
        content: Content,
        /// Who is invited at once: not the creator, and each once.
        invitees: Vec<UserId>,
    },
    /// The space itself changes; its memberships stay.
    Update {
        /// The space as it is now.
        space: Box<Space>,
        /// What it shows now, if that was known.
        content: Option<Content>,
        /// What is different; never empty.
        fields: Vec<SpaceField>,
    },
    /// A user is forgotten.
    Erase {
        /// What becomes of memberships.
        changes: Vec<Change>,
        /// How private the space is afterwards.
        privacy: Privacy,
        /// Who, and what they are called from now on.
        erasure: Erasure,
    },
    /// The space goes, with its memberships and history.
    Delete,
}

/// Decides one command. The order of checks is itself a rule: nobody learns anything of a space
/// before they may see it, and capacity is looked at last.
pub fn decide(
    name: &SpaceName,
    current: Option<&Snapshot>,
    actor: &Actor,
    command: &Command,
    now: Millis,
) -> Result<Decision, Refusal> {
    if let Command::CreateSpace(new) = command {
        // Whether the actor makes spaces at all is a setting: see `need_to_create`.
        if actor.user().is_some_and(|user| *user != new.creator) {
            return Err(Refusal::NotTheCreator);
        }
        return create(name, current, new, now);
    }
    let snapshot = current.ok_or(Refusal::SpaceNotFound)?;
    let action = command.action(actor);
    check(snapshot.space.privacy, action, snapshot.standing(actor))?;
    match command {
        Command::UpdateSpace(patch) => update(snapshot, patch),
        Command::DeleteSpace { if_version, if_empty } => {
            has_version(snapshot, *if_version)?;
            let Counts { members, managers, .. } = snapshot.space.counts;
            if *if_empty && members + managers > 0 {
                return Err(Refusal::HasMembers);
            }
            Ok(Decision::Delete)
        }
        Command::Erase(erasure) => Ok(erasure::decide(snapshot, erasure)),
        Command::SetAttendance(change) => {
            has_attendance(name.kind())?;
            let mut plan = Plan::new(snapshot);
            let moves = command.moves(actor).into_iter();
            for (verb, user) in moves.filter(|(_, user)| change.means(snapshot.attendance(user))) {
                plan.add(verb, user)?;
            }
            plan.finish()
        }
        Command::Moderate(moderation) => moderate(snapshot, moderation),
        Command::CreateSpace(_)
        | Command::Join
        | Command::Leave
        | Command::Remove(_)
        | Command::Invite(_)
        | Command::RemoveInvitations(_)
        | Command::Add(_)
        | Command::ChangeRoles(_)
        | Command::Block(_)
        | Command::Unblock(_)
        | Command::TransferOwnership(_) => {
            let mut plan = Plan::new(snapshot);
            for (verb, user) in command.moves(actor) {
                plan.add(verb, user)?;
            }
            plan.finish()
        }
    }
}

/// Whether somebody of this standing may do this to a space of this privacy: what they
/// cannot see does not exist for them, but a place that they hold they may always leave.
pub const fn check(privacy: Privacy, action: Action, standing: Standing) -> Result<(), Refusal> {
    let leaves_their_place = matches!(action, Action::Leave)
        && matches!(standing, Standing::User(status) if status.holds_a_place());
    if !privacy.shows_to(standing) && !leaves_their_place {
        return Err(Refusal::SpaceNotFound);
    }
    permit(need(action), standing)
}

/// The changes of one command so far. Later users of the same command see the earlier ones.
struct Plan<'a> {
    snapshot: &'a Snapshot,
    changed: BTreeMap<UserId, (Status, Option<Attendance>)>,
    counts: Counts,
    changes: Vec<Change>,
    /// The open invitations that nobody has taken back yet, by who sent them, once somebody asks.
    sent: Option<BTreeMap<&'a UserId, Vec<&'a UserId>>>,
}

impl<'a> Plan<'a> {
    fn new(snapshot: &'a Snapshot) -> Self {
        let counts = snapshot.space.counts;
        Self { snapshot, changed: BTreeMap::new(), counts, changes: Vec::new(), sent: None }
    }

    fn place(&self, user: &UserId) -> (Status, Option<Attendance>) {
        let before = || (self.snapshot.status(user), self.snapshot.attendance(user));
        self.changed.get(user).copied().unwrap_or_else(before)
    }

    fn status(&self, user: &UserId) -> Status {
        self.place(user).0
    }

    fn add(&mut self, verb: Verb, user: &UserId) -> Result<(), Refusal> {
        let (from, was) = self.place(user);
        match transition(verb, self.snapshot.space.privacy, from) {
            Move::Stay => {}
            Move::Refuse(refusal) => return Err(refusal),
            Move::To(to, event) if (to, event.attendance(was, to)) == (from, was) => {}
            Move::To(to, event) => {
                self.change(user, to, event);
                if to == Status::Creator && from != to {
                    let old = &self.snapshot.space.creator;
                    self.change(old, Status::Manager, EventName::OwnershipGiven);
                }
                if revokes_sent_invitations(verb) {
                    self.revoke_invitations_of(user);
                }
            }
        }
        Ok(())
    }

    fn revoke_invitations_of(&mut self, inviter: &UserId) {
        let snapshot = self.snapshot;
        let sent = self.sent.get_or_insert_with(|| snapshot.sent_invitations());
        for invitee in sent.remove(inviter).unwrap_or_default() {
            if self.status(invitee) == Status::Invited {
                self.change(invitee, Status::Absent, EventName::InvitationRevoked);
            }
        }
    }

    fn change(&mut self, user: &UserId, to: Status, event: EventName) {
        let (from, was) = self.place(user);
        self.counts.shift(from, to);
        self.changed.insert(user.clone(), (to, event.attendance(was, to)));
        self.changes.push(Change { user: user.clone(), from, to, event });
    }

    /// Seats are counted when all is done, so that a command can give one and take one.
    fn finish(self) -> Result<Decision, Refusal> {
        let Space { capacity, counts, .. } = &self.snapshot.space;
        let takes_seats = self.counts.seats() > counts.seats();
        if takes_seats && capacity.is_some_and(|c| self.counts.seats() > c.seats()) {
            return Err(Refusal::SpaceFull);
        }
        Ok(Decision::Move(self.changes))
    }
}

/// Whoever has changed since they were seen is passed over.
fn moderate(snapshot: &Snapshot, moderation: &Moderation) -> Result<Decision, Refusal> {
    let mut plan = Plan::new(snapshot);
    for (user, version) in moderation.seen() {
        if snapshot.known(user).is_some_and(|membership| membership.version == *version) {
            plan.add(moderation.sweep().verb(), user)?;
        }
    }
    plan.finish()
}

/// Making a space that is there already, with the same content, is a repeat and no error.
fn create(
    name: &SpaceName,
    current: Option<&Snapshot>,
    new: &NewSpace,
    now: Millis,
) -> Result<Decision, Refusal> {
    let space = Space {
        name: name.clone(),
        privacy: new.privacy,
        creator: new.creator.clone(),
        contribution: new.contribution,
        capacity: new.capacity,
        hides_members: new.content.attributes.says(HIDES_MEMBERS),
        seq: 0,
        counts: Counts::default(),
        created_at: now,
    };
    let Some(existing) = current else {
        let invitees = new.invitees.iter().flat_map(Users::iter);
        let invitees = invitees.filter(|user| **user != new.creator).cloned().collect();
        let (space, content) = (Box::new(space), new.content.clone());
        return Ok(Decision::Create { space, content, invitees });
    };
    let Space { seq, counts, created_at, .. } = existing.space;
    let repeats = Space { seq, counts, created_at, ..space } == existing.space
        && existing.content.as_ref() == Some(&new.content);
    if repeats { Ok(Decision::Move(Vec::new())) } else { Err(Refusal::SpaceExists) }
}

fn has_version(snapshot: &Snapshot, believed: Option<i64>) -> Result<(), Refusal> {
    match believed {
        Some(version) if version != snapshot.space.seq => Err(Refusal::VersionMismatch),
        Some(_) | None => Ok(()),
    }
}

/// An update that changes nothing is a repeat and no error.
fn update(snapshot: &Snapshot, patch: &SpacePatch) -> Result<Decision, Refusal> {
    let Snapshot { space, content, .. } = snapshot;
    has_version(snapshot, patch.if_version)?;
    let was = content.as_ref().map(|content| &content.attributes);
    if patch.if_attributes.as_ref().is_some_and(|believed| was != Some(believed)) {
        return Err(Refusal::VersionMismatch);
    }
    let SpacePatch { privacy, display_name, contribution, capacity, attributes, .. } =
        patch.clone();
    let hides_members = attributes.as_ref().map(|attributes| attributes.says(HIDES_MEMBERS));
    let next = Space {
        privacy: privacy.unwrap_or(space.privacy),
        contribution: contribution.unwrap_or(space.contribution),
        capacity: capacity.unwrap_or(space.capacity),
        hides_members: hides_members.unwrap_or(space.hides_members),
        ..space.clone()
    };
    let next_content = content.as_ref().map(|content| Content {
        display_name: display_name.unwrap_or_else(|| content.display_name.clone()),
        attributes: attributes.unwrap_or_else(|| content.attributes.clone()),
    });
    space.privacy.may_become(next.privacy, space.name.kind())?;
    if next.capacity != space.capacity && next.is_overfull() {
        return Err(Refusal::SpaceFull);
    }
    let differs = |field: &SpaceField| match field {
        SpaceField::Privacy => next.privacy != space.privacy,
        SpaceField::Contribution => next.contribution != space.contribution,
        SpaceField::Capacity => next.capacity != space.capacity,
        SpaceField::DisplayName => {
            content.as_ref().map(|c| &c.display_name)
                != next_content.as_ref().map(|c| &c.display_name)
        }
        SpaceField::Attributes => {
            content.as_ref().map(|c| &c.attributes) != next_content.as_ref().map(|c| &c.attributes)
        }
    };
    let fields: Vec<_> = SpaceField::ALL.iter().copied().filter(differs).collect();
    if fields.is_empty() {
        return Ok(Decision::Move(Vec::new()));
    }
    Ok(Decision::Update { space: Box::new(next), content: next_content, fields })
}
