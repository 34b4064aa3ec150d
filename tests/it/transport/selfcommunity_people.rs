//! People on the course and group surface: lists show who they are, and they can be looked up and found.

use roster::domain::Privacy;
use roster_proto::v1 as pb;
use serde_json::{Value, json};

use super::people::{delete, put, word};
use super::rest_server::Rest;
use super::selfcommunity::NOT_FOUND;
use crate::harness::Engine;

/// 7 is known in all detail, 8 by name alone, 9 is gone, and of 10 nothing is known.
async fn some_people(rest: &Rest) {
    let tag = pb::PersonTag {
        id: 3,
        title: "Baker".into(),
        description: "bakes".into(),
        color: "#ff8800".into(),
    };
    let ada = pb::Person {
        username: "ada".into(),
        avatar: "https://cdn.example.org/7.png".into(),
        external_id: Some(42),
        join_time: Some(prost_types::Timestamp { seconds: 951_782_400, nanos: 0 }),
        locale: "en-GB".into(),
        bio: "one\ntwo".into(),
        location: "Torino".into(),
        description: "a baker".into(),
        gender: "Female".into(),
        website: "https://ada.example.org".into(),
        tags: vec![tag],
        reputation: 5,
        ..word("7", 1, "Ada Ünlü")
    };
    let client = rest.client().await;
    put(&client, vec![ada, word("8", 1, "Adam"), word("9", 1, "Ada Gone")]).await;
    delete(&client, "9", 2).await;
}

fn ada() -> Value {
    json!({
        "id": 7, "username": "ada", "real_name": "Ada Ünlü", "ext_id": 42,
        "avatar": "https://cdn.example.org/7.png", "date_joined": "2000-02-29T00:00:00.000Z",
        "bio": "one\ntwo", "location": "Torino", "description": "a baker", "gender": "Female",
        "language": "en", "website": "https://ada.example.org", "reputation": 5,
        "tags": [{ "id": 3, "name": "Baker", "description": "bakes", "color": "#ff8800",
            "deleted": false }],
        "community_badge": false, "deleted": false,
    })
}

#[tokio::test]
async fn lists_show_people_as_far_as_they_are_known() {
    let rest = Rest::start().await;
    some_people(&rest).await;
    rest.space("courses/12", Privacy::Private, "7", "{}").await;
    rest.space("groups/3", Privacy::Open, "7", "{}").await;
    let users = r#"{"users":[8,9,10]}"#;
    let roles = r#"{"joined":[8,9,10]}"#;
    rest.call_json("7", "POST", "/api/v2/course/12/role/", roles).await.is(204, "");
    rest.call_json("7", "POST", "/api/v2/group/3/subscribe/", users).await.is(204, "");
    let results = async |path: &str| rest.call("7", "GET", path).await.json()["results"].clone();
    let minimal = |id: i64, username: &str, real_name: &str, deleted: bool| {
        json!({ "id": id, "username": username, "real_name": real_name, "avatar": "",
            "community_badge": false, "deleted": deleted })
    };
    let expected = json!([
        minimal(10, "10", "", false),
        minimal(8, "8", "Adam", false),
        minimal(9, "9", "", true),
    ]);
    assert_eq!(results("/api/v2/course/12/join/").await, expected);
    let reduced = |id: i64, username: &str, real_name: &str, avatar: &str, ext_id: Value| {
        json!({ "id": id, "username": username, "real_name": real_name, "avatar": avatar,
            "ext_id": ext_id })
    };
    let expected = json!([
        reduced(10, "10", "", "", Value::Null),
        reduced(7, "ada", "Ada Ünlü", "https://cdn.example.org/7.png", json!(42)),
        reduced(8, "8", "Adam", "", Value::Null),
        reduced(9, "9", "", "", Value::Null),
    ]);
    assert_eq!(results("/api/v2/group/3/subscribe/").await, expected);
    rest.call_json("7", "POST", "/api/v2/course/12/invite/", r#"{"users":[11]}"#).await;
    let invited = results("/api/v2/course/12/invite/").await;
    assert_eq!(invited, json!([reduced(11, "11", "", "", Value::Null)]));
    for path in ["/api/v2/group/3/", "/api/v2/group/"] {
        let group = rest.call("7", "GET", path).await.json();
        let group = group.get("results").map_or(&group, |results| &results[0]);
        assert_eq!((&group["created_by"], &group["managed_by"]), (&ada(), &ada()), "{path}");
    }
    let course = rest.call("8", "GET", "/api/v2/course/12/").await.json();
    assert_eq!(course["created_by"]["real_name"], "Ada Ünlü");
    let own = results("/api/v2/course/?statuses=creator").await;
    assert_eq!(own[0]["created_by"]["username"], "ada");
}

#[tokio::test]
async fn requests_show_when_people_came_if_that_is_known() {
    let rest = Rest::start().await;
    some_people(&rest).await;
    rest.space("courses/12", Privacy::Private, "1", "{}").await;
    for user in ["7", "10"] {
        rest.call(user, "POST", "/api/v2/course/12/join/").await;
    }
    let requests = rest.call("1", "GET", "/api/v2/course/12/request_join/").await.json();
    let results = requests["results"].as_array().unwrap();
    assert_eq!(results[1], ada());
    let mut unknown = results[0].as_object().unwrap().clone();
    assert!(unknown.remove("date_joined").unwrap().as_str().unwrap().ends_with('Z'));
    let expected =
        json!({ "id": 10, "username": "10", "real_name": "", "ext_id": null, "avatar": "" });
    assert_eq!(Value::from(unknown), expected);
    // By id, as ever, or by name.
    for (search, ids) in [("0", vec![10]), ("ad+unlu", vec![7]), ("7", vec![7]), ("unlu+x", vec![])]
    {
        let path = format!("/api/v2/course/12/request_join/?search={search}");
        let found = rest.call("1", "GET", &path).await.json();
        let found: Vec<_> =
            found["results"].as_array().unwrap().iter().map(|it| &it["id"]).collect();
        assert_eq!(
            found,
            ids.iter().map(|id| json!(id)).collect::<Vec<_>>().iter().collect::<Vec<_>>()
        );
    }
}

#[tokio::test]
async fn people_are_looked_up_by_id() {
    let rest = Rest::start().await;
    some_people(&rest).await;
    for path in ["/api/v2/user/7/", "/api/v2/user/7"] {
        assert_eq!(rest.call("10", "GET", path).await.json(), ada());
    }
    assert_eq!(rest.call("7", "GET", "/api/v2/user/me/").await.json(), ada());
    let unknown = r#"{"id":10,"username":"10","real_name":"","ext_id":null,"avatar":""}"#;
    rest.call("10", "GET", "/api/v2/user/me/").await.is(200, unknown);
    rest.call("9", "GET", "/api/v2/user/me/").await.is(404, NOT_FOUND);
    let ids = ["9", "10", "0", "-1", "9223372036854775808", "07", "x", "%20", "%00", "7%2f8", "é"];
    for id in ids {
        rest.call("7", "GET", &format!("/api/v2/user/{id}/")).await.is(404, NOT_FOUND);
    }
}

#[tokio::test]
async fn people_are_found_by_name() {
    let rest = Rest::start().await;
    some_people(&rest).await;
    let found = async |query: &str| {
        let body = rest.call("10", "GET", &format!("/api/v2/user/search/?{query}")).await.json();
        let ids = body["results"].as_array().unwrap().iter().map(|user| user["id"].clone());
        (body["count"].as_i64().unwrap(), ids.collect::<Vec<_>>(), body["next"].clone())
    };
    for (query, ids) in [
        ("user=ada", vec![7, 8]),
        ("user=ADA+un", vec![7]),
        ("real_name=adam", vec![8]),
        ("username=ada&real_name=unlu", vec![7]),
        ("user=adam&username=zzz", vec![8]),
        ("user=ada&limit=undefined&offset=x", vec![7, 8]),
        ("", vec![7, 8]),
        ("user=", vec![7, 8]),
        ("user=gone", vec![]),
        ("user=%25", vec![]),
        ("user=%27%22--", vec![]),
    ] {
        let ids: Vec<Value> = ids.into_iter().map(Value::from).collect();
        assert_eq!(found(query).await, (ids.len() as i64, ids, Value::Null), "{query}");
    }
    let next = format!("{}/api/v2/user/search/?user=ada&limit=1&offset=1", rest.url());
    let first = found("user=ada&limit=1").await;
    assert_eq!((first.0, first.1), (2, vec![json!(7)]));
    assert!(first.2.as_str().unwrap().starts_with(&format!("{next}&after=")));
    assert_eq!(found("user=ada&limit=1&offset=1").await, (2, vec![json!(8)], Value::Null));
    assert_eq!(found("user=ada&offset=1000000").await, (2, vec![], Value::Null));
    let longer = format!("user={}", "a".repeat(256));
    let refused = [
        ("user=%00", "user"),
        (&longer, "user"),
        ("real_name=%00", "real_name"),
        ("offset=1000001", "offset"),
        ("user=ada&gender=Male", "gender"),
        ("tag=3", "tag"),
    ];
    for (query, field) in refused {
        let reply = rest.call("10", "GET", &format!("/api/v2/user/search/?{query}")).await;
        assert_eq!((reply.status, &reply.json()["errors"][0]["field"]), (400, &json!(field)));
    }
}

#[tokio::test]
async fn both_databases_show_the_same() {
    crate::harness::on_every_engine(|engine, url| async move {
        if engine == Engine::Sqlite {
            return;
        }
        let rest = Rest::on(&url).await;
        some_people(&rest).await;
        rest.space("groups/3", Privacy::Open, "7", "{}").await;
        let group = rest.call("10", "GET", "/api/v2/group/3/").await.json();
        assert_eq!(group["created_by"], ada());
        let found = rest.call("10", "GET", "/api/v2/user/search/?user=UNLU+ad").await.json();
        assert_eq!((&found["count"], &found["results"]), (&json!(1), &json!([ada()])));
        rest.stop().await;
    })
    .await;
}
