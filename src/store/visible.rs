//! The rules of who sees what, as SQL, printed from the domain's own functions: what a caller may not
//! see is not read.

use crate::domain::{Kind, Privacy, Standing, Status};

/// A rule of who may: by the kind and privacy of a space, and what the caller is to it.
pub type Rule<'a> = &'a (dyn Fn(Kind, Privacy, Standing) -> bool + Sync);

/// The rule for spaces of one kind as a condition over a space's privacy and a user's status in it.
pub fn condition_for(kind: Kind, rule: Rule<'_>, privacy: &str, status: &str) -> String {
    let row = |p: &Privacy| {
        let may = |s: &&Status| rule(kind, *p, Standing::User(**s));
        let words: Vec<_> = Status::ALL.iter().filter(may).map(|s| format!("'{s}'")).collect();
        (!words.is_empty())
            .then(|| format!("{privacy} = '{p}' AND {status} IN ({})", words.join(", ")))
    };
    let rows: Vec<_> = Privacy::ALL.iter().filter_map(row).collect();
    if rows.is_empty() { "false".into() } else { format!("({})", rows.join(" OR ")) }
}

/// The rule for spaces of every kind; `name` is the space's name.
pub fn condition(rule: Rule<'_>, name: &str, privacy: &str, status: &str) -> String {
    let kinds = Kind::ALL.iter().map(|kind| {
        let condition = condition_for(*kind, rule, privacy, status);
        format!("{name} LIKE '{kind}/%' AND {condition}")
    });
    format!("({})", kinds.collect::<Vec<_>>().join(" OR "))
}

/// Some statuses as a list.
pub fn words(statuses: &[Status]) -> String {
    statuses.iter().map(|status| format!("'{status}'")).collect::<Vec<_>>().join(", ")
}
