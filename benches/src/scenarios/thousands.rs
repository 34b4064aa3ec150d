//! Removing a thousand users from a crowd in one call, beside removing one, beside a join. One caller
//! calls at a time, so the figures are latencies.

use std::ops::Range;

use roster_proto::v1 as pb;

use super::crowd::Crowd;
use super::seed;
use crate::Plan;
use crate::ids::user;
use crate::report::Report;
use crate::server::{Database, Failed, space};

/// How much is done.
#[derive(Clone, Copy)]
struct Sizes {
    crowd: usize,
    removed: usize,
    /// How many calls remove so many.
    calls: usize,
    /// How many calls remove one, and how many join.
    singles: usize,
}

const FULL: Sizes = Sizes { crowd: 50_000, removed: 1_000, calls: 3, singles: 200 };
const SMOKE: Sizes = Sizes { crowd: 200, removed: 20, calls: 1, singles: 5 };

/// A crowd in the first space of a server.
struct Place {
    name: &'static str,
    database: Database,
    crowd: Crowd,
    sizes: Sizes,
}

impl Place {
    /// Those who are managers, so that they can invite.
    fn managers(&self) -> Range<usize> {
        0..self.sizes.removed
    }

    /// As many plain members.
    fn members(&self) -> Range<usize> {
        self.sizes.removed..2 * self.sizes.removed
    }

    /// The managers are managers, and each has sent an invitation that is open.
    async fn let_invite(&self) -> Result<(), Failed> {
        let managers: Vec<_> = self.managers().map(user).collect();
        let message = |_| pb::ChangeRolesRequest {
            space: space(1),
            managers: managers.clone(),
            ..Default::default()
        };
        seed::as_service(&self.crowd, 1, 1, message).await?;
        let invite = |n| pb::InviteOrAcceptUsersRequest {
            space: space(1),
            users: vec![user(self.sizes.crowd + n)],
            until: None,
        };
        self.crowd.each(16, self.sizes.removed, |n| (n, invite(n))).await.map(drop)
    }

    async fn let_in(&self) -> Result<(), Failed> {
        let message = |_| seed::add(1, self.members());
        seed::as_service(&self.crowd, 1, 1, message).await.map(drop)
    }

    /// Removes all of these in one call, or one in each of some calls; answers what one user takes.
    async fn remove(&self, users: Range<usize>, at_once: bool) -> Result<f64, Failed> {
        let Sizes { removed, singles, .. } = self.sizes;
        let (calls, size) = if at_once { (1, removed) } else { (singles, 1) };
        let message = |n| {
            let first = users.start + n * size;
            seed::remove(1, first..first + size)
        };
        let run = seed::as_service(&self.crowd, 1, calls, message).await?;
        Ok(run.percentile(0.5) / size as f64)
    }

    async fn round(&self, report: &mut Report) -> Result<(), Failed> {
        let (name, Sizes { calls, singles, .. }) = (self.name, self.sizes);
        self.database.settle()?;
        let joined = self.crowd.join(1, singles, 1).await?;
        self.crowd.leave(1, singles, 1).await?;
        report.add(&format!("{name}: join"), "µs", joined.percentile(0.5));
        for at_once in [true, false] {
            let what = if at_once { "1,000" } else { "one" };
            let each = if at_once { ", each" } else { "" };
            for _ in 0..if at_once { calls } else { 1 } {
                let removed = self.remove(self.members(), at_once).await?;
                report.add(&format!("{name}: remove {what}{each}"), "µs", removed);
                self.let_in().await?;
                let removed = self.remove(self.managers(), at_once).await?;
                report.add(&format!("{name}: remove {what} who invited{each}"), "µs", removed);
                self.let_invite().await?;
            }
        }
        Ok(())
    }
}

pub async fn run(plan: &Plan, report: &mut Report) -> Result<(), Failed> {
    let sizes = if plan.smoke { SMOKE } else { FULL };
    let databases = [("PostgreSQL", Database::postgres(plan)?), ("SQLite", Database::sqlite()?)];
    for (name, database) in databases {
        let server = seed::server(&database, sizes.crowd, 1).await?;
        let crowd = Crowd::new(&server, sizes.removed)?;
        let place = Place { name, database, crowd, sizes };
        place.let_invite().await?;
        for round in 0..plan.rounds {
            eprintln!("round {}", round + 1);
            place.round(report).await?;
        }
        drop(server);
    }
    Ok(())
}
