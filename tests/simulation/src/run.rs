//! Carries a schedule out: the ledger itself, on time that passes as fast as nothing happens.

use std::time::Duration;

use roster::clock::{Clock, millis};
use roster::domain::{Actor, Command, Millis, UserId};
use roster::ledger::{Chance, Error, Ledger, Limits, Options, Outcome, Submission, Surroundings};
use tokio::runtime::{Builder, Handle};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::task::TaskTracker;

use crate::double::{Commit, Double, Trouble, Troubles};
use crate::schedule::{Ask, BEGAN, Schedule};

/// What was asked, and what was answered.
#[derive(Debug)]
pub struct Asked {
    pub ask: Ask,
    pub called: Millis,
    /// When, and what; nothing if nobody waited any longer.
    pub answered: Option<(Millis, Result<Outcome, Error>)>,
}

/// What came of a schedule.
#[derive(Debug, Default)]
pub struct Ran {
    pub asked: Vec<Asked>,
    /// What the database took, and when.
    pub commits: Vec<(Millis, Commit)>,
    /// What is wrong with the ledger as a whole.
    pub wrong: Vec<String>,
    /// How many statements there were.
    pub statements: u64,
}

/// Nothing takes longer than this, however much goes wrong.
const PATIENCE: Duration = Duration::from_secs(200);
/// A statement that waits for a lock and is then not answered is over after this, and so are transactions of which
/// nobody hears any more.
const LINGERING: Duration = Duration::from_secs(7);
/// In this time a ledger notices that its database is well again.
const RECOVERY: Duration = Duration::from_millis(2_500);
/// For so long a command may wait that comes when nothing goes wrong any more.
const FRESH: Duration = Duration::from_secs(5);
const END: Duration = Duration::from_secs(5);

/// Carries it out.
pub fn run(schedule: &Schedule) -> Ran {
    #[cfg(feature = "defects")]
    roster::defects::begin_anew();
    let built = Builder::new_current_thread().enable_time().start_paused(true).build();
    let Ok(runtime) = built else { return Ran::wrong("there is no runtime") };
    runtime.block_on(async {
        let simulated = Simulated::new(schedule);
        let ran = timeout(PATIENCE, simulated.run(schedule)).await;
        ran.unwrap_or_else(|_| Ran::wrong("it does not come to an end"))
    })
}

impl Ran {
    fn wrong(what: &str) -> Self {
        Self { wrong: vec![what.into()], ..Self::default() }
    }
}

/// Servers and their database.
struct Simulated {
    start: Instant,
    double: Double,
    ledgers: Vec<Ledger>,
    tasks: TaskTracker,
}

impl Simulated {
    fn new(schedule: &Schedule) -> Self {
        let (start, tasks) = (Instant::now(), TaskTracker::new());
        let troubles = Troubles::new(schedule.seed, &schedule.troubles);
        let double = Double::new(schedule.kind, schedule.look, troubles);
        let mut chance = Chance::of(schedule.seed);
        let ledgers = schedule.ledgers.iter().map(|server| {
            let surroundings = Surroundings {
                clock: Clock::of_runtime(BEGAN + server.fast),
                chance: chance.another(),
                runtime: Handle::current(),
            };
            let limits = Limits {
                writers: server.writers,
                waiting: schedule.waiting,
                waiting_of_caller: schedule.waiting,
                batch: schedule.batch,
                max_wait: Duration::from_secs(1),
            };
            Ledger::start(&double, surroundings, limits, &tasks)
        });
        let ledgers = ledgers.collect();
        Self { start, double, ledgers, tasks }
    }

    async fn run(self, schedule: &Schedule) -> Ran {
        let mut asking = JoinSet::new();
        for ask in &schedule.asks {
            asking.spawn(self.hand_in(ask.clone()));
        }
        for trouble in &schedule.troubles {
            if let Trouble::Held { space, from, to } = trouble {
                let (double, space) = (self.double.clone(), space.clone());
                let [from, to] = [from, to].map(|at| self.start + Duration::from_millis(*at));
                tokio::spawn(async move {
                    sleep_until(from).await;
                    double.hold(&space, to).await;
                });
            }
        }
        let mut asked = asking.join_all().await;
        sleep_until(self.start + Duration::from_millis(last(schedule))).await;
        self.double.calm();
        sleep(LINGERING).await;
        for ask in fresh(schedule) {
            asked.push(self.hand_in(Ask { at: self.now(), ..ask }).await);
        }
        sleep(RECOVERY).await;
        asked.sort_by_key(|asked| asked.ask.number);
        self.end(asked, schedule.asks.len()).await
    }

    fn now(&self) -> u64 {
        millis(self.start.elapsed()).try_into().unwrap_or_default()
    }

    /// Hands a command in when its time has come.
    fn hand_in(&self, ask: Ask) -> impl Future<Output = Asked> + use<> {
        let (start, ledger) = (self.start, self.ledgers.get(ask.ledger).cloned());
        async move {
            let moment = move || BEGAN + millis(start.elapsed());
            sleep_until(start + Duration::from_millis(ask.at)).await;
            let called = moment();
            let (Some(ledger), Some(caller)) = (ledger, ask.caller()) else {
                return Asked { ask, called, answered: None };
            };
            let Ask { space, actor, command, options, .. } = ask.clone();
            let deadline = Instant::now() + ask.time;
            let submission = Submission { space, actor, caller, command, options, deadline };
            let answer = ledger.submit(submission);
            let answer = match ask.gives_up {
                Some(patience) => timeout(patience, answer).await.ok(),
                None => Some(answer.await),
            };
            Asked { ask, called, answered: answer.map(|answer| (moment(), answer)) }
        }
    }

    /// Nothing may be left over.
    async fn end(self, asked: Vec<Asked>, of_schedule: usize) -> Ran {
        let mut wrong = Vec::new();
        for asked in asked.iter().skip(of_schedule) {
            if let Some((_, Err(error))) = &asked.answered
                && !matches!(error, Error::Refused(_))
            {
                let at = asked.ask.at;
                wrong.push(format!("when all is well again, at {at}, a command fails: {error}"));
            }
        }
        for (n, ledger) in self.ledgers.iter().enumerate() {
            let (users, backlog) = (ledger.waiting_users(), ledger.backlog()());
            if users + backlog > 0 {
                wrong
                    .push(format!("ledger {n} goes on counting {users} users, {backlog} commands"));
            }
            if !ledger.is_well() {
                wrong.push(format!("ledger {n} is not well again"));
            }
        }
        drop(self.ledgers);
        self.tasks.close();
        if timeout(END, self.tasks.wait()).await.is_err() {
            wrong.push("the ledger does not end".into());
        }
        if self.double.locks() > 0 {
            wrong.push(format!("{} locks are left", self.double.locks()));
        }
        let at = |commit: Commit| (BEGAN + millis(commit.at - self.start), commit);
        let commits = self.double.commits().into_iter().map(at).collect();
        Ran { asked, commits, wrong, statements: self.double.statements() }
    }
}

/// When the last trouble is over that has its time.
fn last(schedule: &Schedule) -> u64 {
    let ends = schedule.troubles.iter().map(|trouble| match trouble {
        Trouble::Away { to, .. } | Trouble::ReadOnly { to, .. } | Trouble::Held { to, .. } => *to,
        Trouble::Statement(..) => 0,
    });
    ends.max().unwrap_or_default()
}

/// A command for each space and server, when nothing goes wrong any more.
fn fresh(schedule: &Schedule) -> Vec<Ask> {
    let numbers = schedule.asks.iter().map(|ask| ask.number + 1).max().unwrap_or_default()..;
    let places = (0..schedule.ledgers.len())
        .flat_map(|ledger| schedule.spaces.iter().map(move |space| (ledger, space.clone())));
    let ask = |(number, (ledger, space)): (usize, (usize, _))| {
        let user = UserId::parse(&format!("new-{number}")).ok()?;
        Some(Ask {
            number,
            at: 0,
            ledger,
            space,
            actor: Actor::User(user),
            command: Command::Join,
            options: Options::default(),
            time: FRESH,
            gives_up: None,
        })
    };
    numbers.zip(places).filter_map(ask).collect()
}
