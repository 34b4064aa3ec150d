//! A link that lets nobody in costs a stranger what no link costs them: otherwise the duration would tell that
//! there is a space.

use roster_proto::v1::{self as pb, Privacy};

use super::rows_read::{TABLES, rows_read};
use crate::harness::{App, Beside, Engine, link_for, new_link, of, on_every_engine};

const SECRET: &str = "courses/1";
const OTHER: &str = "courses/2";

/// The rows read when a stranger joins by this link, and looks at the space.
async fn cost(url: &str, beside: &Beside, link: &str) -> i64 {
    let before = rows_read(beside).await;
    let app = App::with_one_reader(url).await;
    let client = app.client().await;
    let refused = client.join_by("eve", SECRET, link).await;
    assert_eq!(refused, Err("SPACE_NOT_FOUND".to_owned()));
    let see = pb::GetSpaceRequest { name: SECRET.into(), link: link.into() };
    client.spaces.clone().get_space(of("eve", see)).await.unwrap_err();
    drop(client);
    app.stop().await;
    rows_read(beside).await - before
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rows_read_do_not_depend_on_whether_a_dead_link_was_ever_alive() {
    on_every_engine(|engine, url| async move {
        if engine == Engine::Sqlite {
            return;
        }
        let app = App::start(&url).await;
        let client = app.client().await;
        for space in [SECRET, OTHER] {
            client.create(space, Privacy::Secret, "ada", None).await;
        }
        let (_, used_up) = client.create_link("ada", link_for(SECRET, 1)).await.unwrap();
        client.join_by("one", SECRET, &used_up).await.unwrap();
        let (id, revoked) = client.create_link("ada", new_link(SECRET)).await.unwrap();
        client.revoke_link("ada", SECRET, id).await.unwrap();
        let (_, foreign) = client.create_link("ada", new_link(OTHER)).await.unwrap();
        let (over_id, over) = client.create_link("ada", new_link(SECRET)).await.unwrap();
        drop(client);
        app.stop().await;
        let beside = Beside::at(&url).await;
        for table in TABLES {
            beside.run(&format!("ALTER TABLE {table} SET (autovacuum_enabled = off)")).await;
        }
        let over_now =
            format!("UPDATE invite_link SET until = 1, live_until = 1 WHERE id = {over_id}");
        beside.run(&over_now).await;
        for table in TABLES {
            // Little is not worth tidying up otherwise, and what nobody sees any more would be come by.
            beside.run(&format!("VACUUM (INDEX_CLEANUP ON) {table}")).await;
        }
        // What a session has read counts when it ends.
        beside.close().await;
        let beside = Beside::at(&url).await;
        let unknown = cost(&url, &beside, "unknown").await;
        for (what, link) in
            [("used up", used_up), ("revoked", revoked), ("foreign", foreign), ("over", over)]
        {
            assert_eq!(cost(&url, &beside, &link).await, unknown, "rows read, {what}");
        }
        beside.close().await;
    })
    .await;
}
