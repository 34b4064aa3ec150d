//! The one place that decides: visible, permitted, which move, and is there room.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::erasure;
use super::link::seen_with_link;
use super::link_decisions;
use super::permission::{has_attendance, need, permit};
use super::plan::Plan;
use super::space::HIDES_MEMBERS;
use super::transition::Verb;
use super::until::until;
use super::waiting::give_seats;
use super::{
    Action, Actor, Command, Content, Counts, Erasure, EventName, LinkChange, Membership, Millis,
    Moderation, NewSpace, Note, Offer, Origin, Privacy, Refusal, Refused, Rule, Snapshot, Space,
    SpaceField, SpaceName, SpacePatch, Standing, Status, Until, UserId,
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
    /// When the status after ends by itself, if it does.
    pub until: Option<Millis>,
    /// Where the place came from that begins, if that is not what the event tells.
    pub origin: Option<Origin>,
    /// What is said with it.
    pub note: Option<Note>,
    /// What the invitation offers that is open afterwards.
    pub offered: Offer,
}

impl Change {
    /// One without an end, of which nothing is said but what the event tells.
    pub const fn plain(user: UserId, (from, to): (Status, Status), event: EventName) -> Self {
        Self {
            user,
            from,
            to,
            event,
            until: None,
            origin: None,
            note: None,
            offered: Offer::Member,
        }
    }
}

/// What a command comes to when no rule says no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Memberships change, or nothing does if the list is empty. Whose time is over is written down first.
    Move(Vec<Change>),
    /// The same, and invite links with them or alone.
    MoveWithLinks {
        /// What becomes of memberships.
        changes: Vec<Change>,
        /// What becomes of links; never empty.
        links: Vec<LinkChange>,
    },
    /// Whose time is over is written down, and those who wait are given seats that are free: these changes.
    Expire(Vec<Change>),
    /// A new space, with its creator.
    Create {
        /// The space, without anybody in it yet.
        space: Box<Space>,
        /// What it shows.
        content: Content,
        /// Who is invited at once: not the creator, and each once.
        invitees: Vec<UserId>,
        /// When their invitations end, if they do.
        until: Option<Millis>,
    },
    /// The space itself changes; its memberships stay.
    Update {
        /// The space as it is now.
        space: Box<Space>,
        /// What it shows now, if that was known.
        content: Option<Content>,
        /// What is different; never empty.
        fields: Vec<SpaceField>,
        /// Those who waited for a seat that there is now.
        given: Vec<Change>,
    },
    /// A user is forgotten.
    Erase {
        /// What becomes of memberships.
        changes: Vec<Change>,
        /// How private the space is afterwards.
        privacy: Privacy,
        /// The links that are ended with them.
        links: Vec<LinkChange>,
        /// Who, and what they are called from now on.
        erasure: Erasure,
    },
    /// The space goes, with its memberships and history.
    Delete,
}

impl Decision {
    /// Memberships and links change, as far as these say so.
    pub(super) fn of(changes: Vec<Change>, links: Vec<LinkChange>) -> Self {
        if links.is_empty() { Self::Move(changes) } else { Self::MoveWithLinks { changes, links } }
    }
}

/// Decides one command. The order of checks is itself a rule: nobody learns anything of a space
/// before they may see it, and capacity is looked at last.
pub fn decide(
    name: &SpaceName,
    current: Option<&Snapshot>,
    actor: &Actor,
    command: &Command,
    now: Millis,
) -> Result<Decision, Refused> {
    if let Command::CreateSpace(new) = command {
        // Whether the actor makes spaces at all is a setting: see `need_to_create`.
        if actor.user().is_some_and(|user| *user != new.creator) {
            return Err(Rule::condition(Action::CreateSpace).refuses(Refusal::NotTheCreator));
        }
        if let (Some(_), Some(of)) = (actor.user(), &new.invitees) {
            let invited = of.users.iter().count() as i64;
            if of.limits.forbid(invited, || invited) {
                let rule = Rule::invitations(Action::CreateSpace);
                return Err(rule.refuses(Refusal::TooManyInvitations));
            }
        }
        return create(name, current, new, now);
    }
    let (snapshot, action) = (&*seen(current, actor, command, now)?, command.action(actor));
    match command {
        Command::UpdateSpace(patch) => update(snapshot, patch),
        Command::DeleteSpace { if_version, if_empty } => {
            let rule = Rule::condition(action);
            has_version(snapshot, *if_version).map_err(|refusal| rule.refuses(refusal))?;
            let Counts { members, managers, .. } = snapshot.space.counts;
            if *if_empty && members + managers > 0 {
                return Err(rule.refuses(Refusal::HasMembers));
            }
            Ok(Decision::Delete)
        }
        Command::Expire => Ok(Decision::Expire(give_seats(snapshot, &[], snapshot.space.capacity))),
        Command::Erase(erasure) => Ok(erasure::decide(snapshot, erasure, now)),
        Command::Moderate(moderation) => moderate(snapshot, actor, command, moderation, now),
        Command::JoinByLink(hash) => link_decisions::join(snapshot, actor, (command, hash), now),
        Command::CreateLink(new) => link_decisions::create(snapshot, new),
        Command::RevokeLink(id) => link_decisions::revoke(snapshot, *id, now),
        Command::SetAttendance(_)
        | Command::CreateSpace(_)
        | Command::Join
        | Command::Leave
        | Command::Remove(_)
        | Command::Invite(..)
        | Command::RemoveInvitations(_)
        | Command::Add(_)
        | Command::ChangeRoles(_)
        | Command::Block(_)
        | Command::Unblock(_)
        | Command::TransferOwnership(_) => {
            let mut plan = Plan::new(snapshot, actor, command, now);
            for (verb, user) in moves(name, snapshot, actor, command, now)? {
                plan.add(verb, user)?;
            }
            plan.finish()
        }
    }
}

/// Decides one command for each user that it names in a list by themselves, in order: who is refused keeps
/// nobody else back. Says who was, and by which rule. Any other command is decided as ever.
pub fn decide_each(
    name: &SpaceName,
    current: Option<&Snapshot>,
    actor: &Actor,
    command: &Command,
    now: Millis,
) -> Result<(Decision, BTreeMap<UserId, Refused>), Refused> {
    let mut refused = BTreeMap::new();
    let (Some(snapshot), true) = (current, command.names_many()) else {
        return decide(name, current, actor, command, now).map(|decision| (decision, refused));
    };
    let snapshot = &*seen(Some(snapshot), actor, command, now)?;
    let mut plan = Plan::new(snapshot, actor, command, now);
    let moves = moves(name, snapshot, actor, command, now)?;
    for own in moves.chunk_by(|one, next| one.1 == next.1) {
        let refusal = plan.foresee(own).err();
        for (verb, user) in own {
            match refusal {
                None => plan.add(*verb, user)?,
                Some(refusal) => drop(refused.insert((*user).clone(), refusal)),
            }
        }
        // As if the next were named in a call of their own: whoever waits is before them.
        plan.settle();
    }
    Ok((plan.finish()?, refused))
}

/// What there is of the space at this moment, if the actor may do this to it.
fn seen<'a>(
    current: Option<&'a Snapshot>,
    actor: &Actor,
    command: &Command,
    now: Millis,
) -> Result<Cow<'a, Snapshot>, Refused> {
    let snapshot = current.ok_or(Refusal::SpaceNotFound)?.at(now);
    may(&snapshot, actor, command, now)?;
    match command.until() {
        Until::At(until) if until <= now => {
            Err(Rule::condition(command.action(actor)).refuses(Refusal::PastEnd))
        }
        Until::At(_) | Until::For(_) | Until::Never | Until::Unsaid => Ok(snapshot),
    }
}

/// Whether the actor may do this to the space as it is now.
pub fn may(
    snapshot: &Snapshot,
    actor: &Actor,
    command: &Command,
    now: Millis,
) -> Result<(), Refused> {
    let standing = snapshot.standing(actor);
    let brings_link =
        matches!(command, Command::JoinByLink(hash) if snapshot.links.live(hash, now).is_some());
    let standing = if brings_link { seen_with_link(standing) } else { standing };
    check(snapshot.space.privacy, command.action(actor), standing)
}

/// What is to be done to whom, as far as the command means them.
fn moves<'a>(
    name: &SpaceName,
    snapshot: &Snapshot,
    actor: &'a Actor,
    command: &'a Command,
    now: Millis,
) -> Result<Vec<(Verb, &'a UserId)>, Refused> {
    let mut moves = command.moves(actor);
    if let Command::Invite(..) = command {
        let declined = moves.iter_mut().filter(|(_, user)| snapshot.cools_down(user, now));
        declined.for_each(|(verb, _)| *verb = Verb::InviteTooSoon);
    }
    if let Command::SetAttendance(change) = command {
        let rule = Rule::attendance(command.action(actor), name.kind());
        has_attendance(name.kind()).map_err(|refusal| rule.refuses(refusal))?;
        moves.retain(|(_, user)| change.means(snapshot.attendance(user)));
    }
    Ok(moves)
}

/// Whether somebody of this standing may do this to a space of this privacy: what they
/// cannot see does not exist for them, but a place that they hold they may always leave.
pub const fn check(privacy: Privacy, action: Action, standing: Standing) -> Result<(), Refused> {
    let leaves_their_place = matches!(action, Action::Leave)
        && matches!(standing, Standing::User(status) if status.holds_a_place());
    if !privacy.shows_to(standing) && !leaves_their_place {
        return Err(Refused { refusal: Refusal::SpaceNotFound, rule: None });
    }
    match permit(need(action), standing) {
        Ok(()) => Ok(()),
        Err(refusal) => Err(Rule::permission(action, standing).refuses(refusal)),
    }
}

/// Whoever has changed since they were seen is passed over. Nobody was seen who is ABSENT: of whoever became so in the
/// same batch the version is known.
fn moderate(
    snapshot: &Snapshot,
    actor: &Actor,
    command: &Command,
    moderation: &Moderation,
    now: Millis,
) -> Result<Decision, Refused> {
    let mut plan = Plan::new(snapshot, actor, command, now);
    for (user, version) in moderation.seen() {
        let as_seen = |it: &&Membership| it.version == *version && it.status != Status::Absent;
        if snapshot.known(user).filter(as_seen).is_some() {
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
) -> Result<Decision, Refused> {
    let space = Space {
        name: name.clone(),
        privacy: new.privacy,
        creator: new.creator.clone(),
        contribution: new.contribution,
        capacity: new.capacity,
        cool_down: new.cool_down,
        waitlist: new.waitlist,
        hides_members: new.content.attributes.says(HIDES_MEMBERS),
        seq: 0,
        counts: Counts::default(),
        created_at: now,
        next_until: None,
    };
    let Some(existing) = current else {
        let invitees = new.invitees.iter().flat_map(|of| of.users.iter());
        let invitees = invitees.filter(|user| **user != new.creator).cloned().collect();
        let said = new.invitees.as_ref().map_or(Until::Unsaid, |of| of.until);
        let invited = (Status::Absent, Status::Invited);
        let until = until(Verb::Invite, invited, said, None, now);
        let (space, content) = (Box::new(space), new.content.clone());
        return Ok(Decision::Create { space, content, invitees, until });
    };
    let Space { seq, counts, created_at, next_until, .. } = existing.space;
    let repeats = Space { seq, counts, created_at, next_until, ..space } == existing.space
        && existing.content.as_ref() == Some(&new.content);
    let exists = || Rule::condition(Action::CreateSpace).refuses(Refusal::SpaceExists);
    if repeats { Ok(Decision::Move(Vec::new())) } else { Err(exists()) }
}

fn has_version(snapshot: &Snapshot, believed: Option<i64>) -> Result<(), Refusal> {
    match believed {
        Some(version) if version != snapshot.space.seq => Err(Refusal::VersionMismatch),
        Some(_) | None => Ok(()),
    }
}

/// An update that changes nothing is a repeat and no error.
fn update(snapshot: &Snapshot, patch: &SpacePatch) -> Result<Decision, Refused> {
    let Snapshot { space, content, .. } = snapshot;
    let condition = Rule::condition(Action::UpdateSpace);
    has_version(snapshot, patch.if_version).map_err(|refusal| condition.refuses(refusal))?;
    let was = content.as_ref().map(|content| &content.attributes);
    if patch.if_attributes.as_ref().is_some_and(|believed| was != Some(believed)) {
        return Err(condition.refuses(Refusal::VersionMismatch));
    }
    let SpacePatch {
        privacy,
        display_name,
        contribution,
        capacity,
        waitlist,
        cool_down,
        attributes,
        ..
    } = patch.clone();
    let hides_members = attributes.as_ref().map(|attributes| attributes.says(HIDES_MEMBERS));
    let next = Space {
        privacy: privacy.unwrap_or(space.privacy),
        contribution: contribution.unwrap_or(space.contribution),
        capacity: capacity.unwrap_or(space.capacity),
        cool_down: cool_down.unwrap_or(space.cool_down),
        waitlist: waitlist.unwrap_or(space.waitlist),
        hides_members: hides_members.unwrap_or(space.hides_members),
        ..space.clone()
    };
    let next_content = content.as_ref().map(|content| Content {
        display_name: display_name.unwrap_or_else(|| content.display_name.clone()),
        attributes: attributes.unwrap_or_else(|| content.attributes.clone()),
    });
    let becomes = space.privacy.may_become(next.privacy, space.name.kind());
    becomes.map_err(|refusal| Rule::privacy(space.privacy, next.privacy).refuses(refusal))?;
    if next.capacity != space.capacity && next.is_overfull() {
        return Err(Rule::capacity(Action::UpdateSpace).refuses(Refusal::SpaceFull));
    }
    let differs = |field: &SpaceField| match field {
        SpaceField::Privacy => next.privacy != space.privacy,
        SpaceField::Contribution => next.contribution != space.contribution,
        SpaceField::Capacity => next.capacity != space.capacity,
        SpaceField::CoolDown => next.cool_down != space.cool_down,
        SpaceField::Waitlist => next.waitlist != space.waitlist,
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
    let given = give_seats(snapshot, &[], next.capacity);
    Ok(Decision::Update { space: Box::new(next), content: next_content, fields, given })
}
