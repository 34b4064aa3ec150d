//! The form in which memberships are moved: JSON Lines, as `docs/import.md` describes them. Read and written
//! here, and nowhere else.

mod line;
mod read;
mod write;

pub use read::{Unreadable, read};
pub use write::{HEADER, write};

/// The longest line that is read, in bytes. A person with all their labels fits.
pub const MAX_LINE: usize = 4 * 1024 * 1024;
