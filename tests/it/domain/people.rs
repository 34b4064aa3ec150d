//! Words about people: whatever the order in which they arrive, the newest holds.

use proptest::prelude::*;
use proptest::sample::Index;
use roster::domain::{
    InvalidText, Line, People, Person, Profile, Prose, SourceTime, UserId, Users, UsersError,
};

/// What is said of `user` since `at`; without a name that they are deleted.
pub fn word(user: &str, at: i64, name: Option<&str>) -> Person {
    let profile = name.map(|name| {
        let real_name = Line::new(name).unwrap();
        Profile { real_name, ..Profile::default() }
    });
    let user = UserId::parse(user).unwrap();
    Person { user, changed_at: SourceTime::new(at).unwrap(), profile }
}

#[test]
fn the_newest_word_holds_and_a_deletion_wins_at_the_same_time() {
    let rows = [
        ((1, Some("a")), (2, Some("b")), true),
        ((2, Some("a")), (1, Some("b")), false),
        ((1, Some("a")), (1, Some("b")), false),
        ((1, Some("a")), (1, None), true),
        ((1, None), (1, Some("a")), false),
        ((1, None), (1, None), false),
        ((1, None), (2, Some("a")), true),
        ((2, None), (1, None), false),
    ];
    for ((known_at, known), (at, name), holds) in rows {
        let (known, word) = (word("7", known_at, known), word("7", at, name));
        assert_eq!(word.supersedes(&known), holds, "{word:?} over {known:?}");
    }
}

#[test]
fn times_are_from_1970_to_9999() {
    let last = 253_402_300_799_999_999;
    for (micros, legal) in [
        (0, true),
        (last, true),
        (last + 1, false),
        (-1, false),
        (i64::MAX, false),
        (i64::MIN, false),
    ] {
        assert_eq!(SourceTime::new(micros).is_some(), legal, "{micros}");
    }
}

#[test]
fn prose_may_have_lines_and_a_line_may_not() {
    assert_eq!(Prose::<9>::new("a\r\n\tb").map(|text| text.to_string()), Ok("a\r\n\tb".to_owned()));
    assert_eq!(Line::<9>::new("a\nb"), Err(InvalidText));
    for text in ["\0", "\u{1e}", "\u{1f}", "\u{7f}", "\u{85}", "0123456789"] {
        assert_eq!(Prose::<9>::new(text), Err(InvalidText), "{text:?}");
    }
}

#[test]
fn a_batch_names_1_to_1000() {
    let words = |count: usize| (0..count).map(|n| word(&format!("u{n}"), 1, Some("a"))).collect();
    assert_eq!(People::new(words(0)), Err(UsersError::Empty));
    assert_eq!(People::new(words(Users::MAX + 1)), Err(UsersError::TooMany));
    assert_eq!(People::new(words(Users::MAX)).unwrap().iter().len(), Users::MAX);
}

/// Words about two users, of which no two of one user and one time say different things.
fn words() -> impl Strategy<Value = Vec<Person>> {
    let one = (0..2_u8, 0..5_i64, any::<bool>()).prop_map(|(user, at, lives)| {
        let name = format!("name {at}");
        word(&format!("u{user}"), at, lives.then_some(name.as_str()))
    });
    proptest::collection::vec(one, 1..30)
}

proptest! {
    /// The same words in another order, and some of them again, leave the same known.
    #[test]
    fn order_and_repetition_do_no_harm(said in words(), moves in proptest::collection::vec(any::<(Index, Index)>(), 0..60)) {
        let mut shuffled = said.clone();
        for (from, to) in moves {
            let (from, to) = (from.index(shuffled.len()), to.index(shuffled.len()));
            let word = shuffled[from].clone();
            shuffled.swap(from, to);
            shuffled.push(word);
        }
        let known = |words| People::new(words).unwrap().iter().cloned().collect::<Vec<_>>();
        prop_assert_eq!(known(said), known(shuffled));
    }
}

#[test]
fn a_time_of_the_source_is_as_fine_as_it_was_told() {
    let time = SourceTime::new(1_700_000_000_123_999).unwrap();
    assert_eq!((time.micros(), time.millis()), (1_700_000_000_123_999, 1_700_000_000_123));
}
