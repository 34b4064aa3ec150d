//! The directory of people: fed by services, read by services, and shown to every caller beside the ids
//! of users.

use std::collections::BTreeMap;

use futures_util::future::try_join;
use tokio::time::Instant;

use super::query::{Counted, Page};
use super::{Call, Error, Service};
use crate::auth::Scope;
use crate::domain::{Action, People, Person, SpaceName, UserId};
use crate::store::{FoundPerson, PeopleQuery, Without};

/// What became of words about people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Of how many users something newer is known now.
    pub changed: usize,
    /// How many words were no news.
    pub unchanged: usize,
}

/// What is known of some users.
#[derive(Clone, Debug, Default)]
pub struct KnownPeople(BTreeMap<UserId, Person>);

impl KnownPeople {
    /// What is known of this user, if anything is.
    pub fn get(&self, user: &UserId) -> Option<&Person> {
        self.0.get(user)
    }

    /// All of them, in order of id.
    pub fn into_people(self) -> impl Iterator<Item = Person> {
        self.0.into_values()
    }
}

impl Call {
    /// Refuses a token without this scope, and a service that acts for a user: it has that user's
    /// rights, whatever its token says.
    pub fn require_service(&self, scope: Scope) -> Result<(), Error> {
        self.require(scope)?;
        let acts_for_user = self.scopes.allow(Scope::Admin) && self.actor.user().is_some();
        if acts_for_user { Err(Error::ScopeMissing(scope)) } else { Ok(()) }
    }
}

impl Service {
    /// Writes down what a service says of people, in one transaction. What is no news changes nothing.
    pub async fn put_people(
        &self,
        call: &Call,
        people: People,
        deadline: Instant,
    ) -> Result<Written, Error> {
        call.require_service(Scope::PeopleWrite)?;
        let said = people.said();
        let call = Call { deadline, ..call.clone() };
        let changed = call.wait_for(self.store.put_people(people, deadline)).await?;
        Ok(Written { changed, unchanged: said.saturating_sub(changed) })
    }

    /// What is known of these users, deleted ones included. For services.
    pub async fn get_people(&self, call: &Call, users: &[UserId]) -> Result<KnownPeople, Error> {
        call.require_service(Scope::PeopleRead)?;
        self.known_people(call, users).await
    }

    /// A page of people by key. For services.
    pub async fn list_people(
        &self,
        call: &Call,
        query: PeopleQuery,
    ) -> Result<Page<FoundPerson>, Error> {
        call.require_service(Scope::PeopleRead)?;
        Ok(Page::of(call.wait_for(self.store.find_people(&query)).await?))
    }

    /// What is known of the users whom an answer names, deleted ones included, for whoever may see the
    /// answer. One statement, however many there are.
    pub async fn known_people(&self, call: &Call, users: &[UserId]) -> Result<KnownPeople, Error> {
        let found = call.wait_for(self.store.people(users)).await?;
        let by_id = found.into_iter().map(|person| (person.user.clone(), person));
        Ok(KnownPeople(by_id.collect()))
    }

    /// People by position who are nothing to a space, for whoever may invite them; without a space
    /// everybody but the caller, as for one that they are about to make.
    pub async fn page_suggested_people(
        &self,
        call: &Call,
        space: Option<&SpaceName>,
        query: PeopleQuery,
    ) -> Result<Counted<FoundPerson>, Error> {
        let without = match space {
            Some(name) => {
                self.permit(call, name, Action::Invite).await?;
                Without::PeopleOf(name.clone(), self.now())
            }
            None => Without::User(call.actor.user().ok_or(Error::NobodyToActFor)?.clone()),
        };
        self.page_people(call, PeopleQuery { without, ..query }).await
    }

    /// People by position, with their number as far as it is counted. Every caller may look.
    pub async fn page_people(
        &self,
        call: &Call,
        query: PeopleQuery,
    ) -> Result<Counted<FoundPerson>, Error> {
        // Neither needs the other, and to count takes longer.
        let (found, total) = (self.store.find_people(&query), self.store.count_people(&query));
        let (found, total) = call.wait_for(try_join(found, total)).await?;
        Ok(Counted { items: found.items, total })
    }
}
