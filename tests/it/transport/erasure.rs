//! Forgetting users, over gRPC.

use std::collections::BTreeMap;

use prost_types::Timestamp;
use roster_proto::v1::erasure_service_client::ErasureServiceClient;
use roster_proto::v1::{self as pb, MembershipEventName as Name, MembershipStatus as S, Privacy};
use tonic::transport::Channel;
use tonic_types::StatusExt;

use crate::harness::{App, Beside, Grpc, of, of_service, on_every_engine, reason_of};

fn erasure(client: &Grpc) -> ErasureServiceClient<Channel> {
    ErasureServiceClient::new(client.channel.clone())
}

fn erase(user: &str, successor: &str, page_size: i32) -> pb::EraseUserRequest {
    let (user, successor) = (user.to_owned(), successor.to_owned());
    pb::EraseUserRequest { user, successor, page_size, validate_only: false }
}

async fn step(client: &Grpc, message: pb::EraseUserRequest) -> pb::EraseUserResponse {
    erasure(client).erase_user(of_service(message)).await.unwrap().into_inner()
}

/// Erases to the end; how many spaces there were, were inherited, were archived.
async fn erase_all(client: &Grpc, user: &str, successor: &str, size: i32) -> (i32, i32, i32) {
    let mut all = (0, 0, 0);
    loop {
        let step = step(client, erase(user, successor, size)).await;
        all.0 += step.space_count;
        all.1 += step.inherited_count;
        all.2 += step.archived_count;
        if step.done {
            return all;
        }
    }
}

/// What bob is and has done, everywhere.
async fn bobs_life(client: &Grpc) {
    for (space, creator) in [
        ("courses/1", "bob"),
        ("courses/2", "bob"),
        ("courses/3", "bob"),
        ("groups/1", "ada"),
        ("groups/2", "ada"),
        ("groups/3", "ada"),
        ("groups/4", "ada"),
    ] {
        client.create(space, Privacy::Private, creator, None).await;
    }
    client.add("bob", "courses/1", &["eve", "max"]).await.unwrap();
    client.change_roles("bob", "courses/1", &["zoe"], &[], &[]).await.unwrap();
    client.change_roles("bob", "courses/2", &["max"], &[], &[]).await.unwrap();
    client.add("bob", "courses/3", &["kim"]).await.unwrap();
    client.change_roles("ada", "groups/1", &["bob"], &[], &[]).await.unwrap();
    client.invite("bob", "groups/1", &["ida"]).await.unwrap();
    client.join("bob", "groups/2").await.unwrap();
    client.leave("bob", "groups/2").await.unwrap();
    client.block("ada", "groups/3", "bob").await.unwrap();
    // A manager who left: the invitation is still open.
    client.change_roles("ada", "groups/4", &["bob"], &[], &[]).await.unwrap();
    client.invite("bob", "groups/4", &["ida"]).await.unwrap();
    client.leave("bob", "groups/4").await.unwrap();
    let person = pb::Person {
        user: "bob".into(),
        real_name: "Bob".into(),
        change_time: Some(Timestamp { seconds: 1, nanos: 0 }),
        ..Default::default()
    };
    let put = pb::PutUsersRequest { people: vec![person] };
    client.people.clone().put_users(of_service(put)).await.unwrap();
}

const SPACES: [&str; 7] =
    ["courses/1", "courses/2", "courses/3", "groups/1", "groups/2", "groups/3", "groups/4"];

/// In how many rows this id stands, but for that which keeps old news of the person out.
async fn rows_naming(url: &str, user: &str) -> i64 {
    let beside = Beside::at(url).await;
    let count = |table: &str, column: &str| {
        format!("(SELECT COUNT(*) FROM {table} WHERE {column} = '{user}')")
    };
    let all = [
        count("membership", "user_id"),
        count("membership", "invited_by"),
        count("membership_event", "user_id"),
        count("membership_event", "actor"),
        count("space", "creator"),
        count("erasure", "user_id"),
        count("person_word", "user_id"),
    ];
    let found = beside.number(&format!("SELECT CAST({} AS BIGINT)", all.join(" + "))).await;
    beside.close().await;
    found
}

/// The history explains what is there: each event begins where the last one of its user ended.
async fn is_exact(client: &Grpc, space: &str) {
    let mut statuses = BTreeMap::new();
    for (n, event) in client.events(space).await.into_iter().enumerate() {
        assert_eq!(event.sequence, n as i64 + 1, "{space}");
        if event.user.is_empty() {
            continue;
        }
        let was = statuses.insert(event.user.clone(), event.to());
        assert_eq!(event.from(), was.unwrap_or(S::Absent), "{space}: {event:?}");
    }
    statuses.retain(|_, status| *status != S::Absent);
    let all = [S::Invited, S::Requested, S::Member, S::Manager, S::Creator, S::Blocked];
    let there = client.list(space, &all).await.into_iter().map(|m| (m.user.clone(), m.status()));
    assert_eq!(there.collect::<BTreeMap<_, _>>(), statuses, "{space}");
    let counted = client.space(space).await;
    let seats = statuses.values().filter(|s| [S::Member, S::Manager, S::Creator].contains(s));
    assert_eq!(counted.member_count, seats.count() as i64, "{space}");
}

#[tokio::test]
async fn a_user_is_forgotten_everywhere() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        bobs_life(&client).await;
        let preview = pb::EraseUserRequest { validate_only: true, ..erase("bob", "", 0) };
        let impact = step(&client, preview).await.impact.unwrap();
        let expected = pb::ErasureImpact {
            space_count: 7,
            creator_count: 3,
            manager_count: 1,
            member_count: 0,
            invited_count: 0,
            requested_count: 0,
            blocked_count: 1,
            waitlisted_count: 0,
            sent_invitation_count: 2,
            subject_event_count: 9,
            actor_event_count: 7,
            person: true,
        };
        assert_eq!(impact, expected);
        assert!(rows_naming(&url, "bob").await > 0, "nothing was changed");
        assert_eq!(erase_all(&client, "bob", "eve", 3).await, (7, 2, 1));
        assert_eq!(rows_naming(&url, "bob").await, 0);
        let creators = async |space| client.space(space).await.creator;
        assert_eq!(creators("courses/1").await, "eve", "the successor, who has a seat");
        assert_eq!(creators("courses/2").await, "max", "or else the oldest manager");
        let nobody = creators("courses/3").await;
        assert!(nobody.starts_with("erased:") && nobody.len() == 39, "{nobody}");
        assert_eq!(client.space("courses/3").await.privacy(), Privacy::Secret);
        assert_eq!(client.status("groups/1", "ida").await, S::Absent);
        assert_eq!(client.status("groups/4", "ida").await, S::Absent);
        for space in SPACES {
            is_exact(&client, space).await;
            let events = client.events(space).await;
            assert!(events.iter().any(|event| event.user == nobody), "one pseudonym everywhere");
        }
        let events = client.events("groups/1").await;
        let last = events.last().unwrap();
        assert_eq!((last.name(), last.user.as_str()), (Name::Erased, nobody.as_str()));
        assert_eq!((last.actor.as_str(), last.cause.as_str()), ("service/owner", "erase"));
        assert_eq!(erase_all(&client, "bob", "", 0).await, (0, 0, 0), "a repeat finds nothing");
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn old_news_does_not_bring_them_back_and_new_news_does() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        let tell = async |seconds| {
            let person = pb::Person {
                user: "bob".into(),
                username: "bob".into(),
                change_time: Some(Timestamp { seconds, nanos: 0 }),
                ..Default::default()
            };
            let put = pb::PutUsersRequest { people: vec![person] };
            let told = client.people.clone().put_users(of_service(put)).await.unwrap();
            told.into_inner().changed_count
        };
        // Another system's clock is ahead of ours.
        assert_eq!(tell(9_000_000_000).await, 1);
        assert_eq!(erase_all(&client, "bob", "", 0).await, (0, 0, 0));
        assert_eq!(tell(8_999_999_999).await, 0);
        assert_eq!(tell(9_000_000_000).await, 0);
        let get = pb::GetUsersRequest { users: vec!["bob".into()] };
        let known = client.people.clone().get_users(of_service(get)).await.unwrap().into_inner();
        assert!(known.people[0].deleted && known.people[0].username.is_empty());
        assert_eq!(tell(9_000_000_001).await, 1);
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn it_goes_on_where_it_ended_and_who_comes_back_is_new() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        bobs_life(&client).await;
        for expected in 1..=3 {
            let step = step(&client, erase("bob", "", 1)).await;
            assert_eq!((step.space_count, step.done), (1, false), "{expected}");
        }
        // They come back to where they were forgotten already, and the server is another one.
        client.add("eve", "courses/1", &["bob"]).await.unwrap_err();
        client.add("zoe", "courses/1", &["bob"]).await.unwrap();
        app.stop().await;
        let app = App::start(&url).await;
        let client = app.client().await;
        assert_eq!(erase_all(&client, "bob", "", 1).await.0, 4);
        assert_eq!(client.status("courses/1", "bob").await, S::Member);
        let of_bob = client.events("courses/1").await;
        assert_eq!(of_bob.iter().filter(|event| event.user == "bob").count(), 1);
        let names = SPACES.map(|space| client.events(space));
        let events = futures_util::future::join_all(names).await.concat();
        let mut pseudonyms: Vec<_> =
            events.iter().map(|e| &e.user).filter(|user| user.starts_with("erased:")).collect();
        pseudonyms.sort_unstable();
        pseudonyms.dedup();
        assert_eq!(pseudonyms.len(), 1, "the same after a restart");
        // Another time they get another one.
        assert_eq!(erase_all(&client, "bob", "", 0).await.0, 1);
        let last = client.events("courses/1").await.pop().unwrap().user;
        assert!(last.starts_with("erased:") && last != *pseudonyms[0], "{last}");
        is_exact(&client, "courses/1").await;
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_space_that_is_gone_does_not_name_them_either() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create("courses/1", Privacy::Open, "bob", None).await;
        let message = pb::DeleteSpaceRequest { name: "courses/1".into(), ..Default::default() };
        client.spaces.clone().delete_space(of("bob", message)).await.unwrap();
        assert_eq!(rows_naming(&url, "bob").await, 1);
        assert_eq!(erase_all(&client, "bob", "", 0).await, (1, 0, 0));
        assert_eq!(rows_naming(&url, "bob").await, 0);
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn only_services_forget() {
    let (app, _directory) = App::on_sqlite().await;
    let client = app.client().await;
    let mut calls = erasure(&client);
    for message in
        [erase("bob", "", 0), pb::EraseUserRequest { validate_only: true, ..erase("bob", "", 0) }]
    {
        let refused = calls.erase_user(of("bob", message.clone())).await.unwrap_err();
        assert_eq!(reason_of(&refused), "SCOPE_MISSING");
        let mut for_user = of_service(message);
        for_user.metadata_mut().insert("x-roster-on-behalf-of", "bob".parse().unwrap());
        let refused = calls.erase_user(for_user).await.unwrap_err();
        assert_eq!(reason_of(&refused), "SCOPE_MISSING");
    }
    for (message, field) in [
        (erase("", "", 0), "user"),
        (erase("a b", "", 0), "user"),
        (erase("bob", "bob", 0), "successor"),
        (erase("bob", "a b", 0), "successor"),
        (erase("bob", "", -1), "page_size"),
    ] {
        let refused = calls.erase_user(of_service(message)).await.unwrap_err();
        let details = refused.get_error_details();
        assert_eq!(details.bad_request().unwrap().field_violations[0].field, field);
    }
    app.stop().await;
}

/// So many spaces, which they join and leave while they are forgotten.
const RACED: usize = 24;

#[tokio::test(flavor = "multi_thread")]
async fn erasing_beside_joining_ends_exact() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        let names: Vec<_> = (1..=RACED).map(|n| format!("courses/{n}")).collect();
        for name in &names {
            client.create(name, Privacy::Open, "ada", None).await;
        }
        let joining = async {
            for round in 0..6 {
                let each = names.iter().map(async |name| {
                    if round % 2 == 0 {
                        client.join("bob", name).await.unwrap();
                    } else {
                        client.leave("bob", name).await.unwrap();
                    }
                });
                futures_util::future::join_all(each).await;
            }
        };
        let erasing = async {
            for _ in 0..4 {
                erase_all(&client, "bob", "", 5).await;
            }
        };
        tokio::join!(joining, erasing);
        for name in &names {
            is_exact(&client, name).await;
        }
        erase_all(&client, "bob", "", 0).await;
        assert_eq!(rows_naming(&url, "bob").await, 0);
        for name in &names {
            is_exact(&client, name).await;
        }
        app.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_forget_the_same_user_do_each_space_once() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        let names: Vec<_> = (101..101 + RACED).map(|n| format!("courses/{n}")).collect();
        for name in &names {
            client.create(name, Privacy::Open, "bob", None).await;
        }
        // What they leave behind is archived in the name of whoever was forgotten, and they come back to it at once.
        let adding = async {
            for name in names.iter().cycle().take(6 * RACED) {
                let message = pb::AddUsersRequest {
                    space: name.clone(),
                    users: vec!["bob".into()],
                    ..Default::default()
                };
                let _ = client.memberships.clone().add_users(of_service(message)).await;
            }
        };
        let erasing = || erase_all(&client, "bob", "", 5);
        tokio::join!(adding, erasing(), erasing(), erasing());
        for name in &names {
            is_exact(&client, name).await;
        }
        app.stop().await;
    })
    .await;
}
