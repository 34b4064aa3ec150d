//! A PostgreSQL that takes no changes for a while, as after a failover or with a full disk.

use std::time::Duration;

use roster_proto::v1::Privacy;
use tokio::time::Instant;

use crate::harness::patient::{join, leave, look};
use crate::harness::{App, Beside, Engine, Patient, on_every_engine};

const COURSE: &str = "courses/1";
const RECOVERY: Duration = Duration::from_secs(5);
const UNAVAILABLE: &[&str] = &["STORE_UNAVAILABLE"];

async fn make_read_only(beside: &Beside, url: &str, state: &str) {
    let (_, name) = url.rsplit_once('/').unwrap();
    beside.run(&format!("ALTER DATABASE {name} SET default_transaction_read_only = {state}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_database_is_unavailable_and_writes_come_back_by_themselves() {
    on_every_engine(|engine, url| async move {
        if engine == Engine::Sqlite {
            return;
        }
        let app = App::start(&url).await;
        app.client().await.create(COURSE, Privacy::Open, "ada", None).await;
        let linus = Patient::new(&app, "linus");
        linus.call(join(COURSE), RECOVERY).await.outcome.unwrap();
        let beside = Beside::at(&url).await;
        make_read_only(&beside, &url, "on").await;
        beside.end_sessions().await;

        let began = Instant::now();
        for _ in 0..10 {
            let refused = linus.call(leave(COURSE), RECOVERY).await.outcome;
            assert_eq!(refused, Err("STORE_UNAVAILABLE".to_owned()));
        }
        linus.until_ready_is(503).await;
        assert!(began.elapsed() < RECOVERY, "{:?}", began.elapsed());
        let reads = linus.until_granted(|| look(COURSE), RECOVERY, UNAVAILABLE).await;
        assert!(reads < RECOVERY, "reading goes on");

        // The sessions stay, and so does what they were told when they began.
        make_read_only(&beside, &url, "off").await;
        let (written, ready) = tokio::join!(
            linus.until_granted(|| leave(COURSE), RECOVERY, UNAVAILABLE),
            linus.until_ready_is(200),
        );
        assert!(written < RECOVERY && ready < RECOVERY, "{written:?} and {ready:?}");
        beside.close().await;
        app.stop().await;
    })
    .await;
}
