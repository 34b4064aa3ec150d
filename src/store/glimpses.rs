//! Looking many memberships up at once, for many callers at once.

use sea_orm::{QueryResult, Value};

use super::connect::Store;
use super::convert::{privacy_of, status_of};
use super::entity::{Placed, membership};
use super::error::Error;
use super::reads::select;
use super::sets::RowSet;
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
    /// The answers in order; `None` where there is no such space. One statement.
    pub async fn glimpses(&self, asked: &[Glance]) -> Result<Vec<Option<Glimpse>>, Error> {
        let rows = RowSet::new()
            .int("k_n", (0..).take(asked.len()))
            .text("k_space", asked.iter().map(|glance| &glance.space))
            .text("k_user", asked.iter().map(|glance| &glance.user))
            .optional_text("k_viewer", asked.iter().map(|glance| glance.viewer.as_ref()));
        let mut values: Vec<Value> = Vec::new();
        let source = rows.source(self.reads.get_database_backend(), &mut values);
        // CROSS JOIN keeps SQLite from scanning spaces instead of looking them up.
        let sql = format!(
            "SELECT k_n, s.privacy, s.seq, o.status, {} FROM {source} k CROSS JOIN space s
             LEFT JOIN membership o ON o.space = k_space AND o.user_id = k_viewer
             LEFT JOIN membership t ON t.space = k_space AND t.user_id = k_user
             WHERE s.name = k_space",
            select("t", membership::COLUMNS)
        );
        let mut answers = vec![None; asked.len()];
        for row in self.query(sql, values).await? {
            let n: i64 = row.try_get_by(0)?;
            let answer = usize::try_from(n).ok().and_then(|n| answers.get_mut(n));
            if let Some(answer) = answer {
                *answer = Some(glimpse(&row)?);
            }
        }
        Ok(answers)
    }
}

fn glimpse(row: &QueryResult) -> Result<Glimpse, Error> {
    let privacy: String = row.try_get_by(1)?;
    let own: Option<String> = row.try_get_by(3)?;
    let target = membership::Model::at(row, 4)?;
    Ok(Glimpse {
        privacy: privacy_of("?", &privacy)?,
        seq: row.try_get_by(2)?,
        own: own.map_or(Ok(Status::Absent), |word| status_of("?", &word))?,
        target: target.map(TryInto::try_into).transpose()?,
    })
}
