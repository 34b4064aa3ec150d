//! What `roster demo` prints: who is there, their tokens, and calls to paste.

use std::fmt::{self, Write};
use std::net::SocketAddr;

use super::Failed;
use super::demo::{SPACES, Tokens};

/// As many people get a line of their own.
const SHOWN: i64 = 10;

/// Who each of the people is, in every space.
const PEOPLE: &[(&str, &str)] = &[
    ("1", "created every space"),
    ("2", "a manager of every space"),
    ("3", "a member of every space"),
    ("4", "invited to every space"),
    ("5", "has asked to join every private space"),
    ("6", "blocked in every space"),
    ("7 to 30", "strangers to every space"),
];

/// What the demonstration has to show.
pub struct Printed {
    /// Where REST is served.
    pub rest: SocketAddr,
    /// Where gRPC is served.
    pub grpc: SocketAddr,
    /// Everybody's tokens.
    pub tokens: Tokens,
}

impl Printed {
    /// For programs.
    pub fn json(&self) -> serde_json::Value {
        let users =
            self.tokens.users.iter().map(|(id, token)| (id.to_string(), token.clone().into()));
        serde_json::json!({
            "rest": format!("http://{}", self.rest),
            "grpc": self.grpc.to_string(),
            "tokens": users.collect::<serde_json::Map<_, _>>(),
            "admin_token": self.tokens.admin,
        })
    }

    /// For people.
    pub fn text(&self) -> Result<String, Failed> {
        let mut text = String::new();
        let Self { rest, grpc, .. } = self;
        writeln!(text, "Roster serves REST on http://{rest} and gRPC on {grpc}.")?;
        writeln!(text, "What can be called is listed at http://{rest}/docs.\n")?;
        writeln!(text, "# People")?;
        for (id, what) in PEOPLE {
            writeln!(text, "#   {id:9} {what}")?;
        }
        writeln!(text, "# Spaces")?;
        for (name, privacy, title) in SPACES {
            writeln!(text, "#   {name:45} {privacy:8} {title}")?;
        }
        writeln!(
            text,
            "\n# Tokens, good for a day. Paste these lines first. (--json prints all 30.)"
        )?;
        for (id, token) in self.tokens.users.range(..=SHOWN) {
            writeln!(text, "TOKEN_{id}={token}")?;
        }
        writeln!(text, "ADMIN_TOKEN={}\n", self.tokens.admin)?;
        self.rest_calls(&mut text)?;
        self.grpc_calls(&mut text)?;
        writeln!(text, "# Ctrl-C ends it.")?;
        Ok(text)
    }

    /// Each call stands on one line under the answer that it gets.
    fn rest_calls(&self, text: &mut String) -> fmt::Result {
        let mut curl = |expected: &str, user: i64, method: &str, path: &str, body: &str| {
            let body = match body {
                "" => String::new(),
                body => format!(" -H 'Content-Type: application/json' -d '{body}'"),
            };
            let rest = self.rest;
            writeln!(text, "# {expected}")?;
            writeln!(
                text,
                "curl -sS -w ' %{{http_code}}\\n' -X {method} 'http://{rest}{path}' \
                 -H \"Authorization: Bearer $TOKEN_{user}\"{body}\n"
            )
        };
        curl("200, \"join_status\":\"joined\"", 7, "POST", "/api/v2/course/1/join/", "")?;
        curl("200, \"join_status\":\"requested\"", 7, "POST", "/api/v2/course/2/join/", "")?;
        curl("204", 7, "DELETE", "/api/v2/course/2/join/", "")?;
        curl("204", 2, "DELETE", "/api/v2/course/1/join/?user=7", "")?;
        curl("204", 2, "DELETE", "/api/v2/course/1/invite/", r#"{"users":[4]}"#)?;
        curl("204", 2, "DELETE", "/api/v2/group/1/invite/", r#"{"users":[4]}"#)?;
        let leave = "/community/v2/d25506c2690f4b81b2050b9b90bda3b7/leave";
        curl("200, \"role\":\"COMMUNITY_ROLE_UNSET\"", 3, "POST", leave, "")
    }

    fn grpc_calls(&self, text: &mut String) -> Result<(), Failed> {
        let grpc = self.grpc;
        let program = std::env::current_exe()?;
        let program = program.display();
        writeln!(text, "# MEMBERSHIP_STATUS_MEMBER (grpcurl is a program of its own)")?;
        writeln!(
            text,
            "grpcurl -plaintext -H \"authorization: Bearer $TOKEN_8\" -d '{{\"space\":\"groups/1\"}}' \
             {grpc} roster.v1.MembershipService/JoinOrAcceptInvite\n"
        )?;
        writeln!(text, "# The same call as JSON.\n# 200, \"status\":\"MEMBERSHIP_STATUS_MEMBER\"")?;
        writeln!(
            text,
            "curl -sS -w ' %{{http_code}}\\n' -X POST \
             'http://{grpc}/roster.v1.MembershipService/JoinOrAcceptInvite' \
             -H \"Authorization: Bearer $TOKEN_8\" -H 'Content-Type: application/json' \
             -d '{{\"space\":\"groups/1\"}}'\n"
        )?;
        writeln!(text, "# The same call by this program. STATUS member")?;
        writeln!(text, "ROSTER_TOKEN=$TOKEN_8 '{program}' member join groups/1 --server {grpc}\n")?;
        writeln!(text, "# What a service may do: make a space. NAME courses/77")?;
        writeln!(
            text,
            "ROSTER_TOKEN=$ADMIN_TOKEN '{program}' space create courses/77 --creator 7 --server {grpc}\n"
        )?;
        Ok(())
    }
}
