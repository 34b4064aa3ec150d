//! An import through a running server.

use std::path::Path;

use roster_proto::v1 as pb;
use tokio_stream::iter;

use super::import::{HEADER, Place, assert_sound, export, import};
use super::import_histories::long_space;
use crate::harness::{
    App, admin_token, of_service, on_every_engine, reason_of, roster, said_meanwhile, token_with,
    with_token,
};

/// What it said, its summary, and whether it was content.
async fn send(app: &App, file: &Path, token: &str) -> (String, String, bool) {
    let server = app.grpc.to_string();
    let mut command = roster(["import", "--server", &server]);
    command.arg(file).env("ROSTER_TOKEN", token);
    said_meanwhile(command).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_to_a_server_is_what_is_written_directly() {
    on_every_engine(|_, url| async move {
        let place = Place::new();
        let direct = format!("sqlite:{}", place.path("direct.db").display());
        super::import::migrate(&direct).await;
        let spaces: String = (1..=3).map(|n| long_space(n, 7_000)).collect();
        let more = r#"{"membership":{"space":"courses/3","user":"v","status":"invited","invited_by":"a"}}"#;
        let text = format!("{HEADER}\n\n{spaces}{more}\n?\n{}", long_space(4, 10_500));
        let file = place.file("file.jsonl", text);
        import(&direct, &file, &[]).await;

        let app = App::start(&url).await;
        let token = token_with("mover", Some("spaces:import"));
        let (found, said, done) = send(&app, &file, &token).await;
        assert!(!done && said.contains("3 spaces, 21004 memberships"), "{found} {said}");
        let [bad, long] = [4 + 3 * 14_003, 5 + 3 * 14_003];
        let expected = format!("line {bad}: expected value at column 1\nline {long}: the space's history is too long to be sent\n");
        assert_eq!(found, expected);
        let (_, said, _) = send(&app, &file, &token).await;
        assert!(said.contains("0 spaces, 0 memberships, 0 people, 21007 unchanged"), "{said}");
        // It is a server's database while it runs.
        let client = app.client().await;
        client.join("u1", "courses/1").await.unwrap();
        app.stop().await;
        assert_sound(&url).await;
        let shown = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).unwrap();
            text.lines().filter(|line| line.contains("courses/2")).map(str::to_owned).collect::<Vec<_>>()
        };
        let [here, there] = [
            shown(export(&url, &place.path("here")).await),
            shown(export(&direct, &place.path("there")).await),
        ];
        assert!(here.len() == 14_003 && here == there);
    })
    .await;
}

#[tokio::test]
async fn importing_is_for_services_with_the_scope() {
    let (app, _directory) = App::on_sqlite().await;
    let client = app.client().await;
    let nothing = || iter(Vec::<pb::ImportSpacesRequest>::new());
    for (scope, allowed) in [
        (None, false),
        (Some("people:write community:write"), false),
        (Some("spaces:import"), true),
        (Some("roster:admin"), true),
    ] {
        let request = with_token(&token_with("svc", scope), nothing());
        match client.spaces.clone().import_spaces(request).await {
            Ok(_) => assert!(allowed, "{scope:?}"),
            Err(status) => assert!(!allowed && reason_of(&status) == "SCOPE_MISSING", "{scope:?}"),
        }
    }
    let mut for_a_user = with_token(&admin_token(), nothing());
    for_a_user.metadata_mut().insert("x-roster-on-behalf-of", "7".parse().unwrap());
    let refused = client.spaces.clone().import_spaces(for_a_user).await.unwrap_err();
    assert_eq!(reason_of(&refused), "SCOPE_MISSING");
    app.stop().await;
}

/// Whoever stops in the middle has moved whole messages, and keeps nobody out.
#[tokio::test]
async fn a_stream_that_breaks_off_harms_nobody() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        let part = |text: String| pb::ImportSpacesRequest { lines: text.into_bytes() };
        let space = |n| {
            format!(
                "{{\"space\":{{\"name\":\"groups/{n}\",\"privacy\":\"open\",\"creator\":\"a\"}}}}\n"
            )
        };
        let parts = vec![part(space(1)), part(HEADER.to_owned()), part(space(2))];
        let answer = client.spaces.clone().import_spaces(of_service(iter(parts))).await.unwrap();
        let answer = answer.into_inner();
        assert_eq!((answer.space_count, answer.membership_count, answer.faulty_count), (2, 2, 1));
        assert_eq!(answer.faulty_lines[0].line, 2);
        let long = long_space(7, 100);
        let (half, _) = long.split_at(long.len() / 2);
        let cut = half.rfind('\n').unwrap() + 1;
        let parts = vec![part(space(3)), part(half[..cut].to_owned())];
        let answer = client.spaces.clone().import_spaces(of_service(iter(parts))).await.unwrap();
        let answer = answer.into_inner();
        assert_eq!((answer.space_count, answer.faulty_count), (1, 1));
        assert!(answer.faulty_lines[0].reason.contains("are missing"), "{answer:?}");
        client.join("b", "groups/3").await.unwrap();
        app.stop().await;
        assert_sound(&url).await;
    })
    .await;
}
