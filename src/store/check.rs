//! Looking many memberships up at once, for many callers at once. Written by hand: it is the question
//! that is asked most often.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use sea_orm::{DbBackend, Value};

use super::convert;
use super::error::Error;
use super::rows::{Cell, Cells, Rows, packed, unpack};
use super::until::holds;
use super::visible::condition;
use super::{Store, most_bytes};
use crate::domain::permission::{need_to_see_members, permit};
use crate::domain::{
    Facts, Kind, Membership, Millis, Privacy, Seats, SpaceName, Standing, Status, UserId,
};

/// A question: what is `user` to `space`, and what is whoever asks?
#[derive(Clone, Debug)]
pub struct MembershipKey {
    /// The space.
    pub space: SpaceName,
    /// Whose membership.
    pub user: UserId,
    /// The user who asks, if it is one.
    pub viewer: Option<UserId>,
}

/// What there is to be seen of a space and of one membership in it.
#[derive(Clone, Debug)]
pub struct MembershipView {
    /// What the space is to the rules.
    pub facts: Facts,
    /// Before this moment nobody's time ends in the space, and so its seats are what the facts say.
    pub next_until: Option<Millis>,
    /// The number of the space's last event.
    pub seq: i64,
    /// What the one who asks is to the space.
    pub own: Status,
    /// The membership, if there is a row and whoever asks may see the space's members.
    pub target: Option<Membership>,
}

/// Stands for a service that asks, which sees everything. No user's id has a slash.
const SERVICE: &str = "/";

/// Each row is looked up by its key, whatever the planner thinks; see `load`. `seen` are the spaces with
/// what each viewer is to them; only where they may see its members is anybody else looked up.
const CHECK_POSTGRES_: &str = "
WITH seen AS MATERIALIZED (
    SELECT a_n, s.privacy, s.capacity, s.member_count + s.manager_count + 1 AS seats,
        s.waitlisted_count, s.waitlist, s.next_until, s.seq, o.status, o.version, o.invited_by,
        o.joined_at, o.changed_at, o.attendance, o.until, o.origin, o.note, o.offered,
        coalesce(a_viewer = '/' OR {visible}, false) AS shown
    FROM unnest(string_to_array($1, chr(31)), string_to_array($2, chr(31)))
        WITH ORDINALITY AS a (a_space, a_viewer, a_n)
    LEFT JOIN LATERAL (
        SELECT * FROM space s WHERE s.name = a_space AND s.deleted_at IS NULL OFFSET 0
    ) s ON true
    LEFT JOIN LATERAL (
        SELECT * FROM membership o
        WHERE a_viewer <> '/' AND o.space = a_space AND o.user_id = a_viewer AND {own_holds} OFFSET 0
    ) o ON true
), shown AS MATERIALIZED (SELECT array_agg(shown ORDER BY a_n) AS at FROM seen)
SELECT (
    SELECT string_agg(concat_ws(chr(31),
        a_n, privacy, coalesce(capacity::text, ''), seats, waitlisted_count, waitlist,
        coalesce(next_until::text, ''), seq,
        coalesce(status, ''), version, coalesce(invited_by, ''), coalesce(joined_at::text, ''),
        changed_at, coalesce(attendance, ''), coalesce(until::text, ''), coalesce(origin, ''),
        coalesce(note, ''), coalesce(offered, '')), chr(30))
    FROM seen WHERE privacy IS NOT NULL
), (
    SELECT string_agg(concat_ws(chr(31),
        b_n, status, version, coalesce(invited_by, ''), coalesce(joined_at::text, ''), changed_at,
        coalesce(attendance, ''), coalesce(until::text, ''), coalesce(origin, ''),
        coalesce(note, ''), coalesce(offered, '')), chr(30))
    FROM unnest(string_to_array($3, chr(31))::bigint[], string_to_array($4, chr(31)),
        string_to_array($5, chr(31))) WITH ORDINALITY AS b (b_of, b_space, b_user, b_n)
    JOIN LATERAL (
        SELECT * FROM membership m
        WHERE (SELECT at FROM shown)[b_of] AND m.space = b_space AND m.user_id = b_user AND {holds}
        OFFSET 0
    ) m ON true
)";

const CHECK_SQLITE_: &str = "
SELECT (
    SELECT string_agg(concat_ws(char(31),
        a.key + 1, s.privacy, coalesce(s.capacity, ''), s.member_count + s.manager_count + 1,
        s.waitlisted_count, s.waitlist, coalesce(s.next_until, ''), s.seq, coalesce(o.status, ''), o.version,
        coalesce(o.invited_by, ''), coalesce(o.joined_at, ''), o.changed_at,
        coalesce(o.attendance, ''), coalesce(o.until, ''), coalesce(o.origin, ''),
        coalesce(o.note, ''), coalesce(o.offered, '')), char(30))
    FROM json_each($1) a CROSS JOIN space s ON s.name = a.value ->> 0 AND s.deleted_at IS NULL
    LEFT JOIN membership o ON o.space = a.value ->> 0 AND o.user_id = a.value ->> 1 AND {own_holds}
), (
    SELECT string_agg(concat_ws(char(31),
        b.key + 1, m.status, m.version, coalesce(m.invited_by, ''), coalesce(m.joined_at, ''),
        m.changed_at, coalesce(m.attendance, ''), coalesce(m.until, ''), coalesce(m.origin, ''),
        coalesce(m.note, ''), coalesce(m.offered, '')), char(30))
    FROM json_each($2) b
    CROSS JOIN membership m ON m.space = b.value ->> 1 AND m.user_id = b.value ->> 2
        AND {holds} AND (b.value ->> 0 = '/' OR EXISTS (
            SELECT 1 FROM space s
            LEFT JOIN membership o
                ON o.space = s.name AND o.user_id = b.value ->> 0 AND {own_holds}
            WHERE s.name = b.value ->> 1 AND {visible}
        ))
)";

pub(super) static CHECK_POSTGRES: LazyLock<String> =
    LazyLock::new(|| filled(CHECK_POSTGRES_, "a_space", "$6"));
pub(super) static CHECK_SQLITE: LazyLock<String> =
    LazyLock::new(|| filled(CHECK_SQLITE_, "s.name", "$3"));

fn filled(sql: &str, name: &str, now: &str) -> String {
    sql.replace("{visible}", &sees_members(name))
        .replace("{own_holds}", &holds("o", now))
        .replace("{holds}", &holds("m", now))
}

fn sees_members(name: &str) -> String {
    let rule = |kind: Kind, privacy: Privacy, hides: bool, standing: Standing| {
        let need = need_to_see_members(kind, privacy, hides);
        privacy.shows_to(standing) && permit(need, standing).is_ok()
    };
    condition(&rule, name, "s", "coalesce(o.status, 'absent')")
}

/// A caller and a space that they ask about.
type View<'a> = (&'a SpaceName, Option<&'a UserId>);
/// Somebody else who is asked about, with the number of the view.
type Other<'a> = (usize, &'a SpaceName, &'a UserId);

impl Store {
    /// The answers in order, as of now; `None` where there is no such space. One statement, unless the question
    /// is very long.
    pub async fn check(
        &self,
        keys: &[MembershipKey],
        now: Millis,
    ) -> Result<Vec<Option<MembershipView>>, Error> {
        let longest = keys.iter().map(MembershipKey::bytes).max().unwrap_or(1);
        let mut answers = Vec::with_capacity(keys.len());
        for keys in keys.chunks((most_bytes(self.target.has_nagle()) / longest).max(1)) {
            answers.extend(self.look(keys, now).await?);
        }
        Ok(answers)
    }

    /// Each space and each membership is looked up once, however many questions are about it.
    async fn look(
        &self,
        keys: &[MembershipKey],
        now: Millis,
    ) -> Result<Vec<Option<MembershipView>>, Error> {
        let (views, others) = distinct(keys);
        let backend = self.target.backend();
        let sql = match backend {
            DbBackend::Sqlite => CHECK_SQLITE.as_str(),
            _ => CHECK_POSTGRES.as_str(),
        };
        let answer = self.ask(sql, values(backend, &views, &others, now)).await?;
        let (mut seen, mut found) = (BTreeMap::new(), BTreeMap::new());
        for mut cells in unpack(packed(&answer, 0)?.as_deref()) {
            let view = *cells.next_of(&views)?;
            seen.insert(view, read_view(view, &mut cells)?);
        }
        for mut cells in unpack(packed(&answer, 1)?.as_deref()) {
            let (view, space, user) = *cells.next_of(&others)?;
            let membership = convert::membership_of(space.clone(), user.clone(), &mut cells)?;
            found.insert((view, user), membership);
        }
        let number: BTreeMap<_, _> = views.iter().enumerate().map(|(n, view)| (*view, n)).collect();
        let answer = |key: &MembershipKey| {
            let view = key.view();
            let view_of = seen.get(&view)?;
            let is_own = key.viewer.as_ref() == Some(&key.user);
            let other = || found.get(&(*number.get(&view)?, &key.user)).cloned();
            let target = if is_own { view_of.target.clone() } else { other() };
            Some(MembershipView { target, ..view_of.clone() })
        };
        Ok(keys.iter().map(answer).collect())
    }
}

impl MembershipKey {
    fn view(&self) -> View<'_> {
        (&self.space, self.viewer.as_ref())
    }

    /// How long the question is, at most: a view and somebody else.
    fn bytes(&self) -> usize {
        const SEPARATORS: usize = 8;
        let viewer = self.viewer.as_ref().map_or(0, |viewer| viewer.as_str().len());
        2 * self.space.as_str().len() + self.user.as_str().len() + viewer + SEPARATORS
    }
}

fn distinct(keys: &[MembershipKey]) -> (Vec<View<'_>>, Vec<Other<'_>>) {
    let mut numbers = BTreeMap::new();
    let mut views = Vec::new();
    let mut others = std::collections::BTreeSet::new();
    for key in keys {
        let view = key.view();
        let number = *numbers.entry(view).or_insert_with(|| {
            views.push(view);
            views.len() - 1
        });
        if key.viewer.as_ref() != Some(&key.user) {
            others.insert((number, &key.space, &key.user));
        }
    }
    (views, others.into_iter().collect())
}

pub(super) fn values(
    backend: DbBackend,
    views: &[View<'_>],
    others: &[Other<'_>],
    now: Millis,
) -> Vec<Value> {
    let mut seen = Rows::new(backend, 2);
    for view in views {
        seen.push([Cell::Text(view.0.as_str()), Cell::Text(viewer(Some(view)))]);
    }
    let mut looked_up = Rows::new(backend, 3);
    for (number, space, user) in others {
        let of = match backend {
            DbBackend::Sqlite => Cell::Text(viewer(views.get(*number))),
            _ => Cell::Int(*number as i64 + 1),
        };
        looked_up.push([of, Cell::Text(space.as_str()), Cell::Text(user.as_str())]);
    }
    seen.values().chain(looked_up.values()).chain([now.into()]).collect()
}

fn viewer<'a>(view: Option<&View<'a>>) -> &'a str {
    view.and_then(|(_, viewer)| *viewer).map_or(SERVICE, UserId::as_str)
}

fn read_view((space, viewer): View<'_>, cells: &mut Cells<'_>) -> Result<MembershipView, Error> {
    let privacy = convert::privacy_of(space.as_str(), cells.next()?)?;
    let capacity = convert::capacity_of(space.as_str(), cells.next()?)?;
    let (taken, waiting) = (cells.next()?, cells.next()?);
    let seats = Seats { capacity, taken, waiting, has_list: cells.next::<i64>()? != 0 };
    let facts = Facts { kind: space.kind(), privacy, seats };
    let (next_until, seq) = (cells.next()?, cells.next()?);
    let mut rest = cells.clone();
    let target = match (rest.next::<&str>()?, viewer) {
        ("", _) | (_, None) => None,
        (_, Some(viewer)) => Some(convert::membership_of(space.clone(), viewer.clone(), cells)?),
    };
    let own = target.as_ref().map_or(Status::Absent, |own| own.status);
    Ok(MembershipView { facts, next_until, seq, own, target })
}
