//! The comparisons.

mod joins;

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
}

impl Scenario {
    pub fn all() -> Vec<Self> {
        vec![Self::Postgres, Self::Sqlite]
    }

    pub async fn run(self, plan: &Plan) -> Result<Report, Failed> {
        match self {
            Self::Postgres => joins::on_postgres(plan).await,
            Self::Sqlite => joins::on_sqlite(plan).await,
        }
    }
}
