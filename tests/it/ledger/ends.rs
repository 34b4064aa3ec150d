//! What ends by itself, on both databases: at once for everybody, and beside others who are at work.

use std::time::Duration;

use prost_types::Timestamp;
use roster::clock::Clock;
use roster::config::Config;
use roster_proto::v1::{
    self as pb, MembershipEventName as EventName, MembershipStatus as Status, Privacy,
};

use super::{consistent, rounds, together};
use crate::harness::{App, Grpc, of, of_service, on_every_engine};

const SPACE: &str = "groups/1";
/// How long everything here lasts that has an end.
const SPAN: Duration = Duration::from_secs(60);

/// A clock that stands still, until somebody moves it.
fn clock() -> Clock {
    Clock::fixed(Clock::system().now())
}

fn after(clock: &Clock, span: Duration) -> Option<Timestamp> {
    let at = clock.now() + i64::try_from(span.as_millis()).unwrap();
    let nanos = i32::try_from(at % 1_000).unwrap() * 1_000_000;
    Some(Timestamp { seconds: at / 1_000, nanos })
}

async fn add_until(client: &Grpc, users: Vec<String>, until: Option<Timestamp>) {
    let message = pb::AddUsersRequest { space: SPACE.into(), users, until, ..Default::default() };
    client.memberships.clone().add_users(of_service(message)).await.unwrap();
}

async fn invite_until(client: &Grpc, users: &[&str], until: Option<Timestamp>) {
    let users = users.iter().map(ToString::to_string).collect();
    let message =
        pb::InviteOrAcceptUsersRequest { space: SPACE.into(), users, until, ..Default::default() };
    client.memberships.clone().invite_or_accept_users(of("ada", message)).await.unwrap();
}

async fn block_until(client: &Grpc, user: &str, until: Option<Timestamp>) {
    let message = pb::BlockUsersRequest {
        space: SPACE.into(),
        users: vec![user.into()],
        until,
        ..Default::default()
    };
    client.memberships.clone().block_users(of("ada", message)).await.unwrap();
}

/// Members, invitations and blocks as they are counted.
async fn counted(client: &Grpc) -> [i64; 3] {
    let space = client.space(SPACE).await;
    [space.member_count, space.invited_count, space.blocked_count]
}

async fn names(client: &Grpc, statuses: &[Status]) -> Vec<String> {
    client.list(SPACE, statuses).await.into_iter().map(|of| of.user).collect()
}

async fn spaces_of(client: &Grpc, user: &str) -> usize {
    let statuses = [Status::Invited, Status::Member, Status::Blocked].map(Into::into).to_vec();
    let message = pb::ListUserSpacesRequest { user: user.into(), statuses, ..Default::default() };
    let found = client.memberships.clone().list_user_spaces(of_service(message)).await;
    found.unwrap().into_inner().spaces.len()
}

#[tokio::test]
async fn what_is_over_is_over_for_every_answer_before_anything_is_written() {
    on_every_engine(|_, url| async move {
        let clock = clock();
        let app = App::at(&url, &clock).await;
        let client = app.client().await;
        client.create(SPACE, Privacy::Secret, "ada", None).await;
        let until = after(&clock, SPAN);
        add_until(&client, vec!["grace".into()], until).await;
        invite_until(&client, &["linus"], until).await;
        block_until(&client, "kurt", until).await;
        client.add("ada", SPACE, &["zoe"]).await.unwrap();
        assert_eq!(client.membership(SPACE, "grace").await.until, until);

        clock.advance(SPAN - Duration::from_millis(1));
        assert_eq!(counted(&client).await, [3, 1, 1]);
        assert_eq!(names(&client, &[Status::Member]).await, ["grace", "zoe"]);
        assert_eq!(names(&client, &[Status::Invited]).await, ["linus"]);
        assert_eq!(spaces_of(&client, "kurt").await, 1);

        clock.advance(Duration::from_millis(1));
        let check = async || {
            assert_eq!(counted(&client).await, [2, 0, 0]);
            assert_eq!(names(&client, &[Status::Member]).await, ["zoe"]);
            assert_eq!(names(&client, &[Status::Invited, Status::Blocked]).await, [""; 0]);
            for user in ["grace", "linus", "kurt"] {
                assert_eq!(client.status(SPACE, user).await, Status::Absent, "{user}");
                assert_eq!(spaces_of(&client, user).await, 0, "{user}");
                let sees = pb::GetSpaceRequest { name: SPACE.into(), ..Default::default() };
                let sees = client.spaces.clone().get_space(of(user, sees)).await;
                assert_eq!(sees.map(drop).map_err(|it| it.code()), Err(tonic::Code::NotFound));
                assert_eq!(client.join(user, SPACE).await, Err("SPACE_NOT_FOUND".into()), "{user}");
            }
        };
        check().await;
        assert_eq!(client.events(SPACE).await.len(), 5, "nothing was written yet");

        assert_eq!(app.service.sweep().await.unwrap(), 1);
        assert_eq!(app.service.sweep().await.unwrap(), 0);
        check().await;
        let events = client.events(SPACE).await;
        let told: Vec<_> = events[5..].iter().map(|it| (it.user.as_str(), it.name())).collect();
        let expired = ["grace", "kurt", "linus"].map(|user| (user, EventName::Expired));
        assert_eq!(told, expired);
        assert!(events[5..].iter().all(|it| it.actor == "service/roster" && it.cause == "expire"));
        consistent(&client, SPACE).await;
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn the_last_seat_is_free_at_the_moment_at_which_it_ends() {
    on_every_engine(|_, url| async move {
        let clock = clock();
        let app = App::at(&url, &clock).await;
        let client = app.client().await;
        client.create(SPACE, Privacy::Open, "ada", Some(3)).await;
        let until = after(&clock, SPAN);
        add_until(&client, vec!["grace".into(), "kurt".into()], until).await;
        clock.advance(SPAN - Duration::from_millis(1));
        assert_eq!(client.join("linus", SPACE).await, Err("SPACE_FULL".into()));
        clock.advance(Duration::from_millis(1));
        let joins = (0..8).map(|n| {
            let client = client.clone();
            async move { client.join(&format!("linus{n}"), SPACE).await }
        });
        let joined = together(joins).await.into_iter().filter(Result::is_ok).count();
        assert_eq!(joined, 2);
        assert_eq!(counted(&client).await, [3, 0, 0]);
        let expired = client.events(SPACE).await;
        let expired = expired.iter().filter(|event| event.name() == EventName::Expired).count();
        assert_eq!(expired, 2, "each once");
        consistent(&client, SPACE).await;
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn whoever_comes_back_after_their_end_has_none() {
    on_every_engine(|_, url| async move {
        let clock = clock();
        let app = App::at(&url, &clock).await;
        let client = app.client().await;
        client.create(SPACE, Privacy::Open, "ada", None).await;
        add_until(&client, vec!["grace".into(), "kurt".into()], after(&clock, SPAN)).await;
        client.leave("kurt", SPACE).await.unwrap();
        client.join("kurt", SPACE).await.unwrap();
        clock.advance(SPAN);
        assert_eq!(client.join("grace", SPACE).await, Ok(Status::Member));
        assert_eq!(client.status(SPACE, "kurt").await, Status::Member);
        clock.advance(SPAN);
        assert_eq!(app.service.sweep().await.unwrap(), 0, "nobody is left who ends");
        assert_eq!(names(&client, &[Status::Member]).await, ["grace", "kurt"]);
        consistent(&client, SPACE).await;
        app.stop().await;
    })
    .await;
}

/// One server is a moment behind the other: what one accepts the other writes down as over.
#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_accepted_or_over_and_never_both() {
    on_every_engine(|_, url| async move {
        let clock = clock();
        let slow = Clock::fixed(clock.now());
        let apps = [App::at(&url, &slow).await, App::at(&url, &clock).await];
        let client = apps[0].client().await;
        client.create(SPACE, Privacy::Private, "ada", None).await;
        let until = after(&clock, SPAN);
        let people: Vec<_> = (0..rounds(24)).map(|n| format!("linus{n}")).collect();
        invite_until(&client, &people.iter().map(String::as_str).collect::<Vec<_>>(), until).await;
        slow.advance(SPAN - Duration::from_millis(1));
        clock.advance(SPAN);
        let sweep = apps[1].service.clone();
        let sweeping = tokio::spawn(async move { sweep.sweep().await });
        let joins = people.iter().cloned().map(|user| {
            let client = client.clone();
            async move {
                let answer = client.join(&user, SPACE).await.unwrap();
                (user, answer)
            }
        });
        let answers = together(joins).await;
        sweeping.await.unwrap().unwrap();
        for (user, answer) in answers {
            let events = client.events(SPACE).await;
            let theirs = events.iter().filter(|event| event.user == user);
            let theirs: Vec<_> = theirs.map(pb::MembershipEvent::name).collect();
            let possible: [&[EventName]; 2] = [
                &[EventName::Invited, EventName::InvitationAccepted],
                &[EventName::Invited, EventName::Expired, EventName::Requested],
            ];
            assert!(possible.contains(&&*theirs), "{user}: {theirs:?}");
            let is_member = theirs == possible[0];
            assert_eq!(answer == Status::Member, is_member, "{user}: {answer:?}");
        }
        slow.advance(SPAN);
        consistent(&client, SPACE).await;
        for app in apps {
            app.stop().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_crowd_whose_time_is_over_is_written_down_in_steps() {
    on_every_engine(|_, url| async move {
        const CROWD: usize = 1_100;
        let clock = clock();
        let app = App::at(&url, &clock).await;
        let client = app.client().await;
        client.create(SPACE, Privacy::Open, "ada", Some(CROWD as i64 + 1)).await;
        let people: Vec<_> = (0..CROWD).map(|n| format!("linus{n}")).collect();
        for people in people.chunks(1_000) {
            add_until(&client, people.to_vec(), after(&clock, SPAN)).await;
        }
        clock.advance(SPAN);
        assert_eq!(counted(&client).await, [1, 0, 0]);
        let joined = client.memberships.clone();
        let join = pb::JoinOrAcceptInviteRequest {
            space: SPACE.into(),
            validate_only: false,
            ..Default::default()
        };
        joined.clone().join_or_accept_invite(of("zoe", join)).await.unwrap();
        assert_eq!(counted(&client).await, [2, 0, 0]);
        let expired = client.events(SPACE).await;
        let expired = expired.iter().filter(|event| event.name() == EventName::Expired).count();
        assert_eq!(expired, 1_000);
        assert_eq!(names(&client, &[Status::Member]).await, ["zoe"]);
        assert_eq!(app.service.sweep().await.unwrap(), 1);
        assert_eq!(counted(&client).await, [2, 0, 0]);
        consistent(&client, SPACE).await;
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_space_itself_is_changed_with_those_who_are_in_it_now() {
    on_every_engine(|_, url| async move {
        let clock = clock();
        let app = App::at(&url, &clock).await;
        let client = app.client().await;
        client.create(SPACE, Privacy::Open, "ada", Some(3)).await;
        add_until(&client, vec!["grace".into(), "kurt".into()], after(&clock, SPAN)).await;
        let smaller =
            pb::UpdateSpaceRequest { name: SPACE.into(), capacity: Some(1), ..Default::default() };
        let refused = client.spaces.clone().update_space(of("ada", smaller.clone())).await;
        assert_eq!(refused.unwrap_err().code(), tonic::Code::FailedPrecondition);
        clock.advance(SPAN);
        let space = client.spaces.clone().update_space(of("ada", smaller)).await.unwrap();
        let space = space.into_inner().space.unwrap();
        assert_eq!((space.capacity, space.member_count), (Some(1), 1));
        consistent(&client, SPACE).await;
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_space_that_is_made_again_is_shown_with_those_who_are_in_it_now() {
    on_every_engine(|_, url| async move {
        let clock = clock();
        let app = App::at(&url, &clock).await;
        let client = app.client().await;
        client.create(SPACE, Privacy::Open, "ada", None).await;
        add_until(&client, vec!["grace".into(), "kurt".into()], after(&clock, SPAN)).await;
        clock.advance(SPAN);
        let again = pb::CreateSpaceRequest {
            name: SPACE.into(),
            privacy: Privacy::Open.into(),
            creator: "ada".into(),
            ..Default::default()
        };
        let space = client.spaces.clone().create_space(of_service(again)).await.unwrap();
        assert_eq!(space.into_inner().space.unwrap().member_count, 1);
        assert_eq!(client.events(SPACE).await.len(), 3, "a repeat writes nothing");
        consistent(&client, SPACE).await;
        app.stop().await;
    })
    .await;
}

/// Of an end that nobody has any more nothing is left but a moment at which one looks.
#[tokio::test]
async fn an_end_that_nobody_has_any_more_is_forgotten() {
    on_every_engine(|_, url| async move {
        let clock = clock();
        let app = App::at(&url, &clock).await;
        let client = app.client().await;
        client.create(SPACE, Privacy::Open, "ada", None).await;
        add_until(&client, vec!["grace".into()], after(&clock, SPAN)).await;
        add_until(&client, vec!["kurt".into()], after(&clock, SPAN * 3)).await;
        client.leave("grace", SPACE).await.unwrap();
        clock.advance(SPAN);
        assert_eq!(counted(&client).await, [2, 0, 0]);
        assert_eq!(client.join("linus", SPACE).await, Ok(Status::Member));
        assert_eq!(app.service.sweep().await.unwrap(), 0, "the join has written who is next");
        clock.advance(SPAN * 2);
        assert_eq!(counted(&client).await, [2, 0, 0]);
        assert_eq!(app.service.sweep().await.unwrap(), 1);
        consistent(&client, SPACE).await;
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn invitations_have_a_lifetime_where_the_server_gives_them_one() {
    on_every_engine(|_, url| async move {
        let clock = clock();
        let config = Config {
            database: url.clone(),
            invitation_lifetime: u32::try_from(SPAN.as_secs()).ok().and_then(|s| s.try_into().ok()),
            ..Config::default()
        };
        let app = App::with_clock(config, &clock).await;
        let client = app.client().await;
        client.create(SPACE, Privacy::Private, "ada", None).await;
        client.invite("ada", SPACE, &["linus", "kurt"]).await.unwrap();
        invite_until(&client, &["zoe"], after(&clock, SPAN * 2)).await;
        assert_eq!(client.membership(SPACE, "linus").await.until, after(&clock, SPAN));
        assert_eq!(client.join("kurt", SPACE).await, Ok(Status::Member));
        clock.advance(SPAN);
        client.invite("ada", SPACE, &["zoe"]).await.unwrap();
        assert_eq!(names(&client, &[Status::Invited]).await, ["zoe"]);
        assert_eq!(client.status(SPACE, "kurt").await, Status::Member, "the seat has no end");
        app.stop().await;
    })
    .await;
}

/// The event that tells of it comes later, and a second page knows of the first one's time.
#[tokio::test]
async fn what_was_over_then_is_over_in_every_answer_about_then() {
    on_every_engine(|_, url| async move {
        let clock = clock();
        let app = App::at(&url, &clock).await;
        let client = app.client().await;
        client.create(SPACE, Privacy::Open, "ada", None).await;
        add_until(&client, vec!["grace".into(), "kurt".into()], after(&clock, SPAN)).await;
        client.add("ada", SPACE, &["zoe"]).await.unwrap();
        let ask = async |at: Timestamp| {
            let at = Some(pb::Moment { told_by: Some(pb::moment::ToldBy::Time(at)) });
            let (mut found, mut page_token) = (Vec::new(), String::new());
            loop {
                let space = SPACE.to_owned();
                let statuses = vec![Status::Member.into()];
                let page_size = 1;
                let ask = pb::ListMembershipsRequest {
                    space,
                    statuses,
                    page_size,
                    page_token,
                    at,
                    ..Default::default()
                };
                let answer = client.memberships.clone().list_memberships(of_service(ask)).await;
                let page = answer.unwrap().into_inner();
                found.extend(page.memberships.into_iter().map(|of| of.user));
                page_token = page.next_page_token;
                if page_token.is_empty() {
                    break;
                }
            }
            let ask = pb::GetMembershipRequest { space: SPACE.into(), user: "kurt".into(), at };
            let answer = client.memberships.clone().get_membership(of_service(ask)).await;
            (found, answer.unwrap().into_inner().membership.unwrap().status())
        };
        clock.advance(SPAN - Duration::from_millis(1));
        let before = after(&clock, Duration::ZERO).unwrap();
        clock.advance(Duration::from_millis(1));
        let then = after(&clock, Duration::ZERO).unwrap();
        clock.advance(SPAN);
        for is_written in [false, true] {
            let all = ["grace", "kurt", "zoe"].map(str::to_owned).to_vec();
            assert_eq!(ask(before).await, (all, Status::Member), "{is_written}");
            assert_eq!(ask(then).await, (vec!["zoe".to_owned()], Status::Absent), "{is_written}");
            app.service.sweep().await.unwrap();
        }
        app.stop().await;
    })
    .await;
}
