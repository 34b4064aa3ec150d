//! One row of `membership_event`.

use sea_orm::entity::prelude::*;

/// See the migrations for what each column means.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "membership_event")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub space: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    pub user_id: String,
    pub actor: String,
    pub from_status: String,
    pub to_status: String,
    pub name: String,
    pub cause: String,
    pub at: i64,
    pub service: Option<String>,
    pub fields: Option<String>,
    pub until: Option<i64>,
    pub previous: Option<i64>,
    pub origin: Option<String>,
    pub note: Option<String>,
    pub offered: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
