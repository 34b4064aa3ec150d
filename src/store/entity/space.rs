//! One row of `space`.

use sea_orm::entity::prelude::*;

/// See the migrations for what each column means.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "space")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub privacy: String,
    pub creator: String,
    pub contribution: String,
    pub capacity: Option<i64>,
    pub seq: i64,
    pub invited_count: i64,
    pub requested_count: i64,
    pub member_count: i64,
    pub manager_count: i64,
    pub blocked_count: i64,
    pub created_at: i64,
    pub deleted_at: Option<i64>,
    pub hides_members: i64,
    pub going_count: i64,
    pub next_until: Option<i64>,
    pub waitlist: i64,
    pub waitlisted_count: i64,
    pub cool_down: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(has_one = "super::space_content::Entity")]
    Content,
    #[sea_orm(has_many = "super::membership::Entity")]
    Memberships,
}

impl Related<super::space_content::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Content.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
