//! What there is of a user, before they are forgotten.

use sea_orm::{DbBackend, Value};

use super::statements::Example;
use super::{Store, convert, error::Error};
use crate::domain::{Status, UserId};

/// What there is of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Impact {
    /// In how many spaces they are named.
    pub spaces: i64,
    /// How many of their memberships have which status.
    pub memberships: Vec<(Status, i64)>,
    /// How many open invitations they have sent.
    pub sent_invitations: i64,
    /// How many events are about them.
    pub subject_events: i64,
    /// How many events about others, or about spaces themselves, they have caused.
    pub actor_events: i64,
    /// Whether anything is known of them as a person.
    pub has_person: bool,
}

const MEMBERSHIPS: &str =
    "SELECT status, count(*) FROM membership WHERE user_id = $1 GROUP BY status";
const SENT: &str =
    "SELECT count(*) FROM membership{by_inviter} WHERE invited_by = $1 AND invited_by IS NOT NULL";
const ACTED: &str = "
SELECT count(*) FROM membership_event{by_actor}
WHERE actor = $1 AND actor <> user_id AND substr(actor, 1, 8) <> 'service/'";

/// Some spaces.
const SPACES_POSTGRES: &str =
    "SELECT k_space AS p_space FROM unnest(string_to_array($2, chr(31))) k (k_space)";
const SPACES_SQLITE: &str = "SELECT k.value ->> 0 AS p_space FROM json_each($2) k";

/// So many spaces are looked at in a statement.
const SPACES: u64 = 1_000;

fn statement(backend: DbBackend, sql: &str) -> String {
    let indexes = [
        ("{by_actor}", " INDEXED BY membership_event_by_actor"),
        ("{by_inviter}", " INDEXED BY membership_by_inviter"),
    ];
    indexes.into_iter().fold(sql.to_owned(), |sql, (place, index)| {
        sql.replace(place, if backend == DbBackend::Sqlite { index } else { "" })
    })
}

fn of_spaces<'a>(
    backend: DbBackend,
    user: &UserId,
    spaces: impl Iterator<Item = &'a str>,
) -> (String, Vec<Value>) {
    let mut rows = super::rows::Rows::new(backend, 1);
    spaces.for_each(|space| rows.push([super::rows::Cell::Text(space)]));
    let spaces = match backend {
        DbBackend::Sqlite => SPACES_SQLITE,
        _ => SPACES_POSTGRES,
    };
    let walked = super::walk::walked(backend, spaces, "$1", "true");
    let sql = format!("{walked}\nSELECT count(*) FROM walked WHERE w_seq IS NOT NULL");
    (sql, std::iter::once(user.as_str().into()).chain(rows.values()).collect())
}

impl Store {
    /// What there is of a user. Not of one moment: it is a preview.
    pub async fn impact(&self, user: &UserId) -> Result<Impact, Error> {
        let memberships = self.ask(MEMBERSHIPS, vec![user.as_str().into()]).await?;
        let of_status = |row: &sea_orm::QueryResult| {
            let word: String = row.try_get_by(0)?;
            Ok((convert::status_of(user.as_str(), &word)?, row.try_get_by(1)?))
        };
        let memberships = memberships.iter().map(of_status).collect::<Result<_, Error>>()?;
        let people = self.people(std::slice::from_ref(user)).await?;
        let mut impact = Impact {
            memberships,
            sent_invitations: self.number(SENT, user).await?,
            actor_events: self.number(ACTED, user).await?,
            has_person: people.iter().any(|person| person.profile.is_some()),
            ..Impact::default()
        };
        let mut last = String::new();
        loop {
            let spaces = self.spaces_naming(user, &last, SPACES).await?;
            let Some(name) = spaces.last() else { return Ok(impact) };
            last = name.to_string();
            let names = spaces.iter().map(crate::domain::SpaceName::as_str);
            let (sql, values) = of_spaces(self.target.backend(), user, names);
            let rows = self.ask(sql, values).await?;
            impact.spaces += spaces.len() as i64;
            impact.subject_events +=
                rows.first().map_or(Ok(0), |row| row.try_get_by::<i64, _>(0))?;
        }
    }

    async fn number(&self, sql: &str, user: &UserId) -> Result<i64, Error> {
        let sql = statement(self.target.backend(), sql);
        let rows = self.ask(sql, vec![user.as_str().into()]).await?;
        Ok(rows.first().map_or(Ok(0), |row| row.try_get_by(0))?)
    }
}

/// Every statement about what there is, with parameters to try it by.
pub(super) fn examples(
    backend: DbBackend,
    space: &crate::domain::SpaceName,
    user: &UserId,
) -> Vec<Example> {
    let of_user = || vec![user.as_str().into()];
    let example = |name, sql, values| Example { name, sql: statement(backend, sql), values };
    let (sql, values) = of_spaces(backend, user, std::iter::once(space.as_str()));
    vec![
        example("count a user's memberships", MEMBERSHIPS, of_user()),
        example("count invitations that a user has sent", SENT, of_user()),
        example("count what a user did", ACTED, of_user()),
        Example { name: "count what happened to a user", sql, values },
    ]
}
