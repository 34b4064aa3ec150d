//! Sets of rows on their way to a database and back. What is packed is read as it was; what is damaged is an error;
//! and the parts of what is too long for one statement are all of it, in order.

#![no_main]

use std::collections::{BTreeMap, BTreeSet};

use fuzz::seeds::COMMUNITY;
use libfuzzer_sys::fuzz_target;
use roster::domain::{
    Action, Actor, Authorship, Event, EventName, Offer, SpaceName, Status, Subject, UserId,
};
use roster::store::Changes;
use roster::store::fuzzing::{
    Cell, copied, pack_membership, pack_space, parts, read_all, read_membership, read_space, texts,
};
use serde_json::Value;

const COLUMNS: usize = 3;
const CELL: char = '\u{1f}';

fuzz_target!(init: fuzz::seeds::plant("sets"), |input: &[u8]| {
    let [kind, bytes @ ..] = input else { return };
    if kind % 4 == 3 {
        return divided(bytes);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match kind % 4 {
        0 => rows(text),
        1 => answers(text),
        _ => packed(text),
    }
});

/// The cells of a text: numbers where they can be, nothing where nothing stands.
fn cell(text: &str) -> Cell<'_> {
    match text.parse() {
        Ok(number) => Cell::Int(number),
        Err(_) if text.is_empty() => Cell::NoText,
        Err(_) => Cell::Text(text),
    }
}

fn shown(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Text(text) => (*text).to_owned(),
        Cell::Int(number) => number.to_string(),
        Cell::NoText | Cell::NoInt => String::new(),
    }
}

fn rows(text: &str) {
    let all: Vec<[Cell<'_>; COLUMNS]> = text
        .lines()
        .filter(|line| !line.contains(char::is_control))
        .map(|line| {
            let mut cells = line.split('|').map(cell);
            std::array::from_fn(|_| cells.next().unwrap_or(Cell::NoInt))
        })
        .collect();
    let columns = texts(false, &all);
    assert_eq!(columns.len(), COLUMNS);
    for (place, column) in columns.iter().enumerate() {
        let sent: Vec<_> = all.iter().map(|row| shown(&row[place])).collect();
        let read: Vec<_> = column.split(CELL).map(str::to_owned).collect();
        assert!(read == sent || all.is_empty() && column.is_empty(), "{column:?}");
    }
    let [json] = &*texts(true, &all) else { panic!("one text") };
    let read: Vec<Vec<Value>> = serde_json::from_str(json).expect("it is JSON");
    let value = |cell: &Cell<'_>| match cell {
        Cell::Text(text) => Value::from(*text),
        Cell::Int(number) => Value::from(*number),
        Cell::NoText | Cell::NoInt => Value::Null,
    };
    assert_eq!(
        read,
        all.iter().map(|row| row.iter().map(value).collect()).collect::<Vec<Vec<_>>>()
    );
    assert_eq!(
        uncopied(&copied(&all)),
        all.iter().map(|row| row.map(|it| bytes(&it))).collect::<Vec<_>>()
    );
}

fn bytes(cell: &Cell<'_>) -> Option<Vec<u8>> {
    match cell {
        Cell::Text(text) => Some(text.as_bytes().to_vec()),
        Cell::Int(number) => Some(number.to_be_bytes().to_vec()),
        Cell::NoText | Cell::NoInt => None,
    }
}

/// A binary COPY as PostgreSQL's documentation has it.
fn uncopied(data: &[u8]) -> Vec<[Option<Vec<u8>>; COLUMNS]> {
    let (head, mut rest) = data.split_at(19);
    assert_eq!(head, b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0");
    let mut take = |count: usize| {
        let (taken, left) = rest.split_at_checked(count)?;
        rest = left;
        Some(taken.to_vec())
    };
    let mut found = Vec::new();
    while let Some(count) = take(2) {
        assert_eq!(count, [0, 3]);
        found.push(std::array::from_fn(|_| {
            let length = take(4).expect("a length").try_into().expect("of four bytes");
            let length = i32::from_be_bytes(length);
            usize::try_from(length).ok().map(|length| take(length).expect("a field"))
        }));
    }
    found
}

/// Answers that no database gives.
fn answers(text: &str) {
    let space = SpaceName::parse("courses/7").expect("this is one");
    let user = UserId::parse("linus").expect("this is one");
    assert_eq!(read_all(text, &space, &user), text.matches('\u{1e}').count() + 1);
}

/// Cells with bars between them: what is read of them, packed again, is read as the same.
fn packed(text: &str) {
    let text = text.replace('|', "\u{1f}");
    if let Some((name, state)) = read_space(&text)
        && let Some(packed) = pack_space(&state)
    {
        let (name_again, again) = read_space(&packed).expect("what was packed can be read");
        let [space, space_again] = [state, again].map(|it| it.snapshot.map(|it| it.space));
        assert_eq!((name_again, space_again), (name, space));
    }
    if let Some(membership) = read_membership(&text) {
        assert_eq!(read_membership(&pack_membership(&membership)), Some(membership));
    }
}

/// Each byte is an event: whose, in which space, and how long the name is.
fn divided(bytes: &[u8]) {
    let [most, bytes @ ..] = bytes else { return };
    let most = 256 + usize::from(*most) * 16;
    let names =
        ["courses/1".to_owned(), "groups/22".to_owned(), format!("communities/{COMMUNITY}")];
    let names = names.map(|name| SpaceName::parse(&name).expect("it is a name"));
    let mut numbers = BTreeMap::new();
    let events: Vec<_> = bytes
        .iter()
        .map(|byte| {
            let space = names[usize::from(byte % 3)].clone();
            let seq = numbers.entry(space.clone()).and_modify(|seq| *seq += 1).or_insert(1);
            event(space, *seq, &"u".repeat(1 + usize::from(byte / 2)))
        })
        .collect();
    let changes = Changes { events, ..Changes::default() };
    let all = parts(&changes, most);
    let sent: Vec<_> = all.iter().flat_map(|part| part.events.clone()).collect();
    let wanted = changes.events.iter().map(|event| (event.space.clone(), event.seq));
    assert_eq!(sent, wanted.collect::<Vec<_>>(), "all of it, in order");
    let mut moved = BTreeSet::new();
    for part in &all {
        assert_eq!(part.continued, moved, "what was moved before");
        assert!(part.bytes <= most || part.events.len() == 1, "{} of {most}", part.bytes);
        moved.extend(part.events.iter().map(|(space, _)| space.clone()));
    }
}

fn event(space: SpaceName, seq: i64, user: &str) -> Event {
    let user = UserId::parse(user).expect("it is one");
    Event {
        space,
        seq,
        name: EventName::Joined,
        subject: Subject::Membership {
            user: user.clone(),
            from: Status::Absent,
            to: Status::Member,
        },
        previous: None,
        until: None,
        origin: None,
        note: None,
        offered: Offer::default(),
        by: Authorship { actor: Actor::User(user), service: None, cause: Action::Join, at: 7 },
    }
}
