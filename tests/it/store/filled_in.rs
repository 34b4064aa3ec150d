//! What a step of the schema fills in from what was there before it.

use migrations::{Migrator, MigratorTrait};
use roster::store::{Counting, Store};
use roster_proto::v1::Privacy;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};

use crate::harness::{App, of_service, on_every_engine};

/// More than the steps look at at a time.
const MANY: usize = 1_001;

/// Spaces as the first step keeps them.
fn first_spaces() -> Vec<String> {
    let space = |name: &str, privacy: &str, shown: &str, attributes: &str| {
        format!(
            "('{name}', '{privacy}', '{shown}', 'ada', 'anyone', '{attributes}', 1, 0, 0, 0, 0, 0, 7)"
        )
    };
    let hiding = r#"{"hide_member_count":true,"categories":[7,{"id":8}]}"#;
    let almost = r#"{"hide_member_count":"true","categories":7}"#;
    let mut all = vec![
        space("courses/1", "private", "Ünlü''s ΣΊΣ", hiding),
        space("courses/2", "secret", "Rye", almost),
        space("courses/3", "draft", "", "{}"),
    ];
    all.extend((1..=MANY).map(|n| space(&format!("groups/{n}"), "open", "Brød", "{}")));
    let last = r#"{"hide_member_count":true}"#;
    all.push(space("groups/9999", "open", "LAST", last));
    all
}

const COLUMNS: &str =
    "name, privacy, display_name, creator, contribution, attributes, seq, invited_count,
    requested_count, member_count, manager_count, blocked_count, created_at";

/// A text that this finds, or all of them, one in a line.
async fn texts(database: &DatabaseConnection, sql: &str) -> String {
    let statement = Statement::from_string(database.get_database_backend(), sql);
    let rows = database.query_all_raw(statement).await.unwrap();
    let texts: Vec<String> = rows.iter().map(|row| row.try_get_by(0).unwrap()).collect();
    texts.join("\n")
}

/// One more step of the schema.
async fn step(database: &DatabaseConnection, name: &str) {
    let next = Migrator::get_pending_migrations(database).await.unwrap();
    assert!(next[0].name().contains(name), "{}", next[0].name());
    Migrator::up(database, Some(1)).await.unwrap();
}

/// What courses show.
const SHOWN: &str = "SELECT search_name || '|' || display_name || '|' || attributes
    FROM space_content WHERE space LIKE 'courses/%' ORDER BY space";

/// The second step moves what spaces show, and puts names in lower case.
async fn second(database: &DatabaseConnection) -> String {
    step(database, "000002").await;
    let expected = [
        r#"ünlü's σίς|Ünlü's ΣΊΣ|{"hide_member_count":true,"categories":[7,{"id":8}]}"#,
        r#"rye|Rye|{"hide_member_count":"true","categories":7}"#,
        "||{}",
    ];
    let first_shown = texts(database, SHOWN).await;
    assert_eq!(first_shown, expected.join("\n"));
    let lowered = "SELECT CAST(COUNT(*) AS TEXT) FROM space_content WHERE search_name = 'brød'";
    assert_eq!(texts(database, lowered).await, MANY.to_string());
    let last = "SELECT search_name FROM space_content WHERE space = 'groups/9999'";
    assert_eq!(texts(database, last).await, "last");
    first_shown
}

/// The fourth step reads who hides members, the sixth what spaces are found by.
async fn fourth_and_sixth(database: &DatabaseConnection) {
    step(database, "000003").await;
    step(database, "000004").await;
    let hiding = "SELECT name FROM space WHERE hides_members = 1 ORDER BY name";
    assert_eq!(texts(database, hiding).await, "courses/1\ngroups/9999");

    step(database, "000005").await;
    step(database, "000006").await;
    let terms = "SELECT space || ' ' || kind || ' ' || is_hidden || ' ' || term FROM space_term
                 WHERE space LIKE 'courses/%' OR space = 'groups/9999' ORDER BY space, term";
    let expected = [
        "courses/1 courses 0 #7",
        "courses/1 courses 0 #8",
        "courses/1 courses 0 s",
        "courses/1 courses 0 unlu",
        "courses/1 courses 0 σισ",
        "courses/2 courses 1 rye",
        "groups/9999 groups 0 last",
    ];
    assert_eq!(texts(database, terms).await, expected.join("\n"));
    let counted = "SELECT CAST(COUNT(*) AS TEXT) FROM space_term WHERE term = 'brød'";
    assert_eq!(texts(database, counted).await, MANY.to_string());
}

/// Down again, what spaces show goes back where it was.
async fn back(database: &DatabaseConnection, first_shown: &str) {
    while texts(database, "SELECT version FROM seaql_migrations ORDER BY version")
        .await
        .contains("000003")
    {
        Migrator::down(database, Some(1)).await.unwrap();
    }
    assert_eq!(texts(database, SHOWN).await, first_shown);
    Migrator::down(database, Some(1)).await.unwrap();
    let first = "SELECT display_name || '|' || attributes FROM space WHERE name = 'courses/1'";
    let expected = r#"Ünlü's ΣΊΣ|{"hide_member_count":true,"categories":[7,{"id":8}]}"#;
    assert_eq!(texts(database, first).await, expected);
}

#[tokio::test]
async fn each_step_fills_in_what_was_there_before_it() {
    on_every_engine(|_, url| async move {
        // Makes the file.
        Store::open(&url, 1).await.unwrap().close().await;
        let database = Database::connect(&url).await.unwrap();
        step(&database, "000001").await;
        for spaces in first_spaces().chunks(200) {
            let values = spaces.join(", ");
            let sql = format!("INSERT INTO space ({COLUMNS}) VALUES {values}");
            database.execute_unprepared(&sql).await.unwrap();
        }

        let first_shown = second(&database).await;
        fourth_and_sixth(&database).await;
        Migrator::up(&database, None).await.unwrap();
        // The program makes the same terms of the same content.
        let counting = Counting::open(&url, false).await.unwrap();
        let spaces = counting.page("", 2_000).await.unwrap();
        counting.close().await.unwrap();
        assert_eq!(spaces.len(), MANY + 4);
        for space in spaces {
            let found = (space.found.missing_terms, space.found.stray_terms);
            assert_eq!(found, (0, 0), "{}", space.space);
        }
        back(&database, &first_shown).await;
        database.close().await.unwrap();
    })
    .await;
}

/// What each event and each membership says of what was before it, and of where it came from.
const ORIGINS: &str = "
    SELECT space || ' ' || seq || ' ' || coalesce(origin, '-') || ' ' || coalesce(previous, 0) FROM (
        SELECT space, CAST(seq AS TEXT) AS seq, origin, CAST(previous AS TEXT) AS previous
        FROM membership_event
        UNION ALL
        SELECT space, user_id, origin, NULL FROM membership
    ) AS said ORDER BY 1";

/// What came before it the fourteenth step tells from the history.
#[tokio::test]
async fn a_history_tells_where_everybody_came_from() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create("groups/1", Privacy::Private, "ada", None).await;
        client.invite("ada", "groups/1", &["bob", "eve", "ida", "out"]).await.unwrap();
        for user in ["bob", "rex", "sam", "asks", "out"] {
            client.join(user, "groups/1").await.unwrap();
        }
        client.invite("ada", "groups/1", &["rex"]).await.unwrap();
        client.change_roles("ada", "groups/1", &["sam", "eve", "max"], &[], &[]).await.unwrap();
        client.add("max", "groups/1", &["ann"]).await.unwrap();
        client.leave("bob", "groups/1").await.unwrap();
        client.block("ada", "groups/1", "out").await.unwrap();
        let message = roster_proto::v1::InviteOrAcceptUsersRequest {
            space: "groups/1".into(),
            users: vec!["bob".into(), "zoe".into()],
            ..Default::default()
        };
        client.memberships.clone().invite_or_accept_users(of_service(message)).await.unwrap();
        client.join("bob", "groups/1").await.unwrap();
        client.create("courses/1", Privacy::Open, "ada", None).await;
        client.join("bob", "courses/1").await.unwrap();
        client.transfer("ada", "courses/1", "bob").await.unwrap();
        app.stop().await;
        let database = Database::connect(&url).await.unwrap();
        let sql = match database.get_database_backend() {
            DbBackend::Sqlite => ORIGINS.to_owned(),
            _ => ORIGINS.replace("coalesce(previous, 0)", "coalesce(previous, '0')"),
        };
        let before = texts(&database, &sql).await;
        assert!(before.contains("groups/1 bob invitation service/owner"), "{before}");
        assert!(before.contains("courses/1 bob joined"), "{before}");
        let versions = "SELECT version FROM seaql_migrations ORDER BY version";
        while texts(&database, versions).await.contains("000014") {
            Migrator::down(&database, Some(1)).await.unwrap();
        }
        Migrator::up(&database, None).await.unwrap();
        assert_eq!(texts(&database, &sql).await, before);
        database.close().await.unwrap();
    })
    .await;
}
