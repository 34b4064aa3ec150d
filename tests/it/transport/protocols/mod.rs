//! The contract through gRPC-Web and Connect, and what is no call in any protocol.

mod compression;
mod connect;
mod connect_input;
mod cross_origin;
mod grpc_web;
mod refusals;
mod single_port;
mod tour;

use roster_proto::v1::{MembershipStatus, Privacy};
use tempfile::TempDir;

use crate::harness::{App, Grpc, Raw, token};

const COURSE: &str = "courses/1";
const JOIN: &str = "/roster.v1.MembershipService/JoinOrAcceptInvite";
const JSON: (&str, &str) = ("content-type", "application/json");

/// A server with one open course, which nobody but its creator is in.
struct Opened {
    app: App,
    client: Grpc,
    raw: Raw,
    bearer: String,
    _directory: TempDir,
}

impl Opened {
    async fn start() -> Self {
        let (app, directory) = App::on_sqlite().await;
        Self::with(app, directory).await
    }

    async fn with(app: App, _directory: TempDir) -> Self {
        let (client, raw) = (app.client().await, Raw::connect(&app).await);
        client.create(COURSE, Privacy::Open, "ada", None).await;
        Self { app, client, raw, bearer: format!("Bearer {}", token("7")), _directory }
    }

    /// What user 7, who asks for everything here, is to the course.
    async fn status(&self) -> MembershipStatus {
        self.client.status(COURSE, "7").await
    }

    fn bearer(&self) -> (&str, &str) {
        ("authorization", &self.bearer)
    }
}
