//! `ListSpaces`: what there is, for services alone.

use roster_proto::v1::{self as pb, Privacy};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::harness::{App, Grpc, of, of_service, on_every_engine, reason_of};

const COMMUNITY: &str = "communities/d25506c2690f4b81b2050b9b90bda3b7";

/// One of each privacy, in no order.
async fn some_spaces(client: &Grpc) {
    for (name, privacy, creator) in [
        ("groups/2", Privacy::Secret, "linus"),
        ("courses/10", Privacy::Draft, "ada"),
        (COMMUNITY, Privacy::Private, "ada"),
        ("courses/2", Privacy::Open, "linus"),
        ("groups/1", Privacy::Open, "ada"),
    ] {
        client.create(name, privacy, creator, None).await;
    }
}

async fn page(
    client: &Grpc,
    request: Request<pb::ListSpacesRequest>,
) -> Result<(Vec<String>, String), Status> {
    let page = client.spaces.clone().list_spaces(request).await?.into_inner();
    Ok((page.spaces.into_iter().map(|space| space.name).collect(), page.next_page_token))
}

#[tokio::test]
async fn services_see_every_space_in_order_of_name() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        some_spaces(&client).await;
        let all = [COMMUNITY, "courses/10", "courses/2", "groups/1", "groups/2"];
        let whole = page(&client, of_service(pb::ListSpacesRequest::default())).await.unwrap();
        assert_eq!(whole, (all.map(String::from).to_vec(), String::new()));
        let (mut seen, mut token) = (Vec::new(), String::new());
        loop {
            let message =
                pb::ListSpacesRequest { page_size: 2, page_token: token, ..Default::default() };
            let (names, next) = page(&client, of_service(message)).await.unwrap();
            assert!(names.len() <= 2);
            seen.extend(names);
            token = next;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(seen, all);
        let message = pb::DeleteSpaceRequest { name: "courses/2".into(), ..Default::default() };
        client.spaces.clone().delete_space(of_service(message)).await.unwrap();
        let (left, _) = page(&client, of_service(pb::ListSpacesRequest::default())).await.unwrap();
        assert!(!left.contains(&"courses/2".to_owned()), "{left:?}");
        let all = of_service(pb::ListSpacesRequest::default());
        let listed = client.spaces.clone().list_spaces(all).await.unwrap().into_inner();
        let message = pb::GetSpaceRequest { name: COMMUNITY.into(), ..Default::default() };
        let shown = client.spaces.clone().get_space(of_service(message)).await.unwrap();
        assert_eq!(Some(&listed.spaces[0]), shown.into_inner().space.as_ref());
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn spaces_are_listed_by_kind_privacy_and_creator() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        some_spaces(&client).await;
        let wanted = |collection: &str, privacy: Privacy, creator: &str| pb::ListSpacesRequest {
            collection: collection.into(),
            privacy: privacy.into(),
            creator: creator.into(),
            ..Default::default()
        };
        let any = Privacy::Unspecified;
        for (message, expected) in [
            (wanted("courses", any, ""), vec!["courses/10", "courses/2"]),
            (wanted("groups", any, ""), vec!["groups/1", "groups/2"]),
            (wanted("communities", any, ""), vec![COMMUNITY]),
            (wanted("", Privacy::Open, ""), vec!["courses/2", "groups/1"]),
            (wanted("", any, "linus"), vec!["courses/2", "groups/2"]),
            (wanted("groups", Privacy::Secret, "linus"), vec!["groups/2"]),
            (wanted("groups", Privacy::Draft, ""), vec![]),
        ] {
            let (names, _) = page(&client, of_service(message.clone())).await.unwrap();
            assert_eq!(names, expected, "{message:?}");
        }
        let first = pb::ListSpacesRequest { page_size: 1, ..wanted("groups", any, "") };
        let (_, token) = page(&client, of_service(first.clone())).await.unwrap();
        let other =
            pb::ListSpacesRequest { collection: "courses".into(), page_token: token, ..first };
        for (message, field) in [
            (wanted("course", any, ""), "collection"),
            (pb::ListSpacesRequest { privacy: 9, ..Default::default() }, "privacy"),
            (wanted("", any, "a b"), "creator"),
            (pb::ListSpacesRequest { page_size: -1, ..Default::default() }, "page_size"),
            (other, "page_token"),
        ] {
            let status = page(&client, of_service(message.clone())).await.unwrap_err();
            assert_eq!(reason_of(&status), "INVALID_FIELD", "{message:?}");
            let fields = status.get_details_bad_request().unwrap().field_violations;
            assert_eq!(fields[0].field, field);
        }
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn users_do_not_list_all_spaces_and_nobody_does_in_their_name() {
    let (app, _directory) = App::on_sqlite().await;
    let client = app.client().await;
    some_spaces(&client).await;
    let mut for_ada = of_service(pb::ListSpacesRequest::default());
    for_ada.metadata_mut().insert("x-roster-on-behalf-of", "ada".parse().unwrap());
    for request in [of("ada", pb::ListSpacesRequest::default()), for_ada] {
        let status = page(&client, request).await.unwrap_err();
        assert_eq!(
            (status.code(), reason_of(&status)),
            (Code::PermissionDenied, "SCOPE_MISSING".into())
        );
    }
    app.stop().await;
}

/// A space of this title.
async fn titled(client: &Grpc, name: &str, display_name: &str, privacy: Privacy) {
    let message = pb::CreateSpaceRequest {
        name: name.into(),
        display_name: display_name.into(),
        privacy: privacy.into(),
        creator: "ada".into(),
        ..Default::default()
    };
    client.spaces.clone().create_space(of_service(message)).await.unwrap();
}

#[tokio::test]
async fn spaces_are_found_by_their_words_and_by_when_they_were_made() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        titled(&client, "courses/1", "Bread for beginners", Privacy::Open).await;
        titled(&client, "courses/2", "BREAD and Ünlü", Privacy::Draft).await;
        titled(&client, "groups/3", "Bakers of bread", Privacy::Secret).await;
        titled(&client, "groups/4", "Cake", Privacy::Open).await;
        let wanted = |collection: &str, search: &str| pb::ListSpacesRequest {
            collection: collection.into(),
            search: search.into(),
            ..Default::default()
        };
        for (message, expected) in [
            (wanted("", "brea"), vec!["courses/1", "courses/2", "groups/3"]),
            (wanted("courses", "BREAD"), vec!["courses/1", "courses/2"]),
            (wanted("", "unlu bread"), vec!["courses/2"]),
            (wanted("", "bread beg"), vec!["courses/1"]),
            (wanted("", "read"), vec![]),
            (wanted("", " *** "), vec![]),
            (wanted("", " "), vec!["courses/1", "courses/2", "groups/3", "groups/4"]),
        ] {
            let (names, _) = page(&client, of_service(message.clone())).await.unwrap();
            assert_eq!(names, expected, "{message:?}");
        }
        let first = pb::ListSpacesRequest { page_size: 2, ..wanted("", "bread") };
        let (_, page_token) = page(&client, of_service(first.clone())).await.unwrap();
        let second = pb::ListSpacesRequest { page_token: page_token.clone(), ..first.clone() };
        let (names, last) = page(&client, of_service(second)).await.unwrap();
        assert_eq!((names, last), (vec!["groups/3".to_owned()], String::new()));
        let other = pb::ListSpacesRequest { page_token, search: "cake".into(), ..first };
        let status = page(&client, of_service(other)).await.unwrap_err();
        assert_eq!(
            status.get_details_bad_request().unwrap().field_violations[0].field,
            "page_token"
        );

        let made = client.space("groups/3").await.create_time;
        let since = |created_since| pb::ListSpacesRequest { created_since, ..Default::default() };
        let (names, _) = page(&client, of_service(since(made))).await.unwrap();
        assert!(names.contains(&"groups/3".into()) && names.contains(&"groups/4".into()));
        let later =
            made.map(|time| prost_types::Timestamp { seconds: time.seconds + 3_600, ..time });
        assert_eq!(page(&client, of_service(since(later))).await.unwrap().0, [""; 0]);
        let never = made.map(|time| prost_types::Timestamp { nanos: -1, ..time });
        let status = page(&client, of_service(since(never))).await.unwrap_err();
        let fields = status.get_details_bad_request().unwrap().field_violations;
        assert_eq!(fields[0].field, "created_since");
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn every_status_is_counted_for_those_who_manage() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create("groups/1", Privacy::Private, "ada", None).await;
        client.invite("ada", "groups/1", &["i1", "i2"]).await.unwrap();
        for asking in ["r1", "r2", "r3"] {
            client.join(asking, "groups/1").await.unwrap();
        }
        client
            .change_roles("ada", "groups/1", &["m1"], &["p1", "p2", "p3", "p4"], &[])
            .await
            .unwrap();
        for blocked in ["b1", "b2", "b3", "b4", "b5"] {
            client.block("ada", "groups/1", blocked).await.unwrap();
        }
        let counts = pb::StatusCounts {
            invited: 2,
            requested: 3,
            member: 4,
            manager: 1,
            creator: 1,
            blocked: 5,
            waitlisted: 0,
        };
        let all = of_service(pb::ListSpacesRequest::default());
        let listed = client.spaces.clone().list_spaces(all).await.unwrap().into_inner();
        assert_eq!(listed.spaces[0].status_counts, Some(counts));
        for (user, expected) in [("ada", Some(counts)), ("m1", Some(counts)), ("p1", None)] {
            let message = pb::GetSpaceRequest { name: "groups/1".into(), ..Default::default() };
            let shown = client.spaces.clone().get_space(of(user, message)).await.unwrap();
            assert_eq!(shown.into_inner().space.unwrap().status_counts, expected, "to {user}");
        }
        app.stop().await;
    })
    .await;
}
