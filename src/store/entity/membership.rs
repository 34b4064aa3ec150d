//! One row of `membership`.

use sea_orm::entity::prelude::*;

/// See the migrations for what each column means.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "membership")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub space: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: String,
    pub status: String,
    pub version: i64,
    pub invited_by: Option<String>,
    pub joined_at: Option<i64>,
    pub changed_at: i64,
    pub attendance: Option<String>,
    pub until: Option<i64>,
    pub origin: Option<String>,
    pub note: Option<String>,
    pub offered: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::space::Entity",
        from = "Column::Space",
        to = "super::space::Column::Name"
    )]
    Space,
}

impl Related<super::space::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Space.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
