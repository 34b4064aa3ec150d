//! Rows that a foreign session has locked: nobody waits but those who need them. SQLite has one lock
//! for everything.

use std::time::Duration;

use roster_proto::v1::Privacy;
use tokio::time::Instant;

use crate::harness::patient::{join, leave};
use crate::harness::{App, Engine, Lock, Patient, on_every_engine};

/// So many that every writer has some.
const SPACES: usize = 24;
const LOCKED: &str = "courses/1";
/// Less than the deadline of those who wait for the lock.
const AT_ONCE: Duration = Duration::from_secs(3);
const DEADLINE: Duration = Duration::from_secs(4);
const LONG: Duration = Duration::from_secs(10);
/// What is heard by those who need the lock.
const REASONS: &[&str] = &["CONTENTION", "DEADLINE"];

async fn spaces(app: &App) {
    let client = app.client().await;
    for n in 1..=SPACES {
        client.create(&format!("courses/{n}"), Privacy::Open, "ada", None).await;
    }
}

/// Joins every other space and leaves it again, all of them at once, until this call is answered:
/// at least once. Each is answered at once.
async fn others_go_on(app: &App, held_up: impl Future<Output = ()> + Send + 'static) {
    let held_up = tokio::spawn(held_up);
    let (grace, mut rounds) = (Patient::new(app, "grace"), 0);
    while rounds == 0 || !held_up.is_finished() {
        for call in [join, leave] {
            let calls = (2..=SPACES).map(|n| grace.call(call(&format!("courses/{n}")), LONG));
            for answered in futures_util::future::join_all(calls).await {
                answered.outcome.unwrap();
                assert!(answered.took < AT_ONCE, "{:?} in round {rounds}", answered.took);
            }
        }
        rounds += 1;
    }
    held_up.await.unwrap();
}

/// Waits in vain, as long as the lock is held.
async fn in_vain(linus: Patient, call: crate::harness::RawCall) {
    let refused = linus.call(call, DEADLINE).await.outcome.unwrap_err();
    assert!(REASONS.contains(&refused.as_str()), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_space_holds_up_its_own_callers_alone() {
    on_every_engine(|engine, url| async move {
        if engine == Engine::Sqlite {
            return;
        }
        let app = App::start(&url).await;
        spaces(&app).await;
        let linus = Patient::new(&app, "linus");
        let lock = Lock::on(engine, &url, LOCKED).await;
        others_go_on(&app, in_vain(linus.clone(), join(LOCKED))).await;

        let waiting = tokio::spawn(async move { linus.call(join(LOCKED), LONG).await });
        lock.contended().await;
        let released = Instant::now();
        lock.release().await;
        waiting.await.unwrap().outcome.unwrap();
        assert!(released.elapsed() < AT_ONCE, "{:?}", released.elapsed());
        super::consistent(&app.client().await, LOCKED).await;
        app.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_membership_holds_up_its_own_callers_alone() {
    on_every_engine(|engine, url| async move {
        if engine == Engine::Sqlite {
            return;
        }
        let app = App::start(&url).await;
        spaces(&app).await;
        let linus = Patient::new(&app, "linus");
        linus.call(join(LOCKED), LONG).await.outcome.unwrap();
        let row = format!("space = '{LOCKED}' AND user_id = 'linus'");
        let lock = Lock::on_row(&url, "membership", &row).await;
        others_go_on(&app, in_vain(linus.clone(), leave(LOCKED))).await;

        let released = Instant::now();
        lock.release().await;
        linus.until_granted(|| leave(LOCKED), LONG, REASONS).await;
        assert!(released.elapsed() < AT_ONCE, "{:?}", released.elapsed());
        super::consistent(&app.client().await, LOCKED).await;
        app.stop().await;
    })
    .await;
}
