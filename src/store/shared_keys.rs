//! Keys that all replicas of the service share.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, EntityTrait, FromQueryResult, QueryTrait};

use super::entity::secret;
use super::error::Error;
use super::target::Role;
use super::{Connection, Store};

/// The key that signs page tokens, so a row that is always there.
pub const PAGE_TOKENS: &str = "page_tokens";

/// Writes nothing new, but writes: what only the database can tell is whether it takes changes.
const TOUCH: &str = "UPDATE secret SET value = value WHERE name = $1";

impl Store {
    /// The shared key of this name. Whoever asks first makes it out of `fresh`.
    pub async fn shared_key(&self, name: &str, fresh: String) -> Result<String, Error> {
        let mut connection = self.connection(Role::Writer);
        let backend = connection.backend();
        let row = secret::ActiveModel { name: Set(name.into()), value: Set(fresh.clone()) };
        let unless_there = OnConflict::column(secret::Column::Name).do_nothing().to_owned();
        let insert = secret::Entity::insert(row).on_conflict(unless_there);
        connection.run_built(insert.build(backend)).await?;
        let found = secret::Entity::find_by_id(name).build(backend);
        let rows = connection.run_built(found).await?;
        connection.close().await;
        let row = rows.first().map(|row| secret::Model::from_query_result(row, "")).transpose()?;
        Ok(row.map_or(fresh, |row| row.value))
    }
}

/// Sees whether the database takes changes.
pub async fn touch(connection: &mut Connection) -> Result<(), Error> {
    connection.run(TOUCH, [PAGE_TOKENS.into()]).await.map(drop)
}
