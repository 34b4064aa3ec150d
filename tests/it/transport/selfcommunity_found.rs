//! Looking for courses and groups, and at those of others. What is hidden is in no list and no count.

use roster::domain::Privacy;
use serde_json::Value;

use super::rest_client::ask;
use super::rest_server::Rest;
use super::selfcommunity::NOT_FOUND;
use crate::harness::on_every_engine;

async fn start(url: &str) -> Rest {
    let rest = Rest::on(url).await;
    for (name, privacy) in [
        ("courses/2", Privacy::Open),
        ("courses/11", Privacy::Private),
        ("courses/12", Privacy::Secret),
        ("courses/13", Privacy::Draft),
        ("groups/2", Privacy::Open),
        ("groups/11", Privacy::Private),
        ("groups/12", Privacy::Secret),
    ] {
        rest.space(name, privacy, "1", "{}").await;
        rest.add(name, "7").await;
    }
    rest
}

/// The ids of a page, and its count.
async fn ids(rest: &Rest, user: &str, path: &str) -> (Vec<i64>, i64) {
    let reply = rest.call(user, "GET", &format!("/api/v2/{path}")).await;
    assert_eq!(reply.status, 200, "{path}: {reply:?}");
    let body = reply.json();
    let results = body["results"].as_array().unwrap().iter();
    let ids = results.map(|row| row["id"].as_i64().unwrap()).collect();
    (ids, body["count"].as_i64().unwrap())
}

fn all(ids: &[i64]) -> (Vec<i64>, i64) {
    (ids.to_vec(), ids.len() as i64)
}

#[tokio::test]
async fn a_search_finds_what_the_caller_sees() {
    on_every_engine(|_, url| async move {
        let rest = start(&url).await;
        let rows = [
            ("9", "course/search/", all(&[11, 2])),
            ("7", "course/search/", all(&[12, 11, 2])),
            ("1", "course/search/", all(&[13, 12, 11, 2])),
            ("1", "course/search/?ordering=id", all(&[2, 11, 12, 13])),
            ("1", "course/search?search=BREA&limit=2&offset=1", (vec![12, 11], 4)),
            ("1", "course/search/?search=rye", all(&[])),
            ("1", "course/search/?search=read", all(&[])),
            ("1", "course/search/?search=%20", all(&[13, 12, 11, 2])),
            ("1", "course/search/?search=br%20b&ordering=id", all(&[2, 11, 12, 13])),
            ("1", "course/search/?statuses=creator&search=bre", all(&[13, 12, 11, 2])),
            ("1", "course/search/?statuses=creator&search=%25", all(&[])),
            ("1", "group/?search=bre", all(&[12, 11, 2])),
            ("1", "group/?search=rea", all(&[])),
            ("1", "group/?search=bread+x", all(&[])),
            ("9", "course/search/?search=bread", all(&[11, 2])),
            ("9", "course/search/?search=bread&limit=1&offset=1", (vec![2], 2)),
            ("1", "course/search/?offset=50", (vec![], 4)),
            ("7", "course/search/?statuses=joined", all(&[12, 11, 2])),
            ("7", "course/search/?statuses=joined&ordering=id", all(&[2, 11, 12])),
            (
                "1",
                "course/search/?statuses=creator&ordering=id&limit=2&offset=1",
                (vec![11, 12], 4),
            ),
            ("7", "course/search/?statuses=creator", all(&[])),
            ("9", "group/search/", all(&[11, 2])),
            ("9", "group/search/?ordering=id", all(&[2, 11])),
            ("7", "group/search/?search=bread", all(&[12, 11, 2])),
        ];
        for (user, path, expected) in rows {
            assert_eq!(ids(&rest, user, path).await, expected, "{user} {path}");
        }
        let found = rest.call("7", "GET", "/api/v2/course/search/?limit=1").await.json();
        assert_eq!(found["results"][0]["join_status"], "joined");
        // Whoever is blocked sees what everybody sees.
        rest.block("courses/12", "7").await;
        rest.block("courses/11", "7").await;
        assert_eq!(ids(&rest, "7", "course/search/").await, all(&[11, 2]));
    })
    .await;
}

#[tokio::test]
async fn spaces_are_found_by_category_and_by_what_they_are_called_now() {
    on_every_engine(|_, url| async move {
        let rest = Rest::on(&url).await;
        for (name, privacy, attributes) in [
            ("courses/1", Privacy::Open, r#"{"categories":[7]}"#),
            ("courses/2", Privacy::Private, r#"{"categories":[{"id":8,"name":"x"},7]}"#),
            ("courses/3", Privacy::Secret, r#"{"categories":[7,8]}"#),
            ("courses/4", Privacy::Open, r#"{"categories":["7",77]}"#),
            ("groups/5", Privacy::Open, r#"{"categories":[7]}"#),
        ] {
            rest.space(name, privacy, "1", attributes).await;
        }
        let found = [
            ("9", "course/search/?categories=7", all(&[2, 1])),
            ("9", "course/search/?categories[]=7&categories[]=8", all(&[2, 1])),
            ("9", "course/search/?categories=[8]&ordering=id", all(&[2])),
            ("9", "course/search/?categories=8&search=bread", all(&[2])),
            ("9", "course/search/?categories=8&search=rye", all(&[])),
            ("9", "course/search/?categories=77,78", all(&[4])),
            ("9", "course/search/?categories=9", all(&[])),
            ("9", "group/search/?categories=7", all(&[5])),
            ("1", "course/search/?categories=8", all(&[3, 2])),
            ("1", "course/search/?statuses=creator&categories=8", all(&[3, 2])),
            ("1", "group/?categories=7", all(&[5])),
            ("1", "group/?categories=8", all(&[])),
        ];
        for (user, path, expected) in found {
            assert_eq!(ids(&rest, user, path).await, expected, "{user} {path}");
        }
        // Found by nothing that is no longer so, and by no one who may not see it now.
        let change = r#"{"name":"Rye Ünlü","categories":[9],"type":"self-paced"}"#;
        assert_eq!(rest.call_json("1", "PATCH", "/api/v2/course/1/", change).await.status, 200);
        let hide = r#"{"privacy":"secret"}"#;
        assert_eq!(rest.call_json("1", "PATCH", "/api/v2/course/2/", hide).await.status, 200);
        let found = [
            ("9", "course/search/?categories=7", all(&[])),
            ("9", "course/search/?search=bread", all(&[4])),
            ("9", "course/search/?search=unl+RY", all(&[1])),
            ("9", "course/search/?categories=9,7", all(&[1])),
            ("1", "course/search/?categories=7", all(&[3, 2])),
        ];
        for (user, path, expected) in found {
            assert_eq!(ids(&rest, user, path).await, expected, "{user} {path}");
        }
        assert_eq!(rest.call("1", "DELETE", "/api/v2/course/1/").await.status, 204);
        assert_eq!(ids(&rest, "9", "course/search/?search=rye").await, all(&[]));
        rest.stop().await;
    })
    .await;
}

#[tokio::test]
async fn of_another_user_is_shown_what_their_spaces_show() {
    on_every_engine(|_, url| async move {
        let rest = start(&url).await;
        rest.space("courses/14", Privacy::Open, "1", r#"{"hide_member_count":true}"#).await;
        rest.add("courses/14", "7").await;
        let rows = [
            ("9", "user/7/courses/", all(&[11, 2])),
            ("7", "user/7/courses", all(&[14, 12, 11, 2])),
            ("1", "user/7/courses/", all(&[14, 13, 12, 11, 2])),
            ("7", "user/1/courses/", all(&[])),
            ("7", "user/1/courses/?statuses=creator", all(&[12, 11, 2])),
            ("9", "user/1/courses/?statuses=creator,joined&limit=1", (vec![11], 2)),
            ("9", "user/8/courses/", all(&[])),
            // In a private group its members alone see who belongs.
            ("9", "user/7/groups/", all(&[2])),
            ("7", "user/1/groups/", all(&[12, 11, 2])),
        ];
        for (user, path, expected) in rows {
            assert_eq!(ids(&rest, user, path).await, expected, "{user} {path}");
        }
        let course = |body: &Value| body["results"][0].clone();
        let open = course(&rest.call("9", "GET", "/api/v2/user/7/courses/?offset=1").await.json());
        assert_eq!((&open["member_count"], &open["join_status"]), (&2.into(), &Value::Null));
        let hiding = course(&rest.call("7", "GET", "/api/v2/user/7/courses/").await.json());
        assert_eq!(hiding["member_count"], 0);
    })
    .await;
}

#[tokio::test]
async fn managers_have_two_more_views_of_a_course() {
    let rest = Rest::start().await;
    let attributes = r#"{"sections":[{"id":1}],"num_lessons":3,"avg_completion_rate":40}"#;
    rest.space("courses/12", Privacy::Private, "1", attributes).await;
    let path = |view: &str| format!("/api/v2/course/12/?view={view}");
    let edit = rest.call("1", "GET", &path("edit")).await.json();
    assert_eq!((&edit["num_lessons"], &edit["sections"][0]["id"]), (&3.into(), &1.into()));
    let dashboard = rest.call("1", "GET", &path("dashboard")).await.json();
    assert_eq!((&dashboard["avg_completion_rate"], dashboard.get("sections")), (&40.into(), None));
    for view in ["edit", "dashboard"] {
        assert_eq!(rest.call("7", "GET", &path(view)).await.status, 403, "{view}");
    }
    for view in ["EDIT", "all", "%00"] {
        assert_eq!(rest.call("1", "GET", &path(view)).await.status, 400, "{view}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_told() {
    let rest = Rest::start().await;
    let (long, many) = ("x".repeat(256), "9".repeat(400));
    let rows = [
        "course/search/?search=%00".to_owned(),
        format!("course/search/?search={long}"),
        "course/search/?ordering=name".into(),
        "course/search/?statuses=member".into(),
        "course/search/?categories=x".into(),
        "course/search/?categories=0".into(),
        "course/search/?categories[]=1&categories[]=1e3".into(),
        "group/search/?categories=9223372036854775808".into(),
        "group/?categories=-1".into(),
        "course/search/?offset=1000001".into(),
        "group/search/?search=%00".into(),
        "group/search/?ordering=%27".into(),
        "user/7/courses/?statuses=invited".into(),
        "user/7/courses/?offset=1000001".into(),
    ];
    for path in rows {
        let reply = rest.call("1", "GET", &format!("/api/v2/{path}")).await;
        assert_eq!(reply.status, 400, "{path:.60}: {reply:?}");
    }
    for path in ["course/search/", "group/search/", "user/7/courses/", "user/7/groups/"] {
        for window in ["limit=undefined&offset=NaN", "limit=-1&offset=-1", "limit=%00&offset=1e3"] {
            assert_eq!(ids(&rest, "1", &format!("{path}?{window}")).await, all(&[]));
        }
        let call = ask("GET", &format!("/api/v2/{path}"));
        assert_eq!(rest.send(call).await.status, 401, "{path}");
    }
    for id in ["0", "-1", "9223372036854775808", "1e3", "1.0", "true", "null", "%00", "me", &many] {
        for list in ["courses/", "groups/"] {
            rest.call("1", "GET", &format!("/api/v2/user/{id}/{list}")).await.is(404, NOT_FOUND);
        }
    }
    for search in ["%25", "_", "%5C", "'", "%ff", "%E2%80%AE"] {
        assert_eq!(ids(&rest, "1", &format!("course/search/?search={search}")).await, all(&[]));
    }
}
