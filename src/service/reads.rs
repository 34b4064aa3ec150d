//! The questions. Each is one statement; the rules judge what it found before anything is shown.

use super::{Call, Error, Service};
use crate::auth::Scope;
use crate::domain::decide::check;
use crate::domain::permission::{need_to_see_members, permit};
use crate::domain::{
    Action, Actor, Event, Kind, Membership, Privacy, Refusal, Space, SpaceName, Standing, Status,
    UserId,
};
use crate::store::{Counted, Glance, Glimpse, ListedSpace, MemberQuery, Page, Sight, SpaceQuery};

/// A space as one caller sees it.
#[derive(Clone, Debug)]
pub struct SpaceView {
    /// The space.
    pub space: Space,
    /// The caller's own status in it; ABSENT for a service.
    pub own: Status,
    /// Whether the caller may see who is invited, has requested to join, or is blocked.
    pub manages: bool,
}

/// Which of a user's spaces are wanted.
#[derive(Clone, Debug, Default)]
pub struct UserSpaces {
    /// Only spaces of this kind; `None` for every kind that the token's scopes allow.
    pub kind: Option<Kind>,
    /// Only spaces in which the user has one of these statuses.
    pub statuses: Vec<Status>,
    /// Only spaces whose creator is this user.
    pub creator: Option<UserId>,
    /// Only spaces whose display name contains this text, in any case.
    pub search: Option<String>,
}

impl Service {
    /// One space, for whoever may see it.
    pub async fn get_space(&self, call: &Call, name: &SpaceName) -> Result<SpaceView, Error> {
        call.allow(name.kind(), false)?;
        let sight = call.wait_for(self.store.sight(name, call.actor.user())).await?;
        let (sight, standing) = judge(sight, &call.actor, Action::SeeSpace)?;
        let manages = check(sight.space.privacy, Action::SeePending, standing).is_ok();
        Ok(SpaceView { own: sight.own, space: sight.space, manages })
    }

    /// One user's membership, by default the caller's own. Of others only seats are shown to
    /// those who do not manage the space: anything else reads ABSENT.
    pub async fn get_membership(
        &self,
        call: &Call,
        name: &SpaceName,
        user: Option<UserId>,
    ) -> Result<Membership, Error> {
        call.allow(name.kind(), false)?;
        let glance = glance(call, name.clone(), user)?;
        let found = call.wait_for(self.lookup.ask(glance.clone())).await?;
        Ok(shown(&call.actor, &glance, found)?)
    }

    /// Many memberships at once, in order. What the caller may not see reads ABSENT, in a space
    /// that he cannot see or that does not exist with version 0.
    pub async fn check_memberships(
        &self,
        call: &Call,
        asked: Vec<(SpaceName, Option<UserId>)>,
    ) -> Result<Vec<Membership>, Error> {
        let mut glances = Vec::with_capacity(asked.len());
        for (name, user) in asked {
            call.allow(name.kind(), false)?;
            glances.push(glance(call, name, user)?);
        }
        let found = call.wait_for(self.store.glimpses(&glances)).await?;
        let answer = |(glance, found): (&Glance, _)| {
            let absent = || Membership::absent(glance.space.clone(), glance.user.clone(), 0);
            shown(&call.actor, glance, found).unwrap_or_else(|_| absent())
        };
        Ok(glances.iter().zip(found).map(answer).collect())
    }

    /// Who has one of these statuses, in order of user id, after a given user.
    pub async fn list_memberships(
        &self,
        call: &Call,
        name: &SpaceName,
        query: MemberQuery,
    ) -> Result<Page<Membership>, Error> {
        call.allow(name.kind(), false)?;
        let members = self.store.members(name, call.actor.user(), &query);
        let (sight, page) = call.wait_for(members).await?;
        let (sight, standing) = judge(sight, &call.actor, Action::SeeSpace)?;
        may_see(name.kind(), sight.space.privacy, standing, &query.statuses)?;
        Ok(page)
    }

    /// The same by position, with the total: for surfaces whose clients count pages.
    pub async fn page_memberships(
        &self,
        call: &Call,
        name: &SpaceName,
        query: MemberQuery,
    ) -> Result<Counted<Membership>, Error> {
        call.allow(name.kind(), false)?;
        let members = self.store.members(name, call.actor.user(), &query);
        let (sight, page) = call.wait_for(members).await?;
        let (sight, standing) = judge(sight, &call.actor, Action::SeeSpace)?;
        may_see(name.kind(), sight.space.privacy, standing, &query.statuses)?;
        let total = match &query.search {
            None => query.statuses.iter().map(|status| sight.space.counts.of(*status)).sum(),
            Some(_) => call.wait_for(self.store.count_members(name, &query)).await?,
        };
        Ok(Counted { items: page.items, total })
    }

    /// The spaces in which a user, by default the caller, has a status, in order of name.
    pub async fn list_user_spaces(
        &self,
        call: &Call,
        user: Option<UserId>,
        wanted: UserSpaces,
        after: Option<SpaceName>,
        limit: u64,
    ) -> Result<Page<ListedSpace>, Error> {
        let query = user_spaces(call, user, wanted)?;
        call.wait_for(self.store.user_spaces(&SpaceQuery { after, limit, ..query })).await
    }

    /// The same by position, highest id first, with the total.
    pub async fn page_user_spaces(
        &self,
        call: &Call,
        wanted: UserSpaces,
        limit: u64,
        offset: u64,
    ) -> Result<Counted<ListedSpace>, Error> {
        let query = user_spaces(call, None, wanted)?;
        call.wait_for(self.store.page_user_spaces(&SpaceQuery { limit, offset, ..query })).await
    }

    /// A space's history after the event with this number.
    pub async fn list_events(
        &self,
        call: &Call,
        name: &SpaceName,
        after: i64,
        limit: u64,
    ) -> Result<Page<Event>, Error> {
        call.allow(name.kind(), false)?;
        let events = self.store.events(name, call.actor.user(), after, limit);
        let (sight, page) = call.wait_for(events).await?;
        judge(sight, &call.actor, Action::SeeHistory)?;
        Ok(page)
    }
}

/// The space and the caller's standing in it, if he may do this.
fn judge(sight: Option<Sight>, actor: &Actor, action: Action) -> Result<(Sight, Standing), Error> {
    let sight = sight.ok_or(Error::Refused(Refusal::SpaceNotFound))?;
    let standing = actor.standing(sight.own);
    check(sight.space.privacy, action, standing)?;
    Ok((sight, standing))
}

/// Whether somebody of this standing may see who has these statuses.
fn may_see(
    kind: Kind,
    privacy: Privacy,
    standing: Standing,
    statuses: &[Status],
) -> Result<(), Refusal> {
    if statuses.iter().all(|status| status.is_seated()) {
        permit(need_to_see_members(kind, privacy), standing)
    } else {
        check(privacy, Action::SeePending, standing)
    }
}

fn glance(call: &Call, space: SpaceName, user: Option<UserId>) -> Result<Glance, Error> {
    let viewer = call.actor.user().cloned();
    let user = user.or_else(|| viewer.clone()).ok_or(Error::NobodyToActFor)?;
    Ok(Glance { space, user, viewer })
}

/// As much of a membership as the actor may see.
fn shown(actor: &Actor, asked: &Glance, found: Option<Glimpse>) -> Result<Membership, Refusal> {
    let Glimpse { privacy, seq, own, target } = found.ok_or(Refusal::SpaceNotFound)?;
    let standing = actor.standing(own);
    check(privacy, Action::SeeSpace, standing)?;
    let absent = || Membership::absent(asked.space.clone(), asked.user.clone(), seq);
    let target = target.unwrap_or_else(absent);
    let is_own = actor.user() == Some(&asked.user);
    let may_see = may_see(asked.space.kind(), privacy, standing, &[target.status]);
    Ok(if is_own || may_see.is_ok() { target } else { absent() })
}

fn user_spaces(call: &Call, user: Option<UserId>, wanted: UserSpaces) -> Result<SpaceQuery, Error> {
    let own = call.actor.user();
    let user = user.or_else(|| own.cloned()).ok_or(Error::NobodyToActFor)?;
    // A service that acts for a user has that user's rights, whatever its token says.
    let sees_hidden = match own {
        Some(own) if *own == user => false,
        Some(_) => return Err(Error::ScopeMissing(Scope::Admin)),
        None => true,
    };
    let kinds = match wanted.kind {
        Some(kind) => {
            call.allow(kind, false)?;
            vec![kind]
        }
        None => Kind::ALL.iter().copied().filter(|kind| call.allow(*kind, false).is_ok()).collect(),
    };
    let UserSpaces { statuses, creator, search, .. } = wanted;
    Ok(SpaceQuery {
        user,
        kinds,
        statuses,
        creator,
        search,
        sees_hidden,
        after: None,
        offset: 0,
        limit: 0,
    })
}
