//! What holds after every step of every walk.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use roster::domain::transition::Verb;
use roster::domain::{
    Action, Actor, Attendance, Command, Counts, Erasure, Event, EventName, Kind, Membership,
    Privacy, Refusal, Snapshot, SpaceName, Status, Subject, UserId,
};

use super::walk::{Walk, walk};
use super::world::World;

/// Who may have an answer.
const SEATS: [Status; 3] = [Status::Member, Status::Manager, Status::Creator];
/// What may end by itself.
const ENDING: [Status; 4] = [Status::Invited, Status::Member, Status::Manager, Status::Blocked];

/// What the events alone tell of a space's name, and of the space that has it now.
#[derive(Default)]
struct History {
    seq: i64,
    rows: BTreeMap<UserId, Row>,
}

/// What the events alone tell of a membership.
struct Row {
    status: Status,
    invited_by: Option<UserId>,
    joined_at: Option<i64>,
    attendance: Option<Attendance>,
    until: Option<i64>,
    last: (i64, i64),
}

impl History {
    fn append(&mut self, event: &Event) {
        self.seq += 1;
        assert_eq!(event.seq, self.seq, "numbers without gaps, whatever was deleted in between");
        match &event.subject {
            Subject::Membership { user, from, to } => self.append_change(event, user, *from, *to),
            Subject::Space { fields } => {
                assert_eq!(event.name == EventName::Deleted, fields.is_empty());
                assert!(matches!(event.name, EventName::Deleted | EventName::Updated));
            }
        }
        if event.name == EventName::Deleted {
            self.rows.clear();
        }
    }

    fn append_change(&mut self, event: &Event, user: &UserId, from: Status, to: Status) {
        let before = self.rows.get(user);
        let was = before.map_or(Status::Absent, |row| row.status);
        assert_eq!(from, was, "an event begins where the last one ended");
        let answer = before.and_then(|row| row.attendance);
        let attendance = match event.name {
            EventName::Going => Some(Attendance::Going),
            EventName::NotGoing => Some(Attendance::NotGoing),
            EventName::AttendanceCleared => None,
            _ => answer.filter(|_| SEATS.contains(&to)),
        };
        let end = before.and_then(|row| row.until);
        let changes = (from, answer, end) != (to, attendance, event.until);
        assert!(changes || event.name == EventName::Archived, "an event changes something");
        assert!(event.until.is_none() || ENDING.contains(&to), "not everything ends by itself");
        let is_over = end.is_some_and(|end| end <= event.by.at);
        assert_eq!(is_over, event.name == EventName::Expired, "what is over is over first");
        assert!(attendance.is_none() || SEATS.contains(&to), "an answer goes with the seat");
        if was == Status::Blocked {
            let ends = [
                (Status::Absent, EventName::Unblocked),
                (Status::Absent, EventName::Expired),
                (Status::Absent, EventName::Erased),
                (Status::Blocked, EventName::TermsChanged),
            ];
            assert!(ends.contains(&(to, event.name)), "{}", event.name);
        }
        let inviter = match (from, to) {
            (Status::Invited, Status::Invited) => before.and_then(|row| row.invited_by.clone()),
            (_, Status::Invited) => event.by.actor.user().cloned(),
            _ => None,
        };
        let since = before.and_then(|row| row.joined_at).unwrap_or(event.by.at);
        let row = Row {
            status: to,
            invited_by: inviter,
            joined_at: to.is_seated().then_some(since),
            attendance,
            until: event.until,
            last: (event.seq, event.by.at),
        };
        self.rows.insert(user.clone(), row);
    }

    /// Whoever is forgotten has a pseudonym in all that was.
    fn rename(&mut self, user: &UserId, pseudonym: &UserId) {
        if let Some(row) = self.rows.remove(user) {
            self.rows.insert(pseudonym.clone(), row);
        }
    }

    /// The snapshot holds what the events tell, and nothing else.
    fn agrees_with(&self, snapshot: &Snapshot) {
        assert_eq!(snapshot.space.seq, self.seq);
        assert_eq!(snapshot.memberships().count(), self.rows.len());
        for (user, row) in &self.rows {
            assert_eq!(snapshot.membership(user), row.shown(&snapshot.space.name, user, self.seq));
        }
        assert_eq!(snapshot.space.counts, self.recount(i64::MIN));
        let ends: Vec<_> = self.rows.values().filter_map(|row| row.until).collect();
        let next = snapshot.space.next_until;
        assert!(ends.iter().all(|end| next.is_some_and(|next| next <= *end)), "a lower bound");
        for moment in ends.iter().flat_map(|end| [end - 1, *end]).chain([i64::MIN, i64::MAX]) {
            let current = snapshot.at(moment);
            assert_eq!(current.space.counts, self.recount(moment), "at every moment");
            for (user, row) in &self.rows {
                let status = if row.is_over(moment) { Status::Absent } else { row.status };
                assert_eq!(current.status(user), status);
            }
        }
    }

    /// How many are what at a moment.
    fn recount(&self, moment: i64) -> Counts {
        let mut recount = Counts::default();
        for row in self.rows.values().filter(|row| !row.is_over(moment)) {
            recount.shift(Status::Absent, row.status);
            recount.going += i64::from(row.attendance == Some(Attendance::Going));
        }
        recount
    }
}

impl Row {
    fn is_over(&self, moment: i64) -> bool {
        self.until.is_some_and(|until| until <= moment)
    }

    /// The membership in a space with this number: an ABSENT one has the space's own.
    fn shown(&self, space: &SpaceName, user: &UserId, seq: i64) -> Membership {
        let absent = Membership::absent(space.clone(), user.clone(), seq);
        if self.status == Status::Absent {
            return absent;
        }
        Membership {
            status: self.status,
            version: self.last.0,
            invited_by: self.invited_by.clone(),
            joined_at: self.joined_at,
            attendance: self.attendance,
            changed_at: self.last.1,
            until: self.until,
            ..absent
        }
    }
}

/// The rules of `docs/rules.md`, "Who sees a space", in other words than the code's.
fn is_hidden_from(snapshot: Option<&Snapshot>, actor: &Actor) -> bool {
    let Some(snapshot) = snapshot else { return true };
    let Some(user) = actor.user() else { return false };
    match snapshot.space.privacy {
        Privacy::Open | Privacy::Private => false,
        Privacy::Secret => [Status::Absent, Status::Blocked].contains(&snapshot.status(user)),
        Privacy::Draft => ![Status::Manager, Status::Creator].contains(&snapshot.status(user)),
    }
}

fn has_something_to_leave(snapshot: Option<&Snapshot>, actor: &Actor) -> bool {
    let status = snapshot.zip(actor.user()).map(|(snapshot, user)| snapshot.status(user));
    status.is_some_and(|status| ![Status::Absent, Status::Blocked].contains(&status))
}

fn one_creator_and_no_seat_too_many(snapshot: &Snapshot) {
    let creators = snapshot.memberships().filter(|m| m.status == Status::Creator);
    let creators: Vec<_> = creators.map(|m| &m.user).collect();
    assert_eq!(creators, [&snapshot.space.creator]);
    let seats = snapshot.memberships().filter(|m| m.status.is_seated()).count() as i64;
    assert!(snapshot.space.capacity.is_none_or(|capacity| seats <= capacity.seats()));
}

fn privacy_never_goes_back(before: Option<&Snapshot>, after: Option<&Snapshot>) {
    let Some((before, after)) = before.zip(after) else { return };
    let (from, to) = (before.space.privacy, after.space.privacy);
    assert!(from == Privacy::Draft || to != Privacy::Draft);
    let stays_private = matches!(after.space.name.kind(), Kind::Group | Kind::Event);
    assert!(!stays_private || from == to || to != Privacy::Open);
}

/// Whoever is thrown out leaves no open invitation behind; who was out already takes none along.
fn invitations_go_with_their_sender(
    (before, after): (Option<&Snapshot>, &Snapshot),
    (actor, command): (&Actor, &Command),
    events: &[Event],
) {
    let sent = |snapshot: &Snapshot, user: &UserId| {
        snapshot.memberships().filter(|m| m.invited_by.as_ref() == Some(user)).count()
    };
    for (verb, user) in command.moves(actor) {
        let done = events.iter().filter(|event| event.name != EventName::Expired);
        let moved = done.into_iter().any(|event| event.user() == Some(user));
        if moved && matches!(verb, Verb::Remove | Verb::MakeNone | Verb::Block) {
            assert_eq!(sent(after, user), 0);
        } else if events.is_empty() {
            assert_eq!(sent(after, user), before.map_or(0, |before| sent(before, user)));
        }
    }
}

/// Takes one step and holds the laws over it.
fn step(world: &mut World, history: &mut History, actor: &Actor, command: &Command) -> Seen {
    let state = world.state.clone();
    let before = state.snapshot.as_ref().map(|it| it.at(world.now + 1).into_owned());
    let is_creation = matches!(command, Command::CreateSpace(_));
    let hidden = is_hidden_from(before.as_ref(), actor) && !is_creation;
    let leaves =
        command.action(actor) == Action::Leave && has_something_to_leave(before.as_ref(), actor);
    let answer = world.run(actor, command);
    if hidden && !leaves {
        assert_eq!(answer, Err(Refusal::SpaceNotFound), "nothing is told of a hidden space");
    }
    if !hidden || leaves {
        assert_ne!(answer, Err(Refusal::SpaceNotFound), "who sees a space is not told otherwise");
    }
    if let (Command::CreateSpace(new), Some(user)) = (command, actor.user())
        && *user != new.creator
    {
        assert_eq!(answer, Err(Refusal::NotTheCreator), "whether or not there is a space");
    }
    let Ok(events) = answer else {
        assert_eq!(world.state, state, "a refusal changes nothing");
        return Seen { refusal: answer.err(), ..Seen::default() };
    };
    let named: Vec<_> = command.moves(actor).into_iter().map(|(_, user)| user).collect();
    let unnamed = |event: &&Event| event.user().is_some_and(|user| !named.contains(&user));
    let revoked = |event: &&Event| event.name == EventName::InvitationRevoked && unnamed(event);
    let taken_along = events.iter().find(revoked).map(|event| event.by.cause);
    let names = events.iter().map(|event| event.name).collect();
    if let Command::Erase(erasure) = command {
        history.rename(&erasure.user, &erasure.pseudonym);
    }
    events.iter().for_each(|event| history.append(event));
    history.rows.retain(|user, row| {
        row.status != Status::Absent || !user.as_str().starts_with(Erasure::PREFIX)
    });
    privacy_never_goes_back(before.as_ref(), world.state.snapshot.as_ref());
    assert_eq!(world.state.seq, history.seq, "the number outlives the space");
    if let Some(after) = &world.state.snapshot {
        history.agrees_with(after);
        one_creator_and_no_seat_too_many(after);
        let moment = (before.as_ref(), &*after.at(world.now));
        invitations_go_with_their_sender(moment, (actor, command), &events);
    }
    Seen { events: names, refusal: None, taken_along }
}

/// The same again does nothing again: it finds everything as it wants it, or is refused because
/// the actor has lost sight or rights by the first time.
fn repeat(world: &World, actor: &Actor, command: &Command) {
    let mut again = world.clone();
    let events = again.run_now(actor, command).unwrap_or_default();
    assert_eq!((events, &again.state), (Vec::new(), &world.state), "a repeat changes nothing");
}

/// What a step came by.
#[derive(Default)]
struct Seen {
    events: Vec<EventName>,
    refusal: Option<Refusal>,
    /// What took an invitation back from somebody whom the command did not name.
    taken_along: Option<Action>,
}

fn hold_the_laws((name, steps): Walk) -> Vec<Seen> {
    let mut world = World::empty(name);
    let mut history = History::default();
    let mut seen = Vec::new();
    for (actor, command) in &steps {
        seen.push(step(&mut world, &mut history, actor, command));
        repeat(&world, actor, command);
    }
    seen
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_laws_hold_on_every_walk(walk in walk()) {
        hold_the_laws(walk);
    }
}

/// Laws about what never comes to pass would prove nothing.
#[test]
fn walks_come_by_every_event_and_every_refusal() {
    let mut runner = TestRunner::deterministic();
    let (mut events, mut refusals) = (BTreeSet::new(), BTreeSet::new());
    let mut taken_along = BTreeSet::new();
    for _ in 0..256 {
        for seen in hold_the_laws(walk().new_tree(&mut runner).unwrap().current()) {
            events.extend(seen.events);
            refusals.extend(seen.refusal);
            taken_along.extend(seen.taken_along);
        }
    }
    // No command moves memberships in.
    let all = EventName::ALL.iter().filter(|name| **name != EventName::Imported);
    assert!(events.iter().eq(all), "{events:?}");
    assert!(refusals.iter().eq(Refusal::ALL), "{refusals:?}");
    let takers = [Action::Remove, Action::ChangeRoles, Action::Block, Action::Erase];
    assert_eq!(taken_along, BTreeSet::from(takers));
}
