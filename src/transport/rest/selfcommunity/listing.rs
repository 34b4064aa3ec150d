//! Pages by position, in the envelope that this dialect's clients read.

use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Answer, ErrorResponse, UserRequest};
use crate::domain::{Membership, SpaceName, Status};
use crate::service::{Counted, FoundPerson, MemberQuery, PeopleQuery, SpaceSearch};
use crate::transport::error::{Failure, Problem};
use crate::transport::rest::answer::json;
use crate::transport::rest::place::{self, AFTER, Placed};
use crate::transport::rest::query::Window;

/// A page, and where the pages before and after it are.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "PageOf{T}")]
pub struct Envelope<T> {
    count: i64,
    next: Option<String>,
    previous: Option<String>,
    results: Vec<T>,
}

impl UserRequest {
    /// The memberships that the request wants a page of.
    pub(super) async fn find_members(
        &self,
        space: &SpaceName,
        statuses: Vec<Status>,
        search: Option<String>,
    ) -> Result<Counted<Membership>, ErrorResponse> {
        self.page_members(space, MemberQuery { statuses, search, ..MemberQuery::default() }).await
    }

    /// The same in an order.
    pub(super) async fn page_members(
        &self,
        space: &SpaceName,
        wanted: MemberQuery,
    ) -> Result<Counted<Membership>, ErrorResponse> {
        let (Window { limit, offset }, after) = self.place::<Membership>()?;
        let query = MemberQuery { after, offset, limit, ..wanted };
        Ok(self.service.page_memberships(&self.call, space, query).await?)
    }

    /// The people that the request wants a page of.
    pub(super) async fn page_people(
        &self,
        search: String,
    ) -> Result<Counted<FoundPerson>, ErrorResponse> {
        let query = self.people_query(search)?;
        Ok(self.service.page_people(&self.call, query).await?)
    }

    fn people_query(&self, search: String) -> Result<PeopleQuery, Failure> {
        let (Window { limit, offset }, after) = self.place::<FoundPerson>()?;
        let after = after.unwrap_or_default();
        Ok(PeopleQuery { search, after, limit, offset, ..PeopleQuery::default() })
    }

    /// The words and categories that spaces are looked for by.
    pub(super) fn space_search(&self) -> Result<Option<SpaceSearch>, Failure> {
        let text = self.query.search("search")?.unwrap_or_default();
        let categories = self.query.numbers("categories")?;
        let is_empty = text.is_empty() && categories.is_empty();
        let search = SpaceSearch { text, categories, ..SpaceSearch::default() };
        Ok((!is_empty).then_some(search))
    }

    /// The people that the request wants a page of, so that they are invited to a space, or to one that
    /// is about to be made.
    pub(super) async fn find_suggested(
        &self,
        space: Option<&SpaceName>,
    ) -> Result<Counted<FoundPerson>, ErrorResponse> {
        let search = self.query.search("search")?.unwrap_or_default();
        let query = self.people_query(search)?;
        Ok(self.service.page_suggested_people(&self.call, space, query).await?)
    }

    /// Which part of a list the request wants, and where that begins if the link that led here says so:
    /// then nothing is passed over.
    pub(super) fn place<T: Placed>(&self) -> Result<(Window, Option<T::Place>), Failure> {
        let window = self.window()?;
        let sealed = self.query.get_filled(AFTER);
        let place = sealed.and_then(|it| place::open::<T>(&self.query, window.offset, it));
        let offset = if place.is_some() { 0 } else { window.offset };
        Ok((Window { offset, ..window }, place))
    }

    /// The page, with links to those before and after it.
    pub(super) fn page<'a, T: Placed, R: Serialize>(
        &self,
        found: &'a Counted<T>,
        shape: impl Fn(&'a T) -> R,
    ) -> Answer {
        self.linked(found, found.items.last().map(T::place), shape)
    }

    /// The same of a list that goes on at this place; without one it goes by position alone.
    pub(super) fn linked<'a, T, R: Serialize>(
        &self,
        found: &'a Counted<T>,
        last: Option<String>,
        shape: impl Fn(&'a T) -> R,
    ) -> Answer {
        let Window { limit, offset } = self.window()?;
        let link = |offset: u64, place: Option<String>| {
            let part = [("limit", limit), ("offset", offset)];
            let [limit, offset] = part.map(|(name, number)| (name, Some(number.to_string())));
            format!("{}?{}", self.address, self.query.with(&[limit, offset, (AFTER, place)]))
        };
        let total = u64::try_from(found.total).unwrap_or(0);
        let following = offset.saturating_add(limit);
        let place = last.map(|place| place::seal(&self.query, following, &place));
        let envelope = Envelope {
            count: found.total,
            next: (following < total).then(|| link(following, place)),
            previous: (offset > 0).then(|| link(offset.saturating_sub(limit), None)),
            results: found.items.iter().map(shape).collect(),
        };
        Ok(json(StatusCode::OK, &envelope))
    }

    /// The statuses that a filter names, or the default ones if it names none.
    pub(super) fn statuses(
        &self,
        legal: &[Status],
        spelling: fn(Status) -> Option<&'static str>,
        default: &[Status],
    ) -> Result<Vec<Status>, Failure> {
        let named = self.query.list("statuses");
        if named.is_empty() {
            return Ok(default.to_vec());
        }
        let mut statuses = Vec::new();
        for word in &named {
            // Several may be spelled alike.
            let of_word = |status: &Status| spelling(*status) == Some(word.as_str());
            let before = statuses.len();
            statuses.extend(legal.iter().copied().filter(of_word));
            if statuses.len() == before {
                return Err(Failure::field("statuses", Problem::InvalidChoice));
            }
        }
        statuses.sort_unstable();
        statuses.dedup();
        Ok(statuses)
    }

    /// Which part of a list the request wants.
    pub(super) fn window(&self) -> Result<Window, Failure> {
        Window::read(&self.query)
    }
}
