//! Whom one could invite, what one could join, and who follows a course.

use roster::domain::Privacy;
use serde_json::{Value, json};

use super::people::{delete, put, word};
use super::rest_client::ask;
use super::rest_server::Rest;
use super::selfcommunity::NOT_FOUND;
use crate::harness::{Beside, on_every_engine};

const NEVER: i64 = 999;

/// The ids of a page, and its count.
async fn ids(rest: &Rest, user: &str, path: &str) -> (Vec<i64>, i64) {
    let reply = rest.call(user, "GET", &format!("/api/v2/{path}")).await;
    assert_eq!(reply.status, 200, "{path}: {reply:?}");
    let body = reply.json();
    let results = body["results"].as_array().unwrap().iter();
    let ids = results.map(|row| row["id"].as_i64().unwrap_or(NEVER)).collect();
    (ids, body["count"].as_i64().unwrap())
}

fn all(ids: &[i64]) -> (Vec<i64>, i64) {
    (ids.to_vec(), ids.len() as i64)
}

/// A course and a group of 1, in which 2 manages, 3 belongs, 4 is invited and 5 is blocked; a directory
/// that knows 1 to 9, of whom 8 is gone.
async fn start(url: &str) -> Rest {
    let rest = Rest::on(url).await;
    let client = rest.client().await;
    let names = [
        ("1", "Rosa"),
        ("2", "Ada"),
        ("3", "Adam"),
        ("4", "Ada Ann"),
        ("5", "Adele"),
        ("6", "Ann Adams"),
        ("7", "Ünal Ada"),
        ("8", "Ada"),
        ("9", "Bo"),
    ];
    put(&client, names.map(|(user, name)| word(user, 1, name)).to_vec()).await;
    delete(&client, "8", 2).await;
    for name in ["courses/12", "groups/12"] {
        rest.space(name, Privacy::Private, "1", "{}").await;
        rest.make_manager(name, "2").await;
        rest.add(name, "3").await;
        rest.block(name, "5").await;
    }
    for space in ["course", "group"] {
        let path = format!("/api/v2/{space}/12/invite/");
        rest.call_json("1", "POST", &path, r#"{"users":[4]}"#).await.is(204, "");
    }
    rest
}

#[tokio::test]
async fn managers_are_told_whom_they_could_invite() {
    on_every_engine(|_, url| async move {
        let rest = start(&url).await;
        for space in ["course", "group"] {
            let path = |rest: &str| format!("{space}/12/user/{rest}");
            for (query, expected) in [
                ("", all(&[6, 7, 9])),
                ("?search=", all(&[6, 7, 9])),
                ("?search=ADA", all(&[7, 6])),
                ("?search=ada+un", all(&[7])),
                ("?search=bo&limit=undefined&offset=x", all(&[9])),
                ("?search=adel", all(&[])),
                ("?search=%25", all(&[])),
                ("?limit=1&offset=1", (vec![7], 3)),
                ("?offset=1000000", (vec![], 3)),
            ] {
                assert_eq!(ids(&rest, "2", &path(query)).await, expected, "{space} {query}");
            }
            let shown = rest.call("1", "GET", &format!("/api/v2/{}", path("?search=bo"))).await;
            let bo = json!({ "id": 9, "username": "9", "real_name": "Bo", "ext_id": null,
                "avatar": "" });
            assert_eq!(shown.json()["results"], json!([bo]));
            for user in ["3", "4", "5", "6"] {
                let refused = rest.call(user, "GET", &format!("/api/v2/{}", path(""))).await;
                assert_eq!(refused.status, 403, "{space} {user}: {refused:?}");
            }
        }
        rest.space("courses/13", Privacy::Secret, "1", "{}").await;
        rest.call("2", "GET", "/api/v2/course/13/user/").await.is(404, NOT_FOUND);
        // For a group that is not there yet: everybody else.
        let others = ids(&rest, "3", "group/user/").await;
        assert_eq!(others, all(&[1, 2, 4, 5, 6, 7, 9]));
        assert_eq!(ids(&rest, "3", "group/user?search=ada&limit=1").await, (vec![2], 4));
        rest.stop().await;
    })
    .await;
}

#[tokio::test]
async fn courses_are_suggested_that_one_could_join() {
    on_every_engine(|_, url| async move {
        let rest = start(&url).await;
        for (name, privacy) in [
            ("courses/2", Privacy::Open),
            ("courses/3", Privacy::Private),
            ("courses/4", Privacy::Secret),
            ("courses/5", Privacy::Draft),
            ("groups/2", Privacy::Open),
            ("courses/6", Privacy::Open),
        ] {
            rest.space(name, privacy, "1", "{}").await;
        }
        let beside = Beside::at(&url).await;
        beside.run("UPDATE space SET capacity = 1 WHERE name IN ('courses/6', 'courses/3')").await;
        beside.close().await;
        rest.add("courses/2", "7").await;
        for (user, query, expected) in [
            ("9", "", all(&[12, 3, 2])),
            // Neither where one belongs, nor where one is invited or blocked.
            ("7", "", all(&[12, 3])),
            ("4", "", all(&[3, 2])),
            ("5", "", all(&[3, 2])),
            ("1", "", all(&[])),
            ("9", "?limit=1&offset=1", (vec![3], 3)),
            ("9", "?offset=1000000", (vec![], 3)),
        ] {
            let found = ids(&rest, user, &format!("suggestion/course/{query}")).await;
            assert_eq!(found, expected, "{user} {query}");
        }
        let found = rest.call("9", "GET", "/api/v2/suggestion/course").await.json();
        let first = &found["results"][0];
        assert_eq!((&first["join_status"], &first["privacy"]), (&Value::Null, &json!("private")));
        assert!(first.get("description").is_some(), "{first}");
        rest.call("7", "POST", "/api/v2/course/3/join/").await;
        assert_eq!(ids(&rest, "7", "suggestion/course/").await, all(&[12]));
        rest.stop().await;
    })
    .await;
}

#[tokio::test]
async fn managers_follow_who_belongs_to_a_course() {
    on_every_engine(|_, url| async move {
        let rest = start(&url).await;
        rest.add("courses/12", "6").await;
        let beside = Beside::at(&url).await;
        for (user, at) in [("1", 1_000), ("2", 3_000), ("3", 2_000), ("6", 3_000)] {
            let change = format!("UPDATE membership SET joined_at = {at} WHERE user_id = '{user}'");
            beside.run(&change).await;
        }
        beside.run("UPDATE membership SET changed_at = 2500 WHERE user_id = '4'").await;
        beside.close().await;
        for (query, expected) in [
            ("", all(&[6, 2, 3])),
            ("?ordering=-joined_at", all(&[6, 2, 3])),
            ("?ordering=joined_at", all(&[3, 2, 6])),
            ("?ordering=last_active_at", all(&[3, 2, 6])),
            ("?ordering=-last_active_at", all(&[6, 2, 3])),
            ("?ordering=", all(&[6, 2, 3])),
            ("?statuses=creator,joined&ordering=joined_at", all(&[1, 3, 6])),
            ("?statuses=%5B%22joined%22,%22manager%22%5D", all(&[6, 2, 3])),
            ("?statuses%5B%5D=manager&statuses%5B%5D=invited", all(&[2, 4])),
            ("?statuses=requested", all(&[])),
            ("?limit=1&offset=1", (vec![2], 3)),
            ("?search=ada", all(&[6, 2, 3])),
            ("?search=adams", all(&[6])),
            ("?offset=1000000", (vec![], 3)),
        ] {
            let found = ids(&rest, "2", &format!("course/12/users/{query}")).await;
            assert_eq!(found, expected, "{query}");
        }
        let row = rest.call("1", "GET", "/api/v2/course/12/users?statuses=manager").await.json();
        let ada = json!({ "id": 2, "username": "2", "real_name": "Ada", "avatar": "",
            "join_status": "manager", "user_completion_rate": 0,
            "last_active_at": "1970-01-01T00:00:03.000Z", "joined_at": "1970-01-01T00:00:03.000Z" });
        assert_eq!(row["results"], json!([ada]));
        // What a course shows of its members is not what its managers see.
        for user in ["3", "4", "5", "9"] {
            let refused = rest.call(user, "GET", "/api/v2/course/12/users/").await;
            assert_eq!(refused.status, 403, "{user}: {refused:?}");
        }
        rest.space("courses/13", Privacy::Secret, "1", "{}").await;
        rest.call("2", "GET", "/api/v2/course/13/users/").await.is(404, NOT_FOUND);
        rest.stop().await;
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_read_is_told() {
    let rest = Rest::start().await;
    rest.space("courses/12", Privacy::Open, "1", "{}").await;
    rest.space("groups/12", Privacy::Open, "1", "{}").await;
    let longer = "x".repeat(256);
    let people = ["course/12/users/", "course/12/user/", "group/12/user/", "group/user/"];
    for path in people {
        for search in ["%00", &longer] {
            let path = format!("/api/v2/{path}?search={search}");
            let reply = rest.call("1", "GET", &path).await;
            assert_eq!(
                (reply.status, &reply.json()["errors"][0]["field"]),
                (400, &json!("search"))
            );
        }
    }
    for path in people.into_iter().chain(["suggestion/course/"]) {
        let path = format!("/api/v2/{path}");
        for offset in ["1000001", "9223372036854775807"] {
            let reply = rest.call("1", "GET", &format!("{path}?offset={offset}")).await;
            assert_eq!(
                (reply.status, &reply.json()["errors"][0]["field"]),
                (400, &json!("offset"))
            );
        }
        for query in [
            "limit=undefined&offset=NaN",
            "limit=-1&offset=-1",
            "limit=9223372036854775808&offset=1e3",
            "limit=%00&offset=%ff",
            "limit=5&limit=6&offset=0&offset=0&unknown=1",
            "search=%25_%5C'&search=%ff",
        ] {
            assert_eq!(
                rest.call("1", "GET", &format!("{path}?{query}")).await.status,
                200,
                "{query}"
            );
        }
        assert_eq!(rest.send(ask("GET", &path)).await.status, 401, "{path}");
        assert_eq!(rest.call("1", "POST", &path).await.status, 405, "{path}");
    }
    for query in ["ordering=id", "ordering=--joined_at", "ordering=JOINED_AT", "ordering=%00"] {
        let reply = rest.call("1", "GET", &format!("/api/v2/course/12/users/?{query}")).await;
        let field = &reply.json()["errors"][0]["field"];
        assert_eq!((reply.status, field), (400, &json!("ordering")), "{query}");
    }
    for status in ["member", "blocked", "absent", "1"] {
        let path = format!("/api/v2/course/12/users/?statuses={status}");
        let reply = rest.call("1", "GET", &path).await;
        assert_eq!((reply.status, &reply.json()["errors"][0]["field"]), (400, &json!("statuses")));
    }
    for id in ["0", "-1", "9223372036854775808", "1e3", "1.0", "null", "%00", "me"] {
        for list in ["course/{id}/users/", "course/{id}/user/", "group/{id}/user/"] {
            let path = format!("/api/v2/{}", list.replace("{id}", id));
            rest.call("1", "GET", &path).await.is(404, NOT_FOUND);
        }
    }
}
