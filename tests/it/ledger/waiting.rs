//! Waiting for a seat, on both databases and beside others who are at work.

use std::collections::BTreeMap;
use std::time::Duration;

use prost_types::Timestamp;
use roster::clock::Clock;
use roster_proto::v1::{
    self as pb, MembershipEventName as EventName, MembershipStatus as Status, Privacy,
};

use super::{consistent, rounds, together};
use crate::harness::{App, Beside, Engine, Grpc, of, of_service, on_every_engine, reason_of};

const SPACE: &str = "groups/1";
const ROUNDS: usize = 20;

async fn create(client: &Grpc, privacy: Privacy, seats: i64) {
    let message = pb::CreateSpaceRequest {
        name: SPACE.into(),
        privacy: privacy.into(),
        creator: "ada".into(),
        capacity: Some(seats),
        waitlist: true,
        ..Default::default()
    };
    client.spaces.clone().create_space(of_service(message)).await.unwrap();
}

async fn update(client: &Grpc, change: pb::UpdateSpaceRequest) -> Result<pb::Space, String> {
    let message = pb::UpdateSpaceRequest { name: SPACE.into(), ..change };
    let answer = client.spaces.clone().update_space(of("ada", message)).await;
    answer.map(|it| it.into_inner().space.unwrap()).map_err(|status| reason_of(&status))
}

async fn with_capacity(client: &Grpc, seats: i64) -> pb::Space {
    let change = pb::UpdateSpaceRequest { capacity: Some(seats), ..Default::default() };
    update(client, change).await.unwrap()
}

async fn position(client: &Grpc, user: &str) -> i64 {
    client.membership(SPACE, user).await.waitlist_position
}

async fn join(client: &Grpc, users: &[&str]) -> Vec<Status> {
    let mut all = Vec::new();
    for user in users {
        all.push(client.join(user, SPACE).await.unwrap());
    }
    all
}

/// Those who wait, in order.
async fn line(client: &Grpc) -> Vec<String> {
    let mut waiting: Vec<pb::Membership> = Vec::new();
    let mut page_token = String::new();
    loop {
        let message = pb::ListMembershipsRequest {
            space: SPACE.into(),
            statuses: vec![Status::Waitlisted.into()],
            page_size: 1_000,
            page_token,
            ..Default::default()
        };
        let page = client.memberships.clone().list_memberships(of_service(message)).await;
        let page = page.unwrap().into_inner();
        waiting.extend(page.memberships);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    waiting.sort_by_key(|of| of.version);
    waiting.into_iter().map(|of| of.user).collect()
}

/// Who got a seat from the list was the first on it; and what the database counts by is what waits.
async fn in_order(client: &Grpc, url: &str) {
    let mut line = BTreeMap::new();
    for event in client.events(SPACE).await {
        if event.name() == EventName::SeatGiven {
            assert_eq!(line.first_key_value().map(|(_, user)| user), Some(&event.user));
        }
        line.retain(|_, user| *user != event.user);
        if event.to() == Status::Waitlisted {
            line.insert(event.sequence, event.user);
        }
    }
    assert!(self::line(client).await.iter().eq(line.values()));
    let beside = Beside::at(url).await;
    // Ranges are counted in long lists alone.
    let expected = if line.len() > 512 { line.len() as i64 } else { 0 };
    for level in 1..=2 {
        let sum = "SELECT CAST(COALESCE(SUM(waiting), 0) AS BIGINT) FROM waiting_node";
        let counted = beside.number(&format!("{sum} WHERE level = {level}")).await;
        assert_eq!(counted, expected, "level {level}");
    }
    let empty = beside.number("SELECT COUNT(*) FROM waiting_node WHERE waiting <= 0").await;
    assert_eq!(empty, 0, "what nobody waits in is forgotten");
    beside.close().await;
}

/// Everybody has a place, from 1 on without gaps, in the order of the list.
async fn positions(client: &Grpc) {
    for (user, expected) in line(client).await.iter().zip(1..) {
        assert_eq!(position(client, user).await, expected, "{user}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixty_four_who_want_the_last_seat_sixty_three_wait_in_order() {
    on_every_engine(|engine, url| async move {
        // Where servers can share a database, two do.
        let servers = if engine == Engine::Sqlite { 1 } else { 2 };
        let mut apps = Vec::new();
        for _ in 0..servers {
            apps.push(App::start(&url).await);
        }
        let mut clients = Vec::new();
        for app in &apps {
            clients.push(app.client().await);
        }
        let client = &clients[0];
        create(client, Privacy::Open, 2).await;
        let joins = (0..64).map(|n| {
            let client = clients[n % servers].clone();
            async move { client.join(&format!("user{n}"), SPACE).await.unwrap() }
        });
        let joined = together(joins).await;
        let seated = joined.iter().filter(|status| **status == Status::Member).count();
        let waiting = joined.iter().filter(|status| **status == Status::Waitlisted).count();
        assert_eq!((seated, waiting), (1, 63));
        consistent(client, SPACE).await;
        in_order(client, &url).await;
        positions(client).await;
        // All leave at once, seated or not, but for the last few.
        let stay: Vec<_> = line(client).await.split_off(40);
        let leave = (0..64).map(|n| format!("user{n}")).filter(|user| !stay.contains(user));
        let leave: Vec<_> = leave.collect();
        let leaves = leave.into_iter().enumerate().map(|(n, user)| {
            let client = clients[n % servers].clone();
            async move { client.leave(&user, SPACE).await.unwrap() }
        });
        together(leaves).await;
        let space = client.space(SPACE).await;
        assert_eq!((space.member_count, space.waitlisted_count), (2, 22));
        assert_eq!(line(client).await, stay[1..], "the first of them has the seat");
        consistent(client, SPACE).await;
        in_order(client, &url).await;
        positions(client).await;
        for app in apps {
            app.stop().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_beside_leaving_beside_joining_keeps_the_order() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        create(&client, Privacy::Open, 3).await;
        join(&client, &["a0", "b0", "c0", "d0", "e0"]).await;
        for round in 0..rounds(ROUNDS) {
            let next = round + 1;
            let seated = client.list(SPACE, &[Status::Member]).await;
            let waiting = line(&client).await;
            let leave = [seated[0].user.clone(), seated[1].user.clone(), waiting[0].clone()];
            let leaves = leave.into_iter().map(|user| (user, false));
            let joins = ["a", "b", "c"].map(|of| (format!("{of}{next}"), true));
            let acts = leaves.chain(joins).map(|(user, joins)| {
                let client = client.clone();
                async move {
                    match joins {
                        true => client.join(&user, SPACE).await.unwrap(),
                        false => client.leave(&user, SPACE).await.unwrap(),
                    }
                }
            });
            together(acts).await;
            let space = client.space(SPACE).await;
            assert_eq!((space.member_count, space.waitlisted_count), (3, 3), "round {round}");
        }
        consistent(&client, SPACE).await;
        in_order(&client, &url).await;
        positions(&client).await;
        app.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_seats_go_to_all_who_wait_for_them() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        create(&client, Privacy::Open, 1).await;
        let waiting = 1_200;
        for part in 0..waiting / 50 {
            let joins = (part * 50..(part + 1) * 50).map(|n| {
                let client = client.clone();
                async move { client.join(&format!("user{n}"), SPACE).await.unwrap() }
            });
            let joined = together(joins).await;
            assert!(joined.iter().all(|status| *status == Status::Waitlisted));
        }
        let space = with_capacity(&client, 4).await;
        assert_eq!((space.member_count, space.waitlisted_count), (4, waiting - 3));
        in_order(&client, &url).await;
        // More than are given in one transaction.
        let space = with_capacity(&client, 1_150).await;
        assert_eq!((space.member_count, space.waitlisted_count), (1_150, waiting - 1_149));
        in_order(&client, &url).await;
        let given = client.events(SPACE).await;
        let given = given.iter().filter(|event| event.name() == EventName::SeatGiven);
        let caused: Vec<_> = given.map(|event| event.cause.as_str()).collect();
        assert_eq!(caused[..3], ["update_space"; 3], "the action that made the seats");
        let space = with_capacity(&client, 0).await;
        assert_eq!((space.member_count, space.waitlisted_count), (waiting + 1, 0));
        in_order(&client, &url).await;
        assert_eq!(client.join("late", SPACE).await, Ok(Status::Member));
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_seat_that_ends_by_itself_goes_to_the_first_who_waits() {
    on_every_engine(|_, url| async move {
        let clock = Clock::fixed(Clock::system().now());
        let app = App::at(&url, &clock).await;
        let client = app.client().await;
        create(&client, Privacy::Open, 3).await;
        for (user, seconds) in [("grace", 10), ("kurt", 20)] {
            let at = clock.now() / 1_000 + seconds;
            let message = pb::AddUsersRequest {
                space: SPACE.into(),
                users: vec![user.into()],
                until: Some(Timestamp { seconds: at, nanos: 0 }),
                ..Default::default()
            };
            client.memberships.clone().add_users(of("ada", message)).await.unwrap();
        }
        assert_eq!(join(&client, &["ann", "bob", "eve"]).await, [Status::Waitlisted; 3]);
        clock.advance(Duration::from_secs(11));
        assert_eq!(app.service.sweep().await.unwrap(), 1);
        assert_eq!(app.service.sweep().await.unwrap(), 0);
        assert_eq!(client.status(SPACE, "ann").await, Status::Member);
        let events = client.events(SPACE).await;
        let told: Vec<_> = events.iter().rev().take(2).map(|it| (it.name(), &*it.cause)).collect();
        assert_eq!(told, [(EventName::SeatGiven, "expire"), (EventName::Expired, "expire")]);
        // Before anything is written down, nobody who joins overtakes.
        clock.advance(Duration::from_secs(10));
        assert_eq!(client.join("zoe", SPACE).await, Ok(Status::Waitlisted));
        assert_eq!(client.status(SPACE, "bob").await, Status::Member);
        assert_eq!(line(&client).await, ["eve", "zoe"]);
        consistent(&client, SPACE).await;
        in_order(&client, &url).await;
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn who_waits_may_leave_be_removed_blocked_or_given_another_role() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        create(&client, Privacy::Open, 2).await;
        let people = ["ann", "bob", "eve", "kim", "lou", "max", "zoe"];
        let joined = join(&client, &people).await;
        assert_eq!(joined[..2], [Status::Member, Status::Waitlisted]);
        assert_eq!(position(&client, "zoe").await, 6);
        assert_eq!(position(&client, "ann").await, 0, "nobody who has a seat waits");
        assert_eq!(client.join("zoe", SPACE).await, Ok(Status::Waitlisted), "repeating is safe");
        assert_eq!(client.leave("bob", SPACE).await, Ok(Status::Absent));
        assert_eq!(client.remove("ada", SPACE, "eve").await, Ok(Status::Absent));
        client.block("ada", SPACE, "kim").await.unwrap();
        assert_eq!(position(&client, "zoe").await, 3);
        client.invite("ada", SPACE, &["zoe"]).await.unwrap();
        assert_eq!(position(&client, "zoe").await, 3, "a manager's word does not overtake");
        assert_eq!(client.add("ada", SPACE, &["zoe"]).await, Err("SPACE_FULL".into()));
        assert_eq!(client.transfer("ada", SPACE, "zoe").await, Err("NOT_A_MEMBER".into()));
        // A swap in a full space goes through.
        client.change_roles("ada", SPACE, &[], &["zoe"], &["ann"]).await.unwrap();
        assert_eq!(line(&client).await, ["lou", "max"]);
        client.block("ada", SPACE, "zoe").await.unwrap();
        assert_eq!(client.status(SPACE, "lou").await, Status::Member);
        let erased = pb::EraseUserRequest { user: "lou".into(), ..Default::default() };
        let mut erasure =
            pb::erasure_service_client::ErasureServiceClient::new(client.channel.clone());
        erasure.erase_user(of_service(erased)).await.unwrap();
        assert_eq!(client.status(SPACE, "max").await, Status::Member);
        let names: Vec<_> = client.events(SPACE).await.iter().map(|it| it.name()).collect();
        let rare = [EventName::WaitlistLeft, EventName::WaitlistRemoved, EventName::SeatGiven];
        assert!(rare.iter().all(|name| names.contains(name)), "{names:?}");
        in_order(&client, &url).await;
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn who_is_let_in_where_no_seat_is_free_waits_for_one() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        create(&client, Privacy::Private, 2).await;
        assert_eq!(join(&client, &["ann", "bob"]).await, [Status::Requested; 2]);
        client.invite("ada", SPACE, &["ann", "bob", "eve"]).await.unwrap();
        assert_eq!(client.status(SPACE, "ann").await, Status::Member);
        assert_eq!(client.status(SPACE, "bob").await, Status::Waitlisted);
        let secret =
            pb::UpdateSpaceRequest { privacy: Some(Privacy::Secret.into()), ..Default::default() };
        update(&client, secret).await.unwrap();
        assert_eq!(client.join("eve", SPACE).await, Ok(Status::Waitlisted), "an invitation");
        let own = pb::GetMembershipRequest { space: SPACE.into(), ..Default::default() };
        let own = client.memberships.clone().get_membership(of("eve", own)).await.unwrap();
        let own = own.into_inner().membership.unwrap();
        assert_eq!((own.status(), own.waitlist_position), (Status::Waitlisted, 2));
        let asked = pb::GetMembershipRequest { space: SPACE.into(), user: "eve".into(), at: None };
        let other = client.memberships.clone().get_membership(of("ann", asked)).await.unwrap();
        let other = other.into_inner().membership.unwrap();
        assert_eq!((other.status(), other.waitlist_position), (Status::Absent, 0));
        // Turned off, it still serves those who wait, and takes nobody new.
        let off = pb::UpdateSpaceRequest { waitlist: Some(false), ..Default::default() };
        assert!(!update(&client, off).await.unwrap().waitlist);
        client.invite("ada", SPACE, &["kim"]).await.unwrap();
        assert_eq!(client.join("kim", SPACE).await, Err("SPACE_FULL".into()));
        assert_eq!(client.leave("ann", SPACE).await, Ok(Status::Absent));
        assert_eq!(client.status(SPACE, "bob").await, Status::Member);
        assert_eq!(client.leave("bob", SPACE).await, Ok(Status::Absent));
        assert_eq!(client.status(SPACE, "eve").await, Status::Member);
        consistent(&client, SPACE).await;
        in_order(&client, &url).await;
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_waiting_list_without_a_capacity_has_no_effect() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        create(&client, Privacy::Open, 1).await;
        with_capacity(&client, 0).await;
        assert_eq!(join(&client, &["ann", "bob"]).await, [Status::Member; 2]);
        assert!(client.space(SPACE).await.waitlist);
        let preview = pb::JoinOrAcceptInviteRequest {
            space: SPACE.into(),
            validate_only: true,
            ..Default::default()
        };
        with_capacity(&client, 3).await;
        let answer = client.memberships.clone().join_or_accept_invite(of("eve", preview)).await;
        let foreseen = answer.unwrap().into_inner().membership.unwrap();
        assert_eq!((foreseen.status(), foreseen.waitlist_position), (Status::Waitlisted, 1));
        assert_eq!(client.status(SPACE, "eve").await, Status::Absent, "nothing was written");
        app.stop().await;
    })
    .await;
}
