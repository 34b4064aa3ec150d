//! Looking many memberships up at once, for many callers at once.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::once;

use super::changes::{key_set, name_set};
use super::connect::Store;
use super::convert;
use super::error::Error;
use super::packs::{look_up, numbered, packed};
use super::sets::pieces;
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

impl Glance {
    fn keys(&self) -> impl Iterator<Item = (&SpaceName, &UserId)> {
        once(&self.user).chain(&self.viewer).map(|user| (&self.space, user))
    }

    /// How long the question is: its keys, and once more its space.
    fn bytes(&self) -> usize {
        let space = self.space.as_str().len();
        self.keys().map(|(_, user)| space + user.as_str().len()).sum::<usize>() + space
    }
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
        let mut answers = Vec::with_capacity(asked.len());
        for piece in pieces(asked, Glance::bytes) {
            answers.extend(self.look(piece).await?);
        }
        Ok(answers)
    }

    /// Each space and each membership is looked up once, however many questions are about it.
    async fn look(&self, asked: &[Glance]) -> Result<Vec<Option<Glimpse>>, Error> {
        let names: BTreeSet<_> = asked.iter().map(|glance| &glance.space).collect();
        let keys: BTreeSet<_> = asked.iter().flat_map(Glance::keys).collect();
        let (names, keys) = (Vec::from_iter(names), Vec::from_iter(keys));
        let (sql, values) = look_up(
            self.reads.backend(),
            (name_set(names.iter()), &["privacy", "seq"]),
            (key_set(keys.iter().copied()), convert::STATE),
        );
        let answer = self.query(sql, values).await?;
        let (mut spaces, mut memberships) = (BTreeMap::new(), BTreeMap::new());
        for found in numbered(packed(answer.first(), 0)?.as_deref(), &names) {
            let (name, mut cells) = found?;
            let privacy = convert::privacy_of(name.as_str(), cells.next()?)?;
            spaces.insert(*name, (privacy, cells.next()?));
        }
        for found in numbered(packed(answer.first(), 1)?.as_deref(), &keys) {
            let (key @ (space, user), mut cells) = found?;
            let membership = convert::state_of((*space).clone(), (*user).clone(), &mut cells)?;
            memberships.insert(*key, membership);
        }
        let answer = |glance: &Glance| {
            let &(privacy, seq) = spaces.get(&glance.space)?;
            let of = |user| memberships.get(&(&glance.space, user));
            let own = glance.viewer.as_ref().and_then(of).map_or(Status::Absent, |own| own.status);
            Some(Glimpse { privacy, seq, own, target: of(&glance.user).cloned() })
        };
        Ok(asked.iter().map(answer).collect())
    }
}
