//! The stories. People are numbers, as on the surfaces that know no other: 1 owns the space, 2
//! manages it, the rest come and go.

use roster_proto::v1::{self as pb, MembershipStatus as Status, Privacy};

use super::clients::{Surface, Teller};
use crate::harness::{App, of_service, on_every_engine};
use crate::ledger::consistent;

const OWNER: &str = "1";
const MANAGER: &str = "2";

/// Declares a story: told on every surface and every database, in a fresh space of this privacy.
macro_rules! story {
    ($name:ident, $privacy:expr, $seats:expr, |$t:ident| $body:block) => {
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            on_every_engine(|_, url| async move {
                let app = App::start(&url).await;
                for surface in Surface::ALL {
                    if $privacy == Privacy::Secret && !surface.has_secrets() {
                        continue;
                    }
                    let teller = begin(&app, surface, $privacy, $seats).await;
                    let $t = &teller;
                    $body
                    end(teller).await;
                }
                app.stop().await;
            })
            .await;
        }
    };
}

async fn begin(app: &App, surface: Surface, privacy: Privacy, seats: Option<i64>) -> Teller<'_> {
    let grpc = app.client().await;
    grpc.create(surface.space(), privacy, OWNER, seats).await;
    grpc.change_roles(OWNER, surface.space(), &[MANAGER], &[], &[]).await.unwrap();
    Teller { surface, app, grpc }
}

async fn end(teller: Teller<'_>) {
    let space = teller.surface.space();
    consistent(&teller.grpc, space).await;
    let message = pb::DeleteSpaceRequest { name: space.into(), ..Default::default() };
    teller.grpc.spaces.clone().delete_space(of_service(message)).await.unwrap();
}

story!(everybody_joins_and_leaves_an_open_space, Privacy::Open, None, |t| {
    t.sees("7", Status::Absent).await;
    t.join("7").await.unwrap();
    t.sees("7", Status::Member).await;
    t.join("7").await.unwrap();
    t.leave("7").await.unwrap();
    t.sees("7", Status::Absent).await;
    t.leave("7").await.unwrap();
});

story!(a_private_space_is_asked_for_and_the_request_accepted, Privacy::Private, None, |t| {
    t.join("7").await.unwrap();
    t.sees("7", Status::Requested).await;
    t.join("7").await.unwrap();
    t.invite(MANAGER, &["7"]).await.unwrap();
    t.sees("7", Status::Member).await;
});

story!(a_request_is_withdrawn_or_rejected, Privacy::Private, None, |t| {
    t.join("7").await.unwrap();
    t.leave("7").await.unwrap();
    t.sees("7", Status::Absent).await;
    t.join("7").await.unwrap();
    t.remove(MANAGER, "7").await.unwrap();
    t.sees("7", Status::Absent).await;
});

story!(an_invitation_is_accepted_declined_or_revoked, Privacy::Private, None, |t| {
    t.invite(MANAGER, &["7", "8", "9", "9"]).await.unwrap();
    t.sees("7", Status::Invited).await;
    t.join("7").await.unwrap();
    t.sees("7", Status::Member).await;
    t.leave("8").await.unwrap();
    t.sees("8", Status::Absent).await;
    t.remove_invitations(MANAGER, &["9", "7", "10"]).await.unwrap();
    t.sees("9", Status::Absent).await;
    t.sees("7", Status::Member).await;
    t.join("9").await.unwrap();
    t.sees("9", Status::Requested).await;
});

story!(a_secret_space_does_not_exist_for_strangers, Privacy::Secret, None, |t| {
    t.refuses(t.join("7").await, "SPACE_NOT_FOUND");
    t.refuses(t.leave("7").await, "SPACE_NOT_FOUND");
    t.refuses(t.remove("7", MANAGER).await, "SPACE_NOT_FOUND");
    t.refuses(t.invite("7", &["8"]).await, "SPACE_NOT_FOUND");
    t.refuses(t.remove_invitations("7", &["8"]).await, "SPACE_NOT_FOUND");
    t.invite(MANAGER, &["7"]).await.unwrap();
    t.join("7").await.unwrap();
    t.sees("7", Status::Member).await;
});

story!(only_managers_manage, Privacy::Open, None, |t| {
    t.join("7").await.unwrap();
    let no = "NOT_A_MANAGER";
    // Whisk's own surface cannot even ask: what goes over gRPC is refused in gRPC's words.
    if t.surface != Surface::Community {
        t.refuses(t.remove("7", MANAGER).await, no);
        t.refuses(t.invite("7", &["8"]).await, no);
        t.refuses(t.remove_invitations("7", &["8"]).await, no);
        t.refuses(t.remove("8", "7").await, no);
    }
    t.sees(MANAGER, Status::Manager).await;
});

story!(a_manager_removes_a_manager_but_nobody_the_creator, Privacy::Open, None, |t| {
    t.make_manager(OWNER, "7").await.unwrap();
    t.remove(MANAGER, "7").await.unwrap();
    t.sees("7", Status::Absent).await;
    t.refuses(t.leave(OWNER).await, "CREATOR_CANNOT_LEAVE");
    if t.surface != Surface::Community {
        t.refuses(t.remove(MANAGER, OWNER).await, "CREATOR_CANNOT_LEAVE");
    }
    t.sees(OWNER, Status::Creator).await;
    t.leave(MANAGER).await.unwrap();
    t.sees(MANAGER, Status::Absent).await;
});

story!(people_are_added_without_losing_what_they_have, Privacy::Private, None, |t| {
    t.invite(MANAGER, &["7"]).await.unwrap();
    t.join("8").await.unwrap();
    t.add(MANAGER, &["7", "8", "9", MANAGER, OWNER]).await.unwrap();
    for user in ["7", "8", "9"] {
        t.sees(user, Status::Member).await;
    }
    t.sees(MANAGER, Status::Manager).await;
    t.sees(OWNER, Status::Creator).await;
});

story!(the_blocked_stay_out_until_unblocked, Privacy::Open, None, |t| {
    t.join("7").await.unwrap();
    t.block(MANAGER, "7").await.unwrap();
    t.sees("7", Status::Blocked).await;
    t.refuses(t.join("7").await, "BLOCKED");
    t.leave("7").await.unwrap();
    t.invite(MANAGER, &["7"]).await.unwrap();
    t.sees("7", Status::Blocked).await;
    t.unblock(MANAGER, "7").await.unwrap();
    t.join("7").await.unwrap();
    t.sees("7", Status::Member).await;
});

story!(a_full_space_takes_nobody_until_somebody_leaves, Privacy::Open, Some(3), |t| {
    t.join("7").await.unwrap();
    t.refuses(t.join("8").await, "SPACE_FULL");
    t.join("7").await.unwrap();
    t.invite(MANAGER, &["8"]).await.unwrap();
    t.refuses(t.join("8").await, "SPACE_FULL");
    t.sees("8", Status::Invited).await;
    t.leave("7").await.unwrap();
    t.join("8").await.unwrap();
    t.sees("8", Status::Member).await;
});

story!(whoever_is_thrown_out_takes_their_invitations_along, Privacy::Private, None, |t| {
    t.make_manager(OWNER, "7").await.unwrap();
    t.invite("7", &["8", "9"]).await.unwrap();
    t.invite(MANAGER, &["10"]).await.unwrap();
    t.join("9").await.unwrap();
    t.remove(OWNER, "7").await.unwrap();
    t.sees("8", Status::Absent).await;
    t.sees("9", Status::Member).await;
    t.sees("10", Status::Invited).await;
});

/// A verb that a surface is said to lack must really be missing there.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_surface_lacks_is_listed() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        for surface in [Surface::Course, Surface::Group, Surface::Community] {
            let teller = begin(&app, surface, Privacy::Open, None).await;
            for path in surface.paths_it_would_have() {
                assert_eq!(teller.post(MANAGER, path).await, 404, "{path}");
            }
            end(teller).await;
        }
        app.stop().await;
    })
    .await;
}
