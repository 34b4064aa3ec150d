//! Lists over gRPC: page by page, each seeing no more than its caller may.

use roster_proto::v1::{self as pb, MembershipStatus as Status, Privacy};
use tonic::Code;
use tonic_types::StatusExt;

use crate::harness::{
    App, Grpc, of, of_service, on_every_engine, reason_of, token_with, with_token,
};

const COURSE: &str = "courses/1";
const HEX: &str = "communities/d25506c2690f4b81b2050b9b90bda3b7";

fn members(page_token: &str) -> pb::ListMembershipsRequest {
    let (space, page_token) = (COURSE.to_owned(), page_token.to_owned());
    pb::ListMembershipsRequest { space, page_size: 3, page_token, ..Default::default() }
}

/// One page as a service sees it: who is on it, and the token of the next.
async fn page(
    client: &Grpc,
    message: pb::ListMembershipsRequest,
) -> Result<(Vec<String>, String), tonic::Status> {
    let answer = client.memberships.clone().list_memberships(of_service(message)).await?;
    let page = answer.into_inner();
    Ok((page.memberships.into_iter().map(|m| m.user).collect(), page.next_page_token))
}

async fn space_with_members(client: &Grpc, users: &[&str]) {
    client.create(COURSE, Privacy::Private, "ada", None).await;
    client.change_roles("ada", COURSE, &[], users, &[]).await.unwrap();
}

fn is_page_token_refused(status: &tonic::Status) -> bool {
    let details = status.get_error_details();
    let fields = details.bad_request().map(|request| request.field_violations[0].field.clone());
    status.code() == Code::InvalidArgument
        && reason_of(status) == "INVALID_FIELD"
        && fields.as_deref() == Some("page_token")
}

#[tokio::test]
async fn pages_neither_repeat_nor_skip_while_people_come_and_go() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        space_with_members(&client, &["b", "d", "f", "h", "B", "z:1"]).await;
        let (first, next) = page(&client, members("")).await.unwrap();
        assert_eq!(first, ["B", "ada", "b"], "in byte order on both databases");
        // Somebody before the page comes, the last of the page goes, one comes behind it.
        client.change_roles("ada", COURSE, &[], &["A", "e"], &["b"]).await.unwrap();
        let (second, next) = page(&client, members(&next)).await.unwrap();
        assert_eq!(second, ["d", "e", "f"]);
        let (third, next) = page(&client, members(&next)).await.unwrap();
        assert_eq!((third, next.as_str()), (vec!["h".to_owned(), "z:1".to_owned()], ""));
        let exact = pb::ListMembershipsRequest { page_size: 8, ..members("") };
        let (all, next) = page(&client, exact).await.unwrap();
        assert_eq!((all.len(), next.as_str()), (8, ""), "a full last page is the last");
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_page_token_holds_for_its_own_query_alone() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        space_with_members(&client, &["b", "c", "d", "e"]).await;
        client.create("courses/2", Privacy::Open, "ada", None).await;
        let (_, token) = page(&client, members("")).await.unwrap();
        let flipped = |index: usize| {
            let mut bytes = token.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            String::from_utf8(bytes).unwrap()
        };
        let bad = (0..token.len()).map(flipped).filter(|bad| *bad != token).chain([
            token[1..].to_owned(),
            format!("{token}A"),
            format!("{token}="),
            "x".repeat(10 * 1024),
            "\0".to_owned(),
            "*".to_owned(),
        ]);
        for bad in bad {
            let status = page(&client, members(&bad)).await.unwrap_err();
            assert!(is_page_token_refused(&status), "{bad}: {status:?}");
        }
        let own = members(&token);
        let others = [
            pb::ListMembershipsRequest { space: "courses/2".into(), ..own.clone() },
            pb::ListMembershipsRequest { statuses: vec![Status::Member.into()], ..own.clone() },
        ];
        for other in others {
            let status = page(&client, other).await.unwrap_err();
            assert!(is_page_token_refused(&status), "{status:?}");
        }
        let all = [Status::Creator, Status::Member, Status::Manager, Status::Member];
        let same = all.map(i32::from).to_vec();
        let same = pb::ListMembershipsRequest { statuses: same, page_size: 1, ..own };
        assert_eq!(page(&client, same).await.unwrap().0, ["d"], "the same query in other words");
        let events = pb::ListMembershipEventsRequest {
            space: COURSE.into(),
            page_token: token,
            ..Default::default()
        };
        let status = client.memberships.clone().list_membership_events(of_service(events)).await;
        assert!(is_page_token_refused(&status.unwrap_err()));
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_page_token_outlives_its_server() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        space_with_members(&client, &["b", "c", "d"]).await;
        let (_, token) = page(&client, members("")).await.unwrap();
        app.stop().await;
        let app = App::start(&url).await;
        let (rest, _) = page(&app.client().await, members(&token)).await.unwrap();
        assert_eq!(rest, ["d"]);
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn who_waits_and_who_is_blocked_is_for_managers() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        space_with_members(&client, &["linus"]).await;
        client.invite("ada", COURSE, &["ida"]).await.unwrap();
        client.join("rex", COURSE).await.unwrap();
        client.block("ada", COURSE, "bob").await.unwrap();
        let seen = async |by: &str, statuses: &[Status]| {
            let statuses = statuses.iter().map(|status| (*status).into()).collect();
            let message = pb::ListMembershipsRequest { statuses, ..members("") };
            let answer = client.memberships.clone().list_memberships(of(by, message)).await;
            let answer = answer.map_err(|status| reason_of(&status))?.into_inner();
            Ok(answer.memberships.into_iter().map(|m| m.user).collect::<Vec<_>>().join(" "))
        };
        let refused = || Err::<String, _>("NOT_A_MANAGER".to_owned());
        for by in ["linus", "ida", "rex", "bob", "stranger"] {
            assert_eq!(seen(by, &[]).await, Ok("ada linus".to_owned()), "{by}");
            for hidden in [Status::Invited, Status::Requested, Status::Blocked] {
                assert_eq!(seen(by, &[hidden]).await, refused(), "{by}");
                assert_eq!(seen(by, &[Status::Member, hidden]).await, refused(), "{by}");
            }
        }
        assert_eq!(seen("ada", &[Status::Invited]).await, Ok("ida".to_owned()));
        let waiting = [Status::Blocked, Status::Requested, Status::Manager];
        assert_eq!(seen("ada", &waiting).await, Ok("bob rex".to_owned()));
        let history =
            pb::ListMembershipEventsRequest { space: COURSE.into(), ..Default::default() };
        let answer = client.memberships.clone().list_membership_events(of("linus", history)).await;
        assert_eq!(reason_of(&answer.unwrap_err()), "NOT_A_MANAGER");
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn the_history_goes_on_where_it_was_left() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        space_with_members(&client, &["a1", "a2", "a3", "a4"]).await;
        let read = async |after_sequence, page_token: &str| {
            let message = pb::ListMembershipEventsRequest {
                space: COURSE.into(),
                after_sequence,
                page_size: 2,
                page_token: page_token.into(),
                ..Default::default()
            };
            let answer =
                client.memberships.clone().list_membership_events(of("ada", message)).await;
            let page = answer.map_err(|status| reason_of(&status))?.into_inner();
            let numbers: Vec<_> = page.events.iter().map(|event| event.sequence).collect();
            Ok::<_, String>((numbers, page.next_page_token))
        };
        let (numbers, next) = read(1, "").await.unwrap();
        assert_eq!(numbers, [2, 3]);
        let (numbers, last) = read(0, &next).await.unwrap();
        assert_eq!((numbers, last.as_str()), (vec![4, 5], ""));
        assert_eq!(read(1, &next).await.unwrap_err(), "INVALID_FIELD");
        assert_eq!(read(5, "").await, Ok((Vec::new(), String::new())));
        app.stop().await;
    })
    .await;
}

/// Spaces in which `bob` has every status in every privacy that matters.
async fn bobs_spaces(client: &Grpc) {
    for (name, privacy) in [
        (COURSE, Privacy::Open),
        ("courses/2", Privacy::Secret),
        ("courses/3", Privacy::Secret),
        ("courses/4", Privacy::Draft),
        ("courses/5", Privacy::Draft),
        ("groups/1", Privacy::Private),
        (HEX, Privacy::Open),
    ] {
        client.create(name, privacy, "ada", None).await;
    }
    for member_of in [COURSE, "courses/2", "courses/4", HEX] {
        client.change_roles("ada", member_of, &[], &["bob"], &[]).await.unwrap();
    }
    client.block("ada", "courses/3", "bob").await.unwrap();
    client.change_roles("ada", "courses/5", &["bob"], &[], &[]).await.unwrap();
    client.join("bob", "groups/1").await.unwrap();
}

#[tokio::test]
async fn users_list_the_spaces_that_they_can_see() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        bobs_spaces(&client).await;
        let list = async |token: &str, user: &str, collection: &str, statuses: &[Status]| {
            let message = pb::ListUserSpacesRequest {
                user: user.into(),
                collection: collection.into(),
                statuses: statuses.iter().map(|status| (*status).into()).collect(),
                ..Default::default()
            };
            let mut calls = client.memberships.clone();
            let answer = calls.list_user_spaces(with_token(token, message)).await;
            let listed = answer.map_err(|status| reason_of(&status))?.into_inner().spaces;
            let names = listed.into_iter().map(|listed| listed.space.unwrap().name);
            Ok::<_, String>(names.collect::<Vec<_>>().join(" "))
        };
        let every: Vec<_> = (2..=7).map(|n| Status::try_from(n).unwrap()).collect();
        let bob = token_with("bob", Some("community:read"));
        let plain = token_with("bob", None);
        let service = crate::harness::admin_token();
        let seats = format!("{HEX} courses/1 courses/2 courses/5");
        let visible = format!("{seats} groups/1");
        let hidden = format!("{HEX} courses/1 courses/2 courses/3 courses/4 courses/5 groups/1");
        let refused = |reason: &str| Err(reason.to_owned());
        assert_eq!(list(&bob, "", "", &[]).await, Ok(seats.clone()));
        assert_eq!(list(&bob, "bob", "", &[]).await, Ok(seats));
        assert_eq!(list(&bob, "", "", &every).await, Ok(visible.clone()));
        assert_eq!(list(&plain, "", "", &every).await, Ok(visible[HEX.len() + 1..].to_owned()));
        assert_eq!(list(&plain, "", "communities", &[]).await, refused("SCOPE_MISSING"));
        assert_eq!(list(&bob, "", "groups", &[Status::Requested]).await, Ok("groups/1".into()));
        assert_eq!(list(&bob, "", "course", &[]).await, refused("INVALID_FIELD"));
        assert_eq!(list(&bob, "ada", "", &[]).await, refused("SCOPE_MISSING"));
        assert_eq!(list(&service, "bob", "", &every).await, Ok(hidden));
        assert_eq!(list(&service, "", "", &[]).await, refused("INVALID_FIELD"));
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn pages_of_spaces_belong_to_one_user() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        bobs_spaces(&client).await;
        let list = async |user: &str, page_token: String| {
            let message =
                pb::ListUserSpacesRequest { page_size: 2, page_token, ..Default::default() };
            client.memberships.clone().list_user_spaces(of(user, message)).await
        };
        let first = list("bob", String::new()).await.unwrap().into_inner();
        let names = |page: &pb::ListUserSpacesResponse| {
            page.spaces.iter().map(|s| s.space.as_ref().unwrap().name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(&first), [HEX, COURSE]);
        let second = list("bob", first.next_page_token.clone()).await.unwrap().into_inner();
        assert_eq!(names(&second), ["courses/2", "courses/5"]);
        assert_eq!(second.next_page_token, "");
        assert!(is_page_token_refused(&list("ada", first.next_page_token).await.unwrap_err()));
        app.stop().await;
    })
    .await;
}
