//! The statements of an import: sets of many thousand rows for each table.

use std::sync::LazyLock;

use sea_orm::DbBackend;

/// A statement in both languages.
pub struct Sql {
    postgres: String,
    sqlite: String,
    /// How many columns its set has.
    pub columns: usize,
}

impl Sql {
    /// Its text for this database.
    pub fn of(&self, backend: DbBackend) -> &str {
        match backend {
            DbBackend::Sqlite => &self.sqlite,
            _ => &self.postgres,
        }
    }
}

/// A column, and what PostgreSQL makes of a text to put it there. A set cannot tell the empty text from
/// none.
type Column = (&'static str, &'static str);

const TEXT: &str = "{}";
const MAYBE_EMPTY: &str = "coalesce({}, '')";
const NUMBER: &str = "{}::bigint";

pub const SPACE: [Column; 14] = [
    ("name", TEXT),
    ("privacy", TEXT),
    ("creator", MAYBE_EMPTY),
    ("contribution", TEXT),
    ("capacity", NUMBER),
    ("seq", NUMBER),
    ("invited_count", NUMBER),
    ("requested_count", NUMBER),
    ("member_count", NUMBER),
    ("manager_count", NUMBER),
    ("blocked_count", NUMBER),
    ("created_at", NUMBER),
    ("deleted_at", NUMBER),
    ("hides_members", NUMBER),
];

pub const CONTENT: [Column; 4] = [
    ("space", TEXT),
    ("display_name", MAYBE_EMPTY),
    ("search_name", MAYBE_EMPTY),
    ("attributes", TEXT),
];

pub const TERM: [Column; 4] =
    [("space", TEXT), ("term", TEXT), ("kind", TEXT), ("is_hidden", NUMBER)];

pub const MEMBERSHIP: [Column; 7] = [
    ("space", TEXT),
    ("user_id", TEXT),
    ("status", TEXT),
    ("version", NUMBER),
    ("invited_by", TEXT),
    ("joined_at", NUMBER),
    ("changed_at", NUMBER),
];

/// An event about the space itself has fields, perhaps none of them; another one has no such list.
pub const EVENT: [Column; 11] = [
    ("space", TEXT),
    ("seq", NUMBER),
    ("user_id", MAYBE_EMPTY),
    ("actor", TEXT),
    ("from_status", TEXT),
    ("to_status", TEXT),
    ("name", TEXT),
    ("cause", TEXT),
    ("at", NUMBER),
    ("service", TEXT),
    ("fields", "CASE WHEN a3 IS NULL THEN coalesce({}, '') END"),
];

/// Spaces that are not there.
pub static ADD_SPACES: LazyLock<Sql> = LazyLock::new(|| insert("space", &SPACE, ""));
/// What they show.
pub static ADD_CONTENTS: LazyLock<Sql> = LazyLock::new(|| insert("space_content", &CONTENT, ""));
/// What they are found by.
pub static ADD_TERMS: LazyLock<Sql> = LazyLock::new(|| insert("space_term", &TERM, ""));
/// Entries of their history.
pub static ADD_EVENTS: LazyLock<Sql> = LazyLock::new(|| insert("membership_event", &EVENT, ""));
/// Memberships, as they are now.
pub static PUT_MEMBERSHIPS: LazyLock<Sql> = LazyLock::new(|| {
    let set: Vec<_> =
        MEMBERSHIP.iter().skip(2).map(|(name, _)| format!("{name} = excluded.{name}")).collect();
    let conflict = format!(" ON CONFLICT (space, user_id) DO UPDATE SET {}", set.join(", "));
    insert("membership", &MEMBERSHIP, &conflict)
});
/// Spaces that are there, or what is left of them.
pub static MOVE_SPACES: LazyLock<Sql> = LazyLock::new(|| {
    let set = |value: &dyn Fn(usize, &str) -> String| {
        let columns = SPACE.iter().enumerate().skip(1);
        let all: Vec<_> =
            columns.map(|(n, (name, form))| format!("{name} = {}", value(n, form))).collect();
        all.join(", ")
    };
    let of_postgres = set(&|n, form| form.replace("{}", &format!("a{}", n + 1)));
    let of_sqlite = set(&|n, _| format!("value ->> {n}"));
    Sql {
        postgres: format!(
            "UPDATE space SET {of_postgres} FROM {} WHERE space.name = a1",
            unnested(SPACE.len())
        ),
        sqlite: format!("UPDATE space SET {of_sqlite} FROM json_each($1) WHERE name = value ->> 0"),
        columns: SPACE.len(),
    }
});

/// The numbers of spaces, and of each the event that has the number in question.
pub static HEADS: LazyLock<Sql> = LazyLock::new(|| {
    const EVENT_OF: &str = "LEFT JOIN membership_event e ON e.space = s.name AND e.seq =";
    const WANTED: &str = "SELECT s.name AS head, s.seq AS head_seq, e.* FROM";
    Sql {
        postgres: format!(
            "{WANTED} {} JOIN space s ON s.name = a1 {EVENT_OF} a2::bigint",
            unnested(2)
        ),
        sqlite: format!(
            "{WANTED} json_each($1) k CROSS JOIN space s ON s.name = k.value ->> 0
             {EVENT_OF} k.value ->> 1"
        ),
        columns: 2,
    }
});

fn insert(table: &str, columns: &[Column], conflict: &str) -> Sql {
    let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
    let names = names.join(", ");
    let forms = columns.iter().enumerate();
    let forms: Vec<_> =
        forms.map(|(n, (_, form))| form.replace("{}", &format!("a{}", n + 1))).collect();
    let values: Vec<_> = (0..columns.len()).map(|n| format!("value ->> {n}")).collect();
    let into = format!("INSERT INTO {table} ({names})");
    Sql {
        postgres: format!(
            "{into} SELECT {} FROM {}{conflict}",
            forms.join(", "),
            unnested(columns.len())
        ),
        // Without a condition the conflict clause would be read as one of a join.
        sqlite: format!(
            "{into} SELECT {} FROM json_each($1) WHERE true{conflict}",
            values.join(", ")
        ),
        columns: columns.len(),
    }
}

/// A set of so many columns, `a1` and so on.
fn unnested(columns: usize) -> String {
    let texts: Vec<_> =
        (1..=columns).map(|n| format!("string_to_array(${n}, chr(31), '')")).collect();
    let names: Vec<_> = (1..=columns).map(|n| format!("a{n}")).collect();
    format!("unnest({}) AS a ({})", texts.join(", "), names.join(", "))
}
