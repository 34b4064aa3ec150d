//! The comparisons.

mod bulk;
mod bytes;
mod ceiling;
mod crowd;
mod footprint;
mod growth;
mod import;
mod joins;
mod links;
mod neighbours;
mod people;
mod questions;
mod reads;
mod removals;
mod rest;
mod seed;
mod thousands;
mod waiting;

use crate::Plan;
use crate::report::Report;
use crate::server::Failed;
pub use seed::STANDING;

/// One comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Scenario {
    /// Joining and leaving over gRPC on PostgreSQL, beside one bare statement for each
    Postgres,
    /// Joining over gRPC on SQLite, beside a bare loop of durable transactions
    Sqlite,
    /// Joining by an invite link, beside joining without one and leaving
    Links,
    /// Joining over REST, beside gRPC
    Rest,
    /// Inviting and removing invitations of 1, 100 and 1,000 users in a call
    Bulk,
    /// Moving memberships in, directly and over gRPC, beside COPY and a loop of INSERT
    Import,
    /// Removing 100 users in a call, beside one bare statement; 1,000 of a crowd, beside one
    Removals,
    /// Looking up, checking and listing, beside the same SELECT
    Reads,
    /// Lists, searches and suggestions among a million people and memberships, beside the same SELECT
    People,
    /// Joining while one space is locked, and while one caller sends large commands
    Neighbours,
    /// Joining the waiting lists of full spaces, beside spaces that have room
    Waiting,
    /// What PostgreSQL writes for a membership
    Bytes,
    /// An empty call
    Ceiling,
    /// Joining, checking and listing among ten thousand to a million memberships
    Growth,
    /// Memory, start and size
    Footprint,
}

/// Whether ours is measured, in turn: last in the first round, first in the second, and so on.
fn turns(round: usize) -> [bool; 2] {
    let first = !round.is_multiple_of(2);
    [first, !first]
}

impl Scenario {
    /// All of them.
    pub fn all() -> Vec<Self> {
        <Self as clap::ValueEnum>::value_variants().to_vec()
    }

    /// Runs it.
    pub async fn run(self, plan: &Plan) -> Result<Report, Failed> {
        match self {
            Self::Postgres => joins::on_postgres(plan).await,
            Self::Sqlite => joins::on_sqlite(plan).await,
            Self::Links => links::run(plan).await,
            Self::Rest => rest::run(plan).await,
            Self::Bulk => bulk::run(plan).await,
            Self::Import => import::run(plan).await,
            Self::Removals => removals::run(plan).await,
            Self::Reads => reads::run(plan).await,
            Self::People => people::run(plan).await,
            Self::Neighbours => neighbours::run(plan).await,
            Self::Waiting => waiting::run(plan).await,
            Self::Bytes => bytes::run(plan).await,
            Self::Ceiling => ceiling::run(plan).await,
            Self::Growth => growth::run(plan).await,
            Self::Footprint => footprint::run(plan).await,
        }
    }
}
