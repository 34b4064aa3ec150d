//! How many lines are written at once, so that those who wait meanwhile do not wait long, whatever the machine
//! and the disk.

use std::time::Duration;

/// So many lines are never too many.
const FEWEST: usize = 250;
/// Where nothing is known yet, a batch has so many lines.
const FIRST: usize = 1_000;
/// Others may wait for so long.
const LONG: Duration = Duration::from_millis(250);
/// A batch that takes less could as well be twice as long.
const SHORT: Duration = Duration::from_millis(100);

/// How many lines are written at once.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// Always as many: nobody waits.
    Alone(usize),
    /// Fewer after a batch that kept others waiting for long.
    Beside {
        /// As many as now.
        lines: usize,
        /// Never more.
        most: usize,
    },
}

impl Pace {
    /// So many lines, whoever waits.
    pub const fn alone(lines: usize) -> Self {
        Self::Alone(lines)
    }

    /// So many lines at most, fewer where they take long.
    pub fn beside_others(most: usize) -> Self {
        Self::Beside { lines: FIRST.min(most), most }
    }

    /// How many lines the next batch has.
    pub const fn lines(&self) -> usize {
        match *self {
            Self::Alone(lines) | Self::Beside { lines, .. } => lines,
        }
    }

    /// Learns for how long a batch kept others waiting.
    pub fn held(&mut self, time: Duration) {
        let Self::Beside { lines, most } = self else { return };
        if time > LONG {
            *lines = (*lines / 2).max(FEWEST).min(*most);
        } else if time < SHORT {
            *lines = lines.saturating_mul(2).min(*most);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_disk_makes_batches_short_and_a_fast_one_long_again() {
        let mut pace = Pace::beside_others(5_000);
        let mut after = |time| {
            pace.held(time);
            pace.lines()
        };
        assert_eq!([SHORT, LONG].map(&mut after), [1_000; 2]);
        let slow = LONG + Duration::from_millis(1);
        assert_eq!([slow; 4].map(&mut after), [500, 250, 250, 250]);
        assert_eq!([Duration::ZERO; 6].map(&mut after), [500, 1_000, 2_000, 4_000, 5_000, 5_000]);
    }

    #[test]
    fn whoever_is_alone_writes_as_much_as_ever() {
        let mut pace = Pace::alone(20_000);
        pace.held(Duration::MAX);
        assert_eq!(pace.lines(), 20_000);
    }
}
