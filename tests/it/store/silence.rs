//! Connections to the database that fall silent: nothing is closed, and nothing is ever answered.

use std::time::Duration;

use roster::store::{Role, Store};
use roster_proto::v1::Privacy;
use tokio::time::Instant;

use crate::harness::patient::{join, leave, look};
use crate::harness::{App, Cable, Engine, Patient, on_every_engine};

const COURSE: &str = "courses/1";
const DEADLINE: Duration = Duration::from_millis(800);
const RECOVERY: Duration = Duration::from_secs(5);
/// What may be heard until then.
const REASONS: &[&str] = &["STORE_UNAVAILABLE", "DEADLINE"];

/// A server whose connections have all been used.
async fn at_work(cable: &Cable) -> (App, Patient) {
    let app = App::start(&cable.url).await;
    app.client().await.create(COURSE, Privacy::Open, "ada", None).await;
    let linus = Patient::new(&app, "linus");
    linus.call(join(COURSE), RECOVERY).await.outcome.unwrap();
    let looks = std::iter::repeat_with(|| linus.call(look(COURSE), RECOVERY)).take(64);
    futures_util::future::join_all(looks).await;
    (app, linus)
}

#[tokio::test(flavor = "multi_thread")]
async fn work_goes_on_within_five_seconds_when_open_connections_freeze() {
    on_every_engine(|engine, url| async move {
        if engine == Engine::Sqlite {
            return;
        }
        let cable = Cable::to(&url).await;
        let (app, linus) = at_work(&cable).await;
        cable.freeze();
        let (written, read) = tokio::join!(
            linus.until_granted(|| leave(COURSE), DEADLINE, REASONS),
            linus.until_granted(|| look(COURSE), DEADLINE, REASONS),
        );
        assert!(written < RECOVERY && read < RECOVERY, "{written:?} and {read:?}");
        // Not one connection that works among others that do not.
        let began = Instant::now();
        for _ in 0..20 {
            linus.call(join(COURSE), DEADLINE).await.outcome.unwrap();
            linus.call(look(COURSE), DEADLINE).await.outcome.unwrap();
        }
        assert!(began.elapsed() < RECOVERY);
        linus.until_ready_is(200).await;
        app.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_to_which_nothing_answers_says_so_and_recovers() {
    on_every_engine(|engine, url| async move {
        if engine == Engine::Sqlite {
            return;
        }
        let cable = Cable::to(&url).await;
        let (app, linus) = at_work(&cable).await;
        linus.until_ready_is(200).await;
        cable.silence();
        let told = linus.until_ready_is(503).await;
        assert!(told < Duration::from_secs(6), "{told:?}");
        for call in [leave(COURSE), look(COURSE)] {
            let refused = linus.call(call, DEADLINE).await.outcome.unwrap_err();
            assert!(REASONS.contains(&refused.as_str()), "{refused}");
        }
        cable.mend();
        let (written, read, ready) = tokio::join!(
            linus.until_granted(|| leave(COURSE), DEADLINE, REASONS),
            linus.until_granted(|| look(COURSE), DEADLINE, REASONS),
            linus.until_ready_is(200),
        );
        let slowest = written.max(read).max(ready);
        assert!(slowest < RECOVERY, "{written:?}, {read:?} and {ready:?}");
        app.stop().await;
    })
    .await;
}

/// A connection whose transaction is under way when another one is found silent.
#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_ends_on_the_connection_on_which_it_began() {
    on_every_engine(|engine, url| async move {
        if engine == Engine::Sqlite {
            return;
        }
        let cable = Cable::to(&url).await;
        let store = Store::open(&cable.url, 1).await.unwrap();
        let mut silent = store.connection(Role::Writer);
        silent.run("CREATE TABLE written (name TEXT)", []).await.unwrap();
        cable.freeze();
        let mut other = store.connection(Role::Writer);
        other.begin().await.unwrap();
        let write = |name| format!("INSERT INTO written VALUES ('{name}')");
        other.run(write("first"), []).await.unwrap();
        let silent = tokio::spawn(async move { silent.run("SELECT 1", []).await.is_err() });
        while !silent.is_finished() {
            other.run("SELECT 1", []).await.unwrap();
        }
        assert!(silent.await.unwrap(), "nobody answers");
        other.run(write("second"), []).await.unwrap();
        other.commit().await.unwrap();
        let written = other.run("SELECT * FROM written", []).await.unwrap();
        assert_eq!(written.len(), 2, "all of it, or nothing");
    })
    .await;
}
