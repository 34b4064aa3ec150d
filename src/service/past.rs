//! What was, and what happened to one user: answers from the history.

use super::query::{Page, PastMembers};
use super::{Call, Error, Service};
use crate::auth::Scope;
use crate::domain::{Action, Event, Kind, Membership, Millis, SpaceName, UserId};
use crate::store::{EventQuery, PastPage, PastQuery, Span, UserEventQuery};

/// A moment in a space's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// When the event of this number was the last one.
    Sequence(i64),
    /// At this time.
    Time(Millis),
}

impl Moment {
    /// The time that is asked about, if it is one.
    const fn time(self) -> Option<Millis> {
        match self {
            Self::Sequence(_) => None,
            Self::Time(time) => Some(time),
        }
    }
}

/// What happened to a user.
#[derive(Clone, Debug)]
pub struct UserEvents {
    /// A page of it.
    pub page: Page<Event>,
    /// Whether the caller is that user, who is not told who moderated them.
    pub are_own: bool,
}

impl Service {
    /// What a user, by default the caller, was to a space at a moment. For managers and services.
    pub async fn get_past_membership(
        &self,
        call: &Call,
        name: &SpaceName,
        user: Option<UserId>,
        at: Moment,
    ) -> Result<Membership, Error> {
        let user = user.or_else(|| call.actor.user().cloned()).ok_or(Error::NobodyToActFor)?;
        self.permit(call, name, Action::SeeHistory).await?;
        let (seq, _) = self.number(call, name, at).await?;
        call.wait_for(self.store.past_membership(name, &user, (seq, at.time()))).await
    }

    /// Who had one of these statuses at a moment, in order of user id, with the number of the moment. For
    /// managers and services.
    pub async fn list_past_memberships(
        &self,
        call: &Call,
        name: &SpaceName,
        at: Moment,
        wanted: PastMembers,
    ) -> Result<(i64, PastPage), Error> {
        self.permit(call, name, Action::SeeHistory).await?;
        let PastMembers { statuses, attendance, after, limit } = wanted;
        let (number, after) = after.unzip();
        let (seq, span) = self.number(call, name, number.map_or(at, Moment::Sequence)).await?;
        let query = PastQuery { seq, time: at.time(), statuses, attendance, after, limit };
        let page = call.wait_for(self.store.past_members(name, span, &query)).await?;
        Ok((seq, page))
    }

    /// What happened to a user in a space: for its managers and services, and for the users themselves if
    /// they see the space.
    pub async fn list_user_events_in(
        &self,
        call: &Call,
        name: &SpaceName,
        user: &UserId,
        after: i64,
        limit: u64,
    ) -> Result<UserEvents, Error> {
        let is_own = call.actor.user() == Some(user);
        let action = if is_own { Action::SeeSpace } else { Action::SeeHistory };
        self.permit(call, name, action).await?;
        let events = self.store.user_events_in(name, user, EventQuery { after, limit });
        let page = Page::of(call.wait_for(events).await?);
        Ok(UserEvents { page, are_own: is_own })
    }

    /// What happened to a user in all spaces, in order of their names: for services, and for the users
    /// themselves in spaces that they see.
    pub async fn list_user_events(
        &self,
        call: &Call,
        user: UserId,
        after: Option<(SpaceName, i64)>,
        limit: u64,
    ) -> Result<UserEvents, Error> {
        // A service that acts for a user has that user's rights, whatever its token says.
        let are_own = match call.actor.user() {
            Some(own) if *own == user => true,
            Some(_) => return Err(Error::ScopeMissing(Scope::Admin)),
            None => false,
        };
        let allowed = |kind: &Kind| call.allow(*kind, false).is_ok();
        let kinds = Kind::ALL.iter().copied().filter(allowed).collect();
        let query = UserEventQuery { user, kinds, sees_hidden: !are_own, after, limit };
        let page = Page::of(call.wait_for(self.store.user_events(&query)).await?);
        Ok(UserEvents { page, are_own })
    }

    /// The number of a moment, and the history that it is in.
    async fn number(
        &self,
        call: &Call,
        name: &SpaceName,
        at: Moment,
    ) -> Result<(i64, Span), Error> {
        let time = match at {
            Moment::Time(time) if time > self.clock.now() => {
                return Err(Error::NotInHistory(at));
            }
            Moment::Time(time) => time,
            Moment::Sequence(_) => 0,
        };
        let span = call.wait_for(self.store.span(name, time)).await?;
        let span = span.ok_or(Error::NotInHistory(at))?;
        let seq = match at {
            Moment::Sequence(seq) => seq,
            Moment::Time(_) => span.until,
        };
        let is_in_history = (span.first..=span.last).contains(&seq);
        if is_in_history { Ok((seq, span)) } else { Err(Error::NotInHistory(at)) }
    }
}
