//! One row of `person`.

use sea_orm::entity::prelude::*;

/// See the migrations for what each column means.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "person")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: String,
    pub changed_at: i64,
    pub is_deleted: bool,
    pub username: String,
    pub real_name: String,
    pub avatar: String,
    pub external_id: Option<i64>,
    pub joined_at: Option<i64>,
    pub locale: String,
    pub bio: String,
    pub location: String,
    pub description: String,
    pub gender: String,
    pub website: String,
    pub tags: String,
    pub reputation: i64,
    pub is_staff: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
