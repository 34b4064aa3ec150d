//! One run: a database, servers, clients and harm, and the record of it all.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::nemesis::{Fault, Harm};
use crate::postgres::Cluster;
use crate::proxy::Proxy;
use crate::record::{Call, Failed, History, Op, Run, Surface};
use crate::scene::{Client, Scene};
use crate::server::Server;
use crate::shim::Shim;
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
    /// Which answers came later than their deadline and 100 ms.
    pub late: Vec<String>,
}

/// Runs it.
pub async fn run(plan: &Plan) -> Result<Ran, Failed> {
    let folder = tempfile::tempdir()?;
    let preloads =
        |fault: &Fault| matches!(fault, Fault::DiskFull | Fault::DiskFails | Fault::Clock);
    let preloads = plan.faults.iter().any(preloads);
    let shim = |name: &str, files: &str| {
        preloads.then(|| Shim::new(folder.path(), name, files)).transpose()
    };
    let file = folder.path().join("roster.db");
    let mut harm = Harm {
        servers: Vec::new(),
        cluster: None,
        to_database: None,
        file: None,
        shims: Vec::new(),
        cluster_shim: None,
        database: format!("sqlite:{}", file.display()),
        copies: Vec::new(),
    };
    if plan.run.database == "postgres" {
        harm.cluster_shim = shim("cluster", "/cluster/data-")?;
        let environment = harm.cluster_shim.as_ref().map(Shim::environment).unwrap_or_default();
        let cluster = Cluster::start(folder.path(), environment).await?;
        let proxy = Proxy::start(cluster.address()).await?;
        harm.database = format!("postgres://postgres@{}/roster", proxy.address);
        (harm.cluster, harm.to_database) = (Some(cluster), Some(proxy));
    } else {
        harm.file = Some(file);
    }
    for number in 0..plan.run.servers {
        let log = folder.path().join(format!("roster-{number}.log"));
        let shim = shim(&format!("server-{number}"), "roster.db")?;
        let mut environment = shim.as_ref().map(Shim::environment).unwrap_or_default();
        environment.extend(plan.defect.clone().map(|name| ("ROSTER_TEST_DEFECT".into(), name)));
        let mut server = Server::new(&plan.roster, &harm.database, log, environment).await?;
        server.start().await?;
        harm.servers.push(server);
        harm.shims.extend(shim);
    }
    let ran = play(plan, &mut harm).await;
    if ran.is_err() {
        show_logs(folder.path());
    }
    drop(harm);
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

async fn play(plan: &Plan, harm: &mut Harm) -> Result<Ran, Failed> {
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
    let mut late = Vec::new();
    while let Some(done) = clients.join_next().await {
        let (asked, after) = done??;
        ops.extend(asked);
        late.extend(after);
    }
    let faults = faults?;
    let late = late.iter().filter_map(|it| it.told(&faults)).collect();
    ops.extend(audit(&scene, plan.run.seed).await?);
    let mut drift = std::mem::take(&mut harm.copies);
    for server in &mut harm.servers {
        server.stop().await?;
    }
    if let Some(server) = harm.servers.first() {
        drift.extend(server.recount(&harm.database)?);
    }
    ops.sort_by_key(|op| op.id);
    let run = Run { began: scene.wall, ..plan.run.clone() };
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
            waitlist: place.waitlist,
        };
        patiently(&mut client, place.name, call).await?;
    }
    Ok(client.ops)
}

/// Reads everything there is, when all is quiet.
async fn audit(scene: &Scene, seed: u64) -> Result<Vec<Op>, Failed> {
    let mut client = Client::new(scene, seed, u16::MAX)?;
    for place in PLACES {
        let all = ["invited", "requested", "waitlisted", "member", "manager", "creator", "blocked"];
        let after = scene.unread(place.name);
        let list = Call::List(all.map(str::to_owned).to_vec());
        for call in [Call::Events { after }, Call::Space, list, Call::Links] {
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
