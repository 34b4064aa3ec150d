//! One run: a database, servers, clients and harm, and the record of it all.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::nemesis::{Fault, Harm};
use crate::postgres::Cluster;
use crate::proxy::Proxy;
use crate::record::{Call, Failed, History, Op, Run, Surface};
use crate::scene::{Client, Scene};
use crate::server::Server;
use crate::wishes::{PLACES, USERS, Wish};

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The program.
    pub roster: PathBuf,
    /// What the run is.
    pub run: Run,
    /// Which faults.
    pub faults: Vec<Fault>,
    /// How long.
    pub time: Duration,
    /// How many calls at most.
    pub calls: i64,
    /// A defect that the program is to have.
    pub defect: Option<String>,
}

/// What a run left behind.
pub struct Ran {
    /// The record.
    pub history: History,
    /// What contradicts itself in the database or in copies of it.
    pub drift: Vec<String>,
    /// How many answers came later than their deadline and 100 ms.
    pub late: u64,
}

/// A small disk, which goes when it is dropped.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: PathBuf) -> Option<Self> {
        std::fs::create_dir_all(&at).ok()?;
        let mut mount = Command::new("mount");
        let mount = mount.args(["-t", "tmpfs", "-o", "size=24m", "tmpfs"]).arg(&at);
        let done = mount.output().ok()?;
        done.status.success().then_some(Self(at))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).output();
    }
}

/// Runs it.
pub async fn run(plan: &Plan) -> Result<Ran, Failed> {
    let folder = tempfile::tempdir()?;
    let mut harm = Harm {
        servers: Vec::new(),
        cluster: None,
        to_database: None,
        file: None,
        small_disk: None,
        copies: Vec::new(),
    };
    let mut disk = None;
    let database = if plan.run.database == "postgres" {
        let cluster = Cluster::start(folder.path()).await?;
        let proxy = Proxy::start(cluster.address()).await?;
        let url = format!("postgres://postgres@{}/roster", proxy.address);
        (harm.cluster, harm.to_database) = (Some(cluster), Some(proxy));
        url
    } else {
        if plan.faults.contains(&Fault::DiskFull) {
            disk = Disk::mount(folder.path().join("disk"));
        }
        harm.small_disk = disk.as_ref().map(|disk| disk.0.clone());
        let within = harm.small_disk.clone().unwrap_or_else(|| folder.path().to_owned());
        let file = within.join("roster.db");
        let url = format!("sqlite:{}", file.display());
        harm.file = Some(file);
        url
    };
    for number in 0..plan.run.servers {
        let log = folder.path().join(format!("roster-{number}.log"));
        let defect = plan.defect.clone();
        let mut server = Server::new(&plan.roster, &database, log, defect).await?;
        server.start().await?;
        harm.servers.push(server);
    }
    let ran = play(plan, &mut harm, &database).await;
    if ran.is_err() {
        show_logs(folder.path());
    }
    drop(harm);
    drop(disk);
    ran
}

fn show_logs(folder: &Path) {
    for number in 0..2 {
        let log = std::fs::read_to_string(folder.join(format!("roster-{number}.log")));
        let log = log.unwrap_or_default();
        let tail = log.lines().rev().take(10).collect::<Vec<_>>();
        tail.iter().rev().for_each(|line| eprintln!("{line}"));
    }
}

async fn play(plan: &Plan, harm: &mut Harm, database: &str) -> Result<Ran, Failed> {
    let reached = harm.servers.iter().map(|it| (it.to_grpc.address, it.to_rest.address)).collect();
    let scene = Arc::new(Scene::new(reached, plan.calls)?);
    let mut ops = begin(&scene, plan.run.seed).await?;
    let mut clients = tokio::task::JoinSet::new();
    for number in 1..=plan.run.clients {
        let (scene, seed) = (scene.clone(), plan.run.seed);
        let number = u16::try_from(number)?;
        clients.spawn(async move {
            let client = Client::new(&scene, seed, number)?;
            Ok::<_, Failed>(client.run().await)
        });
    }
    let ending = {
        let (scene, time) = (scene.clone(), plan.time);
        tokio::spawn(async move {
            let until = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
            while scene.now() < until && scene.left.load(Ordering::Relaxed) > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            scene.over.store(true, Ordering::Relaxed);
        })
    };
    let faults = harm.run(&scene, &plan.faults, plan.run.seed).await;
    ending.await?;
    while let Some(done) = clients.join_next().await {
        ops.extend(done??);
    }
    let faults = faults?;
    ops.extend(audit(&scene, plan.run.seed).await?);
    let mut drift = std::mem::take(&mut harm.copies);
    for server in &mut harm.servers {
        server.stop().await?;
    }
    if let Some(server) = harm.servers.first() {
        drift.extend(server.recount(database)?);
    }
    ops.sort_by_key(|op| op.id);
    let run = Run { began: scene.wall, ..plan.run.clone() };
    let late = scene.late.load(Ordering::Relaxed);
    Ok(Ran { history: History { run, ops, faults }, drift, late })
}

/// Makes the spaces.
async fn begin(scene: &Scene, seed: u64) -> Result<Vec<Op>, Failed> {
    let mut client = Client::new(scene, seed, 0)?;
    for (n, place) in PLACES.iter().enumerate() {
        let call = Call::Create {
            privacy: place.privacy.into(),
            creator: (1 + n % USERS).to_string(),
            capacity: place.capacity,
        };
        patiently(&mut client, place.name, call).await?;
    }
    Ok(client.ops)
}

/// Reads everything there is, when all is quiet.
async fn audit(scene: &Scene, seed: u64) -> Result<Vec<Op>, Failed> {
    let mut client = Client::new(scene, seed, u16::MAX)?;
    for place in PLACES {
        let all = ["invited", "requested", "member", "manager", "creator", "blocked"];
        let after = scene.unread(place.name);
        let list = Call::List(all.map(str::to_owned).to_vec());
        for call in [Call::Events { after }, Call::Space, list] {
            patiently(&mut client, place.name, call).await?;
        }
    }
    Ok(client.ops)
}

async fn patiently(client: &mut Client<'_>, space: &'static str, call: Call) -> Result<(), Failed> {
    let actor = String::new();
    let wish = Wish { space, actor, surface: Surface::Grpc, call, validate_only: false };
    for _ in 0..150 {
        if !client.ask(wish.clone()).await {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let last = client.ops.last().map(|op| op.outcome.clone());
    Err(format!("{:?} of {space} was not answered for 15 s: {last:?}", wish.call).into())
}
