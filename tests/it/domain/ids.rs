//! Which names are names.

use roster::domain::{Actor, Kind, SpaceName, UserId};

use super::world::{by, service};

const HEX: &str = "d25506c2690f4b81b2050b9b90bda3b7";

#[test]
fn space_names() {
    let community = format!("communities/{HEX}");
    let good = [
        ("courses/1", Kind::Course, "1"),
        ("groups/42", Kind::Group, "42"),
        ("events/42", Kind::Event, "42"),
        ("courses/9223372036854775807", Kind::Course, "9223372036854775807"),
        (&community, Kind::Community, HEX),
    ];
    for (text, kind, id) in good {
        let name = SpaceName::parse(text).unwrap();
        assert_eq!((name.kind(), name.id(), name.as_str()), (kind, id, text));
        assert_eq!(SpaceName::of(kind, id), Ok(name));
    }
}

#[test]
fn what_is_no_space_name() {
    let longer = format!("communities/{HEX}0");
    let shorter = format!("communities/{}", &HEX[1..]);
    let upper = format!("communities/{}", HEX.to_uppercase());
    let dashed = "communities/d25506c2-690f-4b81-b205-0b9b90bda3b7";
    let not_hex = format!("communities/g{}", &HEX[1..]);
    let bad = [
        "",
        "/",
        "1",
        "courses",
        "courses/",
        "/1",
        "courses/0",
        "courses/01",
        "courses/-1",
        "courses/+1",
        "courses/1.0",
        "courses/1 ",
        " courses/1",
        "courses/1/",
        "courses/1/2",
        "courses/٣",
        "courses/1\0",
        "courses/9223372036854775808",
        "courses/99999999999999999999",
        "Courses/1",
        "course/1",
        "users/1",
        "event/1",
        "events/01",
        "communities/1",
        &longer,
        &shorter,
        &upper,
        dashed,
        &not_hex,
    ];
    for text in bad {
        assert!(SpaceName::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn user_ids() {
    let longest = "a".repeat(128);
    for text in ["7", "0", "auth0|5f7c", "a.b_c:d@e-f|G", &longest] {
        assert_eq!(UserId::parse(text).unwrap().as_str(), text);
    }
    let too_long = "a".repeat(129);
    let strange = ["", "a b", "a/b", "ä", "a\n", "a\0", "a,b", "a'b", "a%b", "<a>", &too_long];
    for text in strange {
        assert!(UserId::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn users_that_are_numbers() {
    let number = |text: &str| UserId::parse(text).unwrap().as_positive_int();
    assert_eq!(number("7"), Some(7));
    assert_eq!(number("9223372036854775807"), Some(i64::MAX));
    for text in ["0", "07", "-7", "7a", "9223372036854775808", "ann"] {
        assert_eq!(number(text), None, "{text}");
    }
}

#[test]
fn a_service_is_never_taken_for_a_user() {
    assert_eq!(by("7").to_string(), "7");
    assert_eq!(service().to_string(), "service/courses-service");
    assert!(UserId::parse(&service().to_string()).is_err());
    let Actor::Service(id) = service() else { panic!("a service") };
    assert_eq!((Actor::User(id.clone()).user(), service().user()), (Some(&id), None));
}
