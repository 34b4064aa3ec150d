//! The gRPC port byte by byte, for what no generated client would send.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use prost::Message;
use roster_proto::v1::{self as pb, Privacy};
use tonic::Status;
use tonic::body::Body;
use tonic::transport::{Channel, Endpoint};
use tower::{Service, ServiceExt};

use super::{App, admin_token};

/// One connection on which anything can be sent.
#[derive(Clone)]
pub struct Raw(Channel);

/// An answer as it came over the wire.
#[derive(Debug, PartialEq)]
pub struct Reply {
    pub http: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub trailers: HeaderMap,
}

/// A call of the contract: its path and its message.
pub type RawCall = (&'static str, Vec<u8>);

/// One message as gRPC frames it; flag 1 says that it is compressed.
pub fn frame(flag: u8, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[flag], length.as_slice(), message].concat()
}

impl Raw {
    pub async fn connect(app: &App) -> Self {
        Self::connect_to(app.grpc).await
    }

    /// Connects to any port.
    pub async fn connect_to(address: SocketAddr) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
        Self(endpoint.connect().await.unwrap())
    }

    /// Sends these bytes as the whole body.
    pub async fn send(&self, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Reply {
        let own = [("content-type", "application/grpc"), ("te", "trailers")];
        self.ask("POST", &format!("/roster.v1.{path}"), &[&own, headers].concat(), body).await
    }

    /// Sends any request.
    pub async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Reply {
        let (head, body) = self.begin(method, path, headers, body).await.into_parts();
        let body = body.collect().await.unwrap();
        Reply {
            http: head.status.as_u16(),
            headers: head.headers,
            trailers: body.trailers().cloned().unwrap_or_default(),
            body: body.to_bytes(),
        }
    }

    /// Sends any request, and does not wait for the body of the answer.
    pub async fn begin(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::new(Full::new(body.into()))).unwrap();
        let mut channel = self.0.clone();
        channel.ready().await.unwrap().call(request).await.unwrap()
    }

    /// Sends one well-framed message with this token.
    pub async fn call(&self, token: &str, (path, message): RawCall) -> Reply {
        self.send(path, &[("authorization", &format!("Bearer {token}"))], frame(0, &message)).await
    }

    /// Sends one well-framed message with a service's token and these headers.
    pub async fn call_with(&self, headers: &[(&str, &str)], (path, message): RawCall) -> Reply {
        let token = format!("Bearer {}", admin_token());
        let headers = [headers, &[("authorization", &token)]].concat();
        self.send(path, &headers, frame(0, &message)).await
    }
}

impl Reply {
    /// What the caller is told.
    pub fn status(&self) -> Status {
        let told = [&self.headers, &self.trailers].into_iter().find_map(Status::from_header_map);
        told.unwrap_or_else(|| panic!("no status: {self:?}"))
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The answer without what differs from one call to the next.
    pub fn timeless(mut self) -> Self {
        for name in ["date", "x-request-id"] {
            assert!(self.headers.remove(name).is_some() || name == "date", "{name} is missing");
        }
        self
    }
}

/// Every call that is about a space, asked about this one.
pub fn calls_about(space: &str) -> Vec<RawCall> {
    let (name, users) = (space.to_owned(), vec!["linus".to_owned()]);
    let space = || name.clone();
    let users = || users.clone();
    let user = || "linus".to_owned();
    [
        call(
            "MembershipService/JoinOrAcceptInvite",
            pb::JoinOrAcceptInviteRequest { space: space(), ..Default::default() },
        ),
        call(
            "MembershipService/LeaveOrRemoveRequest",
            pb::LeaveOrRemoveRequestRequest { space: space(), user: user(), ..Default::default() },
        ),
        call(
            "MembershipService/InviteOrAcceptUsers",
            pb::InviteOrAcceptUsersRequest { space: space(), users: users(), ..Default::default() },
        ),
        call(
            "MembershipService/RemoveInvitations",
            pb::RemoveInvitationsRequest { space: space(), users: users(), ..Default::default() },
        ),
        call(
            "MembershipService/AddUsers",
            pb::AddUsersRequest { space: space(), users: users(), ..Default::default() },
        ),
        call(
            "MembershipService/ChangeRoles",
            pb::ChangeRolesRequest { space: space(), members: users(), ..Default::default() },
        ),
        call(
            "MembershipService/TransferOwnership",
            pb::TransferOwnershipRequest { space: space(), user: user(), ..Default::default() },
        ),
        call(
            "MembershipService/GetMembership",
            pb::GetMembershipRequest { space: space(), user: user(), at: None },
        ),
        call(
            "MembershipService/ListMemberships",
            pb::ListMembershipsRequest { space: space(), ..Default::default() },
        ),
    ]
    .into_iter()
    .chain([history(&name), attend(&name), validated(&name), by_themselves(&name)])
    .chain(shut_out(&name))
    .chain(calls_about_the_past(&name))
    .chain(calls_of_moderators(&name))
    .chain(calls_about_links(&name))
    .chain(calls_of(&name))
    .collect()
}

fn history(name: &str) -> RawCall {
    let message = pb::ListMembershipEventsRequest { space: name.to_owned(), ..Default::default() };
    call("MembershipService/ListMembershipEvents", message)
}

fn validated(name: &str) -> RawCall {
    let message = pb::JoinOrAcceptInviteRequest {
        space: name.to_owned(),
        validate_only: true,
        ..Default::default()
    };
    call("MembershipService/JoinOrAcceptInvite", message)
}

fn by_themselves(name: &str) -> RawCall {
    let (space, users) = (name.to_owned(), vec!["linus".to_owned(), "grace".to_owned()]);
    let message = pb::AddUsersRequest { space, users, atomic: Some(false), ..Default::default() };
    call("MembershipService/AddUsers", message)
}

fn shut_out(name: &str) -> [RawCall; 2] {
    let (space, users) = (|| name.to_owned(), || vec!["linus".to_owned()]);
    let block = pb::BlockUsersRequest { space: space(), users: users(), ..Default::default() };
    let unblock = pb::UnblockUsersRequest { space: space(), users: users(), ..Default::default() };
    [call("MembershipService/BlockUsers", block), call("MembershipService/UnblockUsers", unblock)]
}

fn attend(name: &str) -> RawCall {
    let (space, attendance) = (name.to_owned(), pb::Attendance::Going.into());
    let message =
        pb::SetAttendanceRequest { space, attendance, users: vec![], ..Default::default() };
    call("MembershipService/SetAttendance", message)
}

/// Calls that ask of the history.
fn calls_about_the_past(name: &str) -> [RawCall; 3] {
    let (space, user) = (|| name.to_owned(), || "linus".to_owned());
    let at = Some(pb::Moment { told_by: Some(pb::moment::ToldBy::Sequence(1)) });
    let one = pb::GetMembershipRequest { space: space(), user: user(), at };
    let all = pb::ListMembershipsRequest { space: space(), at, ..Default::default() };
    let events =
        pb::ListMembershipEventsRequest { space: space(), user: user(), ..Default::default() };
    [
        call("MembershipService/GetMembership", one),
        call("MembershipService/ListMemberships", all),
        call("MembershipService/ListMembershipEvents", events),
    ]
}

/// Calls about many users whom a filter finds.
fn calls_of_moderators(name: &str) -> [RawCall; 3] {
    let space = || name.to_owned();
    let accept = pb::AcceptRequestsRequest { space: space(), ..Default::default() };
    let reject = pb::RejectRequestsRequest { space: space(), ..Default::default() };
    let remove = pb::RemoveMembersRequest { space: space(), ..Default::default() };
    [
        call("ModerationService/AcceptRequests", accept),
        call("ModerationService/RejectRequests", reject),
        call("ModerationService/RemoveMembers", remove),
    ]
}

/// Calls that make, show, end and bring invite links.
fn calls_about_links(name: &str) -> [RawCall; 5] {
    let (space, link) = (|| name.to_owned(), || "a link that nobody has made".to_owned());
    let create = pb::CreateInviteLinkRequest { space: space(), ..Default::default() };
    let list = pb::ListInviteLinksRequest { space: space(), ..Default::default() };
    let revoke = pb::RevokeInviteLinkRequest { space: space(), id: 1, ..Default::default() };
    let join = pb::JoinOrAcceptInviteRequest { space: space(), link: link(), ..Default::default() };
    let see = pb::GetSpaceRequest { name: space(), link: link() };
    [
        call("InviteLinkService/CreateInviteLink", create),
        call("InviteLinkService/ListInviteLinks", list),
        call("InviteLinkService/RevokeInviteLink", revoke),
        call("MembershipService/JoinOrAcceptInvite", join),
        call("SpaceService/GetSpace", see),
    ]
}

/// The calls about a space itself.
fn calls_of(name: &str) -> [RawCall; 3] {
    let name = || name.to_owned();
    let update = pb::UpdateSpaceRequest { name: name(), ..Default::default() };
    let delete = pb::DeleteSpaceRequest { name: name(), ..Default::default() };
    [
        call("SpaceService/GetSpace", pb::GetSpaceRequest { name: name(), ..Default::default() }),
        call("SpaceService/UpdateSpace", update),
        call("SpaceService/DeleteSpace", delete),
    ]
}

/// The other calls, with messages that can be read.
pub fn other_calls() -> Vec<RawCall> {
    let community_id = "d25506c2690f4b81b2050b9b90bda3b7".to_owned();
    vec![
        call(
            "MembershipService/JoinCommunity",
            pb::JoinCommunityRequest { community_id: community_id.clone(), ..Default::default() },
        ),
        call(
            "MembershipService/CheckMemberships",
            pb::CheckMembershipsRequest { keys: vec![pb::MembershipKey::default()] },
        ),
        call(
            "MembershipService/LeaveCommunity",
            pb::LeaveCommunityRequest { community_id, ..Default::default() },
        ),
        call(
            "MembershipService/CheckMemberships",
            pb::CheckMembershipsRequest {
                keys: vec![pb::MembershipKey {
                    space: "courses/78".into(),
                    user: String::new(),
                    ..Default::default()
                }],
            },
        ),
        call("PeopleService/PutUsers", pb::PutUsersRequest { people: vec![pb::Person::default()] }),
        call(
            "PeopleService/UploadUsers",
            pb::UploadUsersRequest { people: vec![pb::Person::default()] },
        ),
        call("PeopleService/DeleteUsers", pb::DeleteUsersRequest::default()),
        call("PeopleService/GetUsers", pb::GetUsersRequest { users: vec!["linus".into()] }),
        call("PeopleService/ListUsers", pb::ListUsersRequest::default()),
        call(
            "ErasureService/EraseUser",
            pb::EraseUserRequest { user: "linus".into(), ..Default::default() },
        ),
        call("MembershipService/ListUserSpaces", pb::ListUserSpacesRequest::default()),
        call("SpaceService/ListSpaces", pb::ListSpacesRequest::default()),
        call(
            "SpaceService/CreateSpace",
            pb::CreateSpaceRequest {
                name: "courses/77".into(),
                privacy: Privacy::Open.into(),
                creator: "ada".into(),
                ..Default::default()
            },
        ),
    ]
}

fn call(path: &'static str, message: impl Message) -> RawCall {
    (path, message.encode_to_vec())
}
