//! What is said with an invitation, and why somebody is shut out.

use std::fmt;
use std::sync::Arc;

use super::Status::{self, Blocked, Invited};
use super::transition::Verb;
use super::{EventName, InvalidText};

/// The message of an invitation, or the reason of a block: 1 to 500 characters, no control characters but line
/// feeds and tabs. It is kept as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note(Arc<str>);

impl Note {
    /// The most characters.
    pub const MAX: usize = 500;

    /// Takes a text. The empty one says nothing, and is none.
    pub fn new(text: &str) -> Result<Self, InvalidText> {
        let is_legal = |letter: char| !letter.is_control() || ['\n', '\t'].contains(&letter);
        let has_length = !text.is_empty() && text.chars().count() <= Self::MAX;
        if has_length && text.chars().all(is_legal) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidText)
        }
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a command says something of this status, to which the verb leads: a message goes with an invitation, and
/// not with the seat of somebody whose request it accepts.
pub const fn sets_note(verb: Verb, to: Status) -> bool {
    match verb {
        Verb::Invite | Verb::InviteManager => matches!(to, Invited),
        Verb::Block => matches!(to, Blocked),
        Verb::Join
        | Verb::JoinByLink
        | Verb::JoinByManagerLink
        | Verb::RequestByLink
        | Verb::JoinByDeadLink
        | Verb::Leave
        | Verb::Remove
        | Verb::InviteTooSoon
        | Verb::RemoveInvitation
        | Verb::Add
        | Verb::MakeManager
        | Verb::MakeMember
        | Verb::MakeNone
        | Verb::Unblock
        | Verb::GiveSeat
        | Verb::SetGoing
        | Verb::SetNotGoing
        | Verb::ClearAttendance
        | Verb::Transfer => false,
    }
}

/// What stays said after an event with which this was said: a note goes with the status that it is about.
pub fn after(name: EventName, said: Option<Note>, before: Option<Note>) -> Option<Note> {
    if name.keeps_status() { said.or(before) } else { said }
}
