//! Whether callers suffer for others: while a foreign session has one space's row locked, and while
//! one caller sends one large command after the other. Each run is so long, with the ordinary client.

use std::cell::Cell;
use std::time::Duration;

use futures_util::future::try_join;
use roster_proto::v1 as pb;
use roster_proto::v1::membership_service_client::MembershipServiceClient;
use tokio::time::Instant;

use super::crowd::{Crowd, JOINED, join};
use super::{seed, turns};
use crate::Plan;
use crate::ids::user;
use crate::load::Run;
use crate::ordinary;
use crate::pgbench::Lock;
use crate::report::Report;
use crate::server::{CREATOR, Database, Failed, Server, space, token, with_token};

/// How many callers join elsewhere while a row is locked, and how many want into the locked space.
const CALLERS: usize = 64;
const LOCKED_OUT: usize = 4;
/// How many callers join beside the one with the large commands.
const OTHERS: usize = 16;
/// These are in no space.
const OUTSIDERS: usize = 10_000_000;

/// A server, and users who join one space after the other and never leave, so that no join repeats
/// another.
struct Place {
    server: Server,
    database: Database,
    crowd: Crowd,
    spaces: usize,
    duration: Duration,
    /// The first join that was never sent.
    next: Cell<usize>,
    /// The first user who never wanted into the locked space.
    outside: Cell<usize>,
    /// The users of a large command.
    large: Vec<String>,
}

impl Place {
    async fn new(plan: &Plan, database: Database) -> Result<Self, Failed> {
        let server = seed::server(&database, plan.standing(), plan.spaces).await?;
        let crowd = Crowd::new(&server, plan.standing() + plan.scaled(10_000))?;
        crowd.warm_up(plan).await?;
        let size = if plan.smoke { 20 } else { 1_000 };
        let millis = if plan.smoke { 500 } else { 4_000 };
        Ok(Self {
            server,
            database,
            crowd,
            spaces: plan.spaces,
            duration: Duration::from_millis(millis),
            next: Cell::new(0),
            outside: Cell::new(plan.standing()),
            large: (OUTSIDERS..OUTSIDERS + size).map(user).collect(),
        })
    }

    /// So many callers join the spaces after the first.
    async fn joins(&self, callers: usize) -> Result<Run, Failed> {
        let (users, first) = (self.crowd.tokens.len(), self.next.get());
        let call = |n: usize| (self.crowd.token(n), join(JOINED + (n + n / users) % self.spaces));
        let run = (first, self.duration);
        let run = ordinary::for_a_while(self.crowd.address, callers, run, call).await?;
        // Those that nobody waited for count too.
        self.next.set(first + run.operations + run.refused + callers);
        Ok(run)
    }

    /// The same while nobody is in the way, so that nothing may be refused.
    async fn undisturbed(&self, callers: usize) -> Result<Run, Failed> {
        self.database.settle()?;
        let run = self.joins(callers).await?;
        if run.refused == 0 { Ok(run) } else { Err("undisturbed joins were refused".into()) }
    }

    /// The same while the first space is locked and some want into it.
    async fn beside_a_lock(&self) -> Result<Run, Failed> {
        self.database.settle()?;
        let lock = Lock::take(&self.database.url(), &space(1))?;
        let call = |n: usize| (self.crowd.token(n), join(1));
        let run = (self.outside.get(), self.duration);
        let locked_out = ordinary::for_a_while(self.crowd.address, LOCKED_OUT, run, call);
        let (stuck, run) = try_join(locked_out, self.joins(CALLERS)).await?;
        drop(lock);
        if stuck.operations > 0 {
            return Err("somebody joined the space that is locked".into());
        }
        self.outside.set(self.outside.get() + stuck.refused + LOCKED_OUT);
        eprintln!("  refused: {} in the locked space, {} elsewhere", stuck.refused, run.refused);
        Ok(run)
    }

    /// The same beside large commands; also how many of those were done in a second.
    async fn beside_large_commands(&self) -> Result<(Run, f64), Failed> {
        self.database.settle()?;
        let (run, commands) = try_join(self.joins(OTHERS), self.large_commands()).await?;
        eprintln!("  refused: {}", run.refused);
        Ok((run, commands as f64 / self.duration.as_secs_f64()))
    }

    /// One caller invites many and takes the invitations back, again and again; answers how many of
    /// these commands were done.
    async fn large_commands(&self) -> Result<usize, Failed> {
        let mut client = MembershipServiceClient::new(self.server.channel().await?);
        let (token, space, users) = (token(CREATOR)?, space(1), &self.large);
        let invite = pb::InviteOrAcceptUsersRequest {
            space: space.clone(),
            users: users.clone(),
            until: None,
        };
        let remove = pb::RemoveInvitationsRequest { space, users: users.clone() };
        let (mut done, end) = (0, Instant::now() + self.duration);
        while Instant::now() < end {
            let invited = client.invite_or_accept_users(with_token(invite.clone(), &token)).await;
            let removed = client.remove_invitations(with_token(remove.clone(), &token)).await;
            done += usize::from(invited.is_ok()) + usize::from(removed.is_ok());
        }
        Ok(done)
    }
}

async fn lock(place: &Place, round: usize, report: &mut Report) -> Result<(), Failed> {
    for locked in turns(round) {
        let (run, how) = if locked {
            (place.beside_a_lock().await?, "beside a lock")
        } else {
            (place.undisturbed(CALLERS).await?, "without a lock")
        };
        report.add(&format!("joins {how}"), "/s", run.per_second());
        report.add(&format!("p99 {how}"), "µs", run.percentile(0.99));
    }
    Ok(())
}

async fn large(place: &Place, name: &str, round: usize, report: &mut Report) -> Result<(), Failed> {
    for beside in turns(round) {
        if beside {
            let (run, commands) = place.beside_large_commands().await?;
            report.add(&format!("{name}: joins beside large commands"), "/s", run.per_second());
            report.add(&format!("{name}: large commands beside joins"), "/s", commands);
        } else {
            let fair = OTHERS as f64 / (OTHERS + 1) as f64;
            let alone = place.undisturbed(OTHERS).await?.per_second();
            report.add(&format!("{name}: fair share"), "/s", alone * fair);
        }
    }
    Ok(())
}

pub async fn run(plan: &Plan) -> Result<Report, Failed> {
    let mut report = Report::new("neighbours", plan);
    let postgres = Place::new(plan, Database::postgres(plan)?).await?;
    let sqlite = Place::new(plan, Database::sqlite()?).await?;
    for round in 0..plan.rounds {
        eprintln!("round {}", round + 1);
        lock(&postgres, round, &mut report).await?;
        large(&postgres, "PostgreSQL", round, &mut report).await?;
        large(&sqlite, "SQLite", round, &mut report).await?;
    }
    Ok(report)
}
