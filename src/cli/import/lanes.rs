//! Divides lines among those who write them at the same time. A space is always one writer's, so that its lines
//! stay in order; of which, its name says.

use std::hash::{DefaultHasher, Hash, Hasher};

use tokio::sync::mpsc::{Receiver, Sender};

use super::reader::{self, Numbered};
use crate::domain::{Record, SpaceName};

/// How many lines one of them is given at a time.
const PART: usize = 1_000;

/// What one of them gets next.
pub enum Step {
    /// A line.
    Line(Numbered),
    /// The space whose history it was reading is over, as another's line says.
    End,
    /// There was more, which cannot be read.
    Broken,
}

/// Steps in order.
pub type Part = Vec<Step>;

/// Gives each line to its writer, `tell`s its number, and says where the source is broken.
pub async fn divide(
    mut parts: Receiver<reader::Part>,
    writers: Vec<Sender<Part>>,
    tell: impl Fn(u64),
) -> Option<String> {
    let mut lanes = Lanes::new(writers.len());
    let mut next: Vec<Part> = writers.iter().map(|_| Vec::new()).collect();
    let mut broken = None;
    while let Some(part) = parts.recv().await {
        match part {
            Ok(part) => part.into_iter().for_each(|line| {
                tell(line.0);
                lanes.divide(line, |lane, step| next[lane].push(step));
            }),
            Err(problem) => {
                // A space that is not whole is not moved.
                next.iter_mut().for_each(|next| next.push(Step::Broken));
                broken = Some(problem);
                break;
            }
        }
        for (next, writer) in next.iter_mut().zip(&writers) {
            if next.len() >= PART && writer.send(std::mem::take(next)).await.is_err() {
                // It has failed, and says itself of what.
                return None;
            }
        }
    }
    for (next, writer) in next.into_iter().zip(writers) {
        let _ = writer.send(next).await;
    }
    broken
}

/// Who gets which line.
struct Lanes {
    lanes: usize,
    /// Who got the last line.
    last: usize,
    /// Who is reading a space with its history.
    reading: Option<usize>,
}

impl Lanes {
    /// So many who write, at least one.
    const fn new(lanes: usize) -> Self {
        Self { lanes, last: 0, reading: None }
    }

    /// Hands a line on, and before it that a space is over which another reads.
    fn divide(&mut self, line: Numbered, mut hand_on: impl FnMut(usize, Step)) {
        let (lane, ends, begins) = match &line.1 {
            Ok(Record::Person(_)) => (0, true, false),
            Ok(Record::Space(space)) => (self.of(&space.name), true, space.seq.is_some()),
            Ok(Record::Membership(membership)) => (self.of(&membership.space), true, false),
            Ok(Record::Event(event)) => (self.of(&event.space), false, false),
            // It might have belonged to the space that is being read.
            Err(_) => (self.reading.unwrap_or(self.last), false, false),
        };
        if let Some(reading) = self.reading.filter(|reading| ends && *reading != lane) {
            hand_on(reading, Step::End);
            self.reading = None;
        }
        if begins {
            self.reading = Some(lane);
        }
        self.last = lane;
        hand_on(lane, Step::Line(line));
    }

    fn of(&self, space: &SpaceName) -> usize {
        let mut hasher = DefaultHasher::new();
        space.hash(&mut hasher);
        (hasher.finish() % self.lanes as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interchange;

    const LANES: usize = 2;

    fn line(text: &str) -> Result<Record, String> {
        let found = interchange::read(text.as_bytes()).map_err(|fault| fault.0);
        found.map(|record| record.expect("it says something"))
    }

    fn space(name: usize, seq: &str) -> Result<Record, String> {
        let said = format!("\"name\":\"groups/{name}\",\"privacy\":\"open\",\"creator\":\"a\"");
        line(&format!("{{\"space\":{{{said}{seq}}}}}"))
    }

    /// Two spaces of which each has another writer.
    fn apart() -> [usize; 2] {
        let lanes = Lanes::new(LANES);
        let of = |n: usize| lanes.of(&SpaceName::parse(&format!("groups/{n}")).expect("a name"));
        let other = (2..100).find(|n| of(*n) != of(1)).expect("not all are one writer's");
        [1, other]
    }

    /// What each writer gets: the numbers of lines, and 0 for an end.
    fn divided(found: Vec<Result<Record, String>>) -> Vec<Vec<u64>> {
        let (mut lanes, mut given) = (Lanes::new(LANES), vec![Vec::new(); LANES]);
        for line in (1..).zip(found) {
            lanes.divide(line, |lane, step| {
                given[lane].push(match step {
                    Step::Line((number, _)) => number,
                    Step::End | Step::Broken => 0,
                });
            });
        }
        given.sort();
        given
    }

    #[test]
    fn a_space_is_one_writers_and_ends_when_another_begins() {
        let [one, other] = apart();
        let history = |name| space(name, ",\"seq\":2");
        let found = vec![history(one), line("?"), history(other), line("?"), space(one, "")];
        assert_eq!(divided(found), [vec![1, 2, 0, 5], vec![3, 4, 0]]);
    }

    #[test]
    fn spaces_without_histories_end_nothing() {
        let [one, other] = apart();
        let member = |name| {
            let who = "\"user\":\"u\",\"status\":\"member\"";
            line(&format!("{{\"membership\":{{\"space\":\"groups/{name}\",{who}}}}}"))
        };
        let found = vec![space(one, ""), space(other, ""), member(one), member(other), line("?")];
        assert_eq!(divided(found), [vec![1, 3], vec![2, 4, 5]]);
    }
}
