//! The questions. What the caller may not see is not read; what was read the rules judge before anything
//! is shown.

use super::query::{
    Counted, FoundSpaces, ListedSpace, MemberQuery, Page, ShownMembership, SpaceView, UserSpaces,
};
use super::{Call, Error, Outcome, Service};
use crate::auth::Scope;
use crate::domain::decide::check;
use crate::domain::permission::{need_to_see_members, permit};
use crate::domain::until::is_over;
use crate::domain::{
    Action, Actor, Attendance, Content, Event, EventName, Kind, Membership, Millis, Privacy,
    Refusal, Refused, Rule, Seats, Sight, Space, SpaceName, Standing, Status, UserId, allowed_to,
};
use crate::request_context;
use crate::store::{
    self, Among, EventQuery, FoundQuery, FoundSpace, MembershipKey, MembershipView, SpaceQuery,
};

impl Service {
    /// One space, for whoever may see it.
    pub async fn get_space(&self, call: &Call, name: &SpaceName) -> Result<SpaceView, Error> {
        self.get_space_as(call, name, |standing| standing).await
    }

    /// The same for somebody who is taken for something else.
    pub(super) async fn get_space_as(
        &self,
        call: &Call,
        name: &SpaceName,
        seen_as: fn(Standing) -> Standing,
    ) -> Result<SpaceView, Error> {
        call.allow(name.kind(), false)?;
        note(name);
        loop {
            let now = self.now();
            let found = call.wait_for(self.store.space(name, call.actor.user(), now)).await?;
            let (mut view, attendance, content) = found.ok_or(Refusal::SpaceNotFound)?;
            let standing = seen_as(call.actor.standing(view.own));
            check(view.space.privacy, Action::SeeSpace, standing)?;
            if !self.count_again(call, [&mut view.space], now).await? {
                // Its counters are of a later moment than its version.
                continue;
            }
            let manages = check(view.space.privacy, Action::SeePending, standing).is_ok();
            let (own, space) = (view.own, view.space);
            return Ok(SpaceView { own, standing, attendance, space, content, manages });
        }
    }

    /// What a space shows, for whoever has just changed something in it: they were let in then, whatever
    /// has happened since.
    pub async fn content_after(&self, call: &Call, outcome: &Outcome) -> Result<Content, Error> {
        let found = call.wait_for(self.store.space(&outcome.space.name, None, self.now())).await?;
        let (_, _, content) = found.ok_or(Refusal::SpaceNotFound)?;
        Ok(content)
    }

    /// One user's membership, by default the caller's own, and what the caller could do to it. Of others
    /// only seats are shown to those who do not manage the space: anything else reads ABSENT.
    pub async fn get_membership(
        &self,
        call: &Call,
        name: &SpaceName,
        user: Option<UserId>,
    ) -> Result<ShownMembership, Error> {
        call.allow(name.kind(), false)?;
        note(name);
        let key = key(call, name.clone(), user)?;
        let found = call.wait_for(self.look_ups.ask(key.clone())).await?;
        #[cfg(feature = "defects")]
        let found = crate::defects::earlier(format!("{key:?}"), found);
        let view = found.ok_or(Refusal::SpaceNotFound)?;
        let (mut facts, standing) = (view.facts, call.actor.standing(view.own));
        let now = self.now();
        if facts.seats.capacity.is_some() && is_over(view.next_until, now) {
            let space = self.counted_space(call, name, now).await?;
            facts.seats = space.map_or(facts.seats, |space| Seats::of(&space, space.counts));
        }
        let membership = shown(&call.actor, &key, view)?;
        let is_own = call.actor.user() == Some(&key.user);
        let allowed = allowed_to(facts, standing, &membership, is_own);
        let position = self.position(call, &membership).await?;
        Ok(ShownMembership { membership, allowed, position })
    }

    /// A space with the counters of this moment, for whoever was let in.
    pub(super) async fn counted_space(
        &self,
        call: &Call,
        name: &SpaceName,
        now: Millis,
    ) -> Result<Option<Space>, Error> {
        let found = call.wait_for(self.store.space(name, None, now)).await?;
        let Some((mut view, ..)) = found else { return Ok(None) };
        self.count_again(call, [&mut view.space], now).await?;
        Ok(Some(view.space))
    }

    /// Who has one of these statuses, in order of user id, after a given user.
    pub async fn list_memberships(
        &self,
        call: &Call,
        name: &SpaceName,
        query: MemberQuery,
    ) -> Result<Page<Membership>, Error> {
        let now = self.now();
        let (_, page) = self.members(call, name, query.for_managers, &query.into(), now).await?;
        Ok(page)
    }

    /// The same by position, with the total: for surfaces whose clients count pages.
    pub async fn page_memberships(
        &self,
        call: &Call,
        name: &SpaceName,
        query: MemberQuery,
    ) -> Result<Counted<Membership>, Error> {
        let for_managers = query.for_managers;
        let query = store::MemberQuery::from(query);
        let now = self.now();
        let (mut space, page) = self.members(call, name, for_managers, &query, now).await?;
        self.count_again(call, [&mut space], now).await?;
        let total = match (&query.search, query.attendance) {
            (None, Some(Attendance::Going)) => space.counts.going,
            (None, None) => query.statuses.iter().map(|status| space.counts.of(*status)).sum(),
            (Some(_), _) | (None, Some(Attendance::NotGoing)) => {
                call.wait_for(self.store.count_members(name, &query, now)).await?
            }
        };
        Ok(Counted { items: page.items, total })
    }

    async fn members(
        &self,
        call: &Call,
        name: &SpaceName,
        for_managers: bool,
        query: &store::MemberQuery,
        now: Millis,
    ) -> Result<(Space, Page<Membership>), Error> {
        call.allow(name.kind(), false)?;
        note(name);
        let may_list = |place: (_, Privacy, _), standing| match for_managers {
            true => check(place.1, Action::SeePending, standing),
            false => may_list(place, standing, &query.statuses),
        };
        let rule =
            |kind, privacy, hides, standing| may_list((kind, privacy, hides), standing).is_ok();
        let members = self.store.members(name, call.actor.user(), &rule, query, now);
        let (view, page) = call.wait_for(members).await?;
        let view = view.ok_or(Refusal::SpaceNotFound)?;
        let standing = call.actor.standing(view.own);
        let Space { privacy, hides_members, .. } = view.space;
        may_list((name.kind(), privacy, hides_members), standing)?;
        let mut page = Page::of(page);
        let shown = |membership: Membership| {
            let is_own = call.actor.user() == Some(&membership.user);
            Sight::of(standing, is_own).shown(membership)
        };
        page.items = page.items.into_iter().map(shown).collect();
        Ok((view.space, page))
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
        let now = self.now();
        let query = SpaceQuery { after, limit, now, ..query };
        let mut page = call.wait_for(self.store.user_spaces(&query)).await?;
        self.count_again(call, page.items.iter_mut().map(|it| &mut it.space), now).await?;
        for listed in &mut page.items {
            let standing = call.actor.standing(listed.membership.status);
            listed.membership = Sight::of(standing, true).shown(listed.membership.clone());
        }
        Ok(Page::of(page))
    }

    /// Spaces that the caller looks for, by position, with how many there are: those that they see, their
    /// own, or those of another user in which they see who the members are.
    pub async fn page_found_spaces(
        &self,
        call: &Call,
        wanted: FoundSpaces,
        (limit, offset): (u64, u64),
        after: Option<SpaceName>,
    ) -> Result<Counted<FoundSpace>, Error> {
        let FoundSpaces { kind, among, rising } = wanted;
        call.allow(kind, false)?;
        let viewer = call.actor.user().cloned();
        if viewer.is_none() && matches!(among, Among::Suggested | Among::Own { .. }) {
            return Err(Error::NobodyToActFor);
        }
        let now = self.now();
        let query = FoundQuery { viewer, kind, among, rising, after: None, offset, limit, now };
        let query = query.going_on(after);
        let rule = |kind, privacy, hides, standing| {
            may_list((kind, privacy, hides), standing, &[Status::Member]).is_ok()
        };
        let (mut items, total) = call.wait_for(self.store.found(&query, &rule)).await?;
        let sees = |found: &FoundSpace| {
            let standing = call.actor.standing(found.own.status);
            check(found.space.privacy, Action::SeeSpace, standing).is_ok()
        };
        items.retain(sees);
        self.count_again(call, items.iter_mut().map(|found| &mut found.space), now).await?;
        Ok(Counted { items, total })
    }

    /// All spaces in order of name, for services that act for nobody.
    pub async fn list_spaces(
        &self,
        call: &Call,
        query: store::AllSpacesQuery,
    ) -> Result<Page<(Space, Content)>, Error> {
        call.require(Scope::Admin)?;
        if call.actor.user().is_some() {
            return Err(Error::ScopeMissing(Scope::Admin));
        }
        let mut page = call.wait_for(self.store.all_spaces(&query)).await?;
        let spaces = page.items.iter_mut().map(|(space, _)| space);
        self.count_again(call, spaces, self.now()).await?;
        Ok(Page::of(page))
    }

    /// Leaves those out of the counters of spaces, which the caller may see, whose time is over now.
    async fn count_again<'a>(
        &self,
        call: &Call,
        spaces: impl IntoIterator<Item = &'a mut Space>,
        now: Millis,
    ) -> Result<bool, Error> {
        call.wait_for(self.store.count_again(spaces, now)).await
    }

    /// A space's history after the event with this number.
    pub async fn list_events(
        &self,
        call: &Call,
        name: &SpaceName,
        after: i64,
        limit: u64,
    ) -> Result<Page<Event>, Error> {
        self.permit(call, name, Action::SeeHistory).await?;
        let events = self.store.events(name, EventQuery { after, limit });
        let events = call.wait_for(events).await?;
        if events.items.last().is_some_and(|event| event.name == EventName::Deleted) {
            // The space is gone since they were let in, or there is another one of its name.
            self.permit(call, name, Action::SeeHistory).await?;
        }
        Ok(Page::of(events))
    }

    /// Whether the caller may do this in a space. Nothing else of the space is read.
    pub(super) async fn permit(
        &self,
        call: &Call,
        name: &SpaceName,
        action: Action,
    ) -> Result<(), Error> {
        call.allow(name.kind(), false)?;
        note(name);
        let key = MembershipKey {
            space: name.clone(),
            // Nobody else is looked at.
            user: call.actor.user().unwrap_or(&call.caller).clone(),
            viewer: call.actor.user().cloned(),
        };
        let view = call.wait_for(self.look_ups.ask(key)).await?.ok_or(Refusal::SpaceNotFound)?;
        check(view.facts.privacy, action, call.actor.standing(view.own))?;
        Ok(())
    }
}

/// For the span of the request.
fn note(name: &SpaceName) {
    request_context::note(|attributes| {
        let _ = attributes.space.set(name.to_string());
    });
}

/// Whether somebody of this standing may see who has these statuses in a space like this.
fn may_list(
    (kind, privacy, hides_members): (Kind, Privacy, bool),
    standing: Standing,
    statuses: &[Status],
) -> Result<(), Refused> {
    check(privacy, Action::SeeSpace, standing)?;
    if statuses.iter().all(|status| status.is_seated()) {
        let may_see = permit(need_to_see_members(kind, privacy, hides_members), standing);
        let rule = Rule::permission(Action::SeeMembers, standing);
        may_see.map_err(|refusal| rule.refuses(refusal))
    } else {
        check(privacy, Action::SeePending, standing)
    }
}

pub(super) fn key(
    call: &Call,
    space: SpaceName,
    user: Option<UserId>,
) -> Result<MembershipKey, Error> {
    let viewer = call.actor.user().cloned();
    let user = user.or_else(|| viewer.clone()).ok_or(Error::NobodyToActFor)?;
    Ok(MembershipKey { space, user, viewer })
}

/// As much of a membership as the actor may see.
pub(super) fn shown(
    actor: &Actor,
    key: &MembershipKey,
    view: MembershipView,
) -> Result<Membership, Refused> {
    let MembershipView { facts, seq, own, target, next_until: _ } = view;
    let (privacy, standing) = (facts.privacy, actor.standing(own));
    check(privacy, Action::SeeSpace, standing)?;
    let absent = || Membership::absent(key.space.clone(), key.user.clone(), seq);
    let target = target.unwrap_or_else(absent);
    let is_own = actor.user() == Some(&key.user);
    // Where the space hides its members, nobody else was read but for its managers.
    let place = (key.space.kind(), privacy, false);
    let may_see = may_list(place, standing, &[target.status]);
    let target = if is_own || may_see.is_ok() { target } else { absent() };
    Ok(Sight::of(standing, is_own).shown(target))
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
    #[cfg(feature = "defects")]
    let sees_hidden = sees_hidden || crate::defects::is("secret-shown");
    let kinds = match wanted.kind {
        Some(kind) => {
            call.allow(kind, false)?;
            vec![kind]
        }
        None => Kind::ALL.iter().copied().filter(|kind| call.allow(*kind, false).is_ok()).collect(),
    };
    Ok(SpaceQuery {
        user,
        kinds,
        statuses: wanted.statuses,
        sees_hidden,
        after: None,
        limit: 0,
        now: 0,
    })
}
