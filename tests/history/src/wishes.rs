//! What clients ask for: at random, of few users and few spaces, so that everything collides.

use std::collections::BTreeMap;

use crate::foreign;
use crate::random::Random;
use crate::record::{Call, Ending, Surface};

/// So many users there are, named by numbers, as one of the surfaces wants them.
pub const USERS: usize = 7;

/// A space as it is made first.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Its name.
    pub name: &'static str,
    /// How private.
    pub privacy: &'static str,
    /// How many seats.
    pub capacity: Option<i64>,
    /// Whether whoever finds none is put on a list.
    pub waitlist: bool,
}

const fn place(name: &'static str, privacy: &'static str, capacity: Option<i64>) -> Place {
    Place { name, privacy, capacity, waitlist: false }
}

/// The same with a waiting list.
const fn queue(name: &'static str, privacy: &'static str, capacity: Option<i64>) -> Place {
    Place { name, privacy, capacity, waitlist: true }
}

/// The spaces of a run.
pub const PLACES: &[Place] = &[
    place("courses/1", "open", Some(3)),
    place("courses/2", "secret", None),
    place("courses/3", "draft", Some(4)),
    place("courses/4", "private", None),
    queue("groups/5", "open", Some(2)),
    queue("groups/6", "private", Some(2)),
    place("groups/7", "secret", Some(4)),
    queue("events/8", "open", Some(3)),
    place("events/9", "private", None),
    place("events/10", "open", None),
    place("communities/0123456789abcdef0123456789abcdef", "open", Some(3)),
    place("communities/fedcba9876543210fedcba9876543210", "private", None),
];

/// What is known when something is asked.
#[derive(Debug)]
pub struct Known<'a> {
    /// The time of day, in milliseconds.
    pub now: i64,
    /// The last version that was told of each space.
    pub versions: &'a BTreeMap<String, i64>,
    /// The number of the last event that was read of each space.
    pub events: &'a BTreeMap<String, i64>,
    /// The links of each space that were made last, with their secrets.
    pub links: &'a BTreeMap<String, Vec<(i64, String)>>,
}

/// Something to ask.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Of which space.
    pub space: &'static str,
    /// Who asks; empty for a service.
    pub actor: String,
    /// Where.
    pub surface: Surface,
    /// What.
    pub call: Call,
    /// Whether nothing is to be written.
    pub validate_only: bool,
}

#[derive(Clone, Copy)]
enum Sort {
    Get,
    Check,
    List,
    Space,
    Events,
    Listed,
    Links,
    Join,
    JoinByLink,
    CreateLink,
    RevokeLink,
    Leave,
    Remove,
    Invite,
    RemoveInvitations,
    Add,
    Roles,
    Block,
    Unblock,
    Attend,
    SetAttendance,
    Transfer,
    Update,
    Delete,
    Create,
    Sweep,
    Erase,
}

const SORTS: &[(usize, Sort)] = &[
    (100, Sort::Get),
    (70, Sort::Check),
    (60, Sort::List),
    (60, Sort::Space),
    (60, Sort::Events),
    (30, Sort::Listed),
    (20, Sort::Links),
    (170, Sort::Join),
    (60, Sort::JoinByLink),
    (20, Sort::CreateLink),
    (10, Sort::RevokeLink),
    (80, Sort::Leave),
    (40, Sort::Remove),
    (70, Sort::Invite),
    (30, Sort::RemoveInvitations),
    (45, Sort::Add),
    (45, Sort::Roles),
    (25, Sort::Block),
    (55, Sort::Unblock),
    (25, Sort::Attend),
    (15, Sort::SetAttendance),
    (25, Sort::Transfer),
    (30, Sort::Update),
    (5, Sort::Delete),
    (20, Sort::Create),
    (15, Sort::Sweep),
    (1, Sort::Erase),
];

fn user(random: &mut Random) -> String {
    (1 + random.below(USERS)).to_string()
}

fn users(random: &mut Random) -> Vec<String> {
    let mut all: Vec<_> = (0..=random.below(3)).map(|_| user(random)).collect();
    all.sort();
    all.dedup();
    all
}

fn privacy(random: &mut Random, space: &str) -> String {
    let all: &[&str] = match space.split_once('/') {
        Some(("communities", _)) => &["open", "private"],
        Some(("courses", _)) => &["open", "open", "private", "secret", "draft"],
        _ => &["open", "open", "private", "secret"],
    };
    random.pick(all).copied().unwrap_or("open").into()
}

fn capacity(random: &mut Random) -> Option<i64> {
    let seats = random.below(6);
    i64::try_from(seats).ok().filter(|seats| *seats > 1)
}

fn soon(random: &mut Random, now: i64) -> Option<i64> {
    let ahead = i64::try_from(random.below(1_500)).unwrap_or_default();
    random.percent(25).then_some(now + 300 + ahead)
}

/// The next thing to ask.
pub fn wish(random: &mut Random, known: &Known<'_>) -> Wish {
    let place = random.pick(PLACES).copied().unwrap_or(place("courses/1", "open", None));
    let space = place.name;
    let sort = random.weighted(SORTS, Sort::Get);
    let mut actor = user(random);
    let by_service = match sort {
        Sort::Join | Sort::JoinByLink | Sort::Leave | Sort::Attend | Sort::Listed => 0,
        Sort::Create | Sort::Events | Sort::Erase | Sort::Links => 100,
        Sort::Get | Sort::Check | Sort::List | Sort::Space => 25,
        _ => 45,
    };
    if random.percent(by_service) {
        actor.clear();
    }
    let call = call(random, known, space, sort, &actor);
    let foreign = foreign::surface(space, &call).filter(|_| !actor.is_empty());
    let foreign = foreign.filter(|_| random.percent(40));
    let json = random.percent(30);
    let validates = random.percent(4) && may_validate(&call) && foreign.is_none();
    let surface = foreign.unwrap_or(if json { Surface::Json } else { Surface::Grpc });
    let call = match (&call, foreign) {
        // There they ask about themselves.
        (Call::Get(_), Some(_)) => Call::Get(actor.clone()),
        _ => call,
    };
    Wish { space, actor, surface, call, validate_only: validates }
}

const fn may_validate(call: &Call) -> bool {
    !matches!(
        call,
        Call::Get(_)
            | Call::Check(_)
            | Call::List(_)
            | Call::Space
            | Call::Events { .. }
            | Call::Listed
            | Call::Links
            // Of what is only validated nobody knows the number.
            | Call::CreateLink { .. }
            | Call::Sweep(_)
            | Call::Erase { .. }
            // Of a space that is only validated nobody knows what it would be called.
            | Call::Create { .. }
            | Call::Update { .. }
            | Call::Delete { .. }
    )
}

fn call(random: &mut Random, known: &Known<'_>, space: &str, sort: Sort, actor: &str) -> Call {
    let each = random.percent(30);
    let version = known.versions.get(space).copied();
    let if_version = version.filter(|_| random.percent(25));
    match sort {
        Sort::Get => Call::Get(user(random)),
        Sort::Check => Call::Check(user(random)),
        Sort::List if random.percent(60) => Call::List(Vec::new()),
        Sort::List => {
            let pending = ["invited", "requested", "waitlisted", "blocked"].map(str::to_owned);
            Call::List(pending.to_vec())
        }
        Sort::Space => Call::Space,
        Sort::Events => {
            let after = known.events.get(space).copied().unwrap_or_default();
            let back = i64::try_from(random.below(5)).unwrap_or_default();
            Call::Events { after: (after - back).max(0) }
        }
        Sort::Listed => Call::Listed,
        Sort::Links => Call::Links,
        Sort::Join => Call::Join,
        Sort::JoinByLink | Sort::CreateLink | Sort::RevokeLink => link(random, known, space, sort),
        Sort::Leave => Call::Leave,
        Sort::Remove => Call::Remove(user(random)),
        Sort::Invite => Call::Invite { users: users(random), until: soon(random, known.now), each },
        Sort::RemoveInvitations => Call::RemoveInvitations { users: users(random), each },
        Sort::Add => Call::Add { users: users(random), until: soon(random, known.now), each },
        Sort::Roles => roles(random, known.now, each),
        Sort::Block => Call::Block { users: users(random), until: soon(random, known.now), each },
        Sort::Unblock => Call::Unblock { users: users(random), each },
        Sort::Attend => Call::Attend(answer(random)),
        Sort::SetAttendance => {
            Call::SetAttendance { users: users(random), going: answer(random), each }
        }
        Sort::Transfer => Call::Transfer(user(random)),
        Sort::Update => {
            let privacy = random.percent(50).then(|| privacy(random, space));
            let seats = i64::try_from(random.below(6)).unwrap_or_default();
            let capacity = random.percent(60).then_some(seats);
            let waitlist = random.percent(25).then(|| random.percent(60));
            Call::Update { privacy, capacity, waitlist, if_version }
        }
        Sort::Delete => {
            // What happens between the last look at the history and the end of it, nobody can tell.
            let read = known.events.get(space).copied().filter(|_| random.percent(70));
            Call::Delete { if_version: read, if_empty: random.percent(30) }
        }
        Sort::Create => create(random, space),
        Sort::Sweep => {
            let all = ["accept requests", "reject requests", "remove members"];
            Call::Sweep(random.pick(&all).copied().unwrap_or_default().into())
        }
        Sort::Erase => {
            let successor = random.percent(50).then(|| user(random));
            let user = user(random);
            Call::Erase { successor: successor.filter(|it| *it != user && it != actor), user }
        }
    }
}

fn create(random: &mut Random, space: &str) -> Call {
    let (privacy, creator) = (privacy(random, space), user(random));
    Call::Create { privacy, creator, capacity: capacity(random), waitlist: random.percent(40) }
}

/// Of one of the links that were made last; at times of one that was never made.
fn link(random: &mut Random, known: &Known<'_>, space: &str, sort: Sort) -> Call {
    let links = known.links.get(space).map(Vec::as_slice).unwrap_or_default();
    let link = random.pick(links).cloned().filter(|_| random.percent(90));
    match sort {
        Sort::JoinByLink => {
            Call::JoinByLink { secret: link.map_or_else(|| "made up".into(), |(_, secret)| secret) }
        }
        Sort::RevokeLink => Call::RevokeLink(link.map_or(1, |(id, _)| id)),
        _ => {
            let grants = ["member", "member", "member", "request", "manager"];
            let grant = random.pick(&grants).copied().unwrap_or_default().into();
            let uses = i64::try_from(1 + random.below(3)).ok();
            let max_uses = uses.filter(|_| random.percent(70));
            Call::CreateLink { grant, until: soon(random, known.now), max_uses }
        }
    }
}

fn answer(random: &mut Random) -> Option<bool> {
    [Some(true), Some(true), Some(false), None].get(random.below(4)).copied().flatten()
}

fn roles(random: &mut Random, now: i64, each: bool) -> Call {
    let mut lists = [Vec::new(), Vec::new(), Vec::new()];
    for user in users(random) {
        if let Some(list) = lists.get_mut(random.below(3)) {
            list.push(user);
        }
    }
    let until = match (soon(random, now), random.percent(15)) {
        (Some(at), _) => Ending::At(at),
        (None, true) => Ending::Never,
        (None, false) => Ending::Unsaid,
    };
    let [managers, members, none] = lists;
    Call::Roles { managers, members, none, until, each }
}
