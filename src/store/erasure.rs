//! Forgetting users: where they are named, what is written of it in each space, and how far one has come.

use std::collections::BTreeSet;

use sea_orm::{DbBackend, EntityTrait, IntoActiveModel, Value};

use super::connection::Connection;
use super::convert::event_row;
use super::entity::membership_event;
use super::erasure_rename::rename;
use super::error::Error;
use super::load::look_for;
use super::spaces::{ROWS, put_people, run, write_space};
use super::statements::Example;
use super::target::Role;
use super::{Store, links, terms};
use crate::domain::{Erasure, Event, Membership, Snapshot, SpaceName, UserId};

const OLDEST_MANAGER: &str = "
SELECT user_id FROM membership{by_status}
WHERE space = $1 AND status = 'manager' AND status <> 'member'
ORDER BY coalesce(joined_at, changed_at), user_id LIMIT 1";

/// The next spaces in which a user is named: where they are or were, did something, or have sent an invitation
/// that is open.
const SPACES: &str = "
SELECT space FROM (
    SELECT space FROM membership WHERE user_id = $1 AND space > $2 ORDER BY space LIMIT $3
) present
UNION
SELECT space FROM (
    SELECT DISTINCT space FROM membership_event{by_ending}
    WHERE user_id = $1 AND user_id <> '' AND to_status = 'absent' AND space > $2
    ORDER BY space LIMIT $3
) past
UNION
SELECT space FROM (
    SELECT DISTINCT space FROM membership_event{by_actor}
    WHERE actor = $1 AND actor <> user_id AND substr(actor, 1, 8) <> 'service/' AND space > $2
    ORDER BY space LIMIT $3
) acted
UNION
SELECT space FROM (
    SELECT DISTINCT space FROM membership{by_inviter}
    WHERE invited_by = $1 AND invited_by IS NOT NULL AND space > $2 ORDER BY space LIMIT $3
) invited
ORDER BY space LIMIT $3";

const BEGIN: &str = "
INSERT INTO erasure (user_id, pseudonym, last_space) VALUES ($1, $2, '')
ON CONFLICT (user_id) DO NOTHING";
const BEGUN: &str = "SELECT pseudonym, last_space FROM erasure WHERE user_id = $1";
const ADVANCE: &str = "
UPDATE erasure SET last_space = $2 WHERE user_id = $1 AND pseudonym = $3 AND last_space < $2 RETURNING user_id";
const END: &str = "DELETE FROM erasure WHERE user_id = $1";

/// The statement in the words of this database.
pub(super) fn statement(backend: DbBackend, sql: &str) -> String {
    let indexes = [
        ("{by_actor}", "membership_event_by_actor"),
        ("{by_ending}", "membership_event_by_ending"),
        ("{by_status}", "membership_by_status"),
        ("{by_inviter}", "membership_by_inviter"),
    ];
    indexes.into_iter().fold(sql.to_owned(), |sql, (place, index)| match backend {
        DbBackend::Sqlite => sql.replace(place, &format!(" INDEXED BY {index}")),
        _ => sql.replace(place, ""),
    })
}

/// The manager of a space who has been there longest.
pub async fn oldest_manager(
    connection: &mut Connection,
    name: &SpaceName,
) -> Result<Option<Membership>, Error> {
    let sql = statement(connection.backend(), OLDEST_MANAGER);
    let rows = connection.run(sql, [name.as_str().into()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let user = user_of(name.as_str(), row.try_get_by(0)?)?;
    Ok(look_for(connection, &[(name.clone(), user)]).await?.into_iter().next())
}

/// Writes down what became of a space, unless it is gone, and takes the user's id out of its history. All of it
/// in the connection's transaction, which has locked the space. False if this erasure has been here before, or is
/// over: whoever has joined since is somebody new, and nothing is written.
pub async fn write_erasure(
    connection: &mut Connection,
    name: &SpaceName,
    erasure: &Erasure,
    after: Option<(&Snapshot, &[Event])>,
) -> Result<bool, Error> {
    let names @ [user, pseudonym] = [&erasure.user, &erasure.pseudonym].map(UserId::as_str);
    let place = [user.into(), name.as_str().into(), pseudonym.into()];
    if connection.run(ADVANCE, place).await?.is_empty() {
        return Ok(false);
    }
    rename(connection, name, erasure).await?;
    links::rename(connection, name, names).await?;
    let Some((snapshot, events)) = after.filter(|(_, events)| !events.is_empty()) else {
        return Ok(true);
    };
    write_space(connection, &snapshot.space, true).await?;
    links::put(connection, name, snapshot.links.changed()).await?;
    if let Some(content) = &snapshot.content {
        terms::put(connection, &snapshot.space, content, true).await?;
    }
    let mut changed: BTreeSet<_> = events.iter().filter_map(Event::user).collect();
    changed.insert(&erasure.user);
    put_people(connection, snapshot, changed).await?;
    for events in events.chunks(ROWS) {
        let rows = events.iter().map(|event| event_row(event).into_active_model());
        run(connection, membership_event::Entity::insert_many(rows)).await?;
    }
    Ok(true)
}

fn user_of(key: &str, text: String) -> Result<UserId, Error> {
    let corrupt =
        |value| Error::Corrupt { table: "membership", column: "user_id", key: key.into(), value };
    UserId::parse(&text).map_err(|_| corrupt(text))
}

impl Store {
    /// The next spaces after this one in which a user is named, in order.
    pub async fn spaces_naming(
        &self,
        user: &UserId,
        after: &str,
        limit: u64,
    ) -> Result<Vec<SpaceName>, Error> {
        let sql = statement(self.target.backend(), SPACES);
        let values = vec![user.as_str().into(), after.into(), (limit as i64).into()];
        let rows = self.ask(sql, values).await?;
        let name = |text: String| {
            let corrupt = |value| Error::Corrupt {
                table: "space",
                column: "name",
                key: user.to_string(),
                value,
            };
            SpaceName::parse(&text).map_err(|_| corrupt(text))
        };
        rows.iter().map(|row| name(row.try_get_by(0)?)).collect()
    }

    /// Begins to forget a user, or goes on: by which pseudonym, and after which space.
    pub async fn begin_erasure(
        &self,
        user: &UserId,
        pseudonym: &UserId,
    ) -> Result<(UserId, String), Error> {
        let mut connection = self.connection(Role::Writer);
        connection.begin().await?;
        connection.run(BEGIN, [user.as_str().into(), pseudonym.as_str().into()]).await?;
        let rows = connection.run(BEGUN, [user.as_str().into()]).await?;
        let (known, last) = match rows.first() {
            Some(row) => (user_of(user.as_str(), row.try_get_by(0)?)?, row.try_get_by(1)?),
            None => (pseudonym.clone(), String::new()),
        };
        connection.commit().await?;
        connection.close().await;
        Ok((known, last))
    }

    /// Forgets that a user was forgotten.
    pub async fn end_erasure(&self, user: &UserId) -> Result<(), Error> {
        self.write_one(END, vec![user.as_str().into()]).await
    }

    async fn write_one(&self, sql: &'static str, values: Vec<Value>) -> Result<(), Error> {
        let mut connection = self.connection(Role::Writer);
        connection.begin().await?;
        connection.run(sql, values).await?;
        connection.commit().await?;
        connection.close().await;
        Ok(())
    }
}

/// The statements that look for users, with parameters to try them by.
pub(super) fn examples(backend: DbBackend, space: &SpaceName, user: &UserId) -> Vec<Example> {
    let example = |name, sql, values| Example { name, sql: statement(backend, sql), values };
    let after = vec![user.as_str().into(), space.as_str().into(), 100.into()];
    vec![
        example("spaces in which a user is named", SPACES, after),
        example("the oldest manager", OLDEST_MANAGER, vec![space.as_str().into()]),
    ]
}
