//! Which rule said no: a table, its row, and its column.

use super::transition::Verb;
use super::{Action, Kind, Privacy, Refusal, Standing, Status};

words! {
    /// The tables of the rules. Who does not see a space is not told of any.
    Table {
        /// Who may do what: the row is the action, the column what the actor is to the space.
        Permission = "permission",
        /// What a verb does to a membership: the row is the verb, the column the status before it.
        Transition = "transition",
        /// Of what people say whether they go: the row is the action, the column the kind of space.
        Attendance = "attendance",
        /// What a space may become: the row is the privacy before, the column the one after.
        Privacy = "privacy",
        /// How many seats there are: the row is the action.
        Capacity = "capacity",
        /// How many invitations may be open: the row is the action.
        Invitations = "invitations",
        /// What the call itself wants to be so: the row is the action.
        Condition = "condition",
    }
}

/// One rule, in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The table.
    pub table: Table,
    /// The row.
    pub row: &'static str,
    /// The column, if the table has several.
    pub column: Option<&'static str>,
}

/// A rule's "no", and which rule it was as far as whoever asked may know that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub refusal: Refusal,
    /// The rule.
    pub rule: Option<Rule>,
}

impl Rule {
    /// The actor is not what this needs.
    pub const fn permission(action: Action, standing: Standing) -> Self {
        let column = match standing {
            Standing::User(status) => status.word(),
            Standing::Service => "service",
        };
        Self { table: Table::Permission, row: action.word(), column: Some(column) }
    }

    /// The verb does not do that to this status. Only who may change a membership comes to ask.
    pub const fn transition(verb: Verb, from: Status) -> Self {
        Self { table: Table::Transition, row: verb.word(), column: Some(from.word()) }
    }

    /// Nobody says of such a space whether they go.
    pub const fn attendance(action: Action, kind: Kind) -> Self {
        Self { table: Table::Attendance, row: action.word(), column: Some(kind.word()) }
    }

    /// The space does not become that.
    pub const fn privacy(from: Privacy, to: Privacy) -> Self {
        Self { table: Table::Privacy, row: from.word(), column: Some(to.word()) }
    }

    /// There are not so many seats.
    pub const fn capacity(action: Action) -> Self {
        Self { table: Table::Capacity, row: action.word(), column: None }
    }

    /// There may not be so many invitations.
    pub const fn invitations(action: Action) -> Self {
        Self { table: Table::Invitations, row: action.word(), column: None }
    }

    /// It is not as the call wants it.
    pub const fn condition(action: Action) -> Self {
        Self { table: Table::Condition, row: action.word(), column: None }
    }

    /// The "no" of this rule. Of what is not there for somebody they do not learn why.
    pub const fn refuses(self, refusal: Refusal) -> Refused {
        let is_hidden = matches!(refusal, Refusal::SpaceNotFound);
        Refused { refusal, rule: if is_hidden { None } else { Some(self) } }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, rule: None }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        refused.refusal
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.refusal.fmt(f)
    }
}
