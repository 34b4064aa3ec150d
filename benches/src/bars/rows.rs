//! Every comparison with its bars.

use super::{Figure, Row};

/// All of them, in the order of the document.
pub fn rows() -> Vec<Row> {
    [
        on_postgres(),
        removals(),
        on_sqlite(),
        reads(),
        people(),
        neighbours(),
        imports(),
        ways_in(),
        others(),
    ]
    .concat()
}

/// Makes the rows of one scenario. Where nothing is said what a row is beside, it stands for itself.
struct Of(&'static str);

impl Of {
    fn row(&self, name: &'static str, ours: &'static str) -> Row {
        let (scenario, ours) = (self.0, Figure::Named(ours));
        Row { scenario, name, ours, beside: None, must: None, aim: None }
    }

    fn ratio(
        &self,
        name: &'static str,
        ours: &'static str,
        (beside, word): (&'static str, &'static str),
    ) -> Row {
        Row { beside: Some((Figure::Named(beside), word)), ..self.row(name, ours) }
    }

    fn to_best(&self, name: &'static str, ours: &'static str, beside: &'static str) -> Row {
        let beside = Some((Figure::Best(beside), "pgbench at its best"));
        Row { beside, ..self.row(name, ours) }
    }

    fn growth(&self, name: &'static str, what: &'static str) -> Row {
        let beside = Some((Figure::Fewest(what), "among the fewest"));
        Row { ours: Figure::Most(what), beside, ..self.row(name, what) }
    }
}

fn on_postgres() -> Vec<Row> {
    let of = Of("postgres");
    let (spread, hot) = (("bare join spread 64", "pgbench"), ("bare join hot 64", "pgbench"));
    vec![
        of.ratio("join, 1,000 spaces, 64 callers", "join spread 64", spread).at_least(1.6).aim(2.5),
        of.to_best("join, 1,000 spaces, 256 callers", "join spread 256", "bare join spread")
            .at_least(2.3)
            .aim(4.0),
        of.ratio("join, one space, 64 callers", "join hot 64", hot).at_least(2.47).aim(3.0),
        of.to_best("join, one space, 256 callers", "join hot 256", "bare join hot")
            .at_least(3.81)
            .aim(5.0),
        of.ratio(
            "join, 1,000 spaces, 64 callers, ordinary client",
            "join spread 64, ordinary client",
            spread,
        )
        .at_least(1.45)
        .aim(2.0),
        of.to_best(
            "join, 1,000 spaces, 256 callers, ordinary client",
            "join spread 256, ordinary client",
            "bare join spread",
        )
        .at_least(1.9)
        .aim(3.0),
        of.ratio(
            "join, one space, 64 callers, ordinary client",
            "join hot 64, ordinary client",
            hot,
        ),
        of.to_best(
            "join, one space, 256 callers, ordinary client",
            "join hot 256, ordinary client",
            "bare join hot",
        ),
        of.ratio(
            "one space ÷ 1,000 spaces, 64 callers",
            "join hot 64",
            ("join spread 64", "1,000 spaces"),
        )
        .at_least(0.95),
        of.ratio(
            "one caller, idle: join",
            "join p50, one caller",
            ("bare five statements p50, one client", "five statements"),
        )
        .at_most(0.9)
        .aim(0.7),
        of.row("p99 ÷ p50, 1,000 spaces, 64 callers", "join spread 64 p99 ÷ p50").at_most(4.0),
    ]
}

fn removals() -> Vec<Row> {
    let of = Of("removals");
    let bare = ("bare remove 100", "pgbench");
    let mut rows = vec![
        of.ratio(
            "remove 100 in a call, 16 callers, ordinary client",
            "remove 100, ordinary client",
            bare,
        )
        .at_least(0.8)
        .aim(1.0),
        of.ratio("remove 100 in a call, 16 callers", "remove 100", bare),
    ];
    for (each, ours, one, alone, join) in [
        (
            "PostgreSQL, remove 1,000 of 50,000, each",
            "PostgreSQL: remove 1,000, each",
            "PostgreSQL: remove one",
            "PostgreSQL, remove one of 50,000 ÷ a join",
            "PostgreSQL: join",
        ),
        (
            "PostgreSQL, the same, each with an invitation sent",
            "PostgreSQL: remove 1,000 who invited, each",
            "PostgreSQL: remove one who invited",
            "PostgreSQL, remove one who invited ÷ a join",
            "PostgreSQL: join",
        ),
        (
            "SQLite, remove 1,000 of 50,000, each",
            "SQLite: remove 1,000, each",
            "SQLite: remove one",
            "SQLite, remove one of 50,000 ÷ a join",
            "SQLite: join",
        ),
        (
            "SQLite, the same, each with an invitation sent",
            "SQLite: remove 1,000 who invited, each",
            "SQLite: remove one who invited",
            "SQLite, remove one who invited ÷ a join",
            "SQLite: join",
        ),
    ] {
        rows.push(of.ratio(each, ours, (one, "alone")).at_most(0.1).aim(0.02));
        rows.push(of.ratio(alone, one, (join, "join")).at_most(3.0));
    }
    let of = Of("bulk");
    for (name, ours, one) in [
        ("invite 1,000, each", "invite 1000, per user", "invite 1, per user"),
        (
            "take back 1,000 invitations, each",
            "remove invitations 1000, per user",
            "remove invitations 1, per user",
        ),
    ] {
        rows.push(of.ratio(name, ours, (one, "alone")).at_most(0.05));
    }
    rows
}

fn on_sqlite() -> Vec<Row> {
    let (of, bare) = (Of("sqlite"), ("bare join", "loop"));
    vec![
        of.ratio("SQLite, join, 1,000 spaces, 64 callers", "join spread 64", bare)
            .at_least(2.0)
            .aim(2.5),
        of.ratio("SQLite, join, one space, 64 callers", "join hot 64", bare).at_least(2.5),
    ]
}

fn reads() -> Vec<Row> {
    let of = Of("reads");
    let (page, mine) = (("bare page", "pgbench"), ("bare my spaces", "pgbench"));
    vec![
        of.ratio("my spaces (20), ordinary client", "my spaces, ordinary client", mine)
            .at_least(0.7)
            .aim(1.0),
        of.ratio("first page of 100, ordinary client", "first page, ordinary client", page)
            .at_least(0.8)
            .aim(1.0),
        of.ratio("deep page of 100, ordinary client", "deep page, ordinary client", page)
            .at_least(0.8)
            .aim(1.0),
        of.ratio("my spaces (20)", "my spaces", mine),
        of.ratio("first page of 100", "first page", page).at_least(0.6),
        of.ratio("deep page ÷ first page", "deep page", ("first page", "first page")).at_least(0.9),
        of.ratio("GetMembership, 64 callers", "get", ("bare select", "pgbench")).at_least(0.9),
        of.ratio("CheckMemberships(100), pairs", "check 100, pairs", ("bare check 100", "pgbench"))
            .at_least(0.6)
            .aim(1.0),
        of.ratio(
            "CheckMemberships(100), pairs, ordinary client",
            "check 100, pairs, ordinary client",
            ("bare check 100", "pgbench"),
        ),
        of.ratio(
            "CheckMemberships(100), pairs ÷ GetMembership",
            "check 100, pairs",
            ("get", "GetMembership"),
        )
        .at_least(15.0),
    ]
}

/// The first page beside the SELECT of its rows by pgbench, and a deep page beside the first, on each
/// database. A SELECT by SQLite, in the process that wants it, is no call.
macro_rules! listed {
    ($of:ident: $($database:literal $what:literal $($deep:ident)?,)*) => { vec![$(
        $of.ratio(
            concat!($database, ", ", $what),
            concat!($database, ": ", $what, ", first"),
            (concat!("PostgreSQL: ", $what, ", SELECT"), "SELECT by pgbench"),
        )
        .at_most(2.0),
        $($of.$deep(
            concat!($database, ", ", $what, ", deep ÷ first"),
            concat!($database, ": ", $what, ", deep"),
            (concat!($database, ": ", $what, ", first"), "first"),
        )
        .at_most(1.5),)?
    )*] };
}

/// The same of both.
macro_rules! on_both {
    ($of:ident: $($what:literal $($deep:ident)?,)*) => { [
        listed!($of: $("PostgreSQL" $what $($deep)?,)*),
        listed!($of: $("SQLite" $what $($deep)?,)*),
    ].concat() };
}

fn people() -> Vec<Row> {
    let of = Of("people");
    on_both!(of:
        "members" ratio,
        "dashboard, newest" ratio,
        "dashboard, oldest" ratio,
        "people to invite" ratio,
        "people to begin with" ratio,
        "people by a rare word",
        "people by a common word" ratio,
        "people by a beginning" ratio,
        "courses" ratio,
        "courses, rising" ratio,
        "courses by a rare word",
        "courses by a common word" ratio,
        "courses by category",
        "courses to join" ratio,
        "communities" ratio,
        "own courses" ratio,
        "another's courses" ratio,
        "ListMemberships" ratio,
        "ListSpaces" ratio,
        "ListUsers" ratio,
        "ListUsers by a common word" ratio,
    )
}

fn neighbours() -> Vec<Row> {
    let of = Of("neighbours");
    vec![
        of.ratio(
            "joins elsewhere while one space's row is locked",
            "joins beside a lock",
            ("joins without a lock", "undisturbed"),
        )
        .at_least(0.8)
        .aim(0.95),
        of.ratio("the same, p99", "p99 beside a lock", ("p99 without a lock", "undisturbed"))
            .at_most(2.0),
        of.ratio(
            "PostgreSQL, joins of 16 beside 1,000-user commands",
            "PostgreSQL: joins beside large commands",
            ("PostgreSQL: fair share", "fair share"),
        )
        .at_least(0.8)
        .aim(1.0),
        of.ratio(
            "SQLite, joins of 16 beside 1,000-user commands",
            "SQLite: joins beside large commands",
            ("SQLite: fair share", "fair share"),
        )
        .at_least(0.8)
        .aim(1.0),
    ]
}

/// Beside the bare way, and by themselves.
fn imports() -> Vec<Row> {
    let of = Of("import");
    let (insert, copy) = (("SQLite: a loop of INSERT", "INSERT"), ("PostgreSQL: COPY", "COPY"));
    let [sqlite, postgres] = ["SQLite: roster import", "PostgreSQL: roster import"];
    let [to_sqlite, to_postgres] =
        ["SQLite: roster import over gRPC", "PostgreSQL: roster import over gRPC"];
    vec![
        of.ratio("SQLite, roster import", sqlite, insert).at_least(1.0),
        of.ratio("SQLite, roster import over gRPC", to_sqlite, insert).at_least(0.5),
        of.ratio("PostgreSQL, roster import", postgres, copy).at_least(1.0),
        of.ratio("PostgreSQL, roster import over gRPC", to_postgres, copy).at_least(0.5),
        of.row("SQLite, memberships imported in a second", sqlite).at_least(100_000.0),
        of.row("SQLite, the same over gRPC", to_sqlite).at_least(50_000.0),
        of.row("PostgreSQL, memberships imported in a second", postgres).at_least(100_000.0),
        of.row("PostgreSQL, the same over gRPC", to_postgres).at_least(50_000.0),
    ]
}

/// What newer ways in cost beside a plain join.
fn ways_in() -> Vec<Row> {
    let (links, waiting) = (Of("links"), Of("waiting"));
    let [postgres, sqlite] = ["postgres join", "sqlite join"].map(|join| (join, "join"));
    let rows = vec![
        links.ratio("PostgreSQL, join by a link ÷ join", "postgres join by link", postgres),
        links.ratio("SQLite, join by a link ÷ join", "sqlite join by link", sqlite),
        waiting.ratio("PostgreSQL, join a waiting list ÷ join", "postgres wait", postgres),
        waiting.ratio("SQLite, join a waiting list ÷ join", "sqlite wait", sqlite),
    ];
    rows.into_iter().map(|row| row.at_least(0.8)).collect()
}

fn others() -> Vec<Row> {
    let (bytes, growth, footprint) = (Of("bytes"), Of("growth"), Of("footprint"));
    vec![
        bytes.row("log for a membership and its event, bytes", "log"),
        bytes.row("tables and indexes for them, bytes", "tables and indexes"),
        Of("rest")
            .ratio("REST ÷ gRPC, join, 64 callers", "REST join", ("gRPC join", "gRPC"))
            .at_least(0.9),
        growth.growth("join among the most memberships", "join").at_most(1.25),
        growth.growth("look up among the most memberships", "look up").at_most(1.25),
        growth.growth("check 100 among the most memberships", "check").at_most(1.25),
        footprint.row("memory, idle, MiB", "memory, idle").at_most(40.0),
        footprint
            .row(
                "memory, 1,000 connections under load, MiB",
                "memory, 1,000 connections under load",
            )
            .at_most(150.0),
        footprint
            .row("start to first answer, 10⁶ memberships, ms", "start to first answer")
            .at_most(1_000.0),
    ]
}
