//! Other people's contracts.

use axum::Router;

use super::caller::Door;
use crate::service::Service;

/// What the dialects need.
#[derive(Clone)]
pub struct State {
    /// Who is calling.
    pub door: Door,
    /// The use cases.
    pub service: Service,
    /// The address that clients know this server by, if it is not the `Host` they send.
    pub public_url: Option<String>,
}

/// Every dialect.
pub fn router(_state: State) -> Router {
    Router::new()
}
