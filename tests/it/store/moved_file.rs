//! A SQLite file that goes away under the server. What is written to it then would be lost.

use std::fs::{exists, remove_file, rename};
use std::path::PathBuf;
use std::time::Duration;

use roster_proto::v1::{MembershipStatus as Status, Privacy};
use tokio::time::Instant;

use crate::harness::patient::{join, leave, look};
use crate::harness::{App, Patient};

const COURSE: &str = "courses/1";
const RECOVERY: Duration = Duration::from_secs(5);

/// A server that has read and written, and its file.
async fn at_work() -> (App, Patient, PathBuf, tempfile::TempDir) {
    let (app, directory) = App::on_sqlite().await;
    app.client().await.create(COURSE, Privacy::Open, "ada", None).await;
    let linus = Patient::new(&app, "linus");
    for call in [join(COURSE), look(COURSE)] {
        linus.call(call, RECOVERY).await.outcome.unwrap();
    }
    let file = directory.path().join("roster.db");
    (app, linus, file, directory)
}

/// Every call says so, readiness says so, and no other file is made.
async fn is_unavailable(linus: &Patient, file: &PathBuf) {
    let began = Instant::now();
    for call in [leave(COURSE), look(COURSE), join(COURSE), join("courses/2"), look(COURSE)] {
        let refused = linus.call(call.clone(), RECOVERY).await.outcome;
        assert_eq!(refused, Err("STORE_UNAVAILABLE".to_owned()), "{}", call.0);
    }
    linus.until_ready_is(503).await;
    assert!(began.elapsed() < RECOVERY, "{:?}", began.elapsed());
    assert!(!exists(file).unwrap(), "the file was made anew");
}

#[tokio::test]
async fn a_sqlite_file_that_is_deleted_is_not_made_anew() {
    let (app, linus, file, _directory) = at_work().await;
    remove_file(&file).unwrap();
    is_unavailable(&linus, &file).await;
    app.stop().await;
    assert!(!exists(&file).unwrap(), "the file was made anew while stopping");
}

#[tokio::test]
async fn a_sqlite_file_that_is_put_back_works_again() {
    let (app, linus, file, _directory) = at_work().await;
    let away = file.with_extension("away");
    rename(&file, &away).unwrap();
    is_unavailable(&linus, &file).await;
    rename(&away, &file).unwrap();
    let reasons = &["STORE_UNAVAILABLE"];
    let (written, read, ready) = tokio::join!(
        linus.until_granted(|| leave(COURSE), RECOVERY, reasons),
        linus.until_granted(|| look(COURSE), RECOVERY, reasons),
        linus.until_ready_is(200),
    );
    assert!(written.max(read).max(ready) < RECOVERY, "{written:?}, {read:?}, {ready:?}");
    app.stop().await;
    let again = App::start(&format!("sqlite:{}", file.display())).await;
    let client = again.client().await;
    assert_eq!(client.status(COURSE, "linus").await, Status::Absent);
    assert_eq!(client.events(COURSE).await.len(), 3, "created, joined, left");
    again.stop().await;
}

#[tokio::test]
async fn another_sqlite_file_in_the_same_place_is_not_taken_for_the_first() {
    let (app, linus, file, directory) = at_work().await;
    let other = directory.path().join("other.db");
    App::start(&format!("sqlite:{}", other.display())).await.stop().await;
    rename(&other, &file).unwrap();
    for call in [leave(COURSE), look(COURSE)] {
        let refused = linus.call(call.clone(), RECOVERY).await.outcome;
        assert_eq!(refused, Err("STORE_UNAVAILABLE".to_owned()), "{}", call.0);
    }
    linus.until_ready_is(503).await;
    app.stop().await;
}
