//! Histories made by hand: what the judge must see, and what it must not hold against anybody.

use crate::judge::{Judgement, judge};
use crate::record::{Answer, Call, EventSeen, History, Op, Outcome, Run, Seen, SpaceSeen, Surface};

const BEGAN: i64 = 1_700_000_000_000;

/// A record that grows call by call. Times are milliseconds.
struct Hand(History);

impl Hand {
    /// An open course of user 1 with so many seats.
    fn course(privacy: &str, capacity: Option<i64>) -> Self {
        let run = Run { began: BEGAN, ..Run::default() };
        let mut hand = Self(History { run, ..History::default() });
        let call = Call::Create {
            privacy: privacy.into(),
            creator: "1".into(),
            capacity,
            waitlist: false,
        };
        let space = SpaceSeen {
            privacy: privacy.into(),
            creator: "1".into(),
            capacity,
            version: 1,
            seats: 1,
            going: 0,
            waitlist: false,
            counts: Some([0, 0, 0, 0, 0, 1, 0]),
        };
        hand.ask((0, 1), "", call, Outcome::Ok(Answer::Space(Box::new(space))));
        hand
    }

    fn ask(&mut self, (called, answered): (u64, u64), actor: &str, call: Call, outcome: Outcome) {
        let id = u32::try_from(self.0.ops.len()).unwrap_or_default();
        self.0.ops.push(Op {
            id,
            client: 1,
            space: "courses/1".into(),
            actor: actor.into(),
            surface: Surface::Grpc,
            call,
            validate_only: false,
            called: called * 1_000_000,
            answered: answered * 1_000_000,
            outcome,
        });
    }

    fn joins(&mut self, at: (u64, u64), user: &str, version: i64) {
        let answer = Answer::One { member: seen(user, "member", version), changed: Some(true) };
        self.ask(at, user, Call::Join, Outcome::Ok(answer));
    }

    fn reads(&mut self, at: (u64, u64), user: &str, status: &str, version: i64) {
        let answer = Answer::One { member: seen(user, status, version), changed: None };
        self.ask(at, "", Call::Get(user.into()), Outcome::Ok(answer));
    }

    fn judged(&self) -> Judgement {
        judge(&self.0).unwrap_or_default()
    }

    fn is_explained(&self) {
        let judgement = self.judged();
        assert_eq!((judgement.violations, judgement.undecided), (vec![], vec![]));
        assert_ne!(judgement.calls, 0);
    }

    fn is_violated(&self) {
        assert_ne!(self.judged().violations, Vec::<String>::new());
    }
}

fn seen(user: &str, status: &str, version: i64) -> Seen {
    Seen { user: user.into(), status: status.into(), version, ..Seen::default() }
}

fn unknown() -> Outcome {
    Outcome::Unknown("no answer".into())
}

fn event(sequence: i64, user: &str, from: &str, to: &str, name: &str) -> EventSeen {
    let mut event =
        EventSeen { sequence, name: name.into(), user: user.into(), ..Default::default() };
    (event.from, event.to, event.actor) = (from.into(), to.into(), user.into());
    (event.cause, event.at) = ("join".into(), BEGAN + 11);
    event
}

#[test]
fn what_follows_from_the_rules_is_explained() {
    let mut hand = Hand::course("open", Some(3));
    hand.joins((10, 20), "2", 3);
    hand.joins((11, 19), "3", 2);
    hand.reads((30, 40), "2", "member", 3);
    hand.reads((30, 40), "4", "absent", 3);
    hand.is_explained();
}

#[test]
fn an_acknowledged_change_that_is_gone_is_seen() {
    let mut hand = Hand::course("open", None);
    hand.joins((10, 20), "2", 2);
    hand.reads((30, 40), "2", "absent", 1);
    hand.is_violated();
}

#[test]
fn a_change_that_another_one_overwrote_is_seen() {
    let mut hand = Hand::course("open", None);
    hand.joins((10, 20), "2", 2);
    hand.joins((12, 22), "3", 2);
    hand.is_violated();
}

#[test]
fn a_seat_that_two_were_given_is_seen() {
    let mut hand = Hand::course("open", Some(2));
    hand.joins((10, 20), "2", 2);
    hand.joins((10, 20), "3", 3);
    hand.is_violated();
}

#[test]
fn of_two_for_one_seat_either_may_be_refused() {
    let mut hand = Hand::course("open", Some(2));
    hand.ask((10, 20), "2", Call::Join, Outcome::Refused("SPACE_FULL".into()));
    hand.joins((10, 20), "3", 2);
    hand.is_explained();
}

#[test]
fn who_is_refused_while_there_was_room_is_seen() {
    let mut hand = Hand::course("open", Some(2));
    hand.ask((10, 20), "2", Call::Join, Outcome::Refused("SPACE_FULL".into()));
    hand.joins((30, 40), "3", 2);
    hand.is_violated();
}

#[test]
fn a_stale_read_after_an_acknowledgement_is_seen_and_one_beside_it_is_none() {
    for (at, is_stale) in [((12, 18), false), ((21, 30), true)] {
        let mut hand = Hand::course("open", None);
        hand.joins((10, 20), "2", 2);
        hand.reads(at, "2", "absent", 1);
        if is_stale { hand.is_violated() } else { hand.is_explained() }
    }
}

#[test]
fn what_nobody_answered_may_have_happened_later_or_never() {
    let mut hand = Hand::course("open", None);
    hand.ask((10, 20), "2", Call::Join, unknown());
    hand.reads((30, 40), "2", "absent", 1);
    hand.is_explained();
    hand.reads((50, 60), "2", "member", 2);
    hand.is_explained();
    hand.reads((70, 80), "2", "absent", 1);
    hand.is_violated();
}

#[test]
fn what_nobody_answered_did_not_happen_before_it_was_asked() {
    let mut hand = Hand::course("open", None);
    hand.reads((10, 20), "2", "member", 2);
    hand.ask((30, 40), "2", Call::Join, unknown());
    hand.is_violated();
}

#[test]
fn an_unanswered_call_explains_a_number_that_is_missing() {
    let mut hand = Hand::course("open", None);
    hand.ask((10, 20), "2", Call::Join, unknown());
    hand.joins((30, 40), "3", 3);
    hand.is_explained();
    let mut hand = Hand::course("open", None);
    hand.joins((30, 40), "3", 3);
    hand.is_violated();
}

#[test]
fn half_of_a_command_is_seen() {
    let mut hand = Hand::course("open", None);
    let users = vec!["2".into(), "3".into()];
    hand.ask((10, 20), "", Call::Add { users, until: None, each: false }, unknown());
    hand.reads((30, 40), "2", "member", 2);
    hand.reads((50, 60), "3", "absent", 2);
    hand.is_violated();
}

#[test]
fn a_secret_space_that_a_stranger_sees_is_seen() {
    let shown = Answer::One { member: seen("2", "absent", 1), changed: None };
    let hidden = Outcome::Refused("SPACE_NOT_FOUND".into());
    for (outcome, is_told) in [(Outcome::Ok(shown), true), (hidden, false)] {
        let mut hand = Hand::course("secret", None);
        hand.ask((10, 20), "2", Call::Get("2".into()), outcome);
        if is_told { hand.is_violated() } else { hand.is_explained() }
    }
}

#[test]
fn a_block_that_holds_longer_than_it_should_is_seen() {
    for (asked, is_late) in [(60, false), (200, true)] {
        let mut hand = Hand::course("open", None);
        let until = Some(BEGAN + 100);
        let blocked = Seen { until, ..seen("2", "blocked", 2) };
        let answer = Answer::Many(vec![(blocked, "changed".into())]);
        let users = vec!["2".into()];
        hand.ask((10, 20), "", Call::Block { users, until, each: false }, Outcome::Ok(answer));
        hand.ask((asked, asked + 10), "2", Call::Join, Outcome::Refused("BLOCKED".into()));
        if is_late { hand.is_violated() } else { hand.is_explained() }
    }
}

#[test]
fn what_changes_nothing_may_come_before_an_end_that_was_told() {
    for (invited, is_wrong) in [(1, false), (2, true)] {
        let mut hand = Hand::course("open", None);
        let (users, until) = (vec!["2".into()], Some(BEGAN + 100));
        let answer = (Seen { until, ..seen("2", "invited", 2) }, "changed".into());
        let invite = Call::Invite { users, until, each: false };
        hand.ask((10, 20), "", invite, Outcome::Ok(Answer::Many(vec![answer])));
        let space = SpaceSeen {
            privacy: "open".into(),
            creator: "1".into(),
            capacity: None,
            version: 2,
            seats: 1,
            going: 0,
            waitlist: false,
            counts: Some([invited, 0, 0, 0, 0, 1, 0]),
        };
        let update =
            Call::Update { privacy: None, capacity: None, waitlist: None, if_version: None };
        hand.ask((90, 99), "", update, Outcome::Ok(Answer::Space(Box::new(space))));
        let mut ended = event(3, "2", "invited", "absent", "expired");
        (ended.actor, ended.cause) = ("service/roster".into(), "expire".into());
        ended.at = BEGAN + 100;
        let read = Call::Events { after: 2 };
        hand.ask((200, 210), "", read, Outcome::Ok(Answer::Events(vec![ended])));
        if is_wrong { hand.is_violated() } else { hand.is_explained() }
    }
}

/// Those who ask are let in in the order of their ids, as far as there is room.
#[test]
fn a_sweep_that_nobody_answered_let_in_as_many_as_there_was_room_for() {
    for (last, version, is_wrong) in [("requested", 2, false), ("member", 5, true)] {
        let mut hand = Hand::course("private", Some(2));
        for (at, user, version) in [(10, "7", 2), (20, "6", 3)] {
            let member = seen(user, "requested", version);
            let answer = Answer::One { member, changed: Some(true) };
            hand.ask((at, at + 5), user, Call::Join, Outcome::Ok(answer));
        }
        hand.ask((30, 40), "", Call::Sweep("accept requests".into()), unknown());
        hand.reads((50, 60), "6", "member", 4);
        hand.reads((70, 80), "7", last, version);
        if is_wrong { hand.is_violated() } else { hand.is_explained() }
    }
}

/// Nobody is told that a decline was forgotten with whoever declined, until they are invited.
#[test]
fn one_of_two_who_declined_may_have_been_forgotten() {
    for is_erased in [true, false] {
        let mut hand = Hand::course("open", None);
        let invite = || {
            let users = vec!["2".into(), "3".into()];
            Call::Invite { users, until: None, each: false }
        };
        let many = |two: (Seen, &str), three: (Seen, &str)| {
            let told = |(seen, word): (Seen, &str)| (seen, word.to_owned());
            Outcome::Ok(Answer::Many(vec![told(two), told(three)]))
        };
        let both = [seen("2", "invited", 2), seen("3", "invited", 3)];
        let [two, three] = both.map(|seen| (seen, "changed"));
        hand.ask((10, 20), "", invite(), many(two, three));
        for (user, version) in [("2", 4), ("3", 5)] {
            let member = seen(user, "absent", version);
            let at = 20 + u64::try_from(version).unwrap_or_default();
            let answer = Answer::One { member, changed: Some(true) };
            hand.ask((at, at), user, Call::Leave, Outcome::Ok(answer));
            if is_erased {
                let erase = Call::Erase { user: user.into(), successor: None };
                hand.ask((at, at), "", erase, unknown());
            }
        }
        let two = (seen("2", "absent", 6), "cooling_down");
        hand.ask((30, 40), "", invite(), many(two, (seen("3", "invited", 6), "changed")));
        if is_erased { hand.is_explained() } else { hand.is_violated() }
    }
}

#[test]
fn events_that_are_missing_or_change_are_seen() {
    let created = || event(1, "1", "absent", "creator", "created");
    let joined = |number| event(number, "2", "absent", "member", "joined");
    let read = |hand: &mut Hand, events| {
        hand.ask((50, 60), "", Call::Events { after: 0 }, Outcome::Ok(Answer::Events(events)));
    };
    let mut hand = Hand::course("open", None);
    read(&mut hand, vec![created(), joined(3)]);
    assert!(hand.judged().violations.iter().any(|what| what.contains("event 3 follows 1")));
    let mut hand = Hand::course("open", None);
    read(&mut hand, vec![created(), joined(2)]);
    read(&mut hand, vec![created(), event(2, "3", "absent", "member", "joined")]);
    assert!(hand.judged().violations.iter().any(|what| what.contains("and then")));
}

#[test]
fn a_counter_that_is_wrong_by_itself_is_seen() {
    let mut hand = Hand::course("open", Some(2));
    let space = SpaceSeen { version: 2, seats: 3, capacity: Some(2), ..SpaceSeen::default() };
    hand.ask((10, 20), "", Call::Space, Outcome::Ok(Answer::Space(Box::new(space))));
    assert!(hand.judged().violations.iter().any(|what| what.contains("3 seats taken")));
}

#[test]
fn a_violation_is_told_with_few_calls() {
    let mut hand = Hand::course("open", None);
    for n in 1..200 {
        hand.reads((n * 10, n * 10 + 5), "2", "absent", 1);
    }
    hand.joins((3_000, 3_010), "2", 2);
    hand.reads((3_020, 3_030), "2", "absent", 1);
    let told = hand.judged().violations.join("\n");
    assert!(told.contains("no order of 3 calls"), "{told}");
}

#[test]
fn a_hundred_thousand_calls_are_judged_in_seconds() {
    let mut hand = Hand::course("open", None);
    let mut version = 1;
    for n in 0..5_000_u64 {
        let at = (10 + n * 10, 25 + n * 10);
        let user = (2 + n % 5).to_string();
        if n % 10 < 5 {
            version += 1;
            hand.joins(at, &user, version);
        } else {
            version += 1;
            let member = seen(&user, "absent", version);
            let answer = Answer::One { member, changed: Some(true) };
            hand.ask(at, &user, Call::Leave, Outcome::Ok(answer));
        }
    }
    let judgement = hand.judged();
    assert_eq!(judgement.violations, Vec::<String>::new());
    // One space of the twenty.
    assert!(judgement.took.as_secs() < 5, "{:?}", judgement.took);
}
