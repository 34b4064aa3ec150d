//! The rules of membership, as plain values and pure functions.
//!
//! Nothing here waits, reads a clock, or knows a database or a wire format. Three tables hold the
//! law: [`permission`] (who may ask), [`transition`] (what happens to a membership) and
//! [`privacy`] (what a space may become). [`decide`] asks them in a fixed order; [`snapshot`]
//! carries out what was decided. `docs/rules.md` shows the tables as grids printed from this code.

#![deny(clippy::wildcard_enum_match_arm)]

/// Declares a closed list of words: an enum whose variants each have one spelling, used alike by
/// storage, logs and golden files.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }

        impl $name {
            /// Every value, in the order of the tables.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The one spelling of this value.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The value with this spelling, if there is one.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.word())
            }
        }
    };
}

pub mod allowed;
pub mod command;
pub mod decide;
pub mod erasure;
pub mod event;
pub mod id;
pub mod import;
pub mod invitations;
pub mod link;
mod link_decisions;
pub mod membership;
pub mod moderation;
pub mod note;
pub mod offer;
pub mod origin;
pub mod past;
pub mod permission;
pub mod person;
mod plan;
pub mod privacy;
pub mod rank;
pub mod recount;
pub mod refusal;
pub mod replay;
pub mod rule;
pub mod sight;
pub mod snapshot;
pub mod space;
pub mod state;
pub mod text;
pub mod transition;
pub mod until;
pub mod users;
pub mod waiting;

pub use allowed::{Facts, allowed_in, allowed_to};
pub use command::{Command, NewSpace, SpacePatch};
pub use decide::{Change, Decision, decide, decide_each};
pub use erasure::Erasure;
pub use event::{Authorship, Event, EventName, Subject};
pub use id::{Actor, InvalidId, Kind, SpaceName, UserId};
pub use import::{Fault, Life, MembershipRecord, Record, SpaceRecord};
pub use invitations::{CoolDown, Invitations, InviteLimits};
pub use link::{Grant, Link, LinkChange, LinkHash, LinkNumber, Links, NewLink, Uses};
pub use membership::{Attendance, Membership, Place, Status};
pub use moderation::{Moderation, Sweep};
pub use note::Note;
pub use offer::Offer;
pub use origin::Origin;
pub use past::Past;
pub use permission::{Action, SpaceMakers, Standing};
pub use person::{People, Person, Profile, SourceTime, Tag};
pub use privacy::Privacy;
pub use recount::Recount;
pub use refusal::Refusal;
pub use replay::Replay;
pub use rule::{Refused, Rule};
pub use sight::Sight;
pub use snapshot::{Overdue, Snapshot};
pub use space::{Capacity, Content, Contribution, Counts, Space, SpaceField};
pub use state::SpaceState;
pub use text::{Attributes, DisplayName, InvalidText, Line, Prose};
pub use until::{Placement, Until};
pub use users::{AttendanceChange, RoleChange, Users, UsersError};
pub use waiting::Seats;

/// A moment: milliseconds since 1970-01-01 00:00 UTC.
pub type Millis = i64;
