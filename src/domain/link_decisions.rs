//! What is decided about invite links.

use super::plan::Plan;
use super::transition::Verb;
use super::waiting::give_seats;
use super::{
    Action, Actor, Command, Decision, Link, LinkChange, LinkHash, LinkNumber, Millis, NewLink,
    Refusal, Refused, Rule, Snapshot,
};

/// Whoever brings a link does what it grants. One that lets nobody in is looked at as if there were none.
pub(super) fn join(
    snapshot: &Snapshot,
    actor: &Actor,
    (command, hash): (&Command, &LinkHash),
    now: Millis,
) -> Result<Decision, Refused> {
    let link = snapshot.links.live(hash, now);
    let verb = link.map_or(Verb::JoinByDeadLink, |link| link.new.grant.verb());
    let mut plan = Plan::new(snapshot, actor, command, now);
    for (_, user) in command.moves(actor) {
        plan.add(verb, user)?;
    }
    if let Some(link) = link {
        plan.use_link(link.id);
    }
    plan.finish()
}

/// A link is made, if not too many are alive. As with every change, seats that are free go to those who wait.
pub(super) fn create(snapshot: &Snapshot, new: &NewLink) -> Result<Decision, Refused> {
    if snapshot.links.alive >= Link::MOST_ALIVE {
        return Err(Rule::condition(Action::CreateLink).refuses(Refusal::TooManyLinks));
    }
    let given = give_seats(snapshot, &[], snapshot.space.capacity);
    Ok(Decision::of(given, vec![LinkChange::Made(new.clone())]))
}

/// A link is ended. One that is over stays as it is.
pub(super) fn revoke(
    snapshot: &Snapshot,
    id: LinkNumber,
    now: Millis,
) -> Result<Decision, Refused> {
    let missing = || Rule::condition(Action::RevokeLink).refuses(Refusal::LinkNotFound);
    let link = snapshot.links.get(id).ok_or_else(missing)?;
    if !link.is_live(now) {
        return Ok(Decision::Move(Vec::new()));
    }
    let given = give_seats(snapshot, &[], snapshot.space.capacity);
    Ok(Decision::of(given, vec![LinkChange::Revoked(id)]))
}
