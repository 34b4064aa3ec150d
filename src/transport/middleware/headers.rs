//! A bound on what a request's headers hold. The connection has a higher one, beyond which all that a
//! caller can be told is HTTP's 431.

use http::{HeaderMap, Request};

/// The bytes of all names and values.
const MAX_BYTES: usize = 16 * 1024;

/// The headers hold more than is read.
#[derive(Debug, thiserror::Error)]
#[error("the headers are larger than 16 KiB")]
pub struct HeadersTooLarge;

/// Passes a request on if its headers are not too large.
pub fn bounded<B>(request: Request<B>) -> Result<Request<B>, HeadersTooLarge> {
    if size(request.headers()) > MAX_BYTES { Err(HeadersTooLarge) } else { Ok(request) }
}

fn size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}
