//! One row of `space`.

use sea_orm::entity::prelude::*;

/// See the migration for what each column means.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "space")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub privacy: String,
    pub display_name: String,
    pub creator: String,
    pub contribution: String,
    pub capacity: Option<i64>,
    pub attributes: String,
    pub seq: i64,
    pub invited_count: i64,
    pub requested_count: i64,
    pub member_count: i64,
    pub manager_count: i64,
    pub blocked_count: i64,
    pub created_at: i64,
}

columns! {
    name, privacy, display_name, creator, contribution, capacity, attributes, seq, invited_count,
    requested_count, member_count, manager_count, blocked_count, created_at,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
