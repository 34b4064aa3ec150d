//! Files to be imported: our own format and those of others, line by line. What was read can be written, and what
//! was written is read as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use roster::cli::fuzzing::File;
use roster::domain::{Life, Record};
use roster::interchange;
use serde_json::{Map, Value};

/// How `roster import` is told what a file is.
const FORMATS: [&[&str]; 8] = [
    &[],
    &["--from", "nakama"],
    &["--from", "nakama", "--make-spaces", "private", "--creator", "1"],
    &["--from", "discourse"],
    &["--from", "discourse", "--make-spaces", "open"],
    &["--from", "discourse", "--space", "groups/7", "--status", "requested"],
    &["--from", "selfcommunity", "--space", "courses/7"],
    &[
        "--from",
        "selfcommunity",
        "--space",
        "courses/7",
        "--make-spaces",
        "secret",
        "--creator",
        "1",
    ],
];

fuzz_target!(init: fuzz::seeds::plant("lines"), |input: &[u8]| {
    let [format, text @ ..] = input else { return };
    let options = FORMATS[usize::from(*format) % FORMATS.len()];
    let mut file = File::new(options).expect("the options are good");
    let lines = || text.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    if file.looks_ahead() {
        lines().for_each(|line| file.look(std::str::from_utf8(line).unwrap_or_default()));
        if file.looked().is_err() {
            return;
        }
    }
    for (place, line) in lines().enumerate() {
        let is_ours = options.is_empty();
        let read = file.records(line, place == 0 && !is_ours).unwrap_or_default();
        read.into_iter().flatten().for_each(|record| comes_back(&record));
    }
});

fn comes_back(record: &Record) {
    let written = line(record);
    let read = interchange::read(&written).expect("what was written can be read");
    let read = read.expect("it is no first line");
    assert_eq!(line(&read), written, "what is written twice is the same");
    // What an event says of itself without being told is not written.
    if !matches!(record, Record::Event(_)) {
        assert_eq!(&read, record);
    }
    if let Record::Space(space) = record
        && let Life::Living { content, .. } = &space.life
    {
        let shown = serde_json::from_str::<Map<String, Value>>(content.attributes.as_str());
        shown.expect("attributes are an object that every surface can show");
    }
}

fn line(record: &Record) -> Vec<u8> {
    let mut written = Vec::new();
    interchange::write(record, &mut written).expect("what was read can be written");
    assert_eq!(written.iter().filter(|byte| **byte == b'\n').count(), 1, "a record is a line");
    written
}
