//! Calls by a clock, whether or not those before were answered. All connections are looked after in turn
//! by one thread, every other millisecond, so that it keeps up with far more calls than a server does.

#![expect(
    clippy::disallowed_methods,
    reason = "one thread of its own, which keeps time without a runtime"
)]

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread::sleep;
use std::time::{Duration, Instant};

use prost::Message;
use roster_proto::v1 as pb;

use crate::frames::{self, Frame};
use crate::server::Failed;

/// How long callers wait, which they say.
pub const DEADLINE: Duration = Duration::from_secs(3);
/// `grpc-timeout`, as above.
const TIMEOUT: &str = "3S";
/// So many calls may be open on one connection; those that are due beyond are not sent.
const STREAMS: usize = 900;
const TICK: Duration = Duration::from_millis(2);
const RECEIVED: usize = 64 * 1024;
const EXHAUSTED: u8 = 8;

const JOIN: &str = "/roster.v1.MembershipService/JoinOrAcceptInvite";
const LEAVE: &str = "/roster.v1.MembershipService/LeaveOrRemoveRequest";

/// What one kind of caller does.
pub struct Group {
    pub connections: usize,
    /// Their tokens, used in turn.
    pub bearers: Vec<String>,
    /// Calls in a second; without it so many are always open on each connection.
    pub pace: Pace,
}

/// How calls follow each other.
#[derive(Clone, Copy)]
pub enum Pace {
    /// So many in a second, by the clock.
    Rate(f64),
    /// So many always open on each connection.
    Open(usize),
}

/// What the calls of one group came to.
#[derive(Default)]
pub struct Tally {
    pub sent: usize,
    /// Due and not sent, as too many were open.
    pub unsent: usize,
    /// How long those took that were answered, from when they were due.
    pub answered: Vec<Duration>,
    /// And those that were refused with RESOURCE_EXHAUSTED.
    pub refused: Vec<Duration>,
    /// Answered with any other status, reset, or not answered within the deadline.
    pub failed: usize,
}

/// The latency that this share stayed within, in milliseconds.
pub fn within(latencies: &mut [Duration], share: f64) -> f64 {
    latencies.sort_unstable();
    let last = latencies.len().saturating_sub(1);
    latencies.get((last as f64 * share).round() as usize).map_or(0.0, Duration::as_secs_f64) * 1e3
}

struct Wire {
    stream: TcpStream,
    out: Vec<u8>,
    written: usize,
    received: Vec<u8>,
    filled: usize,
    taken: u32,
    window: i64,
    /// When each call was due; `None` when it is over. The first has stream 1, the next 3.
    calls: Vec<Option<Instant>>,
    open: usize,
}

/// All connections of one kind of caller.
struct Crowd {
    wires: Vec<Wire>,
    methods: [Vec<u8>; 2],
    group: Group,
    due: usize,
    tally: Tally,
}

/// Has these groups call for so long, and waits for the answers. Between two ticks `look` is called.
pub fn run(
    address: SocketAddr,
    groups: Vec<Group>,
    lasting: Duration,
    mut look: impl FnMut() -> Result<(), Failed>,
) -> Result<Vec<Tally>, Failed> {
    let crowds = groups.into_iter().map(|group| Crowd::connect(address, group));
    let mut crowds = crowds.collect::<Result<Vec<_>, _>>()?;
    let began = Instant::now();
    loop {
        let now = Instant::now();
        let elapsed = now - began;
        for crowd in &mut crowds {
            if elapsed < lasting {
                crowd.send(began, elapsed)?;
            }
            crowd.exchange()?;
        }
        look()?;
        let is_over = crowds.iter().all(|crowd| crowd.wires.iter().all(|wire| wire.open == 0));
        if elapsed >= lasting + DEADLINE || elapsed >= lasting && is_over {
            break;
        }
        sleep(TICK.saturating_sub(now.elapsed()));
    }
    Ok(crowds.into_iter().map(Crowd::end).collect())
}

impl Crowd {
    fn connect(address: SocketAddr, group: Group) -> Result<Self, Failed> {
        let wires = (0..group.connections).map(|_| Wire::open(address));
        let wires = wires.collect::<Result<Vec<_>, _>>()?;
        let methods = [JOIN, LEAVE].map(|path| {
            let mut headers = frames::shared_headers(path, &address.to_string());
            frames::put_header(&mut headers, "grpc-timeout", TIMEOUT);
            headers
        });
        Ok(Self { wires, methods, group, due: 0, tally: Tally::default() })
    }

    fn send(&mut self, began: Instant, elapsed: Duration) -> Result<(), Failed> {
        match self.group.pace {
            Pace::Rate(rate) => {
                while (self.due as f64) < elapsed.as_secs_f64() * rate {
                    let due = began + Duration::from_secs_f64(self.due as f64 / rate);
                    let place = self.due % self.wires.len();
                    self.call(place, due)?;
                }
            }
            Pace::Open(open) => {
                for place in 0..self.wires.len() {
                    while self.wires[place].open < open {
                        self.call(place, Instant::now())?;
                    }
                }
            }
        }
        Ok(())
    }

    fn call(&mut self, place: usize, due: Instant) -> Result<(), Failed> {
        let n = self.due;
        self.due += 1;
        let method = n / self.wires.len() % 2;
        let wire = &mut self.wires[place];
        if wire.open >= STREAMS || wire.window < 1_000 {
            self.tally.unsent += 1;
            return Ok(());
        }
        self.tally.sent += 1;
        let bearer = &self.group.bearers[n % self.group.bearers.len()];
        let space = format!("groups/{}", n % 20 + 1);
        // Both messages begin with the space, and the rest may be left out.
        let message = pb::JoinOrAcceptInviteRequest { space, ..Default::default() };
        wire.call(&self.methods[method], bearer, &message, due)
    }

    fn exchange(&mut self) -> Result<(), Failed> {
        let tally = &mut self.tally;
        self.wires.iter_mut().try_for_each(|wire| wire.exchange(tally))
    }

    fn end(mut self) -> Tally {
        self.tally.failed += self.wires.iter().map(|wire| wire.open).sum::<usize>();
        self.tally
    }
}

impl Wire {
    fn open(address: SocketAddr) -> Result<Self, Failed> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            out: frames::greeting(),
            written: 0,
            received: vec![0; RECEIVED],
            filled: 0,
            taken: 0,
            window: frames::FIRST_WINDOW.into(),
            calls: Vec::new(),
            open: 0,
        })
    }

    fn call(
        &mut self,
        headers: &[u8],
        bearer: &str,
        message: &impl Message,
        due: Instant,
    ) -> Result<(), Failed> {
        let stream = self.calls.len() as u32 * 2 + 1;
        let size = frames::put_request(&mut self.out, stream, headers, bearer, message)?;
        self.window -= size as i64;
        self.calls.push(Some(due));
        self.open += 1;
        Ok(())
    }

    fn exchange(&mut self, tally: &mut Tally) -> Result<(), Failed> {
        loop {
            match self.stream.read(&mut self.received[self.filled..]) {
                Ok(0) => return Err("the server closed the connection".into()),
                Ok(count) => self.filled += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
            self.take(tally)?;
        }
        while self.written < self.out.len() {
            match self.stream.write(&self.out[self.written..]) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        self.out.clear();
        self.written = 0;
        Ok(())
    }

    fn take(&mut self, tally: &mut Tally) -> Result<(), Failed> {
        let now = Instant::now();
        let received = std::mem::take(&mut self.received);
        let mut read = 0;
        while let Some((frame, length)) = Frame::first(&received[read..self.filled]) {
            self.accept(&frame, now, tally)?;
            read += length;
        }
        self.received = received;
        self.received.copy_within(read..self.filled, 0);
        self.filled -= read;
        Ok(())
    }

    fn accept(&mut self, frame: &Frame<'_>, now: Instant, tally: &mut Tally) -> Result<(), Failed> {
        let acknowledged = frame.flags & frames::ACK != 0;
        match frame.kind {
            frames::SETTINGS if !acknowledged => {
                frames::put(&mut self.out, frames::SETTINGS, frames::ACK, 0, &[]);
            }
            frames::PING if !acknowledged => {
                frames::put(&mut self.out, frames::PING, frames::ACK, 0, frame.payload);
            }
            frames::WINDOW_UPDATE if frame.stream == 0 => {
                self.window += i64::from(frames::number(frame.payload));
            }
            frames::DATA => {
                self.taken += frame.payload.len() as u32;
                if self.taken > frames::LARGEST_WINDOW / 2 {
                    let more = std::mem::take(&mut self.taken).to_be_bytes();
                    frames::put(&mut self.out, frames::WINDOW_UPDATE, 0, 0, &more);
                }
            }
            frames::GOAWAY => return Err("the server says GOAWAY".into()),
            frames::RST_STREAM if self.over(frame).is_some() => tally.failed += 1,
            frames::HEADERS if frame.flags & frames::END_STREAM != 0 => {
                let Some(due) = self.over(frame) else { return Ok(()) };
                let took = now.saturating_duration_since(due);
                let refused = || frames::status(frame.payload) == Some(EXHAUSTED);
                if took > DEADLINE {
                    tally.failed += 1;
                } else if frames::is_ok(frame.payload) {
                    tally.answered.push(took);
                } else if refused() {
                    tally.refused.push(took);
                } else {
                    tally.failed += 1;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// When the call was due that this frame ends, unless it is over.
    fn over(&mut self, frame: &Frame<'_>) -> Option<Instant> {
        let due = self.calls.get_mut(frame.stream as usize / 2).and_then(Option::take)?;
        self.open -= 1;
        Some(due)
    }
}
