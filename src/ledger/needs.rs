//! What must be seen before commands can be decided, and what need not.

use std::collections::{BTreeMap, BTreeSet};

use super::Submission;
use super::memory::Memory;
use crate::domain::decide::may;
use crate::domain::transition::revokes_sent_invitations;
use crate::domain::waiting::TOGETHER;
use crate::domain::{
    Command, Millis, Refusal, Refused, Seats, SpaceName, SpaceState, Status, UserId,
};
use crate::store::{self, Loaded, Wanted};

/// Whether the command can be decided without a look at anybody: whoever joins is most likely ABSENT. What
/// is only validated no write would prove, and a link that is not remembered must be looked at.
pub fn can_be_assumed(submission: &Submission, memory: &Memory) -> bool {
    let Submission { space, actor, command, options, .. } = submission;
    let is_join = if let Command::JoinByLink(hash) = command {
        memory.link(space, hash).is_some()
    } else {
        matches!(command, Command::Join)
    };
    is_join && actor.user().is_some() && !options.validate_only
}

/// Whether it must be seen first that the actor may do this, before anybody else is looked at: what a
/// refused caller costs must not depend on who is in the space. Handing a space over also needs to know
/// whose it is.
pub fn needs_permission(submission: &Submission, memory: &Memory) -> bool {
    let Submission { space, actor, command, .. } = submission;
    let Some(user) = actor.user() else {
        return matches!(command, Command::TransferOwnership(_));
    };
    let is_own = command.moves(actor).iter().all(|(_, target)| *target == user);
    let hands_over = matches!(command, Command::TransferOwnership(_));
    hands_over || (!is_own && !memory.is_manager(space, user))
}

/// What must be seen to know whether these actors may do what they ask for.
pub fn wanted_to_permit<'a>(submissions: impl Iterator<Item = &'a Submission>) -> Wanted {
    let mut wanted = Wanted::default();
    for Submission { space, actor, .. } in submissions {
        wanted.spaces.insert(space.clone());
        wanted.memberships.extend(actor.user().map(|user| (space.clone(), user.clone())));
    }
    wanted
}

/// Whether the actor may do this, as far as the space alone says.
pub fn permitted(submission: &Submission, seen: &Loaded, now: Millis) -> Result<(), Refused> {
    let state = seen.get(&submission.space).and_then(|state| state.snapshot.as_ref());
    let snapshot = state.ok_or(Refusal::SpaceNotFound)?.at(now);
    may(&snapshot, &submission.actor, &submission.command, now)
}

/// The spaces in which it must be seen whose time is over, so that seats and counters are those of this
/// moment. Of a space that none of these may do anything to, nothing more is seen.
pub fn due<'a>(
    submissions: impl Iterator<Item = &'a Submission>,
    loaded: &Loaded,
    now: Millis,
) -> BTreeSet<SpaceName> {
    let mut due = store::due(loaded, now);
    if !due.is_empty() {
        let permitted = submissions.filter(|of| permitted(of, loaded, now).is_ok());
        let permitted: BTreeSet<_> = permitted.map(|of| &of.space).collect();
        due.retain(|name| permitted.contains(name));
    }
    due
}

/// How many of those who wait must be seen, by space: as many as could be given a seat. Nobody where nobody
/// waits, or where no seat is free nor could be.
pub fn wanted_first<'a>(
    submissions: impl Iterator<Item = &'a Submission>,
    loaded: &Loaded,
    now: Millis,
) -> BTreeMap<SpaceName, i64> {
    let waits = |state: &SpaceState| {
        state.snapshot.as_ref().is_some_and(|it| it.space.counts.waitlisted > 0)
    };
    if !loaded.values().any(waits) {
        return BTreeMap::new();
    }
    let mut freed: BTreeMap<_, i64> = BTreeMap::new();
    for submission in submissions.filter(|of| permitted(of, loaded, now).is_ok()) {
        *freed.entry(&submission.space).or_default() += submission.command.frees();
    }
    let wanted = freed.into_iter().filter_map(|(name, freed)| {
        let snapshot = loaded.get(name).filter(|state| waits(state))?.snapshot.as_ref()?;
        let space = &snapshot.at(now).space;
        let free = Seats::of(space, space.counts).free().clamp(0, TOGETHER);
        Some((name.clone(), free + freed)).filter(|(_, wanted)| *wanted > 0)
    });
    wanted.collect()
}

/// What must be seen to decide these commands; `seen` tells whose the spaces are.
pub fn wanted_to_decide<'a>(
    submissions: impl Iterator<Item = &'a Submission>,
    seen: &Loaded,
    now: Millis,
) -> Wanted {
    let mut wanted = Wanted { now, ..Wanted::default() };
    let mut invited = BTreeMap::new();
    for Submission { space, actor, command, .. } in submissions {
        wanted.spaces.insert(space.clone());
        let key = |user: &UserId| (space.clone(), user.clone());
        wanted.memberships.extend(actor.user().map(key));
        for (verb, user) in command.moves(actor) {
            wanted.memberships.insert(key(user));
            if matches!(command, Command::Invite(..)) {
                wanted.invitees.insert(key(user));
                *invited.entry(space).or_insert(0) += 1;
            }
            if revokes_sent_invitations(verb) {
                wanted.senders.insert(key(user));
            }
        }
        if let Command::JoinByLink(hash) = command {
            wanted.links.insert((space.clone(), hash.clone()));
        }
        if matches!(command, Command::TransferOwnership(_)) {
            let snapshot = seen.get(space).and_then(|state| state.snapshot.as_ref());
            wanted.memberships.extend(snapshot.map(|snapshot| key(&snapshot.space.creator)));
        }
        let limit = command.invite_limits().per_sender;
        wanted.inviters.extend(actor.user().map(key).zip(limit));
    }
    // Where there are so few that nobody can come to the limit, nobody's are counted.
    for ((space, _), most) in &mut wanted.inviters {
        *most -= invited.get(space).copied().unwrap_or_default();
    }
    wanted
}

/// Whether the creator of a space that is to be handed over was looked at: they may have handed it over
/// themselves in the meantime.
pub fn knows_creator(submission: &Submission, loaded: &Loaded) -> bool {
    let state = loaded.get(&submission.space).and_then(|state| state.snapshot.as_ref());
    !matches!(submission.command, Command::TransferOwnership(_))
        || state.is_none_or(|snapshot| snapshot.status(&snapshot.space.creator) == Status::Creator)
}
