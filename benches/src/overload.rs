//! More calls than the server can do, while a CPU quota holds it to a part of a processor, so that there is
//! a processor left to send them. Needs root, for the control group.

#![expect(
    clippy::disallowed_methods,
    reason = "one thread of its own, which keeps time without a runtime"
)]

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::flood::{self, Group, Pace, Tally, within};
use crate::machine::memory;
use crate::server::{Database, Failed, Server, bearer, token};

/// Of a processor.
const SHARE: f64 = 0.25;
/// So short that the process never stands still for longer than a few milliseconds.
const PERIOD_MICROS: u32 = 10_000;
const CONNECTIONS: usize = 40;
const CALLERS: usize = 50;
/// Open on each connection while it is found out how many can be done: few enough for all to be taken.
const OPEN: usize = 2;
const WARM_UP: Duration = Duration::from_secs(3);
const AFTERWARDS: Duration = Duration::from_secs(2);

/// A control group with a quota, while a server is in it.
struct Held(PathBuf);

impl Held {
    fn new(server: &Server) -> Result<Self, Failed> {
        let group = PathBuf::from(format!("/sys/fs/cgroup/cpu/roster-bench-{}", server.pid()));
        fs::create_dir(&group)?;
        let held = Self(group);
        let quota = f64::from(PERIOD_MICROS) * SHARE;
        fs::write(held.0.join("cpu.cfs_period_us"), PERIOD_MICROS.to_string())?;
        fs::write(held.0.join("cpu.cfs_quota_us"), format!("{quota:.0}"))?;
        fs::write(held.0.join("cgroup.procs"), server.pid().to_string())?;
        Ok(held)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let processes = fs::read_to_string(self.0.join("cgroup.procs")).unwrap_or_default();
        for process in processes.lines() {
            let _ = fs::write("/sys/fs/cgroup/cpu/cgroup.procs", process);
        }
        let _ = fs::remove_dir(&self.0);
    }
}

struct Measured {
    server: Server,
    lasting: Duration,
    peak: f64,
}

fn bearers(kind: &str, count: usize) -> Result<Vec<String>, Failed> {
    (0..count).map(|n| Ok(bearer(&token(&format!("{kind}{n}"))?))).collect()
}

fn group(kind: &str, callers: usize, connections: usize, pace: Pace) -> Result<Group, Failed> {
    Ok(Group { connections, bearers: bearers(kind, callers)?, pace })
}

impl Measured {
    /// What the groups' calls come to, and the most memory that the server took meanwhile.
    fn run(&self, groups: Vec<Group>, lasting: Duration) -> Result<(Vec<Tally>, f64), Failed> {
        let (mut most, mut next) = (0.0_f64, Instant::now());
        let tallies = flood::run(self.server.grpc, groups, lasting, || {
            if Instant::now() >= next {
                most = most.max(memory(self.server.pid(), "VmRSS")?);
                next = Instant::now() + Duration::from_millis(100);
            }
            Ok(())
        })?;
        Ok((tallies, most))
    }

    fn tell(&self, name: &str, tally: &mut Tally, lasting: Duration, memory: f64) {
        let seconds = lasting.as_secs_f64();
        let a_second = |count: usize| count as f64 / seconds;
        let answered = a_second(tally.answered.len());
        println!(
            "{name:<34} {:>7.0} {:>7.0} {answered:>8.0} {:>5.0}% {:>6.0} {:>6.0} {:>8.0} {:>6.0} \
             {:>6.0} {:>7} {memory:>6.0}",
            a_second(tally.sent),
            a_second(tally.unsent),
            answered / self.peak * 100.0,
            within(&mut tally.answered, 0.5),
            within(&mut tally.answered, 0.99),
            a_second(tally.refused.len()),
            within(&mut tally.refused, 0.5),
            within(&mut tally.refused, 0.99),
            tally.failed,
        );
    }

    /// So many times what can be done, and the two seconds after it one by one.
    fn times(&self, times: f64) -> Result<(), Failed> {
        let ask = |rate| group("user", CALLERS, CONNECTIONS, Pace::Rate(rate));
        let (mut tallies, most) = self.run(vec![ask(self.peak * times)?], self.lasting)?;
        self.tell(&format!("{times} x"), &mut tallies[0], self.lasting, most);
        for second in ["first", "second"] {
            let (mut tallies, most) = self.run(vec![ask(self.peak * 0.9)?], AFTERWARDS / 2)?;
            let name = format!("the {second} second after, at 0.9 x");
            self.tell(&name, &mut tallies[0], AFTERWARDS / 2, most);
        }
        Ok(())
    }

    /// Good callers ask for what is theirs while others ask for as much as they can.
    fn beside(&self, greedy: usize, connections: usize, share: f64) -> Result<(), Failed> {
        let good = || group("user", CALLERS, CONNECTIONS, Pace::Rate(self.peak * share));
        let (mut tallies, most) = self.run(vec![good()?], self.lasting)?;
        self.tell(
            &format!("{CALLERS} callers at {share:.2} x"),
            &mut tallies[0],
            self.lasting,
            most,
        );
        let bad = group("greedy", greedy, connections, Pace::Rate(self.peak * 2.0))?;
        let (mut tallies, most) = self.run(vec![good()?, bad], self.lasting)?;
        let names = ["the same beside others".to_owned(), format!("{greedy} others at 2 x")];
        for (name, tally) in names.iter().zip(&mut tallies) {
            self.tell(name, tally, self.lasting, most);
        }
        Ok(())
    }
}

/// Measures and prints all of it.
pub async fn run(seconds: u64) -> Result<(), Failed> {
    let database = Database::sqlite()?;
    let server = Server::start(&database).await?;
    server.create_spaces(20).await?;
    let _held = Held::new(&server)?;
    let mut measured = Measured { server, lasting: Duration::from_secs(seconds), peak: f64::NAN };
    let all = || group("user", CALLERS, CONNECTIONS, Pace::Open(OPEN));
    measured.run(vec![all()?], WARM_UP)?;
    let (mut tallies, most) = measured.run(vec![all()?], measured.lasting)?;
    measured.peak = tallies[0].answered.len() as f64 / measured.lasting.as_secs_f64();
    println!(
        "{:<34} {:>7} {:>7} {:>8} {:>6} {:>6} {:>6} {:>8} {:>6} {:>6} {:>7} {:>6}",
        "a second, milliseconds, MiB",
        "sent",
        "unsent",
        "answered",
        "",
        "p50",
        "p99",
        "refused",
        "p50",
        "p99",
        "failed",
        "memory"
    );
    measured.tell("saturation", &mut tallies[0], measured.lasting, most);
    measured.times(2.0)?;
    measured.times(5.0)?;
    measured.beside(2, CONNECTIONS, 0.5)?;
    measured.beside(1, 64, CALLERS as f64 / (CALLERS + 1) as f64)
}
