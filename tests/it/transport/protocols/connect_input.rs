//! Bodies and headers that are no call in the Connect protocol: refused, and nothing is done.

use roster_proto::v1::MembershipStatus as Status;
use serde_json::{Value, json};

use super::connect::zipped;
use super::{JOIN, JSON, Opened};
use crate::harness::admin_token;

/// The field that a refusal names, and what is wrong with it.
fn violation(error: &Value) -> (String, String) {
    let named = error["details"].as_array().unwrap().iter();
    let mut named = named.filter(|detail| detail["type"] == "google.rpc.BadRequest");
    let fields = &named.next().unwrap_or_else(|| panic!("{error}"))["debug"]["fieldViolations"];
    let text = |key: &str| fields[0][key].as_str().unwrap().to_owned();
    (text("field"), text("description"))
}

#[tokio::test]
async fn a_field_that_cannot_be_read_is_named() {
    let open = Opened::start().await;
    let (no_field, invalid) = ("There is no field of this name here.", "This value is not valid.");
    let (twice, object) = ("This field may stand here only once.", "Expected one JSON object.");
    let remove = "/roster.v1.MembershipService/LeaveOrRemoveRequest";
    let check = "/roster.v1.MembershipService/CheckMemberships";
    let list = "/roster.v1.MembershipService/ListMemberships";
    let community = "/roster.v1.MembershipService/JoinCommunity";
    let deep = format!(r#"{{"space":{}}}"#, "[".repeat(100_000));
    let table = [
        (JOIN, r#"{"space":"courses/1","spice":1}"#, "spice", no_field),
        (JOIN, r#"{"Space":"courses/1"}"#, "Space", no_field),
        (remove, r#"{"space":"courses/1","user":"1","user":"2"}"#, "user", twice),
        (community, r#"{"communityId":"1","community_id":"2"}"#, "community_id", twice),
        (check, r#"{"keys":[{"space":"a"},{"spac":"b"}]}"#, "keys[1].spac", no_field),
        (JOIN, r#"{"space":7}"#, "space", invalid),
        (JOIN, r#"{"space":["courses/1"]}"#, "space", invalid),
        (check, r#"{"keys":{"space":"a"}}"#, "keys", invalid),
        (list, r#"{"space":"courses/1","statuses":["MEMBER"]}"#, "statuses[0]", invalid),
        (list, r#"{"space":"courses/1","pageSize":1.5}"#, "pageSize", invalid),
        (list, r#"{"space":"courses/1","pageSize":99999999999}"#, "pageSize", invalid),
        (JOIN, "", "message", object),
        (JOIN, "null", "message", object),
        (JOIN, "[]", "message", object),
        (JOIN, "{", "message", object),
        (JOIN, "{\"space\":\"\u{1}\"}", "message", object),
        (JOIN, r#"{"space":"courses/1"} {}"#, "message", object),
        (JOIN, "space=courses/1", "message", object),
        (JOIN, "\u{feff}{}", "message", object),
        (JOIN, &deep, "message", object),
    ];
    for (path, body, field, problem) in table {
        let reply = open.raw.ask("POST", path, &[JSON, open.bearer()], body.to_owned()).await;
        let shown = &body[..body.len().min(60)];
        assert_eq!(
            (reply.http, &reply.json()["code"]),
            (400, &json!("invalid_argument")),
            "{shown}"
        );
        assert_eq!(violation(&reply.json()), (field.to_owned(), problem.to_owned()), "{shown}");
    }
    assert_eq!(open.status().await, Status::Absent);
    open.app.stop().await;
}

#[tokio::test]
async fn proto_json_is_read_in_all_its_forms() {
    let open = Opened::start().await;
    let bearer = format!("Bearer {}", admin_token());
    let headers = [JSON, ("authorization", bearer.as_str())];
    let path = "/roster.v1.SpaceService/CreateSpace";
    let forms = [
        r#"{"name":"courses/2","display_name":"é","privacy":1,"creator":"ada","capacity":5}"#,
        r#"{"name":"courses/2","displayName":"\u00e9","privacy":"PRIVACY_OPEN","creator":"ada",
            "capacity":"5","attributes":null,"contribution":null}"#,
    ];
    for (form, changed) in forms.into_iter().zip([true, false]) {
        let reply = open.raw.ask("POST", path, &headers, form).await;
        assert_eq!(reply.http, 200, "{changed} {reply:?}");
        let space = &reply.json()["space"];
        assert_eq!((&space["displayName"], &space["capacity"]), (&json!("é"), &json!("5")));
    }
    let free = r#"{"name":"courses/3","privacy":"PRIVACY_OPEN","creator":"ada",
        "attributes":{"a_b":{"c":[1,null,true,"x"]},"aB":{}}}"#;
    let reply = open.raw.ask("POST", path, &headers, free).await;
    let attributes = &reply.json()["space"]["attributes"];
    assert_eq!(attributes["a_b"]["c"], json!([1.0, null, true, "x"]));
    assert_eq!(attributes["aB"], json!({}), "names are free there");
    let deep = format!(
        r#"{{"name":"courses/4","privacy":1,"creator":"ada","attributes":{{"a":{}1{}}}}}"#,
        "[".repeat(110),
        "]".repeat(110)
    );
    let reply = open.raw.ask("POST", path, &headers, deep).await;
    assert_eq!(reply.http, 400, "{reply:?}");
    open.app.stop().await;
}

#[tokio::test]
async fn large_bodies_are_refused_packed_or_not() {
    let open = Opened::start().await;
    let large = format!(r#"{{"space":"{}"}}"#, "x".repeat(256 * 1024));
    let bomb = zipped(&vec![b' '; 50 * 1024 * 1024]);
    assert!(bomb.len() < 256 * 1024);
    let packed = [JSON, open.bearer(), ("content-encoding", "gzip")];
    for (headers, body) in [(&packed[..2], large.into_bytes()), (&packed, bomb)] {
        let reply = open.raw.ask("POST", JOIN, headers, body).await;
        assert_eq!((reply.http, &reply.json()["code"]), (429, &json!("resource_exhausted")));
        assert_eq!(reply.json()["details"][0]["debug"]["reason"], "MESSAGE_TOO_LARGE");
    }
    let torn = open.raw.ask("POST", JOIN, &packed, "{}").await;
    assert_eq!(torn.http, 400);
    assert_eq!(violation(&torn.json()).0, "message");
    open.app.stop().await;
}

#[tokio::test]
async fn other_versions_and_compressions_are_refused() {
    let open = Opened::start().await;
    let ask = async |name: &str, value: &str| {
        let headers = [JSON, open.bearer(), (name, value)];
        open.raw.ask("POST", JOIN, &headers, r#"{"space": "courses/1"}"#).await
    };
    for value in ["2", "", "one"] {
        let reply = ask("connect-protocol-version", value).await;
        assert_eq!(
            (reply.http, violation(&reply.json()).0.as_str()),
            (400, "connect-protocol-version")
        );
    }
    for value in ["br", "gzip, gzip", "zstd"] {
        let reply = ask("content-encoding", value).await;
        assert_eq!((reply.http, &reply.json()["code"]), (501, &json!("unimplemented")));
    }
    assert_eq!(open.status().await, Status::Absent);
    assert_eq!(ask("connect-protocol-version", "1").await.http, 200);
    assert_eq!(ask("content-encoding", "identity").await.http, 200);
    open.app.stop().await;
}

#[tokio::test]
async fn large_headers_are_refused_in_words() {
    let open = Opened::start().await;
    let large = "x".repeat(20 * 1024);
    let headers = [JSON, open.bearer(), ("x-large", &large)];
    let reply = open.raw.ask("POST", JOIN, &headers, r#"{"space": "courses/1"}"#).await;
    assert_eq!(
        (reply.http, &reply.json()["message"]),
        (429, &json!("the headers are larger than 16 KiB"))
    );
    assert_eq!(open.status().await, Status::Absent);
    open.app.stop().await;
}
