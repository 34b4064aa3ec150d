//! Files of other systems.

use super::import::{Place, assert_sound, export, import, migrate};

const GROUP: &str = "0b1c7f0e-8a53-4d2b-9d55-0a4c2f0f8d11";
const COMMUNITY: &str = "communities/0b1c7f0e8a534d2b9d550a4c2f0f8d11";

async fn database(place: &Place) -> String {
    let url = format!("sqlite:{}", place.path("roster.db").display());
    migrate(&url).await;
    url
}

/// Who is what, as the export says it.
async fn memberships(url: &str, place: &Place) -> Vec<String> {
    let text = String::from_utf8(export(url, &place.path("out.jsonl")).await).unwrap();
    let value = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
    let rows = text.lines().map(value).filter_map(|line| line.get("membership").cloned());
    let shown = |row: serde_json::Value| {
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        format!("{} {} {} {}", text("space"), text("user"), text("status"), row["joined_at"])
    };
    rows.map(shown).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_nakama() {
    let place = Place::new();
    let url = database(&place).await;
    let row =
        |user: &str, state: u8| format!("{GROUP},1,2026-05-01 10:00:00+00,user-{user},{state}\n");
    let header = "source_id,position,update_time,destination_id,state\n";
    let rows =
        [row("b", 2), row("a", 0), row("c", 1), row("d", 3), row("e", 4), row("f", 0), row("g", 9)];
    let file = place.file("edges.csv", format!("{header}{}", rows.concat()));
    let more = ["--from", "nakama", "--make-spaces", "private"];
    let (found, said, done) = import(&url, &file, &more).await;
    assert_eq!(found, ["line 8: nothing is said of the status \"9\""], "{said}");
    assert!(!done && said.contains("1 spaces, 6 memberships"), "{said}");
    let at = 1_777_629_600_000_i64;
    let expected = [
        ("a", "creator", true),
        ("b", "member", true),
        ("c", "manager", true),
        ("d", "requested", false),
        ("e", "blocked", false),
        ("f", "manager", true),
    ];
    let found = memberships(&url, &place).await;
    for (row, (user, status, sits)) in found.iter().zip(expected) {
        let begins = format!("{COMMUNITY} user-{user} {status} ");
        assert!(row.starts_with(&begins), "{row}");
        assert!(status == "creator" || row.ends_with(&at.to_string()) == sits, "{row}");
    }
    assert_eq!(found.len(), 6);
    let (_, said, _) = import(&url, &file, &more).await;
    assert!(said.contains("0 spaces, 0 memberships, 0 people, 7 unchanged"), "{said}");
    // The whole table has each membership in both directions.
    let user = "11111111-8a53-4d2b-9d55-0a4c2f0f8d11";
    let both = format!("{header}{GROUP},1,,{user},0\n{user},1,,{GROUP},0\n");
    let (_, said, done) = import(&url, &place.file("both.csv", both), &more).await;
    assert!(!done && said.contains("in both directions"), "{said}");
    assert_sound(&url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_discourse() {
    let place = Place::new();
    let url = database(&place).await;
    let table = "id,group_id,user_id,created_at,owner\n1,41,7,2026-05-01 10:00:00.5,f\n\
                 2,41,8,2026-05-01 10:00:00,t\n3,41,9,,t\n4,42,7,,f\n";
    let file = place.file("group_users.csv", table);
    let (found, _, _) =
        import(&url, &file, &["--from", "discourse", "--make-spaces", "open"]).await;
    assert_eq!(found, ["line 5: the space has no creator here: say --creator"]);
    let found = memberships(&url, &place).await;
    assert_eq!(found.len(), 3);
    assert!(found[0].starts_with("groups/41 7 member 1777629600500"), "{found:?}");
    assert!(found[1].starts_with("groups/41 8 creator"), "{found:?}");
    assert!(found[2].starts_with("groups/41 9 manager"), "{found:?}");
    assert_sound(&url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_selfcommunity() {
    let place = Place::new();
    let url = database(&place).await;
    let page = r#"{"count":3,"next":null,"previous":null,"results":[
        {"id":7,"username":"ada","real_name":"Ada","avatar":null,"ext_id":"44","join_status":"manager",
         "joined_at":"2026-05-01T10:00:00Z"},
        {"id":8,"username":"linus","community_badge":false},{"id":-1,"username":"x"}]}"#;
    let file = place.file("pages.json", page.replace('\n', ""));
    let (_, said, _) = import(&url, &file, &["--from", "selfcommunity"]).await;
    assert!(said.contains("--space must name the space"), "{said}");
    let more = [
        "--from",
        "selfcommunity",
        "--space",
        "courses/3",
        "--make-spaces",
        "private",
        "--creator",
        "1",
    ];
    let (found, said, _) = import(&url, &file, &more).await;
    assert_eq!(found, ["line 1: user -1: the id is not positive"]);
    assert!(said.contains("1 spaces, 3 memberships, 2 people"), "{said}");
    let found = memberships(&url, &place).await;
    assert!(found[1] == "courses/3 7 manager 1777629600000", "{found:?}");
    assert!(found[2].starts_with("courses/3 8 member"), "{found:?}");
    let (_, said, _) = import(&url, &file, &more).await;
    assert!(said.contains("0 spaces, 0 memberships, 0 people, 5 unchanged"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn any_table_with_a_mapping() {
    let place = Place::new();
    let url = database(&place).await;
    let table =
        "who,\"what, it is\",team\nada,boss,5\n\"li\"\"nus\",boss,5\nlinus,guest,5\nbob,,5\n";
    let file = place.file("table.csv", table);
    let mapping = place.file(
        "mapping.toml",
        "space = \"team\"\nspace_prefix = \"groups/\"\nuser = \"who\"\nstatus = \"what, it is\"\n\
         [statuses]\nboss = \"creator\"\nguest = \"invited\"\n",
    );
    let mapping = mapping.to_str().unwrap();
    let more = ["--mapping", mapping, "--make-spaces", "open", "--status", "member"];
    let (found, said, _) = import(&url, &file, &more).await;
    assert_eq!(found, ["line 3: \"li\\\"nus\" is no user's id"], "{said}");
    let found = memberships(&url, &place).await;
    let shown: Vec<_> = found.iter().map(|row| row.rsplit_once(' ').unwrap().0).collect();
    assert_eq!(shown, ["groups/5 ada creator", "groups/5 bob member", "groups/5 linus invited"]);
    let wrong = place.file("wrong.toml", "user = \"nobody\"\n");
    let more = ["--mapping", wrong.to_str().unwrap(), "--space", "groups/5"];
    let (_, said, _) = import(&url, &file, &more).await;
    assert!(said.contains("line 1: there is no column \"nobody\""), "{said}");
}
