//! Every pair of commands races in one space across two servers. What both answer and what is left must
//! be what one of the two orders comes to, as the pure rules tell it.

use std::sync::Arc;
use std::time::Duration;

use roster::auth::{Scope, Scopes};
use roster::domain::{
    Actor, Attendance, Authorship, Command, NewLink, NewSpace, Offer, Privacy, Refusal, SpaceName,
    SpacePatch, SpaceState, Status, UserId, Uses, decide,
};
use roster::service::{Call, Error, Outcome};
use roster_proto::v1 as pb;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{consistent, rounds};
use crate::domain::links::{hash, new_link};
use crate::domain::world::{attendance, by, name, new_space, roles, service, user, users};
use crate::harness::{App, Engine, Grpc, of_service, on_every_engine};

/// Whose memberships are looked at in the end.
const PEOPLE: [&str; 5] = ["creator", "ada", "linus", "grace", "kurt"];

/// How often each pair meets on PostgreSQL, from each beginning in turn.
const ROUNDS: usize = 2;
/// So many pairs meet at once, each in a space of its own.
const AT_ONCE: usize = 8;

/// A command and who gives it.
type Act = (Actor, Command);
/// The number of the space afterwards and the status of each user who was named; or why not.
type Answer = Result<(i64, Vec<(UserId, Status)>), Refusal>;
/// The number, the creator, the name, and what people are, in words. `None` where there is no space.
type End = Option<(i64, String, String, Vec<String>)>;

/// What is given when two commands meet: each touches `linus` or `grace`, or the whole space.
fn acts() -> Vec<Act> {
    let made = NewSpace { creator: user("creator"), ..new_space(Privacy::Private) };
    let patch = SpacePatch { display_name: Some(name("Tulips")), ..SpacePatch::default() };
    vec![
        (by("linus"), Command::Join),
        (by("linus"), Command::Leave),
        (by("ada"), Command::Remove(user("linus"))),
        (by("ada"), Command::Invite(users(&["linus", "grace"]).into(), Offer::Member)),
        (by("linus"), Command::Invite(users(&["kurt"]).into(), Offer::Member)),
        (by("ada"), Command::Add(users(&["grace", "linus"]).into())),
        (by("ada"), Command::RemoveInvitations(users(&["linus", "kurt"]))),
        (by("ada"), roles(&["linus"], &["grace"], &[])),
        (by("linus"), roles(&[], &["ada"], &["grace"])),
        (by("ada"), Command::Block(users(&["linus"]).into())),
        (by("ada"), Command::Unblock(users(&["linus"]))),
        (by("linus"), attendance(None, Some(Attendance::Going))),
        (by("ada"), attendance(Some(&["grace", "linus"]), Some(Attendance::NotGoing))),
        (by("ada"), attendance(Some(&["linus"]), None)),
        (by("creator"), Command::TransferOwnership(user("linus"))),
        (by("creator"), Command::TransferOwnership(user("ada"))),
        (by("linus"), Command::JoinByLink(hash('a'))),
        (by("ada"), Command::CreateLink(new_link('b'))),
        (by("ada"), Command::RevokeLink(4)),
        (service(), Command::CreateSpace(made)),
        (by("ada"), Command::UpdateSpace(patch)),
        (by("creator"), Command::DeleteSpace { if_version: None, if_empty: false }),
    ]
}

/// How a round begins: what `linus` is by then.
fn beginnings() -> Vec<Vec<Act>> {
    let made = NewSpace { creator: user("creator"), ..new_space(Privacy::Private) };
    let first = vec![
        (service(), Command::CreateSpace(made)),
        (by("creator"), roles(&["ada"], &["grace"], &[])),
        // Its number is 4.
        (by("ada"), Command::CreateLink(NewLink { max_uses: Uses::new(1), ..new_link('a') })),
    ];
    let linus: [&[Act]; 5] = [
        &[],
        &[(by("ada"), Command::Invite(users(&["linus"]).into(), Offer::Member))],
        &[(by("linus"), Command::Join)],
        &[
            (by("creator"), roles(&["linus"], &[], &[])),
            (by("linus"), attendance(None, Some(Attendance::Going))),
            (by("linus"), Command::Invite(users(&["kurt"]).into(), Offer::Member)),
        ],
        &[(by("ada"), Command::Block(users(&["linus"]).into()))],
    ];
    linus.map(|acts| [first.as_slice(), acts].concat()).to_vec()
}

/// What the rules say to a command, carried out.
fn told(state: &mut SpaceState, space: &SpaceName, (actor, command): &Act) -> Answer {
    let before = state.snapshot.clone();
    let decision = decide(space, before.as_ref(), actor, command, 1_000)?;
    let by =
        Authorship { actor: actor.clone(), service: None, cause: command.action(actor), at: 1_000 };
    state.carry_out(decision, &by);
    let after = state.snapshot.as_ref().or(before.as_ref()).unwrap();
    let mut moves = command.moves(actor);
    moves.dedup_by_key(|(_, user)| *user);
    let targets = moves.into_iter().map(|(_, user)| (user.clone(), after.status(user))).collect();
    Ok((after.space.seq, targets))
}

fn end(state: &SpaceState) -> End {
    let snapshot = state.snapshot.as_ref()?;
    let people = PEOPLE.map(|id| {
        let answer = snapshot.attendance(&user(id)).map_or("unspecified", Attendance::word);
        format!("{} {answer}", snapshot.status(&user(id)))
    });
    let shown = snapshot.content.as_ref()?.display_name.as_str().to_owned();
    Some((snapshot.space.seq, snapshot.space.creator.to_string(), shown, people.into()))
}

/// The same as a server tells it.
async fn end_of(client: &Grpc, space: &str) -> End {
    let message = pb::GetSpaceRequest { name: space.into(), ..Default::default() };
    let answered = client.spaces.clone().get_space(of_service(message)).await;
    let shown = answered.ok()?.into_inner().space.unwrap();
    let mut people = Vec::new();
    for id in PEOPLE {
        let found = client.membership(space, id).await;
        let [status, answer] = [found.status().as_str_name(), found.attendance().as_str_name()];
        let [status, answer] = [status, answer].map(str::to_lowercase);
        let status = status.trim_start_matches("membership_status_");
        people.push(format!("{status} {}", answer.trim_start_matches("attendance_")));
    }
    Some((shown.version, shown.creator, shown.display_name, people))
}

/// What a server says to a command.
async fn asked(app: Arc<App>, space: SpaceName, (actor, command): Act) -> Answer {
    let caller = actor.user().cloned().unwrap_or_else(|| user("courses-service"));
    let scopes = Scopes::default().with(Scope::Admin);
    let deadline = Instant::now() + Duration::from_secs(10);
    let call = Call { caller, actor, scopes, deadline };
    match app.service.execute(&call, space, command).await {
        Ok(Outcome { space, targets, .. }) => {
            let targets = targets.into_iter().map(|t| (t.membership.user, t.membership.status));
            Ok((space.seq, targets.collect()))
        }
        Err(Error::Refused(refused)) => Err(refused.refusal),
        Err(error) => panic!("{error:?}"),
    }
}

/// What both orders of two commands come to: both answers and the end.
fn orders(
    state: &SpaceState,
    space: &SpaceName,
    one: &Act,
    other: &Act,
) -> [(Answer, Answer, End); 2] {
    let (mut first, mut second) = (state.clone(), state.clone());
    let one_first = told(&mut first, space, one);
    let other_last = told(&mut first, space, other);
    let other_first = told(&mut second, space, other);
    let one_last = told(&mut second, space, one);
    [(one_first, other_last, end(&first)), (one_last, other_first, end(&second))]
}

/// One pair meets in a space of its own.
async fn race(
    apps: &[Arc<App>; 2],
    client: &Grpc,
    n: usize,
    begun: &[Act],
    [one, other]: [&Act; 2],
) {
    let name = format!("events/{}", n + 1);
    let (space, mut state) = (SpaceName::parse(&name).unwrap(), SpaceState::default());
    for act in begun {
        let expected = told(&mut state, &space, act);
        assert_eq!(asked(apps[0].clone(), space.clone(), act.clone()).await, expected);
    }
    let both = [(n, one), (n + 1, other)]
        .map(|(server, act)| asked(apps[server % apps.len()].clone(), space.clone(), act.clone()));
    let [one_told, other_told] = both.map(tokio::spawn);
    let answers = (one_told.await.unwrap(), other_told.await.unwrap());
    let found = (answers.0, answers.1, end_of(client, &name).await);
    let orders = orders(&state, &space, one, other);
    assert!(orders.contains(&found), "{one:?}, {other:?}: {found:?} is none of {orders:?}");
    if found.2.is_some() {
        consistent(client, &name).await;
    }
}

/// Every pair meets as often as this, those of other workers beside it.
async fn worker(apps: [Arc<App>; 2], client: Grpc, own: usize, rounds: usize) {
    let (acts, beginnings) = (acts(), beginnings());
    let mut n = 0;
    for round in 0..rounds {
        for i in 0..acts.len() {
            for j in i..acts.len() {
                if n % AT_ONCE == own {
                    let begun = &beginnings[(i + j + round) % beginnings.len()];
                    race(&apps, &client, n, begun, [&acts[i], &acts[j]]).await;
                }
                n += 1;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_commands_on_two_servers_fit_one_of_their_two_orders() {
    on_every_engine(|engine, url| async move {
        let apps = [Arc::new(App::start(&url).await), Arc::new(App::start(&url).await)];
        let client = apps[0].client().await;
        let rounds = if engine == Engine::Postgres { rounds(ROUNDS) } else { rounds(1) };
        let mut workers = JoinSet::new();
        for own in 0..AT_ONCE {
            workers.spawn(worker(apps.clone(), client.clone(), own, rounds));
        }
        workers.join_all().await;
        drop(client);
        for app in apps {
            Arc::into_inner(app).unwrap().stop().await;
        }
    })
    .await;
}
