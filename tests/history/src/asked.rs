//! A recorded call in the words of the domain.

use roster::domain::{
    Actor, Attendance, AttendanceChange, Attributes, Capacity, Command, Content, Contribution,
    CoolDown, DisplayName, Erasure, Grant, InvalidId, LinkHash, Millis, NewLink, NewSpace, Offer,
    Placement, Privacy, RoleChange, SpaceName, SpacePatch, Status, Sweep, Until, UserId, Users,
    Uses,
};
use roster::service::hash_of_secret;

use crate::record::{Answer, Call, Ending, Failed, Op, Outcome};

/// Who every service of a run is.
pub const SERVICE: &str = "judge";

/// What is asked of the rules.
#[derive(Clone, Debug)]
pub enum Asked {
    /// One command; of many users each by themselves, if so.
    Command(Box<Command>, bool),
    /// First a look at who there is, and then a command about them.
    Sweep(Sweep),
    /// A question.
    Read(Read),
}

/// A question about a space.
#[derive(Clone, Debug)]
pub enum Read {
    /// A membership.
    Membership(UserId),
    /// A membership in short, which is never refused.
    Check(UserId),
    /// Who has one of these statuses.
    Members(Vec<Status>),
    /// The space.
    Space,
    /// The history after a number.
    Events(i64),
    /// Whether the actor's own list has it.
    Listed,
    /// Its invite links.
    Links,
}

fn user(text: &str) -> Result<UserId, Failed> {
    UserId::parse(text).map_err(|InvalidId| format!("{text:?} is no user id").into())
}

fn all(named: &[String]) -> Result<Vec<UserId>, Failed> {
    named.iter().map(|text| user(text)).collect()
}

fn users(named: &[String]) -> Result<Users, Failed> {
    Users::new(all(named)?).map_err(|error| format!("{error:?}").into())
}

fn word<T>(found: Option<T>, text: &str) -> Result<T, Failed> {
    found.ok_or_else(|| format!("{text:?} is no such word").into())
}

fn at(until: Option<Millis>) -> Until {
    until.map_or(Until::Unsaid, Until::At)
}

fn placement(named: &[String], until: Option<Millis>) -> Result<Placement, Failed> {
    Ok(Placement { until: at(until), ..users(named)?.into() })
}

const fn attendance(going: Option<bool>) -> Option<Attendance> {
    match going {
        Some(true) => Some(Attendance::Going),
        Some(false) => Some(Attendance::NotGoing),
        None => None,
    }
}

fn attend(named: Option<Users>, going: Option<bool>) -> Command {
    let attendance = attendance(going);
    Command::SetAttendance(AttendanceChange { users: named, attendance, if_attendance: None })
}

fn create(
    privacy: &str,
    creator: &str,
    capacity: Option<i64>,
    waitlist: bool,
) -> Result<Command, Failed> {
    let text = |_| Failed::from("a bad text");
    let content = Content {
        display_name: DisplayName::new("judged").map_err(text)?,
        attributes: Attributes::new("{}").map_err(text)?,
    };
    Ok(Command::CreateSpace(NewSpace {
        privacy: word(Privacy::from_word(privacy), privacy)?,
        creator: user(creator)?,
        contribution: Contribution::Anyone,
        capacity: capacity.and_then(Capacity::new),
        waitlist,
        cool_down: CoolDown::default(),
        content,
        invitees: None,
    }))
}

fn update(
    privacy: Option<&str>,
    capacity: Option<i64>,
    waitlist: Option<bool>,
    if_version: Option<i64>,
) -> Result<Command, Failed> {
    let privacy = privacy.map(|text| word(Privacy::from_word(text), text)).transpose()?;
    // In the contract no seats at all means that there is no limit.
    let capacity = capacity.map(Capacity::new);
    let patch = SpacePatch { privacy, capacity, waitlist, if_version, ..SpacePatch::default() };
    Ok(Command::UpdateSpace(patch))
}

fn hash(op: &Op, secret: &str) -> Result<LinkHash, Failed> {
    let space = SpaceName::parse(&op.space).map_err(|_| format!("{:?} is no space", op.space))?;
    word(hash_of_secret(&space, secret), secret)
}

/// The secret of a link is known from the answer alone. Without an answer nobody has it.
fn link(op: &Op) -> Result<Option<Command>, Failed> {
    let Call::CreateLink { grant, until, max_uses } = &op.call else { return Ok(None) };
    let unknown = format!("of call {}", op.id);
    let secret = match &op.outcome {
        Outcome::Ok(Answer::Link { secret, .. }) => secret,
        _ => &unknown,
    };
    Ok(Some(Command::CreateLink(NewLink {
        hash: hash(op, secret)?,
        grant: word(Grant::from_word(grant), grant)?,
        until: *until,
        max_uses: max_uses.and_then(Uses::new),
    })))
}

fn roles(op: &Op) -> Result<Option<(Command, bool)>, Failed> {
    let Call::Roles { managers, members, none, until, each } = &op.call else { return Ok(None) };
    let change = RoleChange::new(all(managers)?, all(members)?, all(none)?);
    let change = change.map_err(|error| Failed::from(format!("{error:?}")))?;
    let until = match until {
        Ending::Unsaid => Until::Unsaid,
        Ending::Never => Until::Never,
        Ending::At(at) => Until::At(*at),
    };
    Ok(Some((Command::ChangeRoles(change.until(until)), *each)))
}

/// Who asks.
pub fn actor(op: &Op) -> Result<Actor, Failed> {
    if op.actor.is_empty() {
        Ok(Actor::Service(user(SERVICE)?))
    } else {
        Ok(Actor::User(user(&op.actor)?))
    }
}

fn question(call: &Call) -> Result<Read, Failed> {
    match call {
        Call::Get(named) => Ok(Read::Membership(user(named)?)),
        Call::Check(named) => Ok(Read::Check(user(named)?)),
        Call::List(words) if words.is_empty() => {
            Ok(Read::Members(vec![Status::Member, Status::Manager, Status::Creator]))
        }
        Call::List(words) => {
            let statuses = words.iter().map(|text| word(Status::from_word(text), text));
            Ok(Read::Members(statuses.collect::<Result<_, _>>()?))
        }
        Call::Space => Ok(Read::Space),
        Call::Events { after } => Ok(Read::Events(*after)),
        Call::Listed => Ok(Read::Listed),
        Call::Links => Ok(Read::Links),
        _ => Err("no question".into()),
    }
}

/// What is asked.
pub fn asked(op: &Op) -> Result<Asked, Failed> {
    let whole = |command| Ok(Asked::Command(Box::new(command), false));
    let each = |command, each: &bool| Ok(Asked::Command(Box::new(command), *each));
    match &op.call {
        Call::Create { privacy, creator, capacity, waitlist } => {
            whole(create(privacy, creator, *capacity, *waitlist)?)
        }
        Call::Update { privacy, capacity, waitlist, if_version } => {
            whole(update(privacy.as_deref(), *capacity, *waitlist, *if_version)?)
        }
        Call::Delete { if_version, if_empty } => {
            whole(Command::DeleteSpace { if_version: *if_version, if_empty: *if_empty })
        }
        Call::Join => whole(Command::Join),
        Call::JoinByLink { secret } => whole(Command::JoinByLink(hash(op, secret)?)),
        Call::CreateLink { .. } => whole(link(op)?.ok_or("no link")?),
        Call::RevokeLink(id) => whole(Command::RevokeLink(*id)),
        Call::Leave => whole(Command::Leave),
        Call::Remove(named) => whole(Command::Remove(user(named)?)),
        Call::Invite { users: named, until, each: alone } => {
            each(Command::Invite(placement(named, *until)?, Offer::Member), alone)
        }
        Call::RemoveInvitations { users: named, each: alone } => {
            each(Command::RemoveInvitations(users(named)?), alone)
        }
        Call::Add { users: named, until, each: alone } => {
            each(Command::Add(placement(named, *until)?), alone)
        }
        Call::Roles { .. } => {
            let (command, alone) = roles(op)?.ok_or("no roles")?;
            each(command, &alone)
        }
        Call::Block { users: named, until, each: alone } => {
            each(Command::Block(placement(named, *until)?), alone)
        }
        Call::Unblock { users: named, each: alone } => each(Command::Unblock(users(named)?), alone),
        Call::Attend(going) => whole(attend(None, *going)),
        Call::SetAttendance { users: named, going, each: alone } => {
            each(attend(Some(users(named)?), *going), alone)
        }
        Call::Transfer(named) => whole(Command::TransferOwnership(user(named)?)),
        Call::Sweep(name) => Ok(Asked::Sweep(word(Sweep::from_word(name), name)?)),
        Call::Erase { user: named, successor } => whole(Command::Erase(Erasure {
            user: user(named)?,
            pseudonym: user(&format!("{}of-{named}-{}", Erasure::PREFIX, op.id))?,
            successor: successor.as_deref().map(user).transpose()?,
        })),
        _ => Ok(Asked::Read(question(&op.call)?)),
    }
}
