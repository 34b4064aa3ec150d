//! Which texts can be a display name or attributes, and why each limit is where it is.

use proptest::collection::vec;
use proptest::prelude::*;
use roster::domain::{Attributes, DisplayName, InvalidText};

#[test]
fn display_names() {
    let longest = "é".repeat(DisplayName::MAX);
    for text in ["", " ", "Bread 🥖 для начинающих", "<b>'\"\\%_", "\u{202e}\u{feff}", &longest]
    {
        assert_eq!(DisplayName::new(text).map(|name| name.to_string()), Ok(text.to_owned()));
    }
    let longer = format!("{longest}x");
    for text in ["a\0b", "a\nb", "\t", "\u{1e}", "\u{1f}", "\u{7f}", "\u{9b}", &longer] {
        assert_eq!(DisplayName::new(text), Err(InvalidText), "{text:?}");
    }
}

#[test]
fn attributes() {
    let longest = |bytes: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - 8));
    let largest = longest(Attributes::MAX_BYTES);
    assert_eq!(largest.len(), Attributes::MAX_BYTES);
    for text in ["{}", r#"{"a":"\u0000","b":[1,null]}"#, r#"{"é":"🥖"}"#, &largest] {
        assert_eq!(Attributes::new(text).map(|it| it.to_string()), Ok(text.to_owned()));
    }
    assert_eq!(Attributes::default().as_str(), "{}");
    let larger = longest(Attributes::MAX_BYTES + 1);
    let no_objects = ["", "null", "[]", "7", r#""x""#, "{", "}"];
    for text in no_objects.into_iter().chain(["{\"a\":\"\u{1f}\"}", "{\n}", &larger]) {
        assert_eq!(Attributes::new(text), Err(InvalidText), "{text:.80}");
    }
}

#[test]
fn attributes_say_what_stands_in_the_outermost_object() {
    let rows = [
        (r#"{"a":true}"#, true),
        (r#"{"b":[1,{"a":false},"a"],"a":true,"c":null}"#, true),
        (r#"{ "a" : true }"#, true),
        (r#"{"a":false,"a":true}"#, true),
        (r#"{"a":true,"a":false}"#, false),
        ("{}", false),
        (r#"{"a":1}"#, false),
        (r#"{"a":"true"}"#, false),
        (r#"{"b":{"a":true}}"#, false),
        (r#"{"b":["a",true]}"#, false),
        (r#"{"b":"\"a\":true","c":"a"}"#, false),
        (r#"{"b":"a","c":true}"#, false),
        (r#"{"b\\":"\\","A":true,"aa":true}"#, false),
    ];
    for (text, says) in rows {
        assert_eq!(Attributes::new(text).unwrap().says("a"), says, "{text}");
    }
}

/// So many times this around a number, inside the outermost object.
fn nested(open: &str, close: &str, times: usize) -> String {
    format!(r#"{{"a":{}1{}}}"#, open.repeat(times), close.repeat(times))
}

#[test]
fn attributes_are_nested_no_deeper_than_every_answer_can_carry() {
    // The outermost object is the first of 30; after it there is room for 43 lists.
    let rows = [(r#"{"a":"#, "}", 29), ("[", "]", 43), (r#"[{"a":"#, "}]", 17)];
    for (open, close, deepest) in rows {
        assert!(Attributes::new(&nested(open, close, deepest)).is_ok(), "{deepest} times {open}");
        let deeper = nested(open, close, deepest + 1);
        assert_eq!(Attributes::new(&deeper), Err(InvalidText), "{open}");
    }
    let wide = format!(r#"{{"a":[{}1]}}"#, r#"{"b":[[]]},"#.repeat(1_000));
    assert!(Attributes::new(&wide).is_ok(), "only depth counts");
    let quoted = format!(r#"{{"a":"{}\\","b":"\"{}"}}"#, "[".repeat(99), "{".repeat(99));
    assert!(Attributes::new(&quoted).is_ok(), "brackets in a text are text");
    let after_a_quote = format!(r#"{{"a":"\\","b":{}1{}}}"#, "[".repeat(44), "]".repeat(44));
    assert_eq!(Attributes::new(&after_a_quote), Err(InvalidText), "the text has ended");
}

proptest! {
    #[test]
    fn no_control_character_ever_gets_in(
        before in ".{0,20}", control in prop_oneof![0..0x20_u32, 0x7f..0xa0_u32], after in ".{0,20}",
    ) {
        let control = char::from_u32(control).unwrap();
        let text = format!("{before}{control}{after}");
        prop_assert_eq!(DisplayName::new(&text), Err(InvalidText));
        prop_assert_eq!(Attributes::new(&format!(r#"{{"a":"{text}"}}"#)), Err(InvalidText));
    }

    #[test]
    fn every_other_character_is_kept(letters in vec(any::<char>(), 0..=255)) {
        let text: String = letters.into_iter().filter(|letter| !letter.is_control()).collect();
        let name = DisplayName::new(&text);
        prop_assert_eq!(name.as_ref().map(DisplayName::as_str), Ok(text.as_str()));
    }
}
