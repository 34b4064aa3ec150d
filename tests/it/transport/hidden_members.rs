//! A space that hides its members hides them on every surface, and how many they are.

use roster_proto::v1::{self as pb, MembershipStatus as Status, Privacy};

use super::rest_client::{ask, send};
use crate::harness::{App, Grpc, of, on_every_engine, reason_of, token};

const COURSE: &str = "courses/12";

/// What somebody is told of the members: the list, another one's membership by two ways, and the count.
async fn told(client: &Grpc, user: &str) -> (Result<usize, String>, Status, Status, i64) {
    let list = pb::ListMembershipsRequest { space: COURSE.into(), ..Default::default() };
    let list = client.memberships.clone().list_memberships(of(user, list)).await;
    let list = list.map(|list| list.into_inner().memberships.len()).map_err(|s| reason_of(&s));
    let one = pb::GetMembershipRequest { space: COURSE.into(), user: "3".into(), at: None };
    let one = client.memberships.clone().get_membership(of(user, one)).await.unwrap();
    let keys =
        vec![pb::MembershipKey { space: COURSE.into(), user: "3".into(), ..Default::default() }];
    let checked = pb::CheckMembershipsRequest { keys };
    let checked = client.memberships.clone().check_memberships(of(user, checked)).await.unwrap();
    let space = pb::GetSpaceRequest { name: COURSE.into(), ..Default::default() };
    let space = client.spaces.clone().get_space(of(user, space)).await.unwrap();
    let checked = checked.into_inner().checks[0].status();
    let count = space.into_inner().space.unwrap().member_count;
    (list, one.into_inner().membership.unwrap().status(), checked, count)
}

#[tokio::test]
async fn a_space_hides_its_members_everywhere() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(COURSE, Privacy::Open, "1", None).await;
        client.change_roles("1", COURSE, &["2"], &["3", "4"], &[]).await.unwrap();
        let shown = (Ok(4), Status::Member, Status::Member, 4);
        let hidden = (Err("NOT_A_MANAGER".to_owned()), Status::Absent, Status::Absent, 0);
        assert_eq!(told(&client, "9").await, shown);
        let rest = app.rest.to_string();
        let patch = async |body: &str| {
            let ask = ask("PATCH", "/api/v2/course/12/").token(&token("2")).json(body);
            assert_eq!(send(&rest, ask).await.status, 200, "{body}");
        };
        let members = async |user: &str| {
            send(&rest, ask("GET", "/api/v2/course/12/join/").token(&token(user))).await.status
        };
        patch(r#"{"hide_member_count":true}"#).await;
        for user in ["9", "4"] {
            assert_eq!(told(&client, user).await, hidden, "{user}");
            assert_eq!(members(user).await, 403);
        }
        assert_eq!(told(&client, "2").await, shown);
        assert_eq!(members("2").await, 200);
        // What they are themselves is nobody's secret, and the rest of the content hides nothing.
        let own = pb::GetMembershipRequest { space: COURSE.into(), ..Default::default() };
        let own = client.memberships.clone().get_membership(of("4", own)).await.unwrap();
        assert_eq!(own.into_inner().membership.unwrap().status(), Status::Member);
        patch(r#"{"description":"\"hide_member_count\":false"}"#).await;
        assert_eq!(told(&client, "9").await, hidden);
        patch(r#"{"hide_member_count":null,"inner":{"hide_member_count":true}}"#).await;
        assert_eq!(told(&client, "9").await, shown);
        assert_eq!(members("9").await, 200);
        app.stop().await;
    })
    .await;
}
