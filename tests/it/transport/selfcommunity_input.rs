//! Bad input: each sort has a row, and none is ever the server's fault.

use roster::domain::Privacy;

use super::rest_client::{Ask, Reply, ask};
use super::rest_server::Rest;
use super::selfcommunity::NOT_FOUND;

const FORM: &str = "application/x-www-form-urlencoded";

async fn start() -> Rest {
    let rest = Rest::start().await;
    rest.space("courses/12", Privacy::Open, "1", "{}").await;
    rest
}

/// The one code in an error body, and the field that it stands at.
fn code(reply: &Reply) -> (u16, Option<String>, String) {
    let body = reply.json();
    let error = &body["errors"][0];
    let field = error["field"].as_str().map(str::to_owned);
    let place = if field.is_some() { &error["messages"][0] } else { error };
    (reply.status, field, place["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn path_ids_that_cannot_be_are_unknown() {
    let rest = start().await;
    let many_digits = "9".repeat(400);
    let ids = [
        "0",
        "-1",
        "+1",
        "9223372036854775808",
        "1e3",
        "%201",
        "1%20",
        "%20",
        "1.0",
        "012",
        "abc",
        "12%2Fjoin",
        "%2F",
        "..%2F12",
        "%00",
        "%ff",
        "12%3Fx",
        "true",
        "null",
        "[12]",
        "{id}",
        "\u{661}",
        &many_digits,
    ];
    for id in ids {
        for (method, call) in
            [("POST", "join/"), ("GET", "status/"), ("DELETE", "join/"), ("GET", "")]
        {
            let reply = rest.call("7", method, &format!("/api/v2/course/{id}/{call}")).await;
            reply.is(404, NOT_FOUND);
        }
    }
    // Another spelling of a well-formed path is the same path.
    rest.call("7", "GET", "/api/v2/course/%31%32/status/").await.is(200, r#"{"status":null}"#);
}

#[tokio::test]
async fn bodies_that_cannot_be_read_say_why() {
    let rest = start().await;
    let a_thousand_and_one = format!("[{}]", vec!["x"; 1_001].join(",").replace('x', "7"));
    let wrong_and_too_many = format!("[{}]", vec!["null"; 1_001].join(","));
    let rows: Vec<(String, u16, Option<&str>, &str)> = vec![
        (String::new(), 400, Some("users"), "required"),
        ("null".into(), 400, Some("users"), "required"),
        ("{}".into(), 400, Some("users"), "required"),
        (r#"{"user":[7]}"#.into(), 400, Some("users"), "required"),
        (r#"{"users":[]}"#.into(), 400, Some("users"), "empty"),
        (r#"{"users":null}"#.into(), 400, Some("users"), "not_a_list"),
        (r#"{"users":7}"#.into(), 400, Some("users"), "not_a_list"),
        (r#"{"users":"7"}"#.into(), 400, Some("users"), "not_a_list"),
        (r#"{"users":{"0":7}}"#.into(), 400, Some("users"), "not_a_list"),
        (format!(r#"{{"users":{a_thousand_and_one}}}"#), 400, Some("users"), "too_many"),
        (format!(r#"{{"users":{wrong_and_too_many}}}"#), 400, Some("users"), "too_many"),
        ("{".into(), 400, None, "parse_error"),
        (r#"{"users":[7]}}"#.into(), 400, None, "parse_error"),
        (r#"{"users":[1e400]}"#.into(), 400, None, "parse_error"),
        (r#"{"users":[07]}"#.into(), 400, None, "parse_error"),
        ("[7]".into(), 400, None, "parse_error"),
        ("7".into(), 400, None, "parse_error"),
        ("users=7".into(), 400, None, "parse_error"),
        ("[".repeat(100_000), 400, None, "parse_error"),
    ];
    for (body, status, field, expected) in rows {
        for method in ["POST", "DELETE"] {
            let reply = rest.call_json("1", method, "/api/v2/course/12/invite/", &body).await;
            let expected = (status, field.map(str::to_owned), expected.to_owned());
            assert_eq!(code(&reply), expected, "{method} {:.80}", body);
        }
    }
}

#[tokio::test]
async fn user_ids_are_positive_integers() {
    let rest = start().await;
    let wrong = [
        "0",
        "-1",
        "-0",
        "1.0",
        "1.5",
        "1e3",
        "9223372036854775808",
        "18446744073709551616",
        "true",
        "null",
        "[7]",
        "{}",
        r#""""#,
        r#"" 7""#,
        r#""7 ""#,
        r#""+7""#,
        r#""07""#,
        r#""1e3""#,
        r#""ann""#,
        r#""7\u0000""#,
        r#""٧""#,
    ];
    let many_digits = format!(r#""{}""#, "9".repeat(400));
    for id in wrong.into_iter().chain([many_digits.as_str()]) {
        let body = format!(r#"{{"users":[7,{id}]}}"#);
        let reply = rest.call_json("1", "POST", "/api/v2/course/12/invite/", &body).await;
        let expected = (400, Some("users".to_owned()), "invalid".to_owned());
        assert_eq!(code(&reply), expected, "{id}");
    }
    // All or nothing.
    rest.call("7", "GET", "/api/v2/course/12/status/").await.is(200, r#"{"status":null}"#);
    for user in ["", "abc", "0", "-1", "1e3", "%207", "7.0", "undefined", "9223372036854775808"] {
        for path in ["course/12/join/?user", "course/12/?user", "course/?created_by"] {
            let method = if path.contains("join") { "DELETE" } else { "GET" };
            let reply = rest.call("1", method, &format!("/api/v2/{path}={user}")).await;
            let field = path.split('?').nth(1).map(str::to_owned);
            assert_eq!(code(&reply), (400, field, "invalid".to_owned()), "{path}={user}");
        }
    }
}

#[tokio::test]
async fn every_form_of_a_body_is_read() {
    let rest = start().await;
    let multipart =
        "--x\r\nContent-Disposition: form-data; name=\"users[0]\"\r\n\r\n7\r\n--x--\r\n";
    let bodies = [
        ("application/json", r#"{"users":[7]}"#),
        ("application/json;charset=UTF-8", r#"{"users":["7"]}"#),
        ("application/json", r#"{"users":[8],"users":[7]}"#),
        (FORM, r#"{"users":[7]}"#),
        (FORM, "users=7"),
        (FORM, "users=7&users=7"),
        (FORM, "users[]=7&other=1"),
        (FORM, "users%5B0%5D=7"),
        ("multipart/form-data; boundary=x", multipart),
    ];
    let path = "/api/v2/course/12/invite/";
    for (content_type, body) in bodies {
        for (method, status) in [("POST", r#""invited""#), ("DELETE", "null")] {
            let call = ask(method, path).token(&rest.token("1")).body(content_type, body);
            rest.send(call).await.is(204, "");
            let reply = rest.call("7", "GET", "/api/v2/course/12/status/").await;
            reply.is(200, &format!(r#"{{"status":{status}}}"#));
        }
    }
}

#[tokio::test]
async fn other_bodies_are_refused_as_http_says() {
    let rest = start().await;
    let invite = || ask("POST", "/api/v2/course/12/invite/").token(&rest.token("1"));
    let large = " ".repeat(1_000_000);
    let rows: [(Ask, u16, &str); 9] = [
        (invite().body("text/plain", "users=7"), 415, "unsupported_media_type"),
        (invite().body("application/xml", "<a/>"), 415, "unsupported_media_type"),
        (invite().body("", "users=7"), 415, "unsupported_media_type"),
        (
            invite().header("Content-Encoding", "gzip").json("\u{1f}\u{8b}"),
            415,
            "unsupported_media_type",
        ),
        (invite().body("multipart/form-data", "users=7"), 400, "parse_error"),
        (invite().body("multipart/form-data; boundary=x", "--x\r\nusers"), 400, "parse_error"),
        (invite().json([0xff, 0xfe, 0x00]), 400, "parse_error"),
        (invite().json(&large), 413, "request_too_large"),
        (invite().body("text/plain", &large), 413, "request_too_large"),
    ];
    for (call, status, expected) in rows {
        let reply = rest.send(call).await;
        assert_eq!(code(&reply), (status, None, expected.to_owned()));
    }
    let lossy = invite().body(FORM, [b"users=".as_slice(), &[0xff]].concat());
    let expected = (400, Some("users".to_owned()), "invalid".to_owned());
    assert_eq!(code(&rest.send(lossy).await), expected);
}

#[tokio::test]
async fn hostile_headers_do_no_harm() {
    let rest = start().await;
    rest.call("1", "POST", "/api/v2/course/12/role/").await;
    let list = |name: &str, value: &str| {
        ask("GET", "/api/v2/course/?limit=1&offset=1").token(&rest.token("1")).header(name, value)
    };
    let rows = [
        ("Host", "evil\"><script>"),
        ("Host", "a b"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Proto", "javascript"),
        ("Accept", ";;;q=;,,*/*"),
        ("Content-Type", "\u{7f}"),
        ("Content-Length", "-1"),
        ("X-Long", &"x".repeat(100_000)),
        ("Cookie", "\u{e9}"),
    ];
    for (name, value) in rows {
        let reply = rest.send(list(name, value)).await;
        assert!(reply.status < 500, "{name}: {reply:?}");
        assert!(!reply.body.contains("evil") && !reply.body.contains("javascript"), "{reply:?}");
    }
    for token in ["", " ", "a b", "\u{e9}", &"x".repeat(20_000)] {
        let reply = rest.send(ask("GET", "/api/v2/course/").token(token)).await;
        assert!((400..500).contains(&reply.status), "{reply:?}");
    }
}
