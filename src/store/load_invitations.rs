//! What a batch has to know of invitations beside the open ones, in the same look: only batches that invite have this
//! piece of the statement.

use sea_orm::{DbBackend, QueryResult, Value};

use super::error::Error;
use super::load::{Loaded, Part, key_set};
use super::rows::{Cell, Rows, packed, unpack};
use crate::domain::{Invitations, SpaceName};

/// Goes on where `LINKS_POSTGRES` ends: whose last ending was that they declined, and how many invitations a user sent
/// who may have sent too many.
pub(super) const INVITATIONS_POSTGRES: &str = ", (
    SELECT string_agg(concat_ws(chr(31), k_n, e.at), chr(30))
    FROM unnest(string_to_array($9, chr(31)), string_to_array($10, chr(31)))
        WITH ORDINALITY AS k (k_space, k_user, k_n)
    JOIN LATERAL (
        SELECT x.name, x.at FROM membership_event x
        WHERE x.space = k_space AND x.user_id = k_user AND x.to_status = 'absent' AND x.user_id <> ''
        ORDER BY x.seq DESC LIMIT 1
    ) e ON e.name = 'invitation_declined'
), (
    SELECT string_agg(concat_ws(chr(31), k_n, (
        SELECT count(*) FROM membership i WHERE i.space = k_space AND i.invited_by = k_user
    )), chr(30))
    FROM unnest(string_to_array($11, chr(31)), string_to_array($12, chr(31)),
        string_to_array($13, chr(31))::bigint[]) WITH ORDINALITY AS k (k_space, k_user, k_most, k_n)
    JOIN LATERAL (
        SELECT 1 FROM space s WHERE s.name = k_space AND s.invited_count > k_most OFFSET 0
    ) s ON true
)";

/// SQLite keeps the order of a CROSS JOIN.
pub(super) const INVITATIONS_SQLITE: &str = ", (
    SELECT string_agg(concat_ws(char(31), k.key + 1, e.at), char(30))
    FROM json_each($6) k
    CROSS JOIN membership_event e ON e.space = k.value ->> 0 AND e.name = 'invitation_declined'
        AND e.seq = (
            SELECT max(x.seq) FROM membership_event x INDEXED BY membership_event_by_ending
            WHERE x.space = k.value ->> 0 AND x.user_id = k.value ->> 1 AND x.to_status = 'absent'
                AND x.user_id <> ''
        )
), (
    SELECT string_agg(concat_ws(char(31), k.key + 1, (
        SELECT count(*) FROM membership i INDEXED BY membership_by_inviter
        WHERE i.space = k.value ->> 0 AND i.invited_by = k.value ->> 1 AND i.invited_by IS NOT NULL
    )), char(30))
    FROM json_each($7) k
    CROSS JOIN space s ON s.name = k.value ->> 0 AND s.invited_count > k.value ->> 2
)";

/// The places of the two in the answer.
const DECLINED: usize = 5;
const SENT: usize = 6;

impl Part<'_> {
    /// The parameters that go on where those of links end.
    pub(super) fn invitation_values(&self, backend: DbBackend) -> Vec<Value> {
        let mut inviters = Rows::new(backend, 3);
        for ((space, user), most) in self.inviters {
            let [space, user] = [space.as_str(), user.as_str()].map(Cell::Text);
            inviters.push([space, user, Cell::Int(**most)]);
        }
        key_set(backend, self.invitees).values().chain(inviters.values()).collect()
    }

    /// Adds to their spaces what an answer tells of invitations.
    pub(super) fn add_invitations(
        &self,
        loaded: &mut Loaded,
        answer: &[QueryResult],
    ) -> Result<(), Error> {
        for mut cells in unpack(packed(answer, DECLINED)?.as_deref()) {
            let (space, user) = cells.next_of(self.invitees)?;
            add(loaded, space, Invitations::of_decline(user.clone(), cells.next()?));
        }
        for mut cells in unpack(packed(answer, SENT)?.as_deref()) {
            let ((space, user), _) = cells.next_of(self.inviters)?;
            add(loaded, space, Invitations::of_sender(user.clone(), cells.next()?));
        }
        Ok(())
    }
}

fn add(loaded: &mut Loaded, space: &SpaceName, found: Invitations) {
    let state = loaded.get_mut(space);
    if let Some(snapshot) = state.and_then(|state| state.snapshot.as_mut()) {
        snapshot.add_invitations(found);
    }
}
