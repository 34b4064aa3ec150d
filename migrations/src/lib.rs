//! The schema, step by step. This crate cannot see the program's entities, so that a later change
//! of theirs never changes what an old step does.

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::*;

mod m20261120_000001_initial;
mod m20261121_000002_one_number;

/// Every step, oldest first. A released step is never edited: add another one.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261120_000001_initial::Migration),
            Box::new(m20261121_000002_one_number::Migration),
        ]
    }
}
