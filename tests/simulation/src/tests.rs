//! A few schedules, and whether the same seed does the same twice.

use crate::judge::judge;
use crate::many::run_all;
use crate::report::story;
use crate::run::run;
use crate::schedule::schedule;

#[test]
fn nothing_is_wrong_with_a_few_schedules() {
    let many = run_all(1, 200, 2);
    assert_eq!(many.first_wrong, None);
    assert_eq!(many.tally.schedules(), 200);
}

#[test]
fn a_seed_does_the_same_twice() {
    for seed in 1..50 {
        let schedule = schedule(seed);
        assert_eq!(story(&schedule, &run(&schedule)), story(&schedule, &run(&schedule)), "{seed}");
    }
}

/// What is wrong on purpose is seen.
#[test]
fn a_commit_that_nobody_asked_for_is_wrong() {
    let schedule = schedule(1);
    let mut ran = run(&schedule);
    assert_eq!(judge(&schedule, &ran), None);
    let (_, last) = ran.commits.pop().unwrap();
    assert!(!last.events.is_empty());
    assert!(judge(&schedule, &ran).is_some(), "what was acknowledged is not there");
}
