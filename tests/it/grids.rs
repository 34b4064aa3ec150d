//! The tables of the rules and the errors, printed from the code that holds them.

use http::StatusCode;
use roster::domain::permission::{has_attendance, need, need_to_see_members, permit};
use roster::domain::rank::passes;
use roster::domain::transition::{Move, Verb, revokes_sent_invitations, transition};
use roster::domain::{Action, Kind, Offer, Privacy, Refusal, Standing, Status};
use roster::transport::error::ErrorReason;
use roster::transport::grpc::status;
use roster::transport::protocols::{connect_status, connect_word};
use roster::transport::rest::{selfcommunity_code, whisk_code};
use tonic::Code;

use crate::golden::Grid;

/// A status as the tables spell it.
pub fn upper(status: Status) -> String {
    status.word().to_uppercase()
}

/// A kind in the singular.
fn singular(kind: Kind) -> &'static str {
    match kind {
        Kind::Course => "course",
        Kind::Group => "group",
        Kind::Community => "community",
        Kind::Event => "event",
    }
}

/// What an actor can be, in the order of the columns.
fn standings() -> impl Iterator<Item = Standing> {
    Status::ALL.iter().map(|status| Standing::User(*status)).chain([Standing::Service])
}

fn statuses() -> impl Iterator<Item = String> {
    Status::ALL.iter().map(|status| upper(*status))
}

fn headed(first: &str, columns: impl Iterator<Item = String>) -> Grid {
    Grid::new([first.to_owned()].into_iter().chain(columns))
}

fn by_standing(first: &str) -> Grid {
    headed(first, statuses().chain(["service".to_owned()]))
}

fn answer(result: Result<(), Refusal>) -> &'static str {
    result.map_or_else(Refusal::word, |()| "yes")
}

/// Action × what the actor is → yes, or the refusal.
pub fn permissions() -> Grid {
    let mut grid = by_standing("action");
    for action in Action::ALL {
        let cells = standings().map(|standing| answer(permit(need(*action), standing)));
        grid.row([action.word()].into_iter().chain(cells));
    }
    grid
}

/// Privacy × what the actor is → do they see the space.
pub fn visibility() -> Grid {
    let mut grid = by_standing("privacy");
    for privacy in Privacy::ALL {
        let cell = |standing| if privacy.shows_to(standing) { "yes" } else { "no" };
        grid.row([privacy.word()].into_iter().chain(standings().map(cell)));
    }
    grid
}

/// Kind and privacy × what the actor is → do they see the members.
pub fn members() -> Grid {
    let mut grid = by_standing("members of a");
    for kind in Kind::ALL {
        for privacy in Privacy::ALL.iter().filter(|privacy| privacy.exists_for(*kind)) {
            let need = need_to_see_members(*kind, *privacy, false);
            let cell = |standing| {
                let sees = privacy.shows_to(standing) && permit(need, standing).is_ok();
                if sees { "yes" } else { "no" }.to_owned()
            };
            let name = format!("{privacy} {}", singular(*kind));
            grid.row([name].into_iter().chain(standings().map(cell)));
        }
    }
    grid
}

/// Status × the least that is asked for → do they pass.
pub fn passage() -> Grid {
    let minima = || Status::ALL.iter().filter(|minimum| **minimum != Status::Blocked);
    let mut grid =
        headed("status", minima().map(|minimum| format!("at least {}", upper(*minimum))));
    for status in Status::ALL {
        let cell = |minimum: &Status| if passes(*status, *minimum) { "yes" } else { "no" };
        let cells = minima().map(|minimum| cell(minimum).to_owned());
        grid.row([upper(*status)].into_iter().chain(cells));
    }
    grid
}

/// Kind → whether people say of such a space if they go.
pub fn attendance() -> Grid {
    let mut grid = Grid::new(["of a", "people say whether they go"]);
    for kind in Kind::ALL {
        grid.row([singular(*kind), answer(has_attendance(*kind))]);
    }
    grid
}

/// Verb × the target's status → the new status and what it is called; joining once per privacy.
pub fn transitions() -> Grid {
    let columns = statuses().chain(["invitations the target sent".to_owned()]);
    let mut grid = headed("verb", columns);
    for verb in Verb::ALL {
        let sent = if revokes_sent_invitations(*verb) { "revoked" } else { "stay" }.to_owned();
        let mut row = |name: String, privacy, offered| {
            let cells = Status::ALL.iter().map(|from| outcome(*verb, privacy, *from, offered));
            grid.row([name].into_iter().chain(cells).chain([sent.clone()]));
        };
        match verb {
            Verb::Join => {
                Privacy::ALL.iter().for_each(|p| row(format!("join, {p}"), *p, Offer::Member));
                let name = "join, open, where an invitation offers manager".to_owned();
                row(name, Privacy::Open, Offer::Manager);
            }
            Verb::JoinByLink
            | Verb::JoinByManagerLink
            | Verb::RequestByLink
            | Verb::JoinByDeadLink => {
                Privacy::ALL.iter().for_each(|p| row(format!("{verb}, {p}"), *p, Offer::Member));
            }
            Verb::Leave
            | Verb::Remove
            | Verb::Invite
            | Verb::InviteTooSoon
            | Verb::InviteManager
            | Verb::RemoveInvitation
            | Verb::Add
            | Verb::MakeManager
            | Verb::MakeMember
            | Verb::MakeNone
            | Verb::Block
            | Verb::Unblock
            | Verb::GiveSeat
            | Verb::SetGoing
            | Verb::SetNotGoing
            | Verb::ClearAttendance
            | Verb::Transfer => {
                for (privacy, from) in pairs(Privacy::ALL, Status::ALL) {
                    let open = transition(*verb, Privacy::Open, from, Offer::Member);
                    for offered in Offer::ALL {
                        let same = transition(*verb, privacy, from, *offered);
                        assert_eq!(same, open, "one row is enough");
                    }
                }
                row(verb.word().to_owned(), Privacy::Open, Offer::Member);
            }
        }
    }
    grid
}

fn pairs<A: Copy, B: Copy>(these: &[A], those: &[B]) -> impl Iterator<Item = (A, B)> {
    these.iter().flat_map(|this| those.iter().map(|that| (*this, *that)))
}

fn outcome(verb: Verb, privacy: Privacy, from: Status, offered: Offer) -> String {
    match transition(verb, privacy, from, offered) {
        Move::Stay => "=".to_owned(),
        Move::To(to, event) => format!("{} · {event}", upper(to)),
        Move::Refuse(refusal) => format!("refuse {refusal}"),
    }
}

/// Kind and privacy × the privacy wanted → yes, the refusal, or a dash where it does not exist.
pub fn privacy_changes() -> Grid {
    let mut grid = headed("from", Privacy::ALL.iter().map(|privacy| format!("to {privacy}")));
    for kind in Kind::ALL {
        for from in Privacy::ALL.iter().filter(|privacy| privacy.exists_for(*kind)) {
            let cell = |to: &Privacy| match to.exists_for(*kind) {
                true => answer(from.may_become(*to, *kind)).to_owned(),
                false => "–".to_owned(),
            };
            let name = format!("{from} {}", singular(*kind));
            grid.row([name].into_iter().chain(Privacy::ALL.iter().map(cell)));
        }
    }
    grid
}

/// Every reason of the contract, in its order; the first is never sent.
pub fn reasons() -> impl Iterator<Item = ErrorReason> {
    (0..1_000).filter_map(|number| ErrorReason::try_from(number).ok())
}

/// Reason → what each surface answers.
pub fn errors(reasons: impl Iterator<Item = ErrorReason>) -> Grid {
    let mut grid = Grid::new(["reason", "gRPC", "JSON", "SelfCommunity", "Whisk"]);
    let rest = |(status, code): (StatusCode, &str)| format!("{} {code}", status.as_u16());
    for reason in reasons {
        let name = status::reason_name(reason).to_owned();
        let grpc = code_word(status::code(reason));
        let json = status::code(reason);
        let json = rest((connect_status(json), connect_word(json)));
        grid.row([name, grpc, json, rest(selfcommunity_code(reason)), rest(whisk_code(reason))]);
    }
    grid
}

/// A gRPC code as its specification spells it, such as `NOT_FOUND`.
pub fn code_word(code: Code) -> String {
    let mut word = String::new();
    for letter in format!("{code:?}").chars() {
        if letter.is_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.extend(letter.to_uppercase());
    }
    word
}
