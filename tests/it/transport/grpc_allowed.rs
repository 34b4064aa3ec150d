//! What the caller could do, as it is told beside what they see.

use roster_proto::v1::{self as pb, Action, Privacy};

use crate::harness::{App, Grpc, of, of_service, on_every_engine};

const EVENT: &str = "events/1";
const GROUP: &str = "groups/1";

fn words(allowed: &[i32]) -> Vec<String> {
    let word = |number: &i32| Action::try_from(*number).unwrap().as_str_name();
    allowed.iter().map(|it| word(it).trim_start_matches("ACTION_").to_lowercase()).collect()
}

async fn in_space(client: &Grpc, user: &str, space: &str) -> Vec<String> {
    let message = pb::GetSpaceRequest { name: space.into(), ..Default::default() };
    let request = if user.is_empty() { of_service(message) } else { of(user, message) };
    words(&client.spaces.clone().get_space(request).await.unwrap().into_inner().allowed)
}

async fn on_user(client: &Grpc, by: &str, space: &str, user: &str) -> Vec<String> {
    let message = pb::GetMembershipRequest { space: space.into(), user: user.into(), at: None };
    let request = if by.is_empty() { of_service(message) } else { of(by, message) };
    let answer = client.memberships.clone().get_membership(request).await.unwrap();
    words(&answer.into_inner().allowed)
}

#[tokio::test]
async fn who_sees_a_space_is_told_what_they_could_do_in_it() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create(EVENT, Privacy::Open, "ada", Some(2)).await;
        client.create(GROUP, Privacy::Private, "ada", None).await;
        assert_eq!(in_space(&client, "linus", EVENT).await, ["join"]);
        assert_eq!(on_user(&client, "linus", EVENT, "").await, ["join"]);
        client.join("linus", EVENT).await.unwrap();
        assert_eq!(in_space(&client, "linus", EVENT).await, ["leave", "attend"]);
        assert_eq!(on_user(&client, "linus", EVENT, "").await, ["leave", "attend"]);
        let none = [""; 0];
        assert_eq!(in_space(&client, "grace", EVENT).await, none, "both seats are taken");
        assert_eq!(on_user(&client, "grace", EVENT, "").await, none);
        assert_eq!(on_user(&client, "grace", EVENT, "linus").await, none, "not theirs to manage");

        assert_eq!(on_user(&client, "grace", GROUP, "").await, ["join"], "that is to ask");
        client.join("grace", GROUP).await.unwrap();
        assert_eq!(on_user(&client, "grace", GROUP, "").await, ["leave"], "that is to withdraw");
        let on_request = ["remove", "invite", "add", "change_roles", "block"];
        assert_eq!(on_user(&client, "ada", GROUP, "grace").await, on_request);
        assert_eq!(on_user(&client, "", GROUP, "grace").await, on_request, "a service manages too");
        client.block("ada", GROUP, "grace").await.unwrap();
        assert_eq!(on_user(&client, "ada", GROUP, "grace").await, ["unblock"]);
        assert_eq!(in_space(&client, "grace", GROUP).await, none);
        let to_creator =
            ["invite", "add", "change_roles", "unblock", "update_space", "delete_space"];
        let found = in_space(&client, "ada", GROUP).await;
        let missing: Vec<_> =
            to_creator.iter().filter(|it| !found.contains(&(**it).into())).collect();
        assert!(missing.is_empty() && !found.contains(&"join".into()), "{found:?}");
        app.stop().await;
    })
    .await;
}
