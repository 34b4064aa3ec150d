//! One row of `invite_link`.

use sea_orm::entity::prelude::*;

/// See the migrations for what each column means.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "invite_link")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub space: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub hash: String,
    pub grants: String,
    pub until: Option<i64>,
    pub max_uses: Option<i64>,
    pub uses: i64,
    pub created_by: String,
    pub created_at: i64,
    pub revoked_at: Option<i64>,
    pub used_up_at: Option<i64>,
    pub live_until: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
