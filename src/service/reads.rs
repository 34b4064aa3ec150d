//! The questions. Each is one statement; the rules judge what it found before anything is shown.

use super::{Call, Error, Service};
use crate::auth::Scope;
use crate::domain::decide::check;
use crate::domain::permission::{need_to_see_members, permit};
use crate::domain::{
    Action, Actor, Event, Kind, Membership, Refusal, Space, SpaceName, Standing, Status, UserId,
};
use crate::store::{Counted, ListedSpace, MemberQuery, Page, Sight, SpaceQuery};

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
        let sight = call.wait_for(self.store.sight(name, call.actor.user(), None)).await?;
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
        let user = user.or_else(|| call.actor.user().cloned()).ok_or(Error::NobodyToActFor)?;
        let sight = call.wait_for(self.store.sight(name, call.actor.user(), Some(&user))).await?;
        let (sight, standing) = judge(sight, &call.actor, Action::SeeSpace)?;
        let absent = || Membership::absent(name.clone(), user.clone());
        let found = sight.target.unwrap_or_else(absent);
        if call.actor.user() == Some(&user) {
            return Ok(found);
        }
        let shown = match found.status.is_seated() {
            true => may_see(&sight.space, standing, &[found.status]),
            false => check(sight.space.privacy, Action::SeePending, standing),
        };
        Ok(if shown.is_ok() { found } else { absent() })
    }

    /// Who has one of these statuses, in order of user id, after a given user.
    pub async fn list_memberships(
        &self,
        call: &Call,
        name: &SpaceName,
        query: MemberQuery,
    ) -> Result<Page<Membership>, Error> {
        call.allow(name.kind(), false)?;
        let (sight, page) =
            call.wait_for(self.store.members(name, call.actor.user(), &query)).await?;
        let (sight, standing) = judge(sight, &call.actor, Action::SeeSpace)?;
        may_see(&sight.space, standing, &query.statuses)?;
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
        let (sight, page) =
            call.wait_for(self.store.members(name, call.actor.user(), &query)).await?;
        let (sight, standing) = judge(sight, &call.actor, Action::SeeSpace)?;
        may_see(&sight.space, standing, &query.statuses)?;
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
        let query = SpaceQuery { after, limit, ..user_spaces(call, user, wanted)? };
        call.wait_for(self.store.user_spaces(&query)).await
    }

    /// The same by position, highest id first, with the total.
    pub async fn page_user_spaces(
        &self,
        call: &Call,
        wanted: UserSpaces,
        limit: u64,
        offset: u64,
    ) -> Result<Counted<ListedSpace>, Error> {
        let query = SpaceQuery { limit, offset, ..user_spaces(call, None, wanted)? };
        call.wait_for(self.store.page_user_spaces(&query)).await
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
        let (sight, page) =
            call.wait_for(self.store.events(name, call.actor.user(), after, limit)).await?;
        judge(sight, &call.actor, Action::SeeHistory)?;
        Ok(page)
    }
}

/// The space and the caller's standing in it, if he may do this.
fn judge(sight: Option<Sight>, actor: &Actor, action: Action) -> Result<(Sight, Standing), Error> {
    let sight = sight.ok_or(Error::Refused(Refusal::SpaceNotFound))?;
    let standing = match actor {
        Actor::User(_) => Standing::User(sight.own),
        Actor::Service(_) => Standing::Service,
    };
    check(sight.space.privacy, action, standing)?;
    Ok((sight, standing))
}

/// Whether somebody of this standing may see who has these statuses.
fn may_see(space: &Space, standing: Standing, statuses: &[Status]) -> Result<(), Refusal> {
    if statuses.iter().all(|status| status.is_seated()) {
        permit(need_to_see_members(space.name.kind(), space.privacy), standing)
    } else {
        check(space.privacy, Action::SeePending, standing)
    }
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
