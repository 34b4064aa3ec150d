//! A change that the database has made and whose answer got lost. Nobody can know that, so it is not
//! tried again: what it would then come to is not what it came to.

use std::time::Duration;

use roster_proto::v1::{MembershipStatus as Status, Privacy};

use crate::harness::patient::leave;
use crate::harness::{App, Beside, Cable, Engine, LOST, Patient, on_every_engine};

const COURSE: &str = "courses/1";
const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_answer_is_lost_is_made_once_and_told_to_be_in_doubt() {
    on_every_engine(|engine, url| async move {
        if engine == Engine::Sqlite {
            return;
        }
        let cable = Cable::to(&url).await;
        let app = App::start(&cable.url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Secret, "ada", None).await;
        client.add("ada", COURSE, &["linus", "grace", "kurt"]).await.unwrap();
        let before = client.events(COURSE).await.len();
        let beside = Beside::at(&url).await;
        let loses = format!(
            "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql
                 AS $$ BEGIN RAISE NOTICE '{LOST}'; RETURN NULL; END $$;
             CREATE TRIGGER lose AFTER INSERT ON membership_event
                 FOR EACH STATEMENT EXECUTE FUNCTION lose()"
        );
        beside.run(&loses).await;
        // A statement that commits itself, and then a transaction.
        let in_doubt = Err("STORE_UNAVAILABLE".to_owned());
        let linus = Patient::new(&app, "linus");
        assert_eq!(linus.call(leave(COURSE), PATIENCE).await.outcome, in_doubt);
        let roles = client.change_roles("ada", COURSE, &["grace"], &[], &["kurt"]).await;
        assert_eq!(roles, in_doubt);
        beside.run("DROP TRIGGER lose ON membership_event").await;
        beside.close().await;
        let now = [("linus", Status::Absent), ("grace", Status::Manager), ("kurt", Status::Absent)];
        for (user, status) in now {
            assert_eq!(client.status(COURSE, user).await, status, "{user}");
        }
        assert_eq!(client.events(COURSE).await.len(), before + 3);
        crate::ledger::consistent(&client, COURSE).await;
        app.stop().await;
    })
    .await;
}
