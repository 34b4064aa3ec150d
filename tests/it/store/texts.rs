//! Whatever letter goes into a database comes out again, or is refused before it goes in.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value};
use roster::domain::DisplayName;
use roster_proto::v1::{self as pb, MembershipStatus, Privacy};

use crate::harness::{App, Grpc, of, of_service, on_every_engine, reason_of};

const SPACE: &str = "courses/1";
/// Few enough for 64 KiB of JSON, if each is written as `\\u0000`.
const LETTERS: usize = 10_000;

/// Every character that there is, in pieces of this many.
fn alphabet(piece: usize) -> Vec<String> {
    let letters: Vec<char> = ('\0'..=char::MAX).collect();
    letters.chunks(piece).map(|letters| letters.iter().collect()).collect()
}

/// Strange texts of any length, with the separators that stores like among them.
fn texts(count: usize) -> Vec<String> {
    let separators = "\u{1c}\u{1d}\u{1e}\u{1f}\n\t\0\"'\\\\,;|{}[]%_\u{7f}\u{85}\u{feff}\u{2028}";
    let separators: Vec<char> = separators.chars().collect();
    let letter = prop_oneof![any::<char>(), proptest::sample::select(separators)];
    let text = vec(letter, 0..300).prop_map(String::from_iter);
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| text.new_tree(&mut runner).unwrap().current()).collect()
}

fn update() -> pb::UpdateSpaceRequest {
    pb::UpdateSpaceRequest { name: SPACE.into(), ..Default::default() }
}

/// The text as a value, as a name of a field, and inside a list.
fn attributes(text: &str) -> Struct {
    let value = |kind| Value { kind: Some(kind) };
    let string = || value(Kind::StringValue(text.to_owned()));
    let list = Kind::ListValue(ListValue { values: vec![string(), string()] });
    let short: String = text.chars().take(100).collect();
    Struct { fields: [("list".to_owned(), value(list)), (short, string())].into() }
}

/// Sends a change, and reads the space back in both ways if it was taken.
async fn round_trip(client: &Grpc, message: pb::UpdateSpaceRequest) -> Option<pb::Space> {
    let answer = client.spaces.clone().update_space(of("ada", message)).await;
    let updated = match answer {
        Ok(answer) => answer.into_inner().space.unwrap(),
        Err(status) => {
            assert_eq!(reason_of(&status), "INVALID_FIELD");
            return None;
        }
    };
    assert_eq!(client.space(SPACE).await, updated);
    let own = of_service(pb::ListUserSpacesRequest { user: "ada".into(), ..Default::default() });
    let listed = client.memberships.clone().list_user_spaces(own).await.unwrap().into_inner();
    assert_eq!(listed.spaces[0].space.as_ref(), Some(&updated));
    Some(updated)
}

#[tokio::test]
async fn attributes_come_back_as_they_were_sent() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(SPACE, Privacy::Open, "ada", None).await;
        for text in alphabet(LETTERS / 3).into_iter().chain(texts(100)) {
            let sent = Some(attributes(&text));
            let message = pb::UpdateSpaceRequest { attributes: sent.clone(), ..update() };
            let read = round_trip(&client, message).await.expect("every letter is taken");
            assert_eq!(read.attributes, sent);
        }
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn display_names_come_back_as_they_were_sent_or_are_refused() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(SPACE, Privacy::Open, "ada", None).await;
        let controls = ('\0'..='\u{ff}').map(String::from);
        let pages = alphabet(DisplayName::MAX).into_iter().step_by(16);
        for text in controls.chain(pages).chain(texts(100)) {
            let display_name = Some(text.clone());
            let read =
                round_trip(&client, pb::UpdateSpaceRequest { display_name, ..update() }).await;
            let legal = DisplayName::new(&text).is_ok();
            assert_eq!(
                read.map(|space| space.display_name),
                legal.then_some(text.clone()),
                "{text:?}"
            );
        }
        app.stop().await;
    })
    .await;
}

#[tokio::test]
async fn user_ids_come_back_as_they_were_sent_or_are_refused() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(SPACE, Privacy::Open, "ada", None).await;
        let letters = ('\0'..='\u{ff}').map(|letter| format!("a{letter}z"));
        let longest = "A-Za-z0-9._:@|-".repeat(9)[..128].to_owned();
        let mut taken = vec!["ada".to_owned()];
        for user in letters.chain([longest]) {
            match client.add("ada", SPACE, &[&user]).await {
                Ok(()) => taken.push(user),
                Err(reason) => assert_eq!(reason, "INVALID_FIELD", "{user:?}"),
            }
        }
        assert_eq!(taken.len(), 1 + 26 + 26 + 10 + 6 + 1);
        taken.sort_unstable();
        let seated = [MembershipStatus::Member, MembershipStatus::Creator];
        let listed = client.list(SPACE, &seated).await.into_iter().map(|member| member.user);
        assert_eq!(listed.collect::<Vec<_>>(), taken);
        let mut told: Vec<_> = client.events(SPACE).await.into_iter().map(|it| it.user).collect();
        told.sort_unstable();
        assert_eq!(told, taken);
        app.stop().await;
    })
    .await;
}
