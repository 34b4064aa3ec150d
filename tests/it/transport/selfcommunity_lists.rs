//! Pages, filters, and HTTP's own rules on the course and group surface.

use roster::domain::Privacy;

use super::rest_client::ask;
use super::rest_server::Rest;
use super::selfcommunity::NOT_FOUND;

/// A course with creator 1, managers 2 and 3, members 4 to 8.
async fn course(rest: &Rest, attributes: &str) {
    rest.space("courses/12", Privacy::Open, "1", attributes).await;
    let roles = r#"{"managers":[2,3],"joined":[4,5,6,7,8]}"#;
    rest.call_json("1", "POST", "/api/v2/course/12/role/", roles).await.is(204, "");
}

#[tokio::test]
async fn members_come_in_pages_with_links() {
    let rest = Rest::start().await;
    course(&rest, "{}").await;
    let path = "/api/v2/course/12/join/?statuses=joined&limit=2&offset=2&x=a+b";
    let user = |id| {
        format!(
            r#"{{"id":{id},"username":"{id}","real_name":"","avatar":"","community_badge":false,"deleted":false}}"#
        )
    };
    let link = |offset| {
        format!(
            "{}/api/v2/course/12/join/?statuses=joined&x=a+b&limit=2&offset={offset}",
            rest.url()
        )
    };
    let page = rest.call("9", "GET", path).await;
    let next = page.json()["next"].as_str().unwrap().to_owned();
    let (position, _) = next.split_once("&after=").unwrap();
    assert_eq!(position, link(4));
    let expected = format!(
        r#"{{"count":5,"next":"{next}","previous":"{}","results":[{},{}]}}"#,
        link(0),
        user(6),
        user(7)
    );
    page.is(200, &expected);
    let past_the_end =
        rest.call("9", "GET", "/api/v2/course/12/join?offset=50&limit=undefined").await;
    let body = past_the_end.json();
    assert_eq!((&body["count"], &body["results"]), (&7.into(), &serde_json::json!([])));
    assert_eq!(body["next"], serde_json::Value::Null);
    let none = rest.call("1", "GET", "/api/v2/course/12/invite/").await;
    none.is(200, r#"{"count":0,"next":null,"previous":null,"results":[]}"#);
}

#[tokio::test]
async fn a_status_filter_has_four_spellings() {
    let rest = Rest::start().await;
    course(&rest, "{}").await;
    let counts = [
        ("", 7),
        ("statuses=", 7),
        ("statuses=creator", 1),
        ("statuses=creator%2Cmanager", 3),
        ("statuses=%5B%22creator%22,%22manager%22%5D", 3),
        ("statuses%5B%5D=creator&statuses%5B%5D=manager", 3),
        ("statuses=manager&statuses=manager", 2),
    ];
    for (filter, count) in counts {
        let reply = rest.call("9", "GET", &format!("/api/v2/course/12/join/?{filter}")).await;
        assert_eq!(reply.json()["count"], count, "{filter}");
    }
    for filter in ["invited", "requested", "member", "joined,absent", "%5B1%5D", "%ff"] {
        let reply =
            rest.call("9", "GET", &format!("/api/v2/course/12/join/?statuses={filter}")).await;
        reply.is(400, r#"{"errors":[{"field":"statuses","messages":[{"message":"This is not one of the possible values.","code":"invalid_choice"}]}]}"#);
    }
}

#[tokio::test]
async fn a_course_may_hide_its_members() {
    let rest = Rest::start().await;
    course(&rest, r#"{"hide_member_count":true}"#).await;
    for (user, status) in [("9", 403), ("4", 403), ("2", 200), ("1", 200)] {
        let reply = rest.call(user, "GET", "/api/v2/course/12/join/").await;
        assert_eq!(reply.status, status, "{user}");
    }
}

#[tokio::test]
async fn strange_windows_and_searches_are_no_fault_of_ours() {
    let rest = Rest::start().await;
    course(&rest, "{}").await;
    let windows = [
        "limit=undefined&offset=NaN",
        "limit=-1&offset=-1",
        "limit=9223372036854775807&offset=1000000",
        "limit=9223372036854775808&offset=1e3",
        "limit=&offset=",
        "limit=%00&offset=%ff",
        "limit[]=1&offset[]=1",
    ];
    for window in windows {
        for path in ["course/12/join/", "course/", "course/12/request_join/", "group/"] {
            let reply = rest.call("1", "GET", &format!("/api/v2/{path}?{window}")).await;
            assert_eq!(reply.status, 200, "{path}?{window}");
        }
    }
    for path in ["course/12/join/", "course/", "course/12/request_join/", "group/"] {
        let too_deep = rest.call("1", "GET", &format!("/api/v2/{path}?offset=1000001")).await;
        too_deep.is(400, r#"{"errors":[{"field":"offset","messages":[{"message":"Expected at most 1000000.","code":"invalid"}]}]}"#);
    }
    let (longest, longer) = ("x".repeat(255), "x".repeat(50_010));
    let searches = [("%25_%5C'", 200), ("%ff", 200), ("", 200), (longest.as_str(), 200)];
    for (search, status) in searches.into_iter().chain([("%00", 400), (longer.as_str(), 400)]) {
        for path in ["course/12/request_join/", "group/"] {
            let reply = rest.call("1", "GET", &format!("/api/v2/{path}?search={search}")).await;
            assert_eq!(reply.status, status, "{path}?search={search}");
        }
    }
}

#[tokio::test]
async fn links_repeat_no_host_that_a_caller_made_up() {
    let rest = Rest::start().await;
    course(&rest, "{}").await;
    let page = ask("GET", "/api/v2/course/12/join/?limit=1&offset=1").token(&rest.token("9"));
    let page = page.header("Host", "evil.example").header("X-Forwarded-Host", "evil.example");
    let reply = rest.send(page).await;
    assert!(!reply.body.contains("evil"), "{}", reply.body);
    let next = reply.json()["next"].as_str().unwrap().to_owned();
    assert!(next.starts_with(&format!("{}/api/v2/course/12/join/?limit=1&offset=2&", rest.url())));
}

#[tokio::test]
async fn requests_say_since_when() {
    let rest = Rest::start().await;
    rest.space("courses/12", Privacy::Private, "1", "{}").await;
    for user in ["7", "18", "9"] {
        rest.call(user, "POST", "/api/v2/course/12/join/").await;
    }
    let reply = rest.call("1", "GET", "/api/v2/course/12/request_join/?search=8").await.json();
    assert_eq!((&reply["count"], &reply["results"][0]["id"]), (&1.into(), &18.into()));
    assert!(reply["results"][0]["date_joined"].as_str().unwrap().ends_with('Z'));
    let member = rest.call("7", "GET", "/api/v2/course/12/request_join/").await;
    assert_eq!(member.status, 403);
}

#[tokio::test]
async fn ones_own_spaces_are_listed_by_kind() {
    let rest = Rest::start().await;
    for (name, creator) in
        [("courses/1", "1"), ("courses/2", "7"), ("groups/3", "1"), ("groups/4", "7")]
    {
        rest.space(name, Privacy::Open, creator, "{}").await;
    }
    rest.call("7", "POST", "/api/v2/course/1/join/").await;
    rest.call("7", "POST", "/api/v2/group/3/subscribe/").await;
    let ids = async |path: &str| {
        let page = rest.call("7", "GET", path).await.json();
        let results = page["results"].as_array().unwrap().clone();
        results.iter().map(|space| space["id"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(ids("/api/v2/course/").await, [1]);
    assert_eq!(ids("/api/v2/course?statuses=creator").await, [2]);
    assert_eq!(ids("/api/v2/course/?statuses=creator%2Cjoined").await, [2, 1]);
    assert_eq!(ids("/api/v2/course/?statuses=creator%2Cjoined&created_by=1").await, [1]);
    assert_eq!(ids("/api/v2/group/").await, [4, 3]);
    let course = rest.call("7", "GET", "/api/v2/course/").await.json()["results"][0].clone();
    assert_eq!(course["join_status"], "joined");
    assert!(course.get("sections").is_none() && course.get("user_completion_rate").is_some());
}

#[tokio::test]
async fn a_manager_sees_the_course_as_another() {
    let rest = Rest::start().await;
    course(&rest, "{}").await;
    let seen = rest.call("2", "GET", "/api/v2/course/12/?view=user&user=4").await.json();
    assert_eq!(seen["join_status"], "joined");
    assert_eq!(rest.call("4", "GET", "/api/v2/course/12/?user=5").await.status, 403);
    assert_eq!(rest.call("4", "GET", "/api/v2/course/12/?view=edit&user=4").await.status, 403);
}

#[tokio::test]
async fn methods_behave_as_http_says() {
    let rest = Rest::start().await;
    course(&rest, "{}").await;
    let path = "/api/v2/course/12/join";
    let head = rest.call("9", "HEAD", path).await;
    head.is(200, "");
    let get = rest.call("9", "GET", path).await;
    assert_eq!(head.header("content-length"), Some(get.body.len().to_string().as_str()));
    let options = rest.send(ask("OPTIONS", path)).await;
    options.is(204, "");
    for method in ["PUT", "PATCH", "TRACE"] {
        let reply = rest.call("9", method, path).await;
        reply.is(405, r#"{"errors":[{"message":"This method is not allowed here.","code":"method_not_allowed"}]}"#);
        assert_eq!(reply.header("allow"), options.header("allow"), "{method}");
    }
    let allowed: Vec<&str> = options.header("allow").unwrap().split(',').collect();
    for method in ["GET", "HEAD", "POST", "DELETE"] {
        assert!(allowed.contains(&method), "{allowed:?}");
    }
    let head_of_post = rest.call("9", "HEAD", "/api/v2/course/12/role/").await;
    assert_eq!((head_of_post.status, head_of_post.header("allow")), (405, Some("POST")));
}

#[tokio::test]
async fn only_json_is_sent() {
    let rest = Rest::start().await;
    course(&rest, "{}").await;
    let status = |accept| {
        ask("GET", "/api/v2/course/12/status/").token(&rest.token("9")).header("Accept", accept)
    };
    for accept in ["*/*", "application/json, text/plain, */*", "application/*;q=0.1"] {
        assert_eq!(rest.send(status(accept)).await.status, 200, "{accept}");
    }
    for accept in ["text/html", "application/json;q=0"] {
        let reply = rest.send(status(accept)).await;
        reply.is(406, r#"{"errors":[{"message":"Only application/json can be sent.","code":"not_acceptable"}]}"#);
    }
}

#[tokio::test]
async fn unknown_paths_have_an_answer() {
    let rest = Rest::start().await;
    for path in
        ["/api/", "/api/v2/course/12/nothing/", "/api/v3/course/12/join/", "/api/v2/course//join/"]
    {
        rest.call("9", "GET", path).await.is(404, NOT_FOUND);
    }
    rest.call("9", "GET", "/elsewhere").await.is(404, "");
}

#[tokio::test]
async fn nobody_is_let_in_without_a_token() {
    let rest = Rest::start().await;
    let reply = rest.send(ask("POST", "/api/v2/course/0/join/")).await;
    reply.is(
        401,
        r#"{"errors":[{"message":"a bearer token is required","code":"not_authenticated"}]}"#,
    );
    assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
    for user in ["ann", "0", "-7", "9223372036854775808", "07"] {
        let reply = rest.call(user, "GET", "/api/v2/course/").await;
        reply.is(401, r#"{"errors":[{"message":"the token is not known here","code":"authentication_failed"}]}"#);
    }
}
