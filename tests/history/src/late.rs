//! Answers that came after their deadline.

use crate::record::{FaultSpan, Op, Outcome};

/// So many nanoseconds an answer may be later than its deadline.
const GRACE: u64 = 100_000_000;
/// Nobody can answer, or be heard, in the middle of these.
const SILENT: [&str; 3] = ["stop", "cut-clients", "freeze-clients"];

/// An answer that came after its deadline and a while, by the run's own clock in nanoseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Late {
    what: String,
    due: u64,
    answered: u64,
}

impl Late {
    /// This call's answer, which was due then, if it came later.
    pub fn new(op: &Op, due: u64) -> Option<Self> {
        let told = match &op.outcome {
            Outcome::Ok(_) => "ok",
            Outcome::Refused(reason) => reason,
            Outcome::NotDone(why) | Outcome::Unknown(why) => why,
        };
        let what = format!("call {}, {:?}, {:?}: {told}", op.id, op.surface, op.call);
        Some(Self { what, due, answered: op.answered }).filter(|it| it.is_after(due))
    }

    const fn is_after(&self, due: u64) -> bool {
        self.answered > due.saturating_add(GRACE)
    }

    /// In words, unless a fault was why: what was due in the middle of silence is due when that is over.
    pub fn told(&self, faults: &[FaultSpan]) -> Option<String> {
        let is_silent = |fault: &&FaultSpan| {
            let is_then = fault.began <= self.due.saturating_add(GRACE) && self.due <= fault.ended;
            is_then && SILENT.contains(&fault.name.as_str())
        };
        let due = faults.iter().filter(is_silent).map(|fault| fault.ended).max();
        let beside = faults.iter().filter(|it| it.began <= self.answered && self.due <= it.ended);
        let beside: Vec<_> = beside.map(|fault| fault.name.as_str()).collect();
        let by = (self.answered - self.due) / 1_000_000;
        let text = || format!("{} ms late, beside {beside:?}: {}", by, self.what);
        self.is_after(due.unwrap_or(self.due)).then(text)
    }
}

#[cfg(test)]
mod tests {
    use super::{GRACE, Late};
    use crate::record::FaultSpan;

    fn late(due: u64, answered: u64) -> Late {
        Late { what: "a call".into(), due, answered }
    }

    fn fault(name: &str, began: u64, ended: u64) -> FaultSpan {
        FaultSpan { name: name.into(), began, ended }
    }

    #[test]
    fn what_was_due_in_silence_is_due_when_that_is_over() {
        let stop = [fault("stop", 50, 10 * GRACE)];
        assert_eq!(late(60, 11 * GRACE).told(&stop), None);
        assert!(late(60, 11 * GRACE + 1).told(&stop).is_some());
        // It was stopped after that was due, but before it was late.
        assert_eq!(late(40, 11 * GRACE).told(&stop), None);
    }

    #[test]
    fn nothing_else_is_an_excuse() {
        let answered = 11 * GRACE;
        let told = late(60, answered).told(&[fault("kill", 50, 10 * GRACE)]).unwrap();
        assert!(told.contains("kill"), "{told}");
        assert!(late(60, answered).told(&[]).is_some());
        let before = fault("stop", 10, 50);
        assert!(late(60, answered).told(&[before]).is_some());
        let after = fault("stop", 2 * GRACE, 10 * GRACE);
        assert!(late(60, answered).told(&[after]).is_some());
    }
}
