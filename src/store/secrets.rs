//! Keys that all replicas of the service share.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, EntityTrait};

use super::connect::Store;
use super::entity::secret;
use super::error::Error;

impl Store {
    /// The shared key of this name. Whoever asks first makes it out of `fresh`.
    pub async fn secret(&self, name: &str, fresh: String) -> Result<String, Error> {
        let row = secret::ActiveModel { name: Set(name.into()), value: Set(fresh.clone()) };
        let unless_there = OnConflict::column(secret::Column::Name).do_nothing().to_owned();
        let insert = secret::Entity::insert(row).on_conflict(unless_there);
        insert.exec_without_returning(&self.writes.pool).await?;
        let row = secret::Entity::find_by_id(name).one(&self.writes.pool).await?;
        Ok(row.map_or(fresh, |row| row.value))
    }
}
