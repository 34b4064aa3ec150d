//! Lists of users that a command names, each well formed.

use std::collections::BTreeSet;

use super::transition::Verb;
use super::{Attendance, Until, UserId};

/// Distinct users, in the order in which they were first named: 1 to [`Users::MAX`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Users(pub(super) Vec<UserId>);

/// Why a list of users was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsersError {
    /// Nobody was named.
    Empty,
    /// More than [`Users::MAX`] were named, counting duplicates.
    TooMany,
    /// Somebody was named in two lists at once.
    Contradictory,
}

impl Users {
    /// The most users that one call may name.
    pub const MAX: usize = 1_000;

    /// Takes a list in which a user may stand twice: they count once.
    pub fn new(mut named: Vec<UserId>) -> Result<Self, UsersError> {
        if named.is_empty() {
            return Err(UsersError::Empty);
        }
        if named.len() > Self::MAX {
            return Err(UsersError::TooMany);
        }
        let mut seen = BTreeSet::new();
        named.retain(|user| seen.insert(user.clone()));
        Ok(Self(named))
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &UserId> {
        self.0.iter()
    }

    /// One user.
    pub fn one(user: UserId) -> Self {
        Self(vec![user])
    }
}

/// New roles for some users: at least one user, at most [`Users::MAX`], nobody in two lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleChange {
    pub(super) moves: Vec<(Verb, UserId)>,
    pub(super) until: Until,
}

impl RoleChange {
    /// Takes the three lists: who becomes manager, who plain member, who nothing.
    pub fn new(
        managers: Vec<UserId>,
        members: Vec<UserId>,
        none: Vec<UserId>,
    ) -> Result<Self, UsersError> {
        let lists =
            [(Verb::MakeManager, managers), (Verb::MakeMember, members), (Verb::MakeNone, none)];
        let named: usize = lists.iter().map(|(_, users)| users.len()).sum();
        if named > Users::MAX {
            return Err(UsersError::TooMany);
        }
        let mut seen = BTreeSet::new();
        let mut moves = Vec::with_capacity(named);
        for (verb, users) in lists.into_iter().filter(|(_, users)| !users.is_empty()) {
            for user in Users::new(users)?.0 {
                if !seen.insert(user.clone()) {
                    return Err(UsersError::Contradictory);
                }
                moves.push((verb, user));
            }
        }
        let until = Until::Unsaid;
        if moves.is_empty() { Err(UsersError::Empty) } else { Ok(Self { moves, until }) }
    }

    /// The same, and until when.
    pub fn until(self, until: Until) -> Self {
        Self { until, ..self }
    }
}

/// A new answer to whether somebody goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttendanceChange {
    /// Of whom: these, who become members if they are none, or the actor alone.
    pub users: Option<Users>,
    /// The answer, or none any more.
    pub attendance: Option<Attendance>,
    /// Only of those whose answer is this.
    pub if_attendance: Option<Attendance>,
}

impl AttendanceChange {
    pub(super) fn verb(&self) -> Verb {
        match self.attendance {
            Some(Attendance::Going) => Verb::SetGoing,
            Some(Attendance::NotGoing) => Verb::SetNotGoing,
            None => Verb::ClearAttendance,
        }
    }

    /// Whether somebody with this answer is meant.
    pub fn means(&self, answer: Option<Attendance>) -> bool {
        self.if_attendance.is_none_or(|wanted| answer == Some(wanted))
    }
}
