//! Pages by position, in the envelope that this dialect's clients read.

use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Answer, ErrorResponse, UserRequest};
use crate::domain::{Membership, Person, SpaceName, Status};
use crate::service::{Counted, ListedSpace, MemberQuery, PeopleQuery, SpaceSearch, UserSpaces};
use crate::transport::error::{Failure, Problem};
use crate::transport::rest::answer::json;
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
        let Window { limit, offset } = self.window()?;
        let query = MemberQuery { offset, limit, ..wanted };
        Ok(self.service.page_memberships(&self.call, space, query).await?)
    }

    /// The caller's own spaces that the request wants a page of.
    pub(super) async fn find_spaces(
        &self,
        wanted: UserSpaces,
    ) -> Result<Counted<ListedSpace>, ErrorResponse> {
        let Window { limit, offset } = self.window()?;
        Ok(self.service.page_user_spaces(&self.call, wanted, limit, offset).await?)
    }

    /// The words and categories that spaces are looked for by.
    pub(super) fn space_search(&self) -> Result<Option<SpaceSearch>, Failure> {
        let text = self.query.search("search")?.unwrap_or_default();
        let categories = self.query.numbers("categories")?;
        let is_empty = text.is_empty() && categories.is_empty();
        Ok((!is_empty).then_some(SpaceSearch { text, categories }))
    }

    /// The people that the request wants a page of, so that they are invited to a space, or to one that
    /// is about to be made.
    pub(super) async fn find_suggested(
        &self,
        space: Option<&SpaceName>,
    ) -> Result<Counted<Person>, ErrorResponse> {
        let search = self.query.search("search")?.unwrap_or_default();
        let Window { limit, offset } = self.window()?;
        let query = PeopleQuery { search, limit, offset, ..PeopleQuery::default() };
        Ok(self.service.page_suggested_people(&self.call, space, query).await?)
    }

    /// The page, with links to those before and after it.
    pub(super) fn page<'a, T, R: Serialize>(
        &self,
        found: &'a Counted<T>,
        shape: impl Fn(&'a T) -> R,
    ) -> Answer {
        let Window { limit, offset } = self.window()?;
        let link = |offset| {
            let query = self.query.with(&[("limit", limit), ("offset", offset)]);
            format!("{}?{query}", self.address)
        };
        let total = u64::try_from(found.total).unwrap_or(0);
        let following = offset.saturating_add(limit);
        let envelope = Envelope {
            count: found.total,
            next: (following < total).then(|| link(following)),
            previous: (offset > 0).then(|| link(offset.saturating_sub(limit))),
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
        let find = |word: &String| {
            legal.iter().copied().find(|status| spelling(*status) == Some(word.as_str()))
        };
        let mut statuses = named
            .iter()
            .map(find)
            .collect::<Option<Vec<Status>>>()
            .ok_or_else(|| Failure::field("statuses", Problem::InvalidChoice))?;
        statuses.sort_unstable();
        statuses.dedup();
        Ok(statuses)
    }

    /// Which part of a list the request wants.
    pub(super) fn window(&self) -> Result<Window, Failure> {
        Window::read(&self.query)
    }
}
