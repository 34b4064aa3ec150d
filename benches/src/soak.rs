//! Hours of mixed calls at a steady rate, on both databases at once. What a server holds, and how long it lets anybody
//! wait, must not grow with the time: each minute is one round of a report.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::time::Duration;

use futures_util::future::try_join_all;
use roster_proto::v1 as pb;
use roster_proto::v1::invite_link_service_client::InviteLinkServiceClient;
use roster_proto::v1::membership_service_client::MembershipServiceClient;
use roster_proto::v1::space_service_client::SpaceServiceClient;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::Plan;
use crate::ids::user;
use crate::machine::memory;
use crate::pgbench::psql;
use crate::report::Report;
use crate::server::{CREATOR, Database, Failed, Server, admin_token, space, token, with_token};

const CALLERS: usize = 8;
/// Between two calls of one caller.
const PACE: Duration = Duration::from_millis(40);
const USERS: usize = 2_000;
const SPACES: usize = 200;
/// These have few seats and a waiting list.
const FULL: usize = 40;
const MIB: f64 = 1024.0 * 1024.0;

/// A server that is called, and what came of the calls since it was looked at last.
struct Soaked {
    name: &'static str,
    database: Database,
    server: Server,
    tokens: Vec<String>,
    admin: String,
    latencies: RefCell<Vec<Duration>>,
    failed: Cell<usize>,
}

struct Clients {
    memberships: MembershipServiceClient<Channel>,
    spaces: SpaceServiceClient<Channel>,
    links: InviteLinkServiceClient<Channel>,
}

/// Calls servers on both databases for so many minutes.
pub async fn run(minutes: usize, plan: &Plan, output: &Path) -> Result<(), Failed> {
    let all = [
        Soaked::new("sqlite", Database::sqlite()?).await?,
        Soaked::new("postgres", Database::postgres(plan)?).await?,
    ];
    let until = Instant::now() + Duration::from_secs(60) * u32::try_from(minutes)?;
    try_join_all(all.iter().map(async |soaked| {
        let callers = try_join_all((0..CALLERS).map(|caller| soaked.call(caller, until)));
        let (_, report) = tokio::try_join!(callers, soaked.watch(minutes, plan))?;
        report.print();
        report.save(output).map_err(Failed::from)
    }))
    .await
    .map(drop)
}

impl Soaked {
    async fn new(name: &'static str, database: Database) -> Result<Self, Failed> {
        let server = Server::start(&database).await?;
        server.create_spaces(SPACES).await?;
        let admin = admin_token()?;
        let mut spaces = SpaceServiceClient::new(server.channel().await?);
        for n in 1..=FULL {
            let message = pb::UpdateSpaceRequest {
                name: space(n),
                capacity: Some(5),
                waitlist: Some(true),
                ..Default::default()
            };
            spaces.update_space(with_token(message, &admin)).await?;
        }
        let tokens = (0..USERS).map(|n| token(&user(n))).collect::<Result<_, _>>()?;
        let (latencies, failed) = (RefCell::default(), Cell::new(0));
        Ok(Self { name, database, server, tokens, admin, latencies, failed })
    }

    async fn call(&self, caller: usize, until: Instant) -> Result<(), Failed> {
        let channel = self.server.channel().await?;
        let mut clients = Clients {
            memberships: MembershipServiceClient::new(channel.clone()),
            spaces: SpaceServiceClient::new(channel.clone()),
            links: InviteLinkServiceClient::new(channel),
        };
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut n = caller;
        while Instant::now() < until {
            pace.tick().await;
            let began = Instant::now();
            let answered = self.ask(&mut clients, n).await;
            self.latencies.borrow_mut().push(began.elapsed());
            if let Err(status) = answered
                && !is_refusal(&status)
            {
                self.failed.set(self.failed.get() + 1);
                eprintln!("{}: {status}", self.name);
            }
            n += CALLERS;
        }
        Ok(())
    }

    /// The nth call, whichever that is.
    async fn ask(&self, clients: &mut Clients, n: usize) -> Result<(), Status> {
        // Odd multiples that share no factor: every kind of call meets every user and every space in time.
        let (kind, space) = (n.wrapping_mul(37) % 100, space(1 + n.wrapping_mul(7) % SPACES));
        let person = user(n.wrapping_mul(13) % USERS);
        let bearer = &self.tokens[n.wrapping_mul(11) % USERS];
        let members = &mut clients.memberships;
        match kind {
            0..40 => {
                let message =
                    pb::GetMembershipRequest { space, user: String::new(), ..Default::default() };
                members.get_membership(with_token(message, bearer)).await.map(drop)
            }
            40..55 => {
                let key = |n| pb::MembershipKey {
                    space: crate::server::space(1 + n % SPACES),
                    ..Default::default()
                };
                let keys = (n..n + 10).map(key).collect();
                let message = pb::CheckMembershipsRequest { keys };
                members.check_memberships(with_token(message, bearer)).await.map(drop)
            }
            55..63 => {
                let message =
                    pb::ListMembershipsRequest { space, page_size: 100, ..Default::default() };
                members.list_memberships(with_token(message, bearer)).await.map(drop)
            }
            63..77 => {
                let message = pb::JoinOrAcceptInviteRequest { space, ..Default::default() };
                members.join_or_accept_invite(with_token(message, bearer)).await.map(drop)
            }
            77..88 => {
                let message = pb::LeaveOrRemoveRequestRequest { space, ..Default::default() };
                members.leave_or_remove_request(with_token(message, bearer)).await.map(drop)
            }
            _ => self.manage(clients, kind, space, person).await,
        }
    }

    async fn manage(
        &self,
        clients: &mut Clients,
        kind: usize,
        space: String,
        person: String,
    ) -> Result<(), Status> {
        let (admin, users, members) = (&self.admin, vec![person], &mut clients.memberships);
        match kind {
            88..92 => {
                let message = pb::InviteOrAcceptUsersRequest { space, users, ..Default::default() };
                members.invite_or_accept_users(with_token(message, admin)).await.map(drop)
            }
            92..94 => {
                let message = pb::RemoveInvitationsRequest { space, users, ..Default::default() };
                members.remove_invitations(with_token(message, admin)).await.map(drop)
            }
            94..96 => {
                let message =
                    pb::ListMembershipEventsRequest { space, page_size: 100, ..Default::default() };
                members.list_membership_events(with_token(message, admin)).await.map(drop)
            }
            96..98 => {
                let message = pb::CreateInviteLinkRequest {
                    space: space.clone(),
                    max_uses: Some(1),
                    ..Default::default()
                };
                let made = clients.links.create_invite_link(with_token(message, admin)).await?;
                let id = made.into_inner().link.map_or(0, |link| link.id);
                let message = pb::RevokeInviteLinkRequest { space, id, ..Default::default() };
                clients.links.revoke_invite_link(with_token(message, admin)).await.map(drop)
            }
            _ => {
                let message = pb::CreateSpaceRequest {
                    name: "groups/-".into(),
                    privacy: pb::Privacy::Open.into(),
                    creator: CREATOR.into(),
                    ..Default::default()
                };
                let made = clients.spaces.create_space(with_token(message, admin)).await?;
                let name = made.into_inner().space.map(|space| space.name).unwrap_or_default();
                let message = pb::DeleteSpaceRequest { name, ..Default::default() };
                clients.spaces.delete_space(with_token(message, admin)).await.map(drop)
            }
        }
    }

    /// Looks at it once a minute.
    async fn watch(&self, minutes: usize, plan: &Plan) -> Result<Report, Failed> {
        let mut report = Report::new(&format!("soak-{}", self.name), plan);
        let mut minute = interval(Duration::from_secs(60));
        minute.tick().await;
        for _ in 0..minutes {
            minute.tick().await;
            self.look(&mut report)?;
        }
        Ok(report)
    }

    fn look(&self, report: &mut Report) -> Result<(), Failed> {
        let mut latencies = self.latencies.take();
        let pid = self.server.pid();
        report.add("calls", "/s", latencies.len() as f64 / 60.0);
        // Nothing is ever 0, so that its shares can be told.
        report.add("calls that failed, and one", "", (1 + self.failed.take()) as f64);
        for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
            report.add(name, "ms", crate::flood::within(&mut latencies, share));
        }
        report.add("memory", "MiB", memory(pid, "VmRSS")?);
        let files = std::fs::read_dir(format!("/proc/{pid}/fd"))?.count();
        report.add("file descriptors", "", files as f64);
        let (size, log, rows) = self.stored()?;
        report.add("database", "MiB", size / MIB);
        report.add("log of the database", "MiB", log / MIB);
        report.add("database by row of the history", "bytes", size / rows);
        Ok(())
    }

    /// The size of the database and of its log in bytes, and how many rows the history has.
    fn stored(&self) -> Result<(f64, f64, f64), Failed> {
        let url = self.database.url();
        let number = |sql: &str| Ok::<f64, Failed>(psql(&url, sql)?.parse()?);
        match &self.database {
            Database::Sqlite(folder) => {
                let file = folder.path().join("roster.db");
                let size = std::fs::metadata(&file)?.len() as f64;
                let log = std::fs::metadata(folder.path().join("roster.db-wal"))?.len() as f64;
                let reader = rusqlite::Connection::open(file)?;
                let rows =
                    reader
                        .query_row("SELECT COUNT(*) FROM membership_event", [], |row| row.get(0))?;
                Ok((size, log, rows))
            }
            Database::Postgres { .. } => Ok((
                number("SELECT pg_database_size(current_database())")?,
                number("SELECT sum(size) FROM pg_ls_waldir()")?,
                number("SELECT COUNT(*) FROM membership_event")?,
            )),
        }
    }
}

/// A rule said no, as it may.
fn is_refusal(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::FailedPrecondition | Code::PermissionDenied | Code::NotFound | Code::AlreadyExists
    )
}
