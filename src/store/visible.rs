//! The rules of who sees what, as SQL, printed from the domain's own functions: what a caller may not
//! see is not read.

use crate::domain::{Kind, Privacy, Standing, Status};

/// A rule of who may: by the kind of a space, its privacy and whether it hides its members, and what the
/// caller is to it.
pub type Rule<'a> = &'a (dyn Fn(Kind, Privacy, bool, Standing) -> bool + Sync);

/// The rule for spaces of one kind as a condition over a row of `space` and a user's status in it.
pub fn condition_for(kind: Kind, rule: Rule<'_>, space: &str, status: &str) -> String {
    let [open, hiding] = [false, true].map(|hides| rows(kind, rule, hides, space, status));
    if open == hiding {
        return open;
    }
    format!("({space}.hides_members = 0 AND {open} OR {space}.hides_members = 1 AND {hiding})")
}

fn rows(kind: Kind, rule: Rule<'_>, hides: bool, space: &str, status: &str) -> String {
    let row = |p: &Privacy| {
        let may = |s: &&Status| rule(kind, *p, hides, Standing::User(**s));
        let words: Vec<_> = Status::ALL.iter().filter(may).map(|s| format!("'{s}'")).collect();
        (!words.is_empty())
            .then(|| format!("{space}.privacy = '{p}' AND {status} IN ({})", words.join(", ")))
    };
    let rows: Vec<_> = Privacy::ALL.iter().filter_map(row).collect();
    if rows.is_empty() { "false".into() } else { format!("({})", rows.join(" OR ")) }
}

/// The rule for spaces of every kind; `name` is the space's name.
pub fn condition(rule: Rule<'_>, name: &str, space: &str, status: &str) -> String {
    let kinds = Kind::ALL.iter().map(|kind| {
        let condition = condition_for(*kind, rule, space, status);
        format!("{name} LIKE '{kind}/%' AND {condition}")
    });
    format!("({})", kinds.collect::<Vec<_>>().join(" OR "))
}

/// Some statuses as a list.
pub fn words(statuses: &[Status]) -> String {
    statuses.iter().map(|status| format!("'{status}'")).collect::<Vec<_>>().join(", ")
}
