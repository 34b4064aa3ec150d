//! The table of features: what it says that Roster does has a test.

use std::collections::BTreeSet;
use std::fs;

use crate::architecture::source::sources;
use crate::golden::repository;

/// The paths of all tests, as `cargo test` names them.
fn tests() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for source in sources(&["tests/it"]) {
        let module = source.path.trim_start_matches("tests/it/").trim_end_matches(".rs");
        let module = module.trim_end_matches("/mod").replace('/', "::");
        let mut is_test = false;
        for line in source.text.lines() {
            is_test |= line.starts_with("#[tokio::test") || line == "#[test]";
            if let Some(name) = name_of_function(line).filter(|_| is_test) {
                found.insert(format!("{module}::{name}"));
                is_test = false;
            }
        }
    }
    found
}

fn name_of_function(line: &str) -> Option<&str> {
    let line = line.strip_prefix("async ").unwrap_or(line);
    Some(line.strip_prefix("fn ")?.split_once('(')?.0)
}

#[test]
fn what_is_said_to_be_there_is_proved_by_tests() {
    let text = fs::read_to_string(repository("docs/features.md")).unwrap();
    let (tests, mut proved) = (tests(), 0);
    let rows = text.lines().filter_map(|line| line.strip_prefix("| "));
    for row in rows.filter(|row| !row.starts_with('|')) {
        let [feature, mark, proofs] = row.splitn(4, " | ").collect::<Vec<_>>()[..3] else {
            panic!("{row}")
        };
        let proofs: Vec<_> = proofs.split('`').skip(1).step_by(2).collect();
        for proof in &proofs {
            assert!(tests.contains(*proof), "{feature}: no test {proof}");
        }
        let word = mark.split(':').next().unwrap_or(mark);
        assert!(["yes", "partly", "no", "–"].contains(&word), "{feature}: {mark}");
        assert!(word != "yes" || !proofs.is_empty(), "{feature} has no test");
        proved += proofs.len();
    }
    assert!(proved > 40, "{proved}");
}
