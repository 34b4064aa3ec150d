//! One number counts everything that happens under a name, and outlives the space.

use std::collections::BTreeSet;
use std::time::Duration;

use roster_proto::v1::{
    self as pb, MembershipEventName as EventName, MembershipStatus as Status, Privacy,
};

use super::{consistent, together};
use crate::harness::{App, Grpc, Lock, of, of_service, on_every_engine, reason_of};

const SPACE: &str = "groups/1";
const LEAVING: usize = 48;

async fn create(client: &Grpc, display_name: &str) -> Result<i64, String> {
    let message = pb::CreateSpaceRequest {
        name: SPACE.into(),
        privacy: Privacy::Open.into(),
        creator: "ada".into(),
        display_name: display_name.into(),
        ..Default::default()
    };
    let answered = client.spaces.clone().create_space(of_service(message)).await;
    answered.map(|a| a.into_inner().space.unwrap().version).map_err(|s| reason_of(&s))
}

async fn rename(client: &Grpc, display_name: &str) -> Result<i64, String> {
    let message = pb::UpdateSpaceRequest {
        name: SPACE.into(),
        display_name: Some(display_name.into()),
        ..Default::default()
    };
    let answered = client.spaces.clone().update_space(of_service(message)).await;
    answered.map(|a| a.into_inner().space.unwrap().version).map_err(|s| reason_of(&s))
}

async fn delete(client: &Grpc) -> Result<(), String> {
    let message = pb::DeleteSpaceRequest { name: SPACE.into(), ..Default::default() };
    let answered = client.spaces.clone().delete_space(of_service(message)).await;
    answered.map(drop).map_err(|s| reason_of(&s))
}

#[tokio::test]
async fn what_happens_to_a_space_itself_counts_and_is_told() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        assert_eq!(create(&client, "Roses").await, Ok(1));
        assert_eq!(rename(&client, "Tulips").await, Ok(2));
        assert_eq!(rename(&client, "Tulips").await, Ok(2), "a repeat is no event");
        client.join("linus", SPACE).await.unwrap();
        let told = client.events(SPACE).await;
        let told: Vec<_> =
            told.iter().map(|e| (e.sequence, e.name(), e.updated_fields.as_slice())).collect();
        let fields = ["display_name".to_owned()];
        let expected: [(i64, EventName, &[String]); 3] = [
            (1, EventName::Created, &[]),
            (2, EventName::Updated, &fields),
            (3, EventName::Joined, &[]),
        ];
        assert_eq!(told, expected);
        delete(&client).await.unwrap();
        assert_eq!(create(&client, "Roses").await, Ok(5));
        assert_eq!(rename(&client, "Tulips").await, Ok(6));
        let told = client.events(SPACE).await;
        let told: Vec<_> = told.iter().map(|e| (e.sequence, e.name())).collect();
        let expected = [(4, EventName::Deleted), (5, EventName::Created), (6, EventName::Updated)];
        assert_eq!(told, expected);
        assert_eq!(client.space(SPACE).await.version, 6);
        app.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_number_comes_twice_when_two_servers_make_and_delete_one_name() {
    on_every_engine(|_, url| async move {
        let (app, other) = (App::start(&url).await, App::start(&url).await);
        let acts = [(app.client().await, "app"), (other.client().await, "other")].map(
            |(client, server)| async move {
                let mut numbers = Vec::new();
                for round in 0..30 {
                    let name = format!("{server} {round}");
                    let (made, renamed) =
                        (create(&client, &name).await, rename(&client, &format!("{name}!")).await);
                    let _ = delete(&client).await;
                    for answer in [made, renamed] {
                        match answer {
                            Ok(number) => numbers.push(number),
                            Err(reason) => assert!(
                                ["SPACE_EXISTS", "SPACE_NOT_FOUND"].contains(&reason.as_str()),
                                "{reason}"
                            ),
                        }
                    }
                }
                numbers
            },
        );
        let answers = together(acts).await;
        for numbers in &answers {
            assert!(numbers.is_sorted(), "they only grow: {numbers:?}");
        }
        let all = answers.concat();
        let distinct: BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len(), "{all:?}");
        assert!(all.len() >= 30, "hardly anything was done: {all:?}");
        let client = app.client().await;
        let _ = delete(&client).await;
        let last = create(&client, "at last").await.unwrap();
        assert!(all.iter().all(|number| *number < last), "{last} after {all:?}");
        consistent(&client, SPACE).await;
        app.stop().await;
        other.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_leaves_hears_the_number_of_their_own_leave() {
    on_every_engine(|engine, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(SPACE, Privacy::Open, "ada", None).await;
        for n in 0..LEAVING {
            client.join(&format!("user{n}"), SPACE).await.unwrap();
        }
        let leave = |n: usize| {
            let mut memberships = client.memberships.clone();
            async move {
                let user = format!("user{n}");
                // Half of them are thrown out.
                let by = if n < LEAVING / 2 { "ada".to_owned() } else { user.clone() };
                let message =
                    pb::LeaveOrRemoveRequestRequest { space: SPACE.into(), user: user.clone() };
                let answered = memberships.leave_or_remove_request(of(&by, message)).await;
                (user, answered.unwrap().into_inner().membership.unwrap())
            }
        };
        // Behind the lock they meet in one batch.
        let lock = Lock::on(engine, &url, SPACE).await;
        let leaving = tokio::spawn(together((0..LEAVING).map(leave).collect::<Vec<_>>()));
        lock.contended().await;
        lock.release().await;
        let left = leaving.await.unwrap();
        let events = client.events(SPACE).await;
        for (user, membership) in left {
            assert_eq!(membership.status(), Status::Absent);
            let own = events.iter().rfind(|event| event.user == user).unwrap();
            assert_eq!(membership.version, own.sequence, "{own:?}");
        }
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn whoever_is_thrown_out_with_others_is_told_the_number_of_the_last() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(SPACE, Privacy::Open, "ada", None).await;
        let users: Vec<_> = (0..LEAVING).map(|n| format!("user{n}")).collect();
        for user in &users {
            client.join(user, SPACE).await.unwrap();
        }
        let message = pb::ChangeRolesRequest {
            space: SPACE.into(),
            removed: users.clone(),
            ..Default::default()
        };
        let answered = client.memberships.clone().change_roles(of("ada", message)).await;
        let results = answered.unwrap().into_inner().results;
        assert_eq!(results.len(), LEAVING);
        let last = client.space(SPACE).await.version;
        for result in results {
            let membership = result.membership.unwrap();
            assert_eq!((membership.status(), membership.version), (Status::Absent, last));
        }
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn the_history_names_the_service_that_acts_for_a_user() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(SPACE, Privacy::Open, "ada", None).await;
        let message = pb::JoinOrAcceptInviteRequest { space: SPACE.into() };
        let mut request = of_service(message);
        request.metadata_mut().insert("x-roster-on-behalf-of", "linus".parse().unwrap());
        request.set_timeout(Duration::from_secs(10));
        client.memberships.clone().join_or_accept_invite(request).await.unwrap();
        client.join("grace", SPACE).await.unwrap();
        let message =
            pb::BlockUsersRequest { space: SPACE.into(), users: vec!["grace".into()], until: None };
        client.memberships.clone().block_users(of_service(message)).await.unwrap();
        let told = client.events(SPACE).await;
        let told: Vec<_> = told.iter().map(|e| (e.actor.as_str(), e.service.as_str())).collect();
        let expected =
            [("service/owner", ""), ("linus", "owner"), ("grace", ""), ("service/owner", "")];
        assert_eq!(told, expected);
        app.stop().await;
    })
    .await;
}
