//! Imports that meet trouble: callers who go away or say nothing, locks, full disks, others who write.

use std::process::Command;
use std::time::Duration;

use roster_proto::v1 as pb;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_stream::{Stream, iter, pending};
use tonic::Status;

use super::import::{HEADER, Place, assert_sound, import, migrate};
use super::import_histories::long_space;
use crate::harness::{
    App, Engine, Grpc, Lock, admin_token, of_service, on_every_engine, reason_of, roster,
    said_meanwhile,
};

const PATIENCE: Duration = Duration::from_secs(30);

fn part(text: impl Into<String>) -> pb::ImportSpacesRequest {
    pb::ImportSpacesRequest { lines: text.into().into_bytes() }
}

fn space(name: &str) -> String {
    format!("{{\"space\":{{\"name\":\"{name}\",\"privacy\":\"open\",\"creator\":\"a\"}}}}\n")
}

fn member(space: &str, user: &str) -> String {
    format!(
        "{{\"membership\":{{\"space\":\"{space}\",\"user\":\"{user}\",\"status\":\"member\"}}}}\n"
    )
}

type Answered = Result<pb::ImportSpacesResponse, Status>;

async fn send(
    client: &Grpc,
    parts: impl Stream<Item = pb::ImportSpacesRequest> + Send + 'static,
) -> Answered {
    let mut request = of_service(parts);
    request.set_timeout(PATIENCE);
    Ok(client.spaces.clone().import_spaces(request).await?.into_inner())
}

/// The answer to an import of these lines, when nobody else imports any more.
async fn send_in_turn(client: &Grpc, text: &str) -> pb::ImportSpacesResponse {
    let sending = async {
        loop {
            match send(client, iter([part(text)])).await {
                Ok(answer) => return answer,
                Err(refused) => assert_eq!(reason_of(&refused), "OVERLOADED", "{refused:?}"),
            }
        }
    };
    timeout(PATIENCE, sending).await.expect("the other one ends")
}

/// Calls that have every turn to import, as others are refused.
async fn holding(
    client: &Grpc,
    parts: impl Fn() -> Vec<pb::ImportSpacesRequest>,
) -> [JoinHandle<Answered>; 2] {
    let begin = || {
        let (client, parts) = (client.clone(), parts());
        tokio::spawn(async move {
            send(&client, tokio_stream::StreamExt::chain(iter(parts), pending())).await
        })
    };
    let mut calls = [begin(), begin()];
    loop {
        match send(client, iter([])).await {
            Err(refused) if reason_of(&refused) == "OVERLOADED" => return calls,
            _ => {
                calls.iter_mut().filter(|call| call.is_finished()).for_each(|call| *call = begin())
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_says_nothing_or_goes_away_gives_their_turn_back() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        for silent in holding(&client, Vec::new).await {
            let refused = timeout(PATIENCE, silent).await.expect("it is cut off");
            let refused = refused.unwrap().unwrap_err();
            assert_eq!(reason_of(&refused), "DEADLINE");
            assert!(refused.message().contains("no lines came for 5 seconds"), "{refused:?}");
        }
        let answer = send_in_turn(&client, &space("groups/1")).await;
        assert_eq!(answer.space_count, 1);

        let long = long_space(7, 100);
        let cut = long[..long.len() / 2].rfind('\n').unwrap() + 1;
        let text = space("groups/2") + &long[..cut];
        let gone = holding(&client, || vec![part(text.clone())]).await;
        gone.iter().for_each(JoinHandle::abort);
        let answer = send_in_turn(&client, &long).await;
        assert_eq!((answer.space_count, answer.membership_count), (1, 101));
        app.stop().await;
        assert_sound(&url).await;
    })
    .await;
}

/// Nothing of the batch is there, and all of it when it is tried again.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_elsewhere_refuses_an_import_for_the_moment() {
    on_every_engine(|engine, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        send_in_turn(&client, &(space("groups/1") + &member("groups/1", "b"))).await;
        let text = space("groups/2") + &member("groups/1", "c") + &member("groups/1", "b");
        let lock = Lock::on(engine, &url, "groups/1").await;
        let refused = send(&client, iter([part(text.clone())])).await.unwrap_err();
        assert_eq!(reason_of(&refused), "CONTENTION");
        lock.release().await;
        let answer = send_in_turn(&client, &text).await;
        assert_eq!(
            (answer.space_count, answer.membership_count, answer.unchanged_count),
            (1, 2, 1)
        );
        app.stop().await;

        let place = Place::new();
        let text = member("groups/1", "d") + &member("groups/1", "e");
        let file = place.file("more.jsonl", format!("{HEADER}\n{text}"));
        let lock = Lock::on(engine, &url, "groups/1").await;
        let (found, said, done) = import(&url, &file, &[]).await;
        assert!(!done && found.is_empty() && said.contains("lock"), "{found:?} {said}");
        lock.release().await;
        assert_sound(&url).await;
        let (_, said, done) = import(&url, &file, &[]).await;
        assert!(done && said.contains("0 spaces, 2 memberships"), "{said}");
        assert_sound(&url).await;
    })
    .await;
}

/// A file that may not grow is what a full disk is. What was committed stays, and the rest comes later.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_ends_an_import_which_can_go_on_later() {
    let place = Place::new();
    let url = format!("sqlite:{}", place.path("roster.db").display());
    migrate(&url).await;
    let text: String = (1..=4).map(|n| long_space(n, 4_000)).collect();
    let more: String = (0..20_000).map(|n| member("groups/1", &format!("m{n}"))).collect();
    let file = place.file("many.jsonl", format!("{HEADER}\n{text}{}{more}", space("groups/1")));
    let program = roster(["import", "--database", &url]);
    let mut command = Command::new("sh");
    command.env_clear().args(["-c", "trap '' XFSZ; ulimit -f 8192; exec \"$0\" \"$@\""]);
    command.arg(program.get_program()).args(program.get_args()).arg(&file);
    let (found, said, done) = said_meanwhile(command).await;
    assert!(!done && found.is_empty() && said.contains("disk I/O error"), "{found} {said}");
    assert_sound(&url).await;
    let (_, said, done) = import(&url, &file, &[]).await;
    assert!(done, "{said}");
    let (_, said, done) = import(&url, &file, &[]).await;
    assert!(done && said.contains("0 spaces, 0 memberships"), "{said}");
    assert!(said.contains(&format!("{} unchanged", 4 * 4_002 + 20_001)), "{said}");
    assert_sound(&url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn others_write_while_an_import_goes_through_the_server() {
    on_every_engine(|engine, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        send_in_turn(&client, &space("groups/9")).await;
        let place = Place::new();
        let text: String = (1..=3)
            .map(|n| format!("groups/{n}"))
            .map(|name| {
                let users = 0..8_000;
                space(&name) + &users.map(|n| member(&name, &format!("u{n}"))).collect::<String>()
            })
            .collect();
        let file = place.file("many.jsonl", format!("{HEADER}\n{text}"));
        let mut command = roster(["import", "--server", &app.grpc.to_string()]);
        command.arg(file).env("ROSTER_TOKEN", admin_token());
        let importing = tokio::spawn(said_meanwhile(command));
        let mut joined = 0;
        while !importing.is_finished() {
            client.join(&format!("j{joined}"), "groups/9").await.unwrap();
            joined += 1;
        }
        let (found, said, done) = importing.await.unwrap();
        assert!(done && said.contains("3 spaces, 24003 memberships"), "{found} {said}");
        // One for each batch of 5,000 lines at least.
        assert!(joined >= 4 || engine == Engine::Postgres, "{joined}");
        app.stop().await;
        assert_sound(&url).await;
    })
    .await;
}
