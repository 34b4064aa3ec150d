//! Calls in the dialects of the foreign surfaces, as far as they have them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::http::{Http, Reply};
use crate::record::{Answer, Call, Ending, Op, Outcome, Surface};

/// These surfaces are told no deadline; so long their clients wait.
pub const PATIENCE: Duration = Duration::from_secs(6);

/// The surface on which a user can ask this, if there is one.
pub fn surface(space: &str, call: &Call) -> Option<Surface> {
    let (collection, _) = space.split_once('/')?;
    let is_own = matches!(call, Call::Join | Call::Leave | Call::Get(_));
    let is_plain = match call {
        Call::Invite { until: None, each: false, .. } => true,
        Call::RemoveInvitations { each: false, .. } | Call::Remove(_) => true,
        Call::Roles { until: Ending::Unsaid, each: false, .. } => collection == "courses",
        Call::Add { until: None, each: false, .. } => collection == "groups",
        Call::Attend(Some(_)) => collection == "events",
        _ => false,
    };
    match collection {
        "communities" => is_own.then_some(Surface::Whisk),
        _ => (is_own || is_plain).then_some(Surface::SelfCommunity),
    }
}

type Asked = (&'static str, String, Option<Value>);

fn request(op: &Op) -> Option<Asked> {
    let (collection, id) = op.space.split_once('/')?;
    if collection == "communities" {
        let path = |rest: &str| format!("/community/v2/{id}{rest}");
        return match &op.call {
            Call::Join => Some(("POST", path("/join"), None)),
            Call::Leave => Some(("POST", path("/leave"), None)),
            _ => Some(("GET", path("?fields=COMMUNITY_FIELD_PERMISSIONS"), None)),
        };
    }
    let kind = collection.trim_end_matches('s');
    let path = |rest: &str| format!("/api/v2/{kind}/{id}/{rest}/");
    let subscribe = if kind == "course" { "join" } else { "subscribe" };
    match &op.call {
        Call::Join => Some(("POST", path(subscribe), None)),
        Call::Leave => Some(("DELETE", path(subscribe), None)),
        Call::Remove(user) => Some(("DELETE", format!("{}?user={user}", path(subscribe)), None)),
        Call::Get(_) => Some(("GET", path("status"), None)),
        Call::Invite { users, .. } => {
            Some(("POST", path("invite"), Some(json!({"users": ids(users)}))))
        }
        Call::RemoveInvitations { users, .. } => {
            Some(("DELETE", path("invite"), Some(json!({"users": ids(users)}))))
        }
        Call::Add { users, .. } => {
            Some(("POST", path(subscribe), Some(json!({"users": ids(users)}))))
        }
        Call::Roles { managers, members, none, .. } => {
            let body =
                json!({"managers": ids(managers), "joined": ids(members), "unjoined": ids(none)});
            Some(("POST", path("role"), Some(body)))
        }
        Call::Attend(Some(true)) => Some(("POST", path("going"), None)),
        Call::Attend(Some(false)) => Some(("POST", path("not_going"), None)),
        _ => None,
    }
}

fn ids(users: &[String]) -> Vec<i64> {
    users.iter().filter_map(|user| user.parse().ok()).collect()
}

/// Asks, and says what came of it.
pub async fn ask(http: &mut Http, token: &str, op: &Op) -> Outcome {
    let Some((method, path, body)) = request(op) else {
        return Outcome::NotDone("not a call of this surface".into());
    };
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    let asked = http.ask(method, &path, &headers, body.as_bytes());
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(reply)) => outcome(op, &reply),
        Ok(Err(error)) => Outcome::Unknown(error.to_string()),
        Err(_) => Outcome::Unknown("no answer".into()),
    }
}

fn outcome(op: &Op, reply: &Reply) -> Outcome {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    match reply.status {
        200 | 204 => answer(op, reply.status, &body),
        429 => Outcome::NotDone("429".into()),
        status if status >= 500 || status == 408 => Outcome::Unknown(format!("HTTP {status}")),
        status => {
            let code = body["error_code"].as_str().or(body["errors"][0]["code"].as_str());
            let code = code.or(body["errors"][0]["messages"][0]["code"].as_str());
            Outcome::Refused(format!("{status} {}", code.unwrap_or_default()))
        }
    }
}

fn answer(op: &Op, status: u16, body: &Value) -> Outcome {
    let told = match (&op.call, op.surface) {
        (Call::Get(_), Surface::Whisk) => Some(&body["community"]["permissions"]["role"]),
        (_, Surface::Whisk) => Some(&body["permissions"]["role"]),
        (Call::Get(_), _) => Some(&body["status"]),
        (Call::Join, _) if status == 200 => Some(&body["join_status"]),
        _ => None,
    };
    match told {
        Some(Value::String(word)) => Outcome::Ok(Answer::Relation(Some(word.clone()))),
        Some(Value::Null) if op.surface == Surface::SelfCommunity => {
            Outcome::Ok(Answer::Relation(None))
        }
        Some(_) => Outcome::Unknown("an answer without a status".into()),
        None => Outcome::Ok(Answer::Done),
    }
}
