//! The comparisons.

mod bulk;
mod ceiling;
mod crowd;
mod footprint;
mod growth;
mod joins;
mod questions;
mod reads;
mod rest;
mod seed;

use crate::Plan;
use crate::report::Report;
use crate::server::Failed;

/// One comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Scenario {
    /// Joining and leaving over gRPC on PostgreSQL, beside one bare statement for each
    Postgres,
    /// Joining over gRPC on SQLite, beside a bare loop of durable transactions
    Sqlite,
    /// Joining over REST, beside gRPC
    Rest,
    /// Inviting and removing invitations of 1, 100 and 1,000 users in a call
    Bulk,
    /// Looking up, checking and listing, beside the same SELECT
    Reads,
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

    /// How many measurements it makes, at least, and how many ratios it finds.
    pub fn yields(self) -> (usize, usize) {
        match self {
            Self::Postgres => (34, 7),
            Self::Sqlite => (17, 2),
            Self::Rest => (4, 1),
            Self::Bulk => (6, 2),
            Self::Reads => (8, 4),
            Self::Ceiling => (5, 0),
            Self::Growth => (10, 3),
            Self::Footprint => (8, 3),
        }
    }

    /// Runs it.
    pub async fn run(self, plan: &Plan) -> Result<Report, Failed> {
        match self {
            Self::Postgres => joins::on_postgres(plan).await,
            Self::Sqlite => joins::on_sqlite(plan).await,
            Self::Rest => rest::run(plan).await,
            Self::Bulk => bulk::run(plan).await,
            Self::Reads => reads::run(plan).await,
            Self::Ceiling => ceiling::run(plan).await,
            Self::Growth => growth::run(plan).await,
            Self::Footprint => footprint::run(plan).await,
        }
    }
}
