//! What an import may do to whom.

use roster::domain::import::imported;
use roster::domain::transition::Move;
use roster::domain::{EventName, Refusal, Status};

use Status::{Absent, Blocked, Creator, Invited, Manager, Member, Requested};

/// A row for what the other system says, a column for what the user is here: `=` stays, a letter is what
/// they become, `!` is refused.
const TABLE: &[(Status, &str)] = &[
    (Absent, "======="),
    (Invited, "i=====!"),
    (Requested, "r=====!"),
    (Member, "mmm=m=!"),
    (Manager, "MMMM==!"),
    (Creator, "!!!!!=!"),
    (Blocked, "bbbbb!="),
];

#[test]
fn an_import_fills_in_and_never_takes_a_seat_or_a_block_away() {
    let from = [Absent, Invited, Requested, Member, Manager, Creator, Blocked];
    for (to, row) in TABLE {
        for (from, expected) in from.into_iter().zip(row.chars()) {
            let found = match imported(from, *to) {
                Move::Stay => '=',
                Move::Refuse(Refusal::Blocked | Refusal::CreatorFixed) => '!',
                Move::To(Invited, EventName::Imported) => 'i',
                Move::To(Requested, EventName::Imported) => 'r',
                Move::To(Member, EventName::Imported) => 'm',
                Move::To(Manager, EventName::Imported) => 'M',
                Move::To(Blocked, EventName::Imported) => 'b',
                other => panic!("{from} to {to}: {other:?}"),
            };
            assert_eq!(found, expected, "{from} to {to}");
        }
    }
}
