//! One way to speak to each surface. A verb that a surface lacks goes over gRPC, and is on the list
//! of what it lacks.

use roster_proto::v1::MembershipStatus as Status;
use serde_json::{Value, json};

use crate::harness::{App, Grpc, token};
use crate::transport::rest_client::{Reply, ask, send};

/// A surface together with the kind of space that it is spoken to about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    GrpcCourse,
    GrpcGroup,
    GrpcCommunity,
    Course,
    Group,
    Community,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Remove,
    Invite,
    RemoveInvitations,
    Add,
    ChangeRoles,
    Block,
    Unblock,
    TransferOwnership,
}

impl Surface {
    pub const ALL: [Self; 6] = [
        Self::GrpcCourse,
        Self::GrpcGroup,
        Self::GrpcCommunity,
        Self::Course,
        Self::Group,
        Self::Community,
    ];

    /// The verbs that this surface has no words for.
    pub const fn lacks(self) -> &'static [Verb] {
        use Verb::*;
        match self {
            Self::GrpcCourse | Self::GrpcGroup | Self::GrpcCommunity => &[],
            Self::Course => &[Add, Block, Unblock, TransferOwnership],
            Self::Group => &[ChangeRoles, Block, Unblock, TransferOwnership],
            Self::Community => &[Invite, RemoveInvitations, Add],
        }
    }

    pub fn space(self) -> &'static str {
        match self {
            Self::GrpcCourse | Self::Course => "courses/7",
            Self::GrpcGroup | Self::Group => "groups/7",
            Self::GrpcCommunity | Self::Community => "communities/d25506c2690f4b81b2050b9b90bda3b7",
        }
    }

    /// Where the verbs that it lacks would be, were there any.
    pub fn paths_it_would_have(self) -> Vec<&'static str> {
        let path = |verb: &Verb| match (self, verb) {
            (Self::Course, Verb::Add) => Some("/api/v2/course/7/subscribe/"),
            (Self::Course, Verb::Block) => Some("/api/v2/course/7/block/"),
            (Self::Course, Verb::Unblock) => Some("/api/v2/course/7/unblock/"),
            (Self::Course, Verb::TransferOwnership) => Some("/api/v2/course/7/transfer/"),
            (Self::Group, Verb::ChangeRoles) => Some("/api/v2/group/7/role/"),
            (Self::Group, Verb::Block) => Some("/api/v2/group/7/block/"),
            (Self::Community, Verb::Invite) => {
                Some("/community/v2/d25506c2690f4b81b2050b9b90bda3b7/invite")
            }
            _ => None,
        };
        self.lacks().iter().filter_map(path).collect()
    }

    /// Whether a space of this kind can be secret.
    pub const fn has_secrets(self) -> bool {
        !matches!(self, Self::GrpcCommunity | Self::Community)
    }

    /// How this surface spells a status.
    fn word(self, status: Status) -> Value {
        match self {
            Self::GrpcCourse | Self::GrpcGroup | Self::GrpcCommunity => json!(status.as_str_name()),
            Self::Course => match status {
                Status::Invited => json!("invited"),
                Status::Requested | Status::Waitlisted => json!("requested"),
                Status::Member => json!("joined"),
                Status::Manager => json!("manager"),
                Status::Creator => json!("creator"),
                Status::Absent | Status::Blocked | Status::Unspecified => Value::Null,
            },
            Self::Group => match status {
                Status::Invited => json!("invited"),
                Status::Requested | Status::Waitlisted => json!("requested"),
                Status::Member | Status::Manager | Status::Creator => json!("subscribed"),
                Status::Absent | Status::Blocked | Status::Unspecified => Value::Null,
            },
            Self::Community => json!(match status {
                Status::Absent | Status::Invited | Status::Unspecified => "COMMUNITY_ROLE_UNSET",
                Status::Requested | Status::Waitlisted => "COMMUNITY_ROLE_PENDING",
                Status::Member => "COMMUNITY_ROLE_MEMBER",
                Status::Manager => "COMMUNITY_ROLE_ADMIN",
                Status::Creator => "COMMUNITY_ROLE_OWNER",
                Status::Blocked => "COMMUNITY_ROLE_BLOCKED",
            }),
        }
    }

    /// How this surface spells a refusal.
    fn no(self, reason: &str) -> String {
        let (selfcommunity, whisk) = match reason {
            "SPACE_NOT_FOUND" => ("404 not_found", "400 general.notFound"),
            "NOT_A_MANAGER" => ("403 permission_denied", "400 community.permissionDenied"),
            "BLOCKED" => ("403 permission_denied", "400 community.permissionDenied"),
            "CREATOR_CANNOT_LEAVE" => ("403 permission_denied", "400 community.ownerCantLeave"),
            "SPACE_FULL" => ("400 space_full", "400 community.full"),
            other => panic!("no story has {other}"),
        };
        match self {
            Self::GrpcCourse | Self::GrpcGroup | Self::GrpcCommunity => reason.into(),
            Self::Course | Self::Group => selfcommunity.into(),
            Self::Community => whisk.into(),
        }
    }
}

/// Somebody who tells a story on one surface.
pub struct Teller<'a> {
    pub surface: Surface,
    pub app: &'a App,
    pub grpc: Grpc,
}

type Said = Result<(), String>;

impl Teller<'_> {
    fn space(&self) -> &'static str {
        self.surface.space()
    }

    fn over_rest(&self, verb: Verb) -> bool {
        let rest = matches!(self.surface, Surface::Course | Surface::Group | Surface::Community);
        rest && !self.surface.lacks().contains(&verb)
    }

    async fn rest(&self, user: &str, method: &str, tail: &str, body: Option<Value>) -> Reply {
        let id = self.space().split_once('/').unwrap().1;
        let path = match self.surface {
            Surface::Course => format!("/api/v2/course/{id}/{tail}"),
            Surface::Group => format!("/api/v2/group/{id}/{}", tail.replace("join", "subscribe")),
            _ => format!("/community/v2/{id}{tail}"),
        };
        let mut request = ask(method, &path).token(&token(user));
        if let Some(body) = body {
            request = request.json(body.to_string());
        }
        send(&self.app.rest.to_string(), request).await
    }

    async fn say(&self, user: &str, method: &str, tail: &str, body: Option<Value>) -> Said {
        let reply = self.rest(user, method, tail, body).await;
        if reply.status < 300 {
            return Ok(());
        }
        let body: Value = serde_json::from_str(&reply.body).unwrap();
        let code = body.pointer("/errors/0/code").or(body.get("error_code"));
        Err(format!("{} {}", reply.status, code.and_then(Value::as_str).unwrap_or("?")))
    }

    /// The HTTP status of a POST to this path.
    pub async fn post(&self, user: &str, path: &str) -> u16 {
        let request = ask("POST", path).token(&token(user)).json("{}");
        send(&self.app.rest.to_string(), request).await.status
    }

    pub async fn join(&self, user: &str) -> Said {
        match self.surface {
            Surface::Course | Surface::Group => self.say(user, "POST", "join/", None).await,
            Surface::Community => self.say(user, "POST", "/join", None).await,
            _ => self.grpc.join(user, self.space()).await.map(drop),
        }
    }

    pub async fn leave(&self, user: &str) -> Said {
        match self.surface {
            Surface::Course | Surface::Group => self.say(user, "DELETE", "join/", None).await,
            Surface::Community => self.say(user, "POST", "/leave", None).await,
            _ => self.grpc.leave(user, self.space()).await.map(drop),
        }
    }

    pub async fn remove(&self, by: &str, user: &str) -> Said {
        if self.surface == Surface::Community {
            return self.say(by, "DELETE", "/members", Some(json!({ "user_ids": [user] }))).await;
        }
        if self.over_rest(Verb::Remove) {
            return self.say(by, "DELETE", &format!("join/?user={user}"), None).await;
        }
        self.grpc.remove(by, self.space(), user).await.map(drop)
    }

    pub async fn invite(&self, by: &str, users: &[&str]) -> Said {
        if self.over_rest(Verb::Invite) {
            return self.say(by, "POST", "invite/", Some(numbers(users))).await;
        }
        self.grpc.invite(by, self.space(), users).await
    }

    pub async fn remove_invitations(&self, by: &str, users: &[&str]) -> Said {
        if self.over_rest(Verb::RemoveInvitations) {
            return self.say(by, "DELETE", "invite/", Some(numbers(users))).await;
        }
        self.grpc.remove_invitations(by, self.space(), users).await
    }

    pub async fn add(&self, by: &str, users: &[&str]) -> Said {
        if self.over_rest(Verb::Add) {
            return self.say(by, "POST", "join/", Some(numbers(users))).await;
        }
        self.grpc.add(by, self.space(), users).await
    }

    pub async fn make_manager(&self, by: &str, user: &str) -> Said {
        if self.surface == Surface::Community {
            return self.set_role(by, user, "COMMUNITY_ROLE_ADMIN").await;
        }
        if self.over_rest(Verb::ChangeRoles) {
            let id: i64 = user.parse().unwrap();
            return self.say(by, "POST", "role/", Some(json!({ "managers": [id] }))).await;
        }
        self.grpc.change_roles(by, self.space(), &[user], &[], &[]).await
    }

    async fn set_role(&self, by: &str, user: &str, role: &str) -> Said {
        let body = json!({ "user_id": user, "role": role });
        self.say(by, "POST", "/members/role", Some(body)).await
    }

    pub async fn block(&self, by: &str, user: &str) -> Said {
        if self.over_rest(Verb::Block) {
            return self.set_role(by, user, "COMMUNITY_ROLE_BLOCKED").await;
        }
        self.grpc.block(by, self.space(), user).await
    }

    pub async fn unblock(&self, by: &str, user: &str) -> Said {
        if self.over_rest(Verb::Unblock) {
            return self.set_role(by, user, "COMMUNITY_ROLE_UNSET").await;
        }
        self.grpc.unblock(by, self.space(), user).await
    }

    /// The user sees this as their own status, in the surface's own words.
    pub async fn sees(&self, user: &str, status: Status) {
        let (surface, space) = (self.surface, self.space());
        let seen = match surface {
            Surface::Course | Surface::Group => {
                let reply = self.rest(user, "GET", "status/", None).await;
                assert_eq!(reply.status, 200, "{}", reply.body);
                serde_json::from_str::<Value>(&reply.body).unwrap()["status"].clone()
            }
            Surface::Community => {
                let tail = "?fields=COMMUNITY_FIELD_PERMISSIONS";
                let reply = self.rest(user, "GET", tail, None).await;
                let body: Value = serde_json::from_str(&reply.body).unwrap();
                body.pointer("/community/permissions/role").unwrap().clone()
            }
            _ => json!(self.grpc.status(space, user).await.as_str_name()),
        };
        assert_eq!(seen, surface.word(status), "{user} on {surface:?}");
    }

    /// The surface says no, for this reason, in its own words.
    pub fn refuses(&self, said: Said, reason: &str) {
        assert_eq!(said, Err(self.surface.no(reason)), "{:?}", self.surface);
    }
}

fn numbers(users: &[&str]) -> Value {
    let ids: Vec<i64> = users.iter().map(|user| user.parse().unwrap()).collect();
    json!({ "users": ids })
}
