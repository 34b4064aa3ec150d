//! What a REST surface serves, as a table. The router is built from it, and so is the description:
//! what is not in the table is not served, and what is served is described.

use axum::routing::{MethodFilter, MethodRouter};
use http::StatusCode;
use schemars::{Schema, SchemaGenerator};

use super::answer::HttpError;
use super::{Router, State};
use crate::transport::error::ErrorReason;

/// Writes down what an answer or a parameter looks like.
pub type Describe = fn(&mut SchemaGenerator) -> Schema;

/// One surface: its calls, and how it says that something went wrong.
pub struct Surface {
    /// What people call it.
    pub name: &'static str,
    /// What it is for, and what holds for all its calls, as Markdown.
    pub description: &'static str,
    /// Every call.
    pub routes: &'static [Route],
    /// The status and the word for each reason.
    pub code: fn(ErrorReason) -> (StatusCode, &'static str),
    /// The word for what is wrong as HTTP.
    pub http_code: fn(HttpError) -> &'static str,
    /// What an error of this status looks like; `None` is plain text.
    pub error: fn(StatusCode) -> Option<Describe>,
}

/// One call.
pub struct Route {
    /// The method.
    pub method: RouteMethod,
    /// The path without a slash at its end.
    pub path: &'static str,
    /// A name for programs, of which there is one in all surfaces.
    pub id: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// What else is to be known, as Markdown.
    pub description: &'static str,
    /// What stands in the path and in the query.
    pub parameters: &'static [Parameter],
    /// What is read from a body.
    pub body: Option<RequestBody>,
    /// The answer when all is well. `None` has no content.
    pub answer: Option<Describe>,
    /// Whether the answer is of something new.
    pub creates: bool,
    /// Why this call is refused, besides what holds for all. One that may be refused with
    /// VERSION_MISMATCH takes `If-Match`.
    pub reasons: &'static [ErrorReason],
    /// What serves it.
    pub handler: fn(MethodFilter) -> MethodRouter<State>,
}

/// How a call is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteMethod {
    /// For looking; HEAD is answered too.
    Get,
    /// For doing.
    Post,
    /// For saying anew how something is.
    Put,
    /// For changing some of it.
    Patch,
    /// For undoing.
    Delete,
}

impl RouteMethod {
    const fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Put => MethodFilter::PUT,
            Self::Patch => MethodFilter::PATCH,
            Self::Delete => MethodFilter::DELETE,
        }
    }

    /// As the description spells it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }
}

/// What stands in a path or a query.
#[derive(Clone, Copy)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Whether it is a part of the path.
    pub in_path: bool,
    /// What it means.
    pub description: &'static str,
    /// Its form.
    pub schema: Describe,
}

/// The fields of a body.
#[derive(Clone, Copy)]
pub struct RequestBody {
    /// Each field, and whether it must be there.
    pub fields: &'static [BodyField],
    /// Whether other fields are refused.
    pub is_closed: bool,
}

/// One field of a body.
#[derive(Clone, Copy)]
pub struct BodyField {
    /// Its name.
    pub name: &'static str,
    /// Whether it must be there.
    pub is_required: bool,
    /// What it means.
    pub description: &'static str,
    /// Its form.
    pub schema: Describe,
}

/// Serves all of a surface, each path with and without a slash at its end: a redirect would turn a
/// POST into a GET.
pub fn router(surface: &Surface) -> Router {
    surface.routes.iter().fold(Router::new(), |router, route| {
        let method = (route.handler)(route.method.filter());
        router.route(route.path, method.clone()).route(&format!("{}/", route.path), method)
    })
}

impl Route {
    /// A call about which nothing else is to be said.
    pub const fn new(
        method: RouteMethod,
        path: &'static str,
        id: &'static str,
        summary: &'static str,
        handler: fn(MethodFilter) -> MethodRouter<State>,
    ) -> Self {
        let (description, parameters, reasons) = ("", &[], &[]);
        let (body, answer, creates) = (None, None, false);
        Self {
            method,
            path,
            id,
            summary,
            description,
            parameters,
            body,
            answer,
            creates,
            reasons,
            handler,
        }
    }
}
