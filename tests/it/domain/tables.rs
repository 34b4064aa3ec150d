//! The three tables of the rules, as grids that a reviewer sees change cell by cell.

use crate::golden::golden;
use crate::grids;

const PERMISSIONS: &str = "\
Who may do what. A row is what is asked for, a column is what the ACTOR is to the space.

  yes           they may
  IN_CAPITALS   they are refused, with this reason

May a manager remove a manager? Row `remove`, column `MANAGER`: yes. The target plays no part here;
what becomes of them is in transitions.txt, row `remove`: nobody but the CREATOR is out of reach.
Whoever does not see the space (second grid) is told SPACE_NOT_FOUND before this is asked; but a user
may always `leave` what they are invited to, have requested, or have a seat in.
";

#[test]
fn who_may_do_what() {
    let (permissions, sees) = (grids::permissions().plain(), grids::visibility().plain());
    let members = grids::members().plain();
    let (attendance, passage) = (grids::attendance().plain(), grids::passage().plain());
    let text = format!(
        "{PERMISSIONS}\n{permissions}\n\nWho sees the space.\n\n{sees}\n\nWho sees its members.\n\n\
         {members}\n\nWhere there is attendance.\n\n{attendance}\n\nWho passes where somebody asks.\n\n{passage}"
    );
    golden("permissions.txt", &text);
}

const TRANSITIONS: &str = "\
What a verb does to a membership. A row is the verb, a column is the TARGET's status before it.

  MEMBER · joined   the status after, and what the event is called
  MEMBER · going    where MEMBER is the status before too: the answer changes, unless it is so already
  =                 nothing changes: success without an event
  refuse REASON     a rule says no

Whoever loses their seat loses their answer. A transfer also makes the old creator MANAGER (ownership_given). Whether there is a free seat is asked
when all users of a command have been through this table. The last column matters only where the
target's own status changes.
";

#[test]
fn what_happens_to_a_membership() {
    let (moves, privacy) = (grids::transitions().plain(), grids::privacy_changes().plain());
    let text = format!("{TRANSITIONS}\n{moves}\n\nWhat a space may become.\n\n{privacy}");
    golden("transitions.txt", &text);
}
