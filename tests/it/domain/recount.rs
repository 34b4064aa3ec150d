//! What is found wrong in a space, where one number is.

use roster::domain::recount::{Drift, Found, Kept, Recount};
use roster::domain::{Counts, Status};

type Spoil = fn(&mut Recount);

/// Three members and their creator in four seats, and what they did from the third event on of a name that was deleted.
fn sound() -> Recount {
    let counts = Counts { creators: 1, members: 3, going: 2, ..Counts::default() };
    Recount {
        space: "events/1".into(),
        is_deleted: false,
        capacity: Some(4),
        kept: Kept { creator: "ann".into(), counts, seq: 7, next_until: Some(500) },
        found: Found {
            counts,
            creator: Some("ann".into()),
            next_until: Some(600),
            contents: 1,
            events: 5,
            first: Some(3),
            last: Some(7),
            begins_deleted: true,
            ..Found::default()
        },
    }
}

/// What is wrong then, and whether to count again would mend it.
const ROWS: &[(Spoil, Drift, bool)] = &[
    (
        |it| it.kept.counts.blocked = 2,
        Drift::Count { status: Status::Blocked, kept: 2, found: 0 },
        true,
    ),
    (|it| it.kept.counts.going = 3, Drift::Going { kept: 3, found: 2 }, true),
    (|it| it.kept.next_until = Some(601), Drift::Ends { kept: Some(601), found: 600 }, true),
    (|it| it.kept.next_until = None, Drift::Ends { kept: None, found: 600 }, true),
    (|it| it.found.counts.creators = 0, Drift::Creators(0), false),
    (|it| it.capacity = Some(3), Drift::Overfull { seats: 4, capacity: 3 }, false),
    (|it| it.found.contents = 0, Drift::Contents(0), false),
    (|it| it.found.missing_terms = 1, Drift::Terms { missing: 1, stray: 0 }, true),
    (|it| it.found.stray_terms = 1, Drift::Terms { missing: 0, stray: 1 }, true),
    (
        |it| (it.found.missing_terms, it.found.stray_terms) = (1, 1),
        Drift::Terms { missing: 1, stray: 1 },
        true,
    ),
    (|it| it.found.wrong_nodes = 1, Drift::Line(1), true),
    (|it| it.found.first = None, Drift::Beginning(None), false),
    (|it| it.found.begins_deleted = false, Drift::Beginning(Some(3)), false),
    (|it| it.found.events = 3, Drift::Gaps(2), false),
    (|it| it.kept.seq = 8, Drift::Last { kept: 8, found: 7 }, false),
    (|it| it.found.broken = 1, Drift::Broken(1), false),
    (|it| it.found.unexplained = 1, Drift::Unexplained(1), false),
];

#[test]
fn nothing_is_wrong_in_a_sound_space() {
    let mut space = sound();
    assert_eq!(space.drift(), []);
    assert!(!space.is_mendable());
    space.kept.next_until = space.found.next_until;
    assert_eq!(space.drift(), [], "somebody's time ends at the very moment");
    space.capacity = None;
    assert_eq!(space.drift(), []);
}

#[test]
fn each_number_that_is_wrong_is_told() {
    for (spoil, drift, mendable) in ROWS {
        let mut space = sound();
        spoil(&mut space);
        assert_eq!(space.drift(), std::slice::from_ref(drift));
        assert_eq!(space.is_mendable(), *mendable, "{drift}");
    }
    let mut space = sound();
    space.kept.creator = "bob".into();
    let (kept, found) = ("bob".to_owned(), "ann".to_owned());
    assert_eq!(space.drift(), [Drift::Creator { kept, found }]);
    assert!(space.is_mendable());
}

#[test]
fn of_a_deleted_space_nothing_is_left_but_its_history() {
    let mut space = sound();
    space.is_deleted = true;
    space.capacity = None;
    let nothing = Counts::default();
    space.kept = Kept { creator: String::new(), counts: nothing, next_until: None, ..space.kept };
    space.found =
        Found { counts: nothing, creator: None, next_until: None, contents: 0, ..space.found };
    assert_eq!(space.drift(), []);
    space.found.contents = 1;
    space.found.counts.creators = 1;
    assert_eq!(space.drift(), [Drift::Creators(1), Drift::Contents(1)]);
}
