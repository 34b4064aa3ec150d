//! What everybody of a run shares, and one client of it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use prost_reflect::DescriptorPool;
use roster::clock::Clock;
use tonic::transport::{Channel, Endpoint};

use crate::contract;
use crate::foreign;
use crate::http::Http;
use crate::late::Late;
use crate::random::Random;
use crate::record::{Answer, Call, Failed, Op, Outcome, Surface};
use crate::server::token;
use crate::wire::{Caller, Wire};
use crate::wishes::{Known, PLACES, USERS, Wish, wish};

/// So long a call may take, unless a fault says otherwise.
const DEADLINE: Duration = Duration::from_secs(3);
/// A client whose call failed waits so long.
const PAUSE: Duration = Duration::from_millis(40);
/// So many links of a space are remembered.
const LINKS: usize = 4;

/// What everybody shares.
pub struct Scene {
    began: Instant,
    /// The clock of the system when the run's own stood at 0, in milliseconds.
    pub wall: i64,
    /// Where each server is reached: gRPC and REST.
    pub servers: Vec<(SocketAddr, SocketAddr)>,
    tokens: BTreeMap<String, String>,
    pool: DescriptorPool,
    known: Mutex<Learnt>,
    number: AtomicU32,
    /// How many calls are left to make.
    pub left: AtomicI64,
    /// Whether the run is over.
    pub over: AtomicBool,
    /// Whether clients hang up half-way.
    pub cancels: AtomicBool,
    /// The most that a call may take, in milliseconds; 0 for the usual time.
    pub deadline: AtomicU64,
}

#[derive(Default)]
struct Learnt {
    versions: BTreeMap<String, i64>,
    events: BTreeMap<String, i64>,
    links: BTreeMap<String, Vec<(i64, String)>>,
}

impl Scene {
    /// A run against these servers, of at most so many calls.
    pub fn new(servers: Vec<(SocketAddr, SocketAddr)>, calls: i64) -> Result<Self, Failed> {
        let mut tokens = BTreeMap::from([(String::new(), token("")?)]);
        for user in 1..=USERS {
            tokens.insert(user.to_string(), token(&user.to_string())?);
        }
        Ok(Self {
            began: Instant::now(),
            wall: Clock::system().now(),
            servers,
            tokens,
            pool: DescriptorPool::decode(roster_proto::DESCRIPTORS)?,
            known: Mutex::default(),
            number: AtomicU32::new(0),
            left: AtomicI64::new(calls),
            over: AtomicBool::new(false),
            cancels: AtomicBool::new(false),
            deadline: AtomicU64::new(0),
        })
    }

    /// The run's own clock, in nanoseconds.
    pub fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn known(&self) -> MutexGuard<'_, Learnt> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// After which event of a space nobody has read yet.
    pub fn unread(&self, space: &str) -> i64 {
        self.known().events.get(space).copied().unwrap_or_default()
    }

    /// The last event of a space that was read, at this moment.
    fn as_read(&self, call: Call, space: &str) -> Call {
        match call {
            Call::Delete { if_version: Some(_), if_empty } => {
                Call::Delete { if_version: Some(self.unread(space)), if_empty }
            }
            call => call,
        }
    }

    fn wish(&self, random: &mut Random) -> Wish {
        let known = self.known();
        let now = self.wall + i64::try_from(self.now() / 1_000_000).unwrap_or_default();
        let Learnt { versions, events, links } = &*known;
        wish(random, &Known { now, versions, events, links })
    }

    fn learn(&self, op: &Op) {
        let Outcome::Ok(answer) = &op.outcome else { return };
        let version = match answer {
            Answer::One { member, .. } => member.version,
            Answer::Space(space) => space.version,
            Answer::Many(results) => {
                results.iter().map(|it| it.0.version).max().unwrap_or_default()
            }
            Answer::Link { link, secret, .. } => {
                if !secret.is_empty() {
                    let mut known = self.known();
                    let links = known.links.entry(op.space.clone()).or_default();
                    links.push((link.id, secret.clone()));
                    let old = links.len().saturating_sub(LINKS);
                    links.drain(..old);
                }
                0
            }
            Answer::Events(events) => {
                let last = events.last().map(|event| event.sequence).unwrap_or_default();
                let mut known = self.known();
                let read = known.events.entry(op.space.clone()).or_default();
                *read = last.max(*read);
                last
            }
            _ => 0,
        };
        if version > 0 {
            let mut known = self.known();
            let newest = known.versions.entry(op.space.clone()).or_default();
            *newest = version.max(*newest);
        }
    }
}

/// One client, with a connection of each sort to each server.
pub struct Client<'a> {
    scene: &'a Scene,
    number: u16,
    random: Random,
    channels: Vec<Channel>,
    json: Vec<Http>,
    rest: Vec<Http>,
    /// What it recorded.
    pub ops: Vec<Op>,
    /// What came after its deadline.
    pub late: Vec<Late>,
}

impl<'a> Client<'a> {
    /// The client of this number.
    pub fn new(scene: &'a Scene, seed: u64, number: u16) -> Result<Self, Failed> {
        let channel = |(grpc, _): &(SocketAddr, SocketAddr)| {
            let endpoint = Endpoint::from_shared(format!("http://{grpc}"))?;
            let endpoint = endpoint.tcp_nodelay(true).connect_timeout(Duration::from_secs(1));
            let endpoint = endpoint.http2_keep_alive_interval(Duration::from_secs(1));
            let endpoint = endpoint.keep_alive_timeout(Duration::from_secs(2));
            Ok::<_, Failed>(endpoint.keep_alive_while_idle(true).connect_lazy())
        };
        let channels = scene.servers.iter().map(channel).collect::<Result<_, _>>()?;
        let json = scene.servers.iter().map(|(grpc, _)| Http::new(*grpc)).collect();
        let rest = scene.servers.iter().map(|(_, rest)| Http::new(*rest)).collect();
        let random = Random::new(seed, u64::from(number) + 10);
        Ok(Self { scene, number, random, channels, json, rest, ops: Vec::new(), late: Vec::new() })
    }

    /// Asks one thing after the other until the run is over, and tells what it recorded and what was late.
    pub async fn run(mut self) -> (Vec<Op>, Vec<Late>) {
        while !self.scene.over.load(Ordering::Relaxed)
            && self.scene.left.fetch_sub(1, Ordering::Relaxed) > 0
        {
            let mut wish = self.scene.wish(&mut self.random);
            if matches!(wish.call, Call::Delete { .. }) {
                // With the space its history goes, so somebody reads it first.
                let after = self.scene.unread(wish.space);
                let (actor, call) = (String::new(), Call::Events { after });
                self.ask(Wish { actor, call, surface: Surface::Grpc, ..wish.clone() }).await;
                wish.call = self.scene.as_read(wish.call, wish.space);
            }
            let failed = self.ask(wish).await;
            let pause = Duration::from_micros(self.random.next() % 3_000);
            tokio::time::sleep(if failed { PAUSE } else { pause }).await;
        }
        (self.ops, self.late)
    }

    /// Asks one thing, and says whether it failed.
    pub async fn ask(&mut self, wish: Wish) -> bool {
        let server = self.random.below(self.scene.servers.len());
        let cancels = self.scene.cancels.load(Ordering::Relaxed) && self.random.percent(50);
        let hangs_up = Duration::from_micros(self.random.next() % 6_000);
        let mut deadline = match self.scene.deadline.load(Ordering::Relaxed) {
            0 => DEADLINE,
            most => Duration::from_millis(1 + self.random.next() % most),
        };
        if matches!(wish.surface, Surface::SelfCommunity | Surface::Whisk) {
            deadline = foreign::PATIENCE;
        }
        let mut op = Op {
            id: self.scene.number.fetch_add(1, Ordering::Relaxed),
            client: self.number,
            space: wish.space.into(),
            actor: wish.actor,
            surface: wish.surface,
            call: wish.call,
            validate_only: wish.validate_only,
            called: self.scene.now(),
            answered: 0,
            outcome: Outcome::Unknown("hung up".into()),
        };
        let asked = self.send(server, &op, deadline);
        let outcome = if cancels {
            tokio::time::timeout(hangs_up, asked).await.ok()
        } else {
            Some(asked.await)
        };
        op.answered = self.scene.now();
        op.outcome = outcome.unwrap_or(op.outcome);
        let due = op.called + u64::try_from(deadline.as_nanos()).unwrap_or_default();
        self.late.extend(Late::new(&op, due));
        self.scene.learn(&op);
        self.keep(op)
    }

    fn keep(&mut self, op: Op) -> bool {
        let failed = matches!(op.outcome, Outcome::Unknown(_) | Outcome::NotDone(_));
        let is_erasure = matches!(op.call, Call::Erase { .. });
        match &op.outcome {
            Outcome::NotDone(_) => {}
            Outcome::Unknown(_) if is_erasure => {
                // It goes through every space.
                let of = |place: &crate::wishes::Place| Op {
                    id: self.scene.number.fetch_add(1, Ordering::Relaxed),
                    space: place.name.into(),
                    ..op.clone()
                };
                self.ops.extend(PLACES.iter().map(of));
            }
            Outcome::Ok(_) | Outcome::Refused(_) | Outcome::Unknown(_) => self.ops.push(op),
        }
        failed && !is_erasure
    }

    async fn send(&mut self, server: usize, op: &Op, deadline: Duration) -> Outcome {
        let gone = || Outcome::NotDone("no such server".into());
        let Some(token) = self.scene.tokens.get(&op.actor) else { return gone() };
        match op.surface {
            Surface::Grpc => {
                let Some(channel) = self.channels.get(server) else { return gone() };
                let wire = Wire::Grpc(channel.clone());
                contract::ask(&mut Caller { wire, token, deadline }, op).await
            }
            Surface::Json => {
                let Some(http) = self.json.get_mut(server) else { return gone() };
                let wire = Wire::Json(http, &self.scene.pool);
                contract::ask(&mut Caller { wire, token, deadline }, op).await
            }
            Surface::SelfCommunity | Surface::Whisk => {
                let Some(http) = self.rest.get_mut(server) else { return gone() };
                foreign::ask(http, token, op).await
            }
        }
    }
}
