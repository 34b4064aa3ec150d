//! Everything that a caller can be told went wrong, in one value that every surface can render.

use std::fmt::Display;
use std::time::Duration;

use crate::auth;
use crate::domain::{Refusal, Refused};
use crate::service::{self, Moment};

pub use super::contract::ErrorReason;

/// What a surface tells its caller when a call was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Why, from the closed list in the contract.
    pub reason: ErrorReason,
    /// One sentence for people. Never a driver's text.
    pub message: String,
    /// The fields that could not be read, for INVALID_FIELD and TOO_MANY_USERS.
    pub violations: Vec<Violation>,
    /// When a retry may help.
    pub retry_after: Option<Duration>,
    /// Facts for programs, as documented at the reason.
    pub metadata: Vec<(&'static str, String)>,
}

/// One field that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The field, as the surface at hand spells it.
    pub field: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What can be wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It is not there.
    Required,
    /// It is not of its type or form.
    Invalid,
    /// The same, and this is the form that is wanted; one of [`expected`].
    Expected(&'static str),
    /// It should be a list.
    NotAList,
    /// It is a list of nothing.
    Empty,
    /// It names more users than one call may.
    TooManyUsers,
    /// It holds more keys than one call may.
    TooManyKeys,
    /// It is none of the values that are possible here.
    InvalidChoice,
    /// It contradicts another field.
    Contradictory,
    /// It stands there more than once.
    Repeated,
    /// Nothing of this name is read here.
    Unknown,
}

/// The forms that fields have, as their callers are told.
pub mod expected {
    /// A resource name.
    pub const SPACE: &str = "Expected courses/{id}, groups/{id}, events/{id} or communities/{32 hex digits}, all in lower case.";
    /// An address.
    pub const ADDRESS: &str = "Expected at most 2048 characters, no control characters.";
    /// A text of several lines.
    pub const PROSE: &str =
        "Expected at most 5000 characters, no control characters but line breaks and tabs.";
    /// What is said with an invitation or a block.
    pub const NOTE: &str =
        "Expected at most 500 characters, no control characters but line feeds and tabs.";
    /// A number that is not 0.
    pub const POSITIVE: &str = "Expected a positive integer.";
    /// Labels on people.
    pub const TAGS: &str = "Expected at most 50 tags.";
    /// A time.
    pub const TIME: &str = "Expected a time from 1970 to 9999.";
    /// How often a link can be used.
    pub const USES: &str = "Expected an integer from 1 to 1000000.";
    /// When something is to end.
    pub const UNTIL: &str = "Expected a time that is still to come, before the year 10000.";
    /// A time that has passed.
    pub const PAST_TIME: &str = "Expected a time since the space's first event, not in the future.";
    /// The number of an event that has happened.
    pub const PAST_SEQUENCE: &str =
        "Expected a number from that of the space's first event to that of its last one.";
    /// A community's id.
    pub const COMMUNITY_ID: &str = "Expected 32 lower-case hex digits.";
    /// A user's id.
    pub const USER: &str = "Expected 1 to 128 characters of A-Z a-z 0-9 . _ : @ | -";
    /// A user's id where users are numbers.
    pub const USER_NUMBER: &str = "Expected a positive integer.";
    /// The beginning of a user's id.
    pub const USER_PREFIX: &str = "Expected at most 128 characters of A-Z a-z 0-9 . _ : @ | -";
    /// The same, many times.
    pub const USER_NUMBERS: &str = "Expected a list of positive integers.";
    /// A display name.
    pub const DISPLAY_NAME: &str = "Expected at most 255 characters, no control characters.";
    /// A space's attributes.
    pub const ATTRIBUTES: &str =
        "Expected at most 64 KiB as JSON, finite numbers, at most 30 objects inside each other.";
    /// An image.
    pub const IMAGE: &str = "Expected the address of an image, as in https://example.org/a.png: no files are kept here.";
    /// A text.
    pub const TEXT: &str = "Expected a text.";
    /// A truth value.
    pub const FLAG: &str = "Expected true or false.";
    /// What a condition says.
    pub const ENTITY_TAG: &str = "Expected * or what ETag said.";
    /// How long somebody is not invited again.
    pub const COOL_DOWN: &str = "Expected a number of seconds from 0 to 315360000.";
    /// A number of seats.
    pub const CAPACITY: &str = "Expected a positive integer.";
    /// A number of entries, or of an event.
    pub const NOT_NEGATIVE: &str = "Expected 0 or a positive integer.";
    /// A text to look for.
    pub const SEARCH: &str = "Expected at most 255 characters, none of them NUL.";
    /// A list of numbers in a query.
    pub const NUMBERS: &str = "Expected a list of at most 50 positive integers.";
    /// How many entries are passed over.
    pub const OFFSET: &str = "Expected at most 1000000.";
    /// Where a list goes on.
    pub const PAGE_TOKEN: &str =
        "Expected the next_page_token of the page before, with all else as it was then.";
    /// A message as JSON.
    pub const JSON: &str = "Expected one JSON object.";
    /// A message that is said to be packed.
    pub const GZIP: &str = "Expected gzip, as the content encoding says.";
    /// Some communities' ids.
    pub const COMMUNITY_IDS: &str = "Expected a list of 1 to 100 texts.";
    /// A part of the content that has parts of its own.
    pub const OBJECT: &str = "Expected a JSON object.";
    /// Users' ids where they are texts.
    pub const USERS: &str =
        "Expected a list of texts, each of 1 to 128 characters of A-Z a-z 0-9 . _ : @ | -";
    /// A version.
    pub const ONE: &str = "Expected 1.";
    /// A time.
    pub const MILLISECONDS: &str = "Expected at most ten digits.";
    /// The same on a surface that calls it a cursor.
    pub const CURSOR: &str = "Expected a cursor of the page before or after, as it was sent.";
}

impl Problem {
    /// A word for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Invalid | Self::Expected(_) => "invalid",
            Self::NotAList => "not_a_list",
            Self::Empty => "empty",
            Self::TooManyUsers | Self::TooManyKeys => "too_many",
            Self::InvalidChoice => "invalid_choice",
            Self::Contradictory => "contradictory",
            Self::Repeated => "repeated",
            Self::Unknown => "unknown",
        }
    }

    /// One sentence for people.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Required => "This field is required.",
            Self::Invalid => "This value is not valid.",
            Self::Expected(form) => form,
            Self::NotAList => "A list of values is expected.",
            Self::Empty => "This list may not be empty.",
            Self::TooManyUsers => "At most 1000 users can be named in one call.",
            Self::TooManyKeys => "At most 1000 keys can be asked about in one call.",
            Self::InvalidChoice => "This is not one of the possible values.",
            Self::Contradictory => "This value contradicts another one.",
            Self::Repeated => "This field may stand here only once.",
            Self::Unknown => "There is no field of this name here.",
        }
    }
}

impl Failure {
    /// A failure with nothing to add to its reason.
    pub fn new(reason: ErrorReason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            violations: Vec::new(),
            retry_after: None,
            metadata: Vec::new(),
        }
    }

    /// One unreadable field.
    pub fn field(field: impl Display, problem: Problem) -> Self {
        let violation = Violation { field: field.to_string(), problem };
        let reason = match problem {
            Problem::TooManyUsers | Problem::TooManyKeys => ErrorReason::TooManyUsers,
            Problem::Required
            | Problem::Invalid
            | Problem::Expected(_)
            | Problem::NotAList
            | Problem::Empty
            | Problem::InvalidChoice
            | Problem::Contradictory
            | Problem::Repeated
            | Problem::Unknown => ErrorReason::InvalidField,
        };
        let message = format!("{}: {}", violation.field, problem.message());
        let mut failure = Self { violations: vec![violation], ..Self::new(reason, message) };
        if reason == ErrorReason::TooManyUsers {
            failure.metadata.push(("limit", crate::domain::Users::MAX.to_string()));
        }
        failure
    }

    /// A message above the limit of every protocol.
    pub fn message_too_large() -> Self {
        Self::new(ErrorReason::MessageTooLarge, "the message is larger than 256 KiB")
    }

    /// A retry may help after this time.
    pub fn retry(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }
}

impl From<auth::Error> for Failure {
    fn from(error: auth::Error) -> Self {
        let reason = match error {
            auth::Error::Missing => ErrorReason::TokenMissing,
            auth::Error::Invalid => ErrorReason::TokenInvalid,
            auth::Error::Expired => ErrorReason::TokenExpired,
            auth::Error::Unknown => ErrorReason::TokenUnknown,
            auth::Error::Unavailable => {
                return Self::new(ErrorReason::StoreUnavailable, error.to_string())
                    .retry(Duration::from_secs(1));
            }
        };
        Self::new(reason, error.to_string())
    }
}

impl From<service::Error> for Failure {
    fn from(error: service::Error) -> Self {
        use service::Error as E;
        match error {
            E::Refused(refused) => refused.into(),
            E::UserNotFound => Self::new(ErrorReason::UserNotFound, "no such user"),
            E::ScopeMissing(scope) => {
                let mut failure = Self::new(ErrorReason::ScopeMissing, "the token lacks a scope");
                failure.metadata.push(("scope", scope.to_string()));
                failure
            }
            E::VersionNotReached { key } => {
                let message = "the database has not come to this version";
                let mut failure = Self::new(ErrorReason::VersionNotReached, message);
                failure.metadata.push(("key", key.to_string()));
                failure
            }
            E::NobodyToActFor => Self::field("x-roster-on-behalf-of", Problem::Required),
            E::NotInHistory(Moment::Sequence(_)) => {
                Self::field("at.sequence", Problem::Expected(expected::PAST_SEQUENCE))
            }
            E::NotInHistory(Moment::Time(_)) => {
                Self::field("at.time", Problem::Expected(expected::PAST_TIME))
            }
            E::Contention => Self::new(ErrorReason::Contention, "too many writers at once")
                .retry(Duration::from_millis(100)),
            E::Overloaded => Self::new(ErrorReason::Overloaded, "the server has too much to do")
                .retry(Duration::from_secs(1)),
            E::StoreUnavailable => {
                Self::new(ErrorReason::StoreUnavailable, "the service is not available now")
                    .retry(Duration::from_secs(1))
            }
            E::Deadline => Self::new(ErrorReason::Deadline, "the deadline has passed"),
            E::Internal(context) => {
                tracing::error!(%context, "internal error");
                Self::new(ErrorReason::Internal, "internal error")
            }
        }
    }
}

impl From<Refused> for Failure {
    fn from(Refused { refusal, rule }: Refused) -> Self {
        let mut failure = Self::from(refusal);
        if let Some(rule) = rule {
            failure.metadata.push(("table", rule.table.to_string()));
            failure.metadata.push(("row", rule.row.to_owned()));
            failure.metadata.extend(rule.column.map(|column| ("column", column.to_owned())));
        }
        failure
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let (reason, message) = match refusal {
            Refusal::SpaceNotFound => (ErrorReason::SpaceNotFound, "no such space"),
            Refusal::SpaceExists => {
                (ErrorReason::SpaceExists, "another space has this name already")
            }
            Refusal::NotAManager => {
                (ErrorReason::NotAManager, "this needs a higher status in the space")
            }
            Refusal::NotTheCreator => {
                (ErrorReason::NotTheCreator, "this is for the space's creator alone")
            }
            Refusal::Blocked => (ErrorReason::Blocked, "the user is blocked in this space"),
            Refusal::CreatorCannotLeave => {
                (ErrorReason::CreatorCannotLeave, "the creator cannot leave or be removed")
            }
            Refusal::CreatorFixed => {
                (ErrorReason::CreatorFixed, "the creator's status cannot be changed")
            }
            Refusal::NotAMember => (ErrorReason::NotAMember, "the user has no seat in the space"),
            Refusal::SpaceFull => (ErrorReason::SpaceFull, "every seat is taken"),
            Refusal::TooManyInvitations => (
                ErrorReason::TooManyInvitations,
                "so many invitations are open that there may be no more",
            ),
            Refusal::PrivacyFixed => {
                (ErrorReason::PrivacyFixed, "the space cannot go back to this privacy")
            }
            Refusal::VersionMismatch => {
                (ErrorReason::VersionMismatch, "the space has changed in the meantime")
            }
            Refusal::HasMembers => (ErrorReason::HasMembers, "others are still in the space"),
            Refusal::LinkNotFound => (ErrorReason::LinkNotFound, "no such invite link"),
            Refusal::TooManyLinks => {
                (ErrorReason::TooManyLinks, "too many invite links are alive in this space")
            }
            Refusal::PastEnd => (ErrorReason::PastEnd, "what was to end then is over already"),
            Refusal::OwnEnd => (ErrorReason::OwnEnd, "nobody says when their own time ends"),
            Refusal::NotAnEvent => {
                (ErrorReason::NotAnEvent, "people say of events whether they go")
            }
        };
        Self::new(reason, message)
    }
}
