//! Makes a schedule that shows something wrong as small as that allows.

use crate::judge::judge;
use crate::run::run;
use crate::schedule::{Schedule, Server};

/// So many smaller ones are tried.
const TRIES: usize = 3_000;

/// A smaller schedule that shows something wrong too, though perhaps not the same.
pub fn shrink(schedule: &Schedule) -> Schedule {
    let (mut least, mut tries) = (schedule.clone(), 0);
    let fails = |smaller: &Schedule, tries: &mut usize| {
        *tries += 1;
        *tries <= TRIES && judge(smaller, &run(smaller)).is_some()
    };
    loop {
        let before = (least.troubles.len(), least.asks.len());
        least.troubles = without(least.troubles.clone(), |troubles| {
            fails(&Schedule { troubles: troubles.to_vec(), ..least.clone() }, &mut tries)
        });
        least.asks = without(least.asks.clone(), |asks| {
            fails(&Schedule { asks: asks.to_vec(), ..least.clone() }, &mut tries)
        });
        least.spaces = without(least.spaces.clone(), |spaces| {
            fails(&Schedule { spaces: spaces.to_vec(), ..least.clone() }, &mut tries)
        });
        let alone = |server: &Server| Server { writers: 1, ..*server };
        let one = Schedule { ledgers: least.ledgers.iter().map(alone).collect(), ..least.clone() };
        if fails(&one, &mut tries) {
            least = one;
        }
        if (least.troubles.len(), least.asks.len()) == before || tries > TRIES {
            return least;
        }
    }
}

/// Leaves out what is not needed: first much at once, at last one by one.
fn without<T: Clone>(mut all: Vec<T>, mut still: impl FnMut(&[T]) -> bool) -> Vec<T> {
    let mut together = all.len();
    while together > 0 {
        let mut at = 0;
        while at < all.len() {
            let mut fewer = all.clone();
            fewer.drain(at..(at + together).min(all.len()));
            if still(&fewer) {
                all = fewer;
            } else {
                at += together;
            }
        }
        together /= 2;
    }
    all
}
