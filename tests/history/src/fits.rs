//! Whether what was answered is what the rules say.

use std::collections::{BTreeMap, BTreeSet};

use roster::domain::decide::check;
use roster::domain::permission::{need_to_see_members, permit};
use roster::domain::transition::Verb;
use roster::domain::{
    Action, Actor, Attendance, Command, Erasure, Kind, Link, Membership, Millis, Place, Refusal,
    Refused, Rule, Snapshot, Standing, Status, Sweep, Until, UserId, Uses,
};

use crate::asked::{Asked, Read};
use crate::record::{Answer, Call, LinkSeen, Op, Outcome, Seen, SpaceSeen, Surface};

/// A space after a command.
pub struct After<'a> {
    /// The space; none if it is gone.
    pub snapshot: Option<&'a Snapshot>,
    /// Whose membership changed.
    pub changed: BTreeSet<&'a UserId>,
    /// Whether an invite link was made or ended.
    pub changes_links: bool,
    /// When it happened.
    pub now: Millis,
    /// Who was refused by themselves.
    pub refused: &'a BTreeMap<UserId, Refused>,
}

/// Whether the answer itself says that nothing changed.
pub fn says_unchanged(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Ok(Answer::One { changed, .. }) => *changed == Some(false),
        Outcome::Ok(Answer::Many(results)) => results.iter().all(|(_, word)| word != "changed"),
        Outcome::Ok(Answer::Swept { changed, .. }) => *changed == 0,
        Outcome::Ok(Answer::Link { changed, .. }) => !changed,
        _ => false,
    }
}

/// What a sweep says that it did.
pub const fn swept(outcome: &Outcome) -> Option<(usize, bool)> {
    match outcome {
        Outcome::Ok(Answer::Swept { changed, full }) => Some((*changed, *full)),
        _ => None,
    }
}

/// Whether a sweep was refused because there is no room, and there may have been none.
pub fn sweep_found_no_room(op: &Op, sweep: Sweep, space: &Snapshot) -> bool {
    sweep == Sweep::AcceptRequests
        && space.space.capacity.is_some()
        && refusal(op, Refusal::SpaceFull)
}

/// The end that a command itself names.
pub fn own_until(asked: &Asked) -> impl Iterator<Item = Millis> {
    let until = match asked {
        Asked::Command(command, _) => match command.until() {
            Until::At(at) => Some(at),
            Until::Never | Until::For(_) | Until::Unsaid => None,
        },
        Asked::Sweep(_) | Asked::Read(_) => None,
    };
    until.into_iter()
}

/// Whether this refusal is what was answered, in the words of the surface.
pub fn refusal(op: &Op, refusal: Refusal) -> bool {
    let Outcome::Refused(told) = &op.outcome else { return false };
    told == match op.surface {
        Surface::Grpc | Surface::Json => refusal.word(),
        Surface::SelfCommunity => match (&op.call, refusal) {
            (Call::Roles { .. }, Refusal::CreatorFixed) => "400 invalid",
            (_, refusal) => selfcommunity(refusal),
        },
        Surface::Whisk => whisk(refusal),
    }
}

const fn selfcommunity(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::SpaceNotFound | Refusal::LinkNotFound => "404 not_found",
        Refusal::NotAManager
        | Refusal::NotTheCreator
        | Refusal::Blocked
        | Refusal::CreatorCannotLeave
        | Refusal::CreatorFixed => "403 permission_denied",
        Refusal::SpaceExists => "400 already_exists",
        Refusal::NotAMember => "400 not_a_member",
        Refusal::SpaceFull => "400 space_full",
        Refusal::PrivacyFixed => "400 privacy_fixed",
        Refusal::VersionMismatch => "412 precondition_failed",
        Refusal::HasMembers => "400 has_members",
        Refusal::NotAnEvent => "400 not_an_event",
        Refusal::OwnEnd => "400 own_end",
        Refusal::PastEnd => "400 past_end",
        Refusal::TooManyInvitations => "400 too_many_invitations",
        Refusal::TooManyLinks => "400 too_many_links",
    }
}

const fn whisk(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::SpaceNotFound => "400 general.notFound",
        Refusal::NotAManager | Refusal::NotTheCreator | Refusal::Blocked => {
            "400 community.permissionDenied"
        }
        Refusal::CreatorCannotLeave | Refusal::CreatorFixed => "400 community.ownerCantLeave",
        Refusal::SpaceFull => "400 community.full",
        Refusal::LinkNotFound => "400 community.inviteTokenNotFound",
        Refusal::HasMembers => "400 community.hasMembers",
        Refusal::VersionMismatch => "412 general.preconditionFailed",
        Refusal::SpaceExists
        | Refusal::NotAMember
        | Refusal::TooManyInvitations
        | Refusal::TooManyLinks
        | Refusal::PrivacyFixed
        | Refusal::NotAnEvent
        | Refusal::OwnEnd
        | Refusal::PastEnd => "400 general.badRequest",
    }
}

fn is_member(seen: &Seen, is: &Membership) -> bool {
    let own = Seen {
        user: is.user.to_string(),
        status: is.status.word().into(),
        version: is.version,
        attendance: is.attendance.map(|answer| answer == Attendance::Going),
        until: is.until,
        invited_by: is.invited_by.as_ref().map(ToString::to_string).unwrap_or_default(),
    };
    let is_erased = |name: &str| name.starts_with(Erasure::PREFIX);
    if is_erased(&seen.user) && is_erased(&own.user) {
        return (&seen.status, seen.version) == (&own.status, own.version);
    }
    *seen == own
}

fn is_space(seen: &SpaceSeen, snapshot: &Snapshot, standing: Standing) -> bool {
    let space = &snapshot.space;
    let manages = check(space.privacy, Action::SeePending, standing).is_ok();
    let counts = |status: Status| space.counts.of(status);
    let own = SpaceSeen {
        privacy: space.privacy.word().into(),
        creator: space.creator.to_string(),
        capacity: space.capacity.map(|capacity| capacity.seats()),
        version: space.seq,
        seats: space.shown_seats(manages),
        going: space.shown_going(manages),
        waitlist: space.waitlist,
        counts: manages.then(|| {
            [
                Status::Invited,
                Status::Requested,
                Status::Waitlisted,
                Status::Member,
                Status::Manager,
                Status::Creator,
                Status::Blocked,
            ]
            .map(counts)
        }),
    };
    let is_erased = |name: &str| name.starts_with(Erasure::PREFIX);
    let creator = if is_erased(&seen.creator) && is_erased(&own.creator) {
        &seen.creator
    } else {
        &own.creator
    };
    *seen == SpaceSeen { creator: creator.clone(), ..own.clone() }
}

fn is_link(seen: &LinkSeen, is: &Link, now: Millis) -> bool {
    let own = LinkSeen {
        id: is.id,
        grant: is.new.grant.word().into(),
        until: is.new.until,
        max_uses: is.new.max_uses.map(Uses::number),
        uses: is.uses,
        created_by: is.created_by.to_string(),
        revoked: is.revoked_at.is_some(),
        live: is.is_live(now),
    };
    // The rules do not follow what is renamed when somebody is erased.
    let is_erased = seen.created_by.starts_with(Erasure::PREFIX);
    let created_by = if is_erased { &seen.created_by } else { &own.created_by };
    *seen == LinkSeen { created_by: created_by.clone(), ..own.clone() }
}

/// Whether a command that came to this would be answered so.
pub fn answer(answer: &Answer, actor: &Actor, command: &Command, after: &After<'_>) -> bool {
    match (answer, after.snapshot) {
        (Answer::Done, _) => true,
        (Answer::One { member, changed }, Some(space)) => {
            let moves = command.moves(actor);
            let Some((_, user)) = moves.first() else { return false };
            is_member(member, &space.membership(user))
                && changed.is_none_or(|changed| changed == after.changed.contains(user))
        }
        (Answer::Relation(word), Some(space)) => match actor.user() {
            Some(user) => is_relation(word.as_deref(), space, user),
            None => false,
        },
        (Answer::Many(results), Some(space)) => {
            let mut moves = command.moves(actor);
            moves.dedup_by(|later, earlier| later.1 == earlier.1);
            results.len() == moves.len()
                && results.iter().zip(moves).all(|(told, (verb, user))| {
                    told.1 == result(after, space, verb, user)
                        && is_member(&told.0, &space.membership(user))
                })
        }
        (Answer::Link { link, changed, .. }, Some(space)) => {
            space.links.get(link.id).is_some_and(|is| is_link(link, is, after.now))
                && (*changed == after.changes_links)
        }
        (Answer::Space(seen), Some(space)) => {
            is_space(seen, space, space.standing(actor)) || is_space(seen, space, Standing::Service)
        }
        (_, _) => false,
    }
}

fn result(after: &After<'_>, space: &Snapshot, verb: Verb, user: &UserId) -> String {
    if let Some(refused) = after.refused.get(user) {
        return format!("refused {}", refused.refusal.word());
    }
    let is_blocked = verb == Verb::Invite && space.status(user) == Status::Blocked;
    // A run is shorter than the time for which nobody is invited again.
    let cools_down = verb == Verb::Invite && space.cools_down(user, space.space.created_at);
    let changed = after.changed.contains(user);
    if changed {
        "changed"
    } else if is_blocked {
        "blocked"
    } else if cools_down {
        "cooling_down"
    } else {
        "unchanged"
    }
    .into()
}

/// Whether a question would be answered so about this state.
pub fn read(
    op: &Op,
    actor: &Actor,
    read: &Read,
    at: Option<&Snapshot>,
    (seq, now): (i64, Millis),
) -> bool {
    let hidden = || match (read, &op.outcome) {
        (Read::Check(_), Outcome::Ok(Answer::Check { status, version })) => {
            status == "absent" && *version == 0
        }
        (Read::Listed, Outcome::Ok(Answer::Listed(found))) => found.is_none(),
        _ => refusal(op, Refusal::SpaceNotFound),
    };
    let Some(space) = at else { return hidden() };
    let (privacy, standing) = (space.space.privacy, space.standing(actor));
    if check(privacy, Action::SeeSpace, standing).is_err() {
        return hidden();
    }
    let Outcome::Ok(answer) = &op.outcome else {
        return read_refusal(read, space, standing).is_some_and(|refused| refusal(op, refused));
    };
    match (read, answer) {
        (Read::Membership(user), Answer::One { member, .. }) => {
            is_member(member, &shown(space, actor, user))
        }
        (Read::Membership(user), Answer::Relation(word)) => {
            is_relation(word.as_deref(), space, user)
        }
        (Read::Check(user), Answer::Check { status, version }) => {
            let shown = shown(space, actor, user);
            (shown.status.word(), shown.version) == (status, *version)
        }
        (Read::Members(statuses), Answer::Members(members)) => {
            let there = space.memberships().filter(|it| statuses.contains(&it.status));
            let there: Vec<_> = there.collect();
            read_refusal(read, space, standing).is_none()
                && there.len() == members.len()
                && there.iter().zip(members).all(|(is, seen)| is_member(seen, is))
        }
        (Read::Space, Answer::Space(seen)) => is_space(seen, space, standing),
        (Read::Events(after), Answer::Events(events)) => {
            let last = events.last().map_or(*after, |event| event.sequence);
            last == seq || events.len() >= crate::bounds::PAGE && last < seq || seq < *after
        }
        (Read::Links, Answer::Links(links)) => {
            links.len() == space.links.all().count()
                && space.links.all().zip(links).all(|(is, seen)| is_link(seen, is, now))
        }
        (Read::Listed, Answer::Listed(found)) => is_listed(space, actor, found.as_ref()),
        (_, _) => false,
    }
}

fn is_listed(space: &Snapshot, actor: &Actor, found: Option<&Seen>) -> bool {
    let own = actor.user().map(|user| space.membership(user));
    let own = own.filter(|own| own.status != Status::Absent);
    match (own, found) {
        (Some(own), Some(seen)) => is_member(seen, &own),
        (own, found) => own.is_none() && found.is_none(),
    }
}

fn may_list(space: &Snapshot, standing: Standing, statuses: &[Status]) -> Result<(), Refused> {
    let (kind, place) = (space.space.name.kind(), &space.space);
    if statuses.iter().all(|status| status.is_seated()) {
        let need = need_to_see_members(kind, place.privacy, place.hides_members);
        let rule = Rule::permission(Action::SeeMembers, standing);
        return permit(need, standing).map_err(|refusal| rule.refuses(refusal));
    }
    check(place.privacy, Action::SeePending, standing)
}

fn read_refusal(read: &Read, space: &Snapshot, standing: Standing) -> Option<Refusal> {
    let refused = match read {
        Read::Members(statuses) => may_list(space, standing, statuses),
        Read::Events(_) => check(space.space.privacy, Action::SeeHistory, standing),
        Read::Links => check(space.space.privacy, Action::SeeLinks, standing),
        Read::Membership(_) | Read::Check(_) | Read::Space | Read::Listed => Ok(()),
    };
    refused.err().map(|refused| refused.refusal)
}

fn shown(space: &Snapshot, actor: &Actor, user: &UserId) -> Membership {
    let target = space.membership(user);
    let sees = may_list(space, space.standing(actor), &[target.status]).is_ok();
    if sees || actor.user() == Some(user) {
        return target;
    }
    Membership::absent(space.space.name.clone(), user.clone(), space.space.seq)
}

fn is_relation(word: Option<&str>, space: &Snapshot, user: &UserId) -> bool {
    let place = Place { status: space.status(user), attendance: space.attendance(user) };
    word == relation(space.space.name.kind(), place)
}

/// What somebody is to a space, as the foreign surface of its kind says it.
pub const fn relation(kind: Kind, place: Place) -> Option<&'static str> {
    let (joined, manager, creator) = match kind {
        Kind::Course => ("joined", "manager", "creator"),
        Kind::Group | Kind::Event => ("subscribed", "subscribed", "subscribed"),
        Kind::Community => return Some(role(place.status)),
    };
    match (place.attendance, place.status) {
        (Some(Attendance::Going), _) => Some("going"),
        (Some(Attendance::NotGoing), _) => Some("not_going"),
        (None, Status::Absent | Status::Blocked) => None,
        (None, Status::Invited) => Some("invited"),
        (None, Status::Requested | Status::Waitlisted) => Some("requested"),
        (None, Status::Member) => Some(joined),
        (None, Status::Manager) => Some(manager),
        (None, Status::Creator) => Some(creator),
    }
}

const fn role(status: Status) -> &'static str {
    match status {
        Status::Absent | Status::Invited => "COMMUNITY_ROLE_UNSET",
        Status::Requested | Status::Waitlisted => "COMMUNITY_ROLE_PENDING",
        Status::Member => "COMMUNITY_ROLE_MEMBER",
        Status::Manager => "COMMUNITY_ROLE_ADMIN",
        Status::Creator => "COMMUNITY_ROLE_OWNER",
        Status::Blocked => "COMMUNITY_ROLE_BLOCKED",
    }
}

/// Whether a call is a question.
pub const fn is_read(call: &Call) -> bool {
    matches!(
        call,
        Call::Get(_)
            | Call::Check(_)
            | Call::List(_)
            | Call::Space
            | Call::Events { .. }
            | Call::Listed
            | Call::Links
    )
}
