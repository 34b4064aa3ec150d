//! TABLE 4: how much a status is, for those who ask whether somebody may pass.

use super::Status;

/// Whether this status is at least that one. INVITED, REQUESTED and WAITLISTED are as much as each other. Who is
/// BLOCKED never passes, and nobody is asked to be.
pub const fn passes(status: Status, minimum: Status) -> bool {
    match (rank(status), rank(minimum)) {
        (Some(rank), Some(minimum)) => rank >= minimum,
        (None, _) | (_, None) => false,
    }
}

const fn rank(status: Status) -> Option<u8> {
    match status {
        Status::Absent => Some(0),
        Status::Invited | Status::Requested | Status::Waitlisted => Some(1),
        Status::Member => Some(2),
        Status::Manager => Some(3),
        Status::Creator => Some(4),
        Status::Blocked => None,
    }
}
