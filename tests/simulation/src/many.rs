//! Many schedules, on several threads. Each is carried out on one.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::scope;

use crate::judge::judge;
use crate::run::run;
use crate::schedule::schedule;
use crate::tally::Tally;

/// What came of them.
#[derive(Debug, Default)]
pub struct Many {
    pub tally: Tally,
    /// The lowest seed that shows something wrong, and what.
    pub first_wrong: Option<(u64, String)>,
}

/// Carries out so many, until one of them shows something wrong.
pub fn run_all(from: u64, schedules: u64, threads: usize) -> Many {
    let (next, end) = (AtomicU64::new(from), from.saturating_add(schedules));
    let many = Mutex::new(Many::default());
    scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut tally = Tally::default();
                while let Some(seed) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).filter(|it| *it < end)
                {
                    let schedule = schedule(seed);
                    let ran = run(&schedule);
                    tally.count(&ran);
                    if let Some(wrong) = judge(&schedule, &ran) {
                        // Those below it are under way or over.
                        next.store(end, Ordering::Relaxed);
                        let mut many = many.lock().unwrap_or_else(PoisonError::into_inner);
                        if many.first_wrong.as_ref().is_none_or(|(first, _)| *first > seed) {
                            many.first_wrong = Some((seed, wrong));
                        }
                    }
                }
                many.lock().unwrap_or_else(PoisonError::into_inner).tally.join(&tally);
            });
        }
    });
    many.into_inner().unwrap_or_else(PoisonError::into_inner)
}
