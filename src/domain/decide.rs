//! The one place that decides: visible, permitted, which move, and is there room.

use std::collections::BTreeMap;

use super::permission::{need, permit};
use super::transition::{Move, Verb, revokes_sent_invitations, transition};
use super::{
    Action, Actor, Command, Counts, EventName, Millis, NewSpace, Privacy, Refusal, Snapshot, Space,
    SpaceName, SpacePatch, Standing, Status, UserId,
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
    Create(Box<Space>),
    /// The space has these properties now; its memberships stay.
    Update(Box<Space>),
    /// The space goes, with its memberships and history.
    Delete,
}

/// Decides one command. The order of checks is itself a rule: nobody learns anything of a space
/// before he may see it, and capacity is looked at last.
pub fn decide(
    name: &SpaceName,
    current: Option<&Snapshot>,
    actor: &Actor,
    command: &Command,
    now: Millis,
) -> Result<Decision, Refusal> {
    if let Command::CreateSpace(new) = command {
        permit(
            need(Action::CreateSpace),
            current.map_or(actor.standing(Status::Absent), |c| c.standing(actor)),
        )?;
        return create(name, current, new, now);
    }
    let snapshot = current.ok_or(Refusal::SpaceNotFound)?;
    let action = command.action(actor);
    check(snapshot.space.privacy, action, snapshot.standing(actor))?;
    match command {
        Command::UpdateSpace(patch) => update(&snapshot.space, patch),
        Command::DeleteSpace => Ok(Decision::Delete),
        Command::CreateSpace(_)
        | Command::Join
        | Command::Leave
        | Command::Remove(_)
        | Command::Invite(_)
        | Command::RemoveInvitations(_)
        | Command::ChangeRoles(_)
        | Command::Block(_)
        | Command::Unblock(_)
        | Command::TransferOwnership(_) => {
            let mut plan = Plan::new(snapshot);
            for (verb, user) in command.moves(actor) {
                plan.add(verb, user)?;
            }
            Ok(Decision::Move(plan.changes))
        }
    }
}

/// Whether somebody of this standing may do this to a space of this privacy: what he cannot see
/// does not exist for him, but what he holds a place in he may always leave.
pub const fn check(privacy: Privacy, action: Action, standing: Standing) -> Result<(), Refusal> {
    let leaves_his_place = matches!(action, Action::Leave)
        && matches!(standing, Standing::User(status) if status.holds_a_place());
    if !privacy.shows_to(standing) && !leaves_his_place {
        return Err(Refusal::SpaceNotFound);
    }
    permit(need(action), standing)
}

/// The changes of one command so far. Later users of the same command see the earlier ones.
struct Plan<'a> {
    snapshot: &'a Snapshot,
    changed: BTreeMap<UserId, Status>,
    counts: Counts,
    changes: Vec<Change>,
}

impl<'a> Plan<'a> {
    fn new(snapshot: &'a Snapshot) -> Self {
        let counts = snapshot.space.counts;
        Self { snapshot, changed: BTreeMap::new(), counts, changes: Vec::new() }
    }

    fn status(&self, user: &UserId) -> Status {
        self.changed.get(user).copied().unwrap_or_else(|| self.snapshot.status(user))
    }

    fn add(&mut self, verb: Verb, user: &UserId) -> Result<(), Refusal> {
        match transition(verb, self.snapshot.space.privacy, self.status(user)) {
            Move::Stay => {}
            Move::Refuse(refusal) => return Err(refusal),
            Move::To(to, event) => {
                self.change(user, to, event)?;
                if to == Status::Creator {
                    let old = &self.snapshot.space.creator;
                    self.change(old, Status::Manager, EventName::OwnershipGiven)?;
                }
            }
        }
        if revokes_sent_invitations(verb) {
            for invitee in self.snapshot.invited_by(user) {
                if self.status(invitee) == Status::Invited {
                    self.change(invitee, Status::Absent, EventName::InvitationRevoked)?;
                }
            }
        }
        Ok(())
    }

    fn change(&mut self, user: &UserId, to: Status, event: EventName) -> Result<(), Refusal> {
        let from = self.status(user);
        self.counts.shift(from, to);
        let takes_a_seat = to.is_seated() && !from.is_seated();
        if takes_a_seat && self.snapshot.space.capacity.is_some_and(|c| self.counts.seats() > c) {
            return Err(Refusal::SpaceFull);
        }
        self.changed.insert(user.clone(), to);
        self.changes.push(Change { user: user.clone(), from, to, event });
        Ok(())
    }
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
        display_name: new.display_name.clone(),
        creator: new.creator.clone(),
        contribution: new.contribution,
        capacity: new.capacity,
        attributes: new.attributes.clone(),
        seq: 0,
        counts: Counts::default(),
        created_at: now,
    };
    let Some(existing) = current.map(|snapshot| &snapshot.space) else {
        return Ok(Decision::Create(Box::new(space)));
    };
    let repeated = Space {
        seq: existing.seq,
        counts: existing.counts,
        created_at: existing.created_at,
        ..space
    };
    if repeated == *existing { Ok(Decision::Move(Vec::new())) } else { Err(Refusal::SpaceExists) }
}

fn update(space: &Space, patch: &SpacePatch) -> Result<Decision, Refusal> {
    let SpacePatch { privacy, display_name, contribution, capacity, attributes } = patch.clone();
    let next = Space {
        privacy: privacy.unwrap_or(space.privacy),
        display_name: display_name.unwrap_or_else(|| space.display_name.clone()),
        contribution: contribution.unwrap_or(space.contribution),
        capacity: capacity.unwrap_or(space.capacity),
        attributes: attributes.unwrap_or_else(|| space.attributes.clone()),
        ..space.clone()
    };
    space.privacy.may_become(next.privacy, space.name.kind())?;
    if next.capacity.is_some_and(|capacity| next.counts.seats() > capacity) {
        return Err(Refusal::SpaceFull);
    }
    Ok(Decision::Update(Box::new(next)))
}
