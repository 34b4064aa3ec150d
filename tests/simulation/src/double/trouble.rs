//! What goes wrong, and when. All of it is decided by the schedule.

use std::collections::BTreeMap;
use std::time::Duration;

use roster::domain::SpaceName;
use tokio::time::Instant;

use crate::random::Random;

/// What becomes of one statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The database refuses it.
    Refused,
    /// The database says that another transaction was in the way.
    InTheWay,
    /// It takes so much longer.
    Slow(Duration),
    /// The answer is lost. The server keeps the transaction, and its locks, for so long; what commits it is then done
    /// or not.
    Lost { linger: Duration, done: bool, silent: bool },
}

/// One thing that goes wrong.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// The first statement from this moment on, in milliseconds, meets a fault.
    Statement(u64, Fault),
    /// Between these moments no statement is answered: connections break, or nothing is heard.
    Away { from: u64, to: u64, silent: bool },
    /// Between these the database takes no changes.
    ReadOnly { from: u64, to: u64 },
    /// Between these somebody else has locked a space.
    Held { space: SpaceName, from: u64, to: u64 },
}

/// All that goes wrong, as a database looks it up.
#[derive(Debug)]
pub struct Troubles {
    start: Instant,
    /// Decides how long statements take.
    seed: u64,
    /// By their moments; of the same moment, one after the other.
    faults: BTreeMap<(u64, usize), Fault>,
    away: Vec<(u64, u64, bool)>,
    read_only: Vec<(u64, u64)>,
    statements: u64,
    /// When the last statement was sent, and how many before it in the same millisecond.
    last: (u64, u64),
    is_over: bool,
    is_quick: bool,
}

/// What one statement meets.
#[derive(Debug)]
pub struct Met {
    pub to_server: Pause,
    pub from_server: Pause,
    pub fault: Option<Fault>,
    pub is_read_only: bool,
}

/// How long something takes.
#[derive(Clone, Copy, Debug)]
pub enum Pause {
    None,
    /// Whoever else can go on does so first.
    Yield,
    For(Duration),
}

/// A schedule whose ledger asks more than this of its database goes round in circles.
const MOST_STATEMENTS: u64 = 50_000;

impl Troubles {
    pub fn new(seed: u64, all: &[Trouble]) -> Self {
        let (mut faults, mut away, mut read_only) = (BTreeMap::new(), Vec::new(), Vec::new());
        for (n, trouble) in all.iter().enumerate() {
            match trouble {
                Trouble::Statement(at, fault) => drop(faults.insert((*at, n), *fault)),
                Trouble::Away { from, to, silent } => away.push((*from, *to, *silent)),
                Trouble::ReadOnly { from, to } => read_only.push((*from, *to)),
                Trouble::Held { .. } => {}
            }
        }
        let (start, statements, last) = (Instant::now(), 0, (0, 0));
        let (is_over, is_quick) = (false, false);
        Self { start, seed, faults, away, read_only, statements, last, is_over, is_quick }
    }

    /// Nothing goes wrong, and nothing takes any time.
    #[cfg(test)]
    pub fn none() -> Self {
        Self { is_quick: true, ..Self::new(0, &[]) }
    }

    /// From now on nothing goes wrong.
    pub fn end(&mut self) {
        self.is_over = true;
    }

    /// How many statements there were.
    pub fn statements(&self) -> u64 {
        self.statements
    }

    /// A toss, for what the database may do one way or the other.
    pub fn tosses(&self) -> bool {
        self.random(!self.seed).percent(70)
    }

    /// What a seed decides of the last statement. It depends on when it was sent, and so on little that came before.
    fn random(&self, seed: u64) -> Random {
        let (at, nth) = self.last;
        Random::new(seed, at * 64 + nth)
    }

    /// What the next statement meets.
    pub fn next(&mut self) -> Met {
        self.statements += 1;
        let now = self.start.elapsed().as_millis().try_into().unwrap_or(u64::MAX);
        self.last = if self.last.0 == now { (now, self.last.1 + 1) } else { (now, 0) };
        let mut random = self.random(self.seed);
        let mut pause = || if self.is_quick { Pause::None } else { pause(&mut random) };
        let (to_server, from_server) = (pause(), pause());
        if self.statements > MOST_STATEMENTS {
            let to_server = Pause::For(Duration::from_secs(1));
            return Met { to_server, from_server, fault: None, is_read_only: false };
        }
        let is_now = |from: u64, to: u64| (from..to).contains(&now);
        let away = self.away.iter().find(|(from, to, _)| is_now(*from, *to));
        let lost = |silent| Fault::Lost { linger: Duration::ZERO, done: false, silent };
        let away = away.map(|(_, _, silent)| lost(*silent));
        let first = self.faults.first_entry().filter(|first| first.key().0 <= now);
        let fault = first.map(|first| first.remove());
        let fault = away.or(fault);
        let is_read_only = self.read_only.iter().any(|(from, to)| is_now(*from, *to));
        Met {
            to_server,
            from_server,
            fault: fault.filter(|_| !self.is_over),
            is_read_only: is_read_only && !self.is_over,
        }
    }
}

/// Most of what takes any time takes about a millisecond.
fn pause(random: &mut Random) -> Pause {
    match random.below(10) {
        0..=3 => Pause::None,
        4 | 5 => Pause::Yield,
        6..=8 => Pause::For(Duration::from_millis(1)),
        _ => Pause::For(Duration::from_millis(1 + random.below(6) as u64)),
    }
}
