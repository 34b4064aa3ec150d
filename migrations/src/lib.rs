//! The schema, step by step. This crate cannot see the program's entities, so that a later change
//! of theirs never changes what an old step does.

pub use sea_orm_migration::migrator::{Migration, MigrationStatus};
use sea_orm_migration::prelude::*;
pub use sea_orm_migration::{MigrationName, MigratorTrait};

mod m20261120_000001_initial;
mod m20261121_000002_one_number;
mod m20261121_000003_people;
mod m20261121_000004_hidden_members;
mod m20261121_000005_space_by_number;
mod m20261122_000006_space_terms;
mod m20261122_000007_attendance;
mod m20261122_000008_no_search_name;
mod m20261122_000010_until;
mod m20261122_000012_past;
mod m20261122_000013_erasure;
mod m20261122_000014_origin;
mod m20261122_000015_links;
mod m20261122_000016_waiting_list;
mod m20261122_000017_invitations;
mod words_of_000006;

/// Every step, oldest first. A released step is never edited: add another one.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261120_000001_initial::Migration),
            Box::new(m20261121_000002_one_number::Migration),
            Box::new(m20261121_000003_people::Migration),
            Box::new(m20261121_000004_hidden_members::Migration),
            Box::new(m20261121_000005_space_by_number::Migration),
            Box::new(m20261122_000006_space_terms::Migration),
            Box::new(m20261122_000007_attendance::Migration),
            Box::new(m20261122_000008_no_search_name::Migration),
            Box::new(m20261122_000010_until::Migration),
            Box::new(m20261122_000012_past::Migration),
            Box::new(m20261122_000013_erasure::Migration),
            Box::new(m20261122_000014_origin::Migration),
            Box::new(m20261122_000015_links::Migration),
            Box::new(m20261122_000016_waiting_list::Migration),
            Box::new(m20261122_000017_invitations::Migration),
        ]
    }
}
