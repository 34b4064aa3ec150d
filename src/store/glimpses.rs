//! Looking many memberships up at once, for many callers at once.

use sea_orm::{DbBackend, Value};

use super::connect::Store;
use super::convert::{membership_of, privacy_of, status_of};
use super::error::Error;
use super::packs::{Cells, Join, join, pack, packed, rows};
use super::sets::{MOST_BYTES, RowSet};
use crate::domain::{Membership, Privacy, SpaceName, Status, UserId};

/// A question: what is `user` to `space`, and what is whoever asks?
#[derive(Clone, Debug)]
pub struct Glance {
    /// The space.
    pub space: SpaceName,
    /// Whose membership.
    pub user: UserId,
    /// The user who asks, if it is one.
    pub viewer: Option<UserId>,
}

/// What there is to be seen of a space and of one membership in it.
#[derive(Clone, Debug)]
pub struct Glimpse {
    /// How private the space is.
    pub privacy: Privacy,
    /// The number of the space's last event.
    pub seq: i64,
    /// What the one who asks is to the space.
    pub own: Status,
    /// The membership, if there is a row.
    pub target: Option<Membership>,
}

impl Store {
    /// The answers in order; `None` where there is no such space. One statement, unless the question
    /// is very long.
    pub async fn glimpses(&self, asked: &[Glance]) -> Result<Vec<Option<Glimpse>>, Error> {
        let backend = self.reads.get_database_backend();
        let questions = RowSet::new()
            .int("k_n", (0..).take(asked.len()))
            .text("k_space", asked.iter().map(|glance| &glance.space))
            .text("k_user", asked.iter().map(|glance| &glance.user))
            .optional_text("k_viewer", asked.iter().map(|glance| glance.viewer.as_ref()));
        let limit = if backend == DbBackend::Postgres { MOST_BYTES } else { usize::MAX };
        let mut answers = vec![None; asked.len()];
        for piece in questions.split(limit) {
            let mut values: Vec<Value> = Vec::new();
            let sql = question(backend, &piece.source(backend, &mut values));
            let found = self.query(sql, values).await?;
            for mut cells in rows(packed(found.first(), 0)?.as_deref()) {
                let n = usize::try_from(cells.next::<i64>()?).unwrap_or(usize::MAX);
                if let (Some(answer), Some(glance)) = (answers.get_mut(n), asked.get(n)) {
                    *answer = Some(glimpse(&mut cells, glance)?);
                }
            }
        }
        Ok(answers)
    }
}

fn question(backend: DbBackend, questions: &str) -> String {
    let own = "o.space = k_space AND o.user_id = k_viewer";
    let target = "t.space = k_space AND t.user_id = k_user";
    let cells = [
        "k_n",
        "s.privacy",
        "s.seq",
        "o.status",
        "t.status",
        "t.version",
        "t.invited_by",
        "t.joined_at",
        "t.changed_at",
    ];
    format!(
        "SELECT {} FROM {questions} k {} {} {}",
        pack(&cells),
        join(backend, Join::Inner, "space", "s", "s.name = k_space"),
        join(backend, Join::Left, "membership", "o", own),
        join(backend, Join::Left, "membership", "t", target),
    )
}

fn glimpse(cells: &mut Cells<'_>, glance: &Glance) -> Result<Glimpse, Error> {
    let key = glance.space.as_str();
    let privacy = privacy_of(key, cells.next()?)?;
    let seq = cells.next()?;
    let status = |word: Option<&str>| word.map(|word| status_of(key, word)).transpose();
    let own = status(cells.next()?)?.unwrap_or(Status::Absent);
    let target = match status(cells.next()?)? {
        None => None,
        Some(status) => {
            let Glance { space, user, .. } = glance.clone();
            Some(membership_of(space, user, status, cells)?)
        }
    };
    Ok(Glimpse { privacy, seq, own, target })
}
