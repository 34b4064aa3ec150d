//! What is asked and what goes wrong, and when: all that a seed decides.

use std::time::Duration;

use roster::domain::{Actor, Command, Millis, SpaceName, UserId};
use roster::ledger::Options;

use crate::double::{Fault, Kind, Trouble};
use crate::random::Random;
use crate::wishes::{Wishes, spaces};

/// When each schedule begins.
pub const BEGAN: Millis = 1_000_000;

/// All that a seed decides.
#[derive(Clone, Debug)]
pub struct Schedule {
    pub seed: u64,
    pub kind: Kind,
    /// The servers.
    pub ledgers: Vec<Server>,
    /// How many users go into one transaction.
    pub batch: usize,
    /// How many users may wait.
    pub waiting: usize,
    /// How many keys fit one statement.
    pub look: usize,
    pub spaces: Vec<SpaceName>,
    pub asks: Vec<Ask>,
    pub troubles: Vec<Trouble>,
}

/// A server with its ledger.
#[derive(Clone, Copy, Debug)]
pub struct Server {
    pub writers: usize,
    /// By how much its clock is fast.
    pub fast: Millis,
}

/// A command, and when it is handed in.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Its number, which it keeps when others are left out.
    pub number: usize,
    /// In milliseconds.
    pub at: u64,
    /// To which server.
    pub ledger: usize,
    pub space: SpaceName,
    pub actor: Actor,
    pub command: Command,
    pub options: Options,
    /// For how long it may wait.
    pub time: Duration,
    /// After how long nobody waits for the answer.
    pub gives_up: Option<Duration>,
}

impl Ask {
    /// Who hands it in: every event says so, and thus what it came of.
    pub fn caller(&self) -> Option<UserId> {
        caller(self.number)
    }
}

fn caller(number: usize) -> Option<UserId> {
    UserId::parse(&format!("call-{number}")).ok()
}

/// The number of the call that has this name.
pub fn number_of(caller: &UserId) -> Option<usize> {
    caller.as_str().strip_prefix("call-")?.parse().ok()
}

/// The schedule of a seed.
pub fn schedule(seed: u64) -> Schedule {
    let mut random = Random::new(seed, 0);
    let kind = if random.percent(30) { Kind::Sqlite } else { Kind::Postgres };
    let servers = if kind == Kind::Postgres && random.percent(40) { 2 } else { 1 };
    let ledgers = (0..servers).map(|_| server(&mut random)).collect();
    let spaces = spaces(&mut random, 3);
    let (asks, end) = asks(&mut random, &spaces, servers);
    let troubles = troubles(&mut random, &spaces, (&asks, end));
    let batch = *random.pick(&[1, 4, 256]).unwrap_or(&256);
    let waiting = if random.percent(10) { 6 } else { 1_000 };
    let look = if random.percent(20) { 3 } else { 1_000 };
    Schedule { seed, kind, ledgers, batch, waiting, look, spaces, asks, troubles }
}

fn asks(random: &mut Random, spaces: &[SpaceName], servers: usize) -> (Vec<Ask>, u64) {
    let (mut asks, mut at) = (Vec::new(), 0);
    let n = 8 + random.below(32);
    for number in 0..n {
        let Some(space) = spaces.get(number).or(random.pick(spaces)).cloned() else { break };
        let Some(service) = caller(number) else { break };
        let now = BEGAN.saturating_add(at.try_into().unwrap_or(Millis::MAX));
        let mut wishes = Wishes::new(random, now, service.clone());
        let first = wishes.create(&space).filter(|_| number < spaces.len());
        let (actor, command) = match first {
            Some(command) => (Actor::Service(service), command),
            None => wishes.one(&space),
        };
        let ledger = random.below(servers);
        let options = Options { validate_only: random.percent(5), each: random.percent(15) };
        let (time, gives_up) = (time(random), random.percent(8).then(|| moment(random)));
        asks.push(Ask { number, at, ledger, space, actor, command, options, time, gives_up });
        at += gap(random);
    }
    (asks, at)
}

/// The clocks of two servers differ a little, and those of some by more.
fn server(random: &mut Random) -> Server {
    let writers = 1 + random.below(3);
    let most = if random.percent(20) { 60 } else { 3 };
    Server { writers, fast: random.below(most) as Millis }
}

/// Most come together, some a little later, few after a rest.
fn gap(random: &mut Random) -> u64 {
    match random.below(20) {
        0..=12 => random.below(2) as u64,
        13..=17 => random.below(12) as u64,
        18 => 20 + random.below(100) as u64,
        _ => 200 + random.below(2_000) as u64,
    }
}

fn time(random: &mut Random) -> Duration {
    let millis = match random.below(10) {
        0 => 1 + random.below(10),
        1 | 2 => 10 + random.below(150),
        _ => 1_000 + random.below(8_000),
    };
    Duration::from_millis(millis as u64)
}

fn moment(random: &mut Random) -> Duration {
    Duration::from_millis(random.below(30) as u64)
}

fn troubles(random: &mut Random, spaces: &[SpaceName], (asks, end): (&[Ask], u64)) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    if random.percent(20) {
        return troubles;
    }
    let often = *random.pick(&[0, 3, 10, 25]).unwrap_or(&0);
    for at in asks.iter().flat_map(|ask| [ask.at; 4]) {
        if random.percent(often) {
            troubles.push(Trouble::Statement(at + random.below(12) as u64, fault(random)));
        }
    }
    let end = usize::try_from(end).unwrap_or_default() + 50;
    let mut within = |longest: usize| {
        let from = random.below(end) as u64;
        (random.percent(30), from, from + 1 + random.below(longest) as u64, random.below(100))
    };
    for _ in 0..2 {
        if let (true, from, to, toss) = within(600) {
            troubles.push(Trouble::Away { from, to, silent: toss < 30 });
        }
        if let (true, from, to, _) = within(600) {
            troubles.push(Trouble::ReadOnly { from, to });
        }
        for space in spaces {
            if let (true, from, to, _) = within(400) {
                troubles.push(Trouble::Held { space: space.clone(), from, to });
            }
        }
    }
    troubles
}

fn fault(random: &mut Random) -> Fault {
    match random.below(20) {
        0 => Fault::Refused,
        1..=4 => Fault::InTheWay,
        5..=7 => Fault::Slow(Duration::from_millis(10 + random.below(400) as u64)),
        _ => Fault::Lost {
            linger: Duration::from_millis(
                random.weighted(&[(3, 0), (2, 5), (1, 300), (1, 1_900)], 0),
            ),
            done: random.percent(50),
            silent: random.percent(20),
        },
    }
}
