//! From commands to changes, in memory: each command sees what the ones before it did.

use std::collections::{BTreeMap, BTreeSet};

use super::{Outcome, Submission, Target, TargetOutcome};
use crate::domain::transition::{Verb, revokes_sent_invitations};
use crate::domain::{
    Command, Event, Membership, Millis, Refusal, Snapshot, Space, SpaceName, Status, UserId,
    decide, snapshot,
};
use crate::store::{Changes, Key, Locking};

/// The spaces of a batch with all that its commands can touch.
pub struct Pages {
    now: Millis,
    pages: BTreeMap<SpaceName, Page>,
    events: Vec<Event>,
}

/// One space of a batch.
#[derive(Default)]
struct Page {
    snapshot: Option<Snapshot>,
    existed: bool,
    updated: bool,
    /// Who had a row when the space was loaded.
    known: BTreeSet<UserId>,
    touched: BTreeSet<UserId>,
}

/// What a batch has to know before it can be decided.
pub struct Needs {
    /// The spaces.
    pub spaces: BTreeSet<SpaceName>,
    /// The memberships of everybody whom a command names and of whoever asks.
    pub memberships: BTreeSet<Key>,
    /// Whether all this can be seen in one look, and written without touching a space's own fields.
    pub locking: Locking,
}

impl Needs {
    /// What these commands need.
    pub fn of(submissions: &[&Submission]) -> Self {
        let mut needs = Self {
            spaces: BTreeSet::new(),
            memberships: BTreeSet::new(),
            locking: Locking::Optimistic,
        };
        for Submission { space, actor, command, .. } in submissions {
            needs.spaces.insert(space.clone());
            let named = command.moves(actor).into_iter().map(|(_, user)| user);
            let users = named.chain(actor.user()).map(|user| (space.clone(), user.clone()));
            needs.memberships.extend(users);
            if locking(command) == Locking::Pessimistic {
                needs.locking = Locking::Pessimistic;
            }
        }
        needs
    }
}

/// Removing somebody also needs the invitations that he sent, and a hand-over the creator's
/// membership: that is known only after a first look.
fn locking(command: &Command) -> Locking {
    match command {
        Command::Join
        | Command::Leave
        | Command::Invite(_)
        | Command::RemoveInvitations(_)
        | Command::Unblock(_) => Locking::Optimistic,
        Command::Remove(_)
        | Command::ChangeRoles(_)
        | Command::Block(_)
        | Command::TransferOwnership(_)
        | Command::CreateSpace(_)
        | Command::UpdateSpace(_)
        | Command::DeleteSpace => Locking::Pessimistic,
    }
}

/// The memberships of the creators who are to hand their spaces over.
pub fn creators_to_load(submissions: &[&Submission], spaces: &[Space]) -> BTreeSet<Key> {
    let handed_over: BTreeSet<_> = submissions
        .iter()
        .filter(|submission| matches!(submission.command, Command::TransferOwnership(_)))
        .map(|submission| &submission.space)
        .collect();
    let creators = spaces.iter().filter(|space| handed_over.contains(&space.name));
    creators.map(|space| (space.name.clone(), space.creator.clone())).collect()
}

/// The users who may be thrown out, whose open invitations must be known too.
pub fn senders_to_load(submissions: &[&Submission]) -> BTreeSet<Key> {
    let mut keys = BTreeSet::new();
    for Submission { space, actor, command, .. } in submissions {
        let thrown_out =
            command.moves(actor).into_iter().filter(|(verb, _)| revokes_sent_invitations(*verb));
        keys.extend(thrown_out.map(|(_, user)| (space.clone(), user.clone())));
    }
    keys
}

impl Pages {
    /// The loaded spaces with the loaded memberships.
    pub fn new(spaces: Vec<Space>, memberships: Vec<Membership>, now: Millis) -> Self {
        let mut of_space: BTreeMap<SpaceName, Vec<Membership>> = BTreeMap::new();
        for membership in memberships {
            of_space.entry(membership.space.clone()).or_default().push(membership);
        }
        let page = |space: Space| {
            let name = space.name.clone();
            let memberships = of_space.remove(&name).unwrap_or_default();
            let known = memberships.iter().map(|m| m.user.clone()).collect();
            let snapshot = Some(Snapshot::new(space, memberships));
            (name, Page { snapshot, existed: true, known, ..Page::default() })
        };
        Self { now, pages: spaces.into_iter().map(page).collect(), events: Vec::new() }
    }

    /// Decides one command and carries it out in memory.
    pub fn execute(&mut self, submission: &Submission) -> Result<Outcome, Refusal> {
        let now = self.now;
        let Submission { space: name, actor, command, .. } = submission;
        let page = self.pages.entry(name.clone()).or_default();
        let decision = decide::decide(name, page.snapshot.as_ref(), actor, command, now)?;
        let before = page.snapshot.as_ref().map(|snapshot| snapshot.space.clone());
        page.updated |= matches!(decision, decide::Decision::Update(_));
        let cause = command.action(actor);
        let events = snapshot::carry_out(&mut page.snapshot, decision, actor, cause, now);
        let changed: BTreeSet<UserId> = events.iter().map(|event| event.user.clone()).collect();
        let targets = page.snapshot.iter().flat_map(|after| targets(submission, after, &changed));
        let targets = targets.collect();
        let after = page.snapshot.as_ref().map(|snapshot| snapshot.space.clone());
        page.touched.extend(changed);
        self.events.extend(events);
        let space = after.or(before).ok_or(Refusal::SpaceNotFound)?;
        Ok(Outcome { space, targets })
    }

    /// What has to be written down.
    pub fn into_changes(self) -> Changes {
        let mut changes = Changes { at: self.now, events: self.events, ..Changes::default() };
        for (name, page) in self.pages {
            let Some(snapshot) = page.snapshot else {
                if page.existed {
                    changes.deleted.push(name);
                }
                continue;
            };
            let moved = !page.touched.is_empty();
            for user in &page.touched {
                let membership = snapshot.membership(user);
                match (page.known.contains(user), membership.status != Status::Absent) {
                    (false, false) => {}
                    (false, true) => changes.added.push(membership),
                    (true, false) => changes.gone.push(membership),
                    (true, true) => changes.changed.push(membership),
                }
            }
            match (page.existed, page.updated, moved) {
                (false, _, _) => changes.created.push(snapshot.space),
                (true, true, _) => changes.updated.push(snapshot.space),
                (true, false, true) => changes.moved.push(snapshot.space),
                (true, false, false) => {}
            }
        }
        changes
    }
}

fn targets(submission: &Submission, after: &Snapshot, changed: &BTreeSet<UserId>) -> Vec<Target> {
    let target = |(verb, user): (Verb, &UserId)| {
        let membership = after.membership(user);
        let outcome = if changed.contains(user) {
            TargetOutcome::Changed
        } else if verb == Verb::Invite && membership.status == Status::Blocked {
            TargetOutcome::Blocked
        } else {
            TargetOutcome::Unchanged
        };
        Target { membership, outcome }
    };
    submission.command.moves(&submission.actor).into_iter().map(target).collect()
}
