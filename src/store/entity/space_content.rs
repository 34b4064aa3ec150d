//! One row of `space_content`.

use sea_orm::entity::prelude::*;

/// See the migrations for what each column means.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "space_content")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub space: String,
    pub display_name: String,
    pub attributes: String,
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
