//! One id for each request, the same in the answer, the log and an internal error.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderValue};

/// The header that carries the id, in and out.
pub const HEADER: &str = "x-request-id";

const MAX_LENGTH: usize = 128;

tokio::task_local! {
    static CURRENT: HeaderValue;
}

/// The id that the caller gave, if it is one line of printable text, or a new one.
pub fn of(headers: &HeaderMap) -> HeaderValue {
    let given = headers.get(HEADER).filter(|id| {
        (1..=MAX_LENGTH).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic)
    });
    given.cloned().unwrap_or_else(fresh)
}

/// Runs a future with this id as the current one.
pub async fn scope<F: Future>(id: HeaderValue, future: F) -> F::Output {
    CURRENT.scope(id, future).await
}

/// The id of the request that is being answered, if one is.
pub fn current() -> Option<String> {
    CURRENT.try_with(|id| id.to_str().unwrap_or_default().to_owned()).ok()
}

/// Unique in this process by its count, among processes by their random start.
fn fresh() -> HeaderValue {
    static PROCESS: LazyLock<u64> = LazyLock::new(random);
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let id = format!("{:016x}{:08x}", *PROCESS, COUNT.fetch_add(1, Ordering::Relaxed));
    HeaderValue::from_str(&id).unwrap_or(HeaderValue::from_static("unknown"))
}

fn random() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    RandomState::new().build_hasher().finish()
}
