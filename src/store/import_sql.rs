//! What an import writes: the tables that it adds rows to, and its statements over sets of many thousand rows
//! that are there.

use std::sync::LazyLock;

use sea_orm::DbBackend;

use super::new_rows::{Column, Table};

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

/// What PostgreSQL makes of a text in a set to put it into a column.
const TEXT: &str = "{}";
const NUMBER: &str = "{}::bigint";

const SPACE_COLUMNS: [Column; 19] = [
    ("name", TEXT),
    ("privacy", TEXT),
    ("creator", TEXT),
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
    ("going_count", NUMBER),
    ("next_until", NUMBER),
    ("waitlist", NUMBER),
    ("waitlisted_count", NUMBER),
    ("cool_down", NUMBER),
];

const MEMBERSHIP_COLUMNS: [Column; 12] = [
    ("space", TEXT),
    ("user_id", TEXT),
    ("status", TEXT),
    ("version", NUMBER),
    ("invited_by", TEXT),
    ("joined_at", NUMBER),
    ("changed_at", NUMBER),
    ("attendance", TEXT),
    ("until", NUMBER),
    ("origin", TEXT),
    ("note", TEXT),
    ("offered", TEXT),
];

/// Spaces.
pub const SPACE: Table = Table { name: "space", columns: &SPACE_COLUMNS };
/// What they show.
pub const CONTENT: Table = Table {
    name: "space_content",
    columns: &[("space", TEXT), ("display_name", TEXT), ("attributes", TEXT)],
};
/// What they are found by.
pub const TERM: Table = Table {
    name: "space_term",
    columns: &[("space", TEXT), ("term", TEXT), ("kind", TEXT), ("is_hidden", NUMBER)],
};
/// Memberships.
pub const MEMBERSHIP: Table = Table { name: "membership", columns: &MEMBERSHIP_COLUMNS };
/// Entries of histories.
pub const EVENT: Table = Table {
    name: "membership_event",
    columns: &[
        ("space", TEXT),
        ("seq", NUMBER),
        ("user_id", TEXT),
        ("actor", TEXT),
        ("from_status", TEXT),
        ("to_status", TEXT),
        ("name", TEXT),
        ("cause", TEXT),
        ("at", NUMBER),
        ("service", TEXT),
        ("fields", TEXT),
        ("until", NUMBER),
        ("previous", NUMBER),
        ("origin", TEXT),
        ("note", TEXT),
        ("offered", TEXT),
    ],
};

/// Memberships that are there, as they are now.
pub static PUT_MEMBERSHIPS: LazyLock<Sql> = LazyLock::new(|| update(&MEMBERSHIP, 2));
/// Memberships that have ended.
pub static END_MEMBERSHIPS: LazyLock<Sql> = LazyLock::new(|| {
    const KEYS: &str = "DELETE FROM membership WHERE (space, user_id) IN";
    Sql {
        postgres: format!("{KEYS} (SELECT a1, a2 FROM {})", unnested(2)),
        sqlite: format!("{KEYS} (SELECT value ->> 0, value ->> 1 FROM json_each($1))"),
        columns: 2,
    }
});
/// Spaces that are there, or what is left of them.
pub static MOVE_SPACES: LazyLock<Sql> = LazyLock::new(|| update(&SPACE, 1));

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

/// Writes a set of rows anew; so many columns are the key.
fn update(table: &Table, key: usize) -> Sql {
    let Table { name, columns } = table;
    let statement = |cell: &dyn Fn(usize, &str) -> String, rows: &str| {
        let cells = columns.iter().enumerate();
        let cells: Vec<_> =
            cells.map(|(n, (name, form))| format!("{name} = {}", cell(n, form))).collect();
        let (key, rest) = cells.split_at(key);
        format!("UPDATE {name} SET {} FROM {rows} WHERE {}", rest.join(", "), key.join(" AND "))
    };
    let of_postgres = |n: usize, form: &str| form.replace("{}", &format!("a{}", n + 1));
    let of_sqlite = |n: usize, _: &str| format!("value ->> {n}");
    Sql {
        postgres: statement(&of_postgres, &unnested(columns.len())),
        sqlite: statement(&of_sqlite, "json_each($1)"),
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
