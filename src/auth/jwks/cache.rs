//! Where the key set comes from, and how it stays fresh without a stampede of fetches.

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jsonwebtoken::Algorithm;
use metrics::Counter;
use tokio::sync::watch;

use super::fetch::KeySetUrl;
use super::set::{Key, KeySet};
use crate::auth::error::Rejected;
use crate::clock::{Clock, millis};
use crate::domain::Millis;
use crate::instruments::KEY_SET_FETCHES;

/// Between two fetches of the set lies at least this much time.
const MIN_INTERVAL: Duration = Duration::from_secs(60);

/// The same while there is no key at all.
const RETRY_INTERVAL: Duration = Duration::from_secs(2);

/// A set older than this is fetched anew, so that a key which its issuer withdrew dies here too.
const MAX_AGE: Duration = Duration::from_secs(600);

/// The keys that are good now.
pub struct KeyCache {
    held: watch::Sender<Held>,
    /// Where to fetch them anew; a set from a file stays as it is.
    url: Option<KeySetUrl>,
    last_fetch: Mutex<Option<Fetch>>,
    /// Whether the last fetch brought nothing of use, and the log says so.
    is_failing: AtomicBool,
    clock: Clock,
    fetched: Counter,
    not_fetched: Counter,
}

/// What the cache holds.
struct Held {
    keys: Arc<KeySet>,
    /// Counts the changes of the set, so that what was verified with an older one can be told.
    generation: u64,
    /// When the set was fetched, if it was.
    fetched: Option<Millis>,
}

/// A fetch, running or done.
struct Fetch {
    started: Millis,
    /// Closes when the fetch is done.
    done: watch::Receiver<()>,
}

impl Fetch {
    fn is_running(&self) -> bool {
        self.done.has_changed().is_ok()
    }
}

/// A set was fetched, with nothing in it.
#[derive(Debug, thiserror::Error)]
#[error("it has no key for RS256, ES256 or EdDSA signatures")]
struct NoUsableKey;

/// A key for a token, and the generation of the set that it was found in.
pub struct Found {
    /// The key.
    pub key: Arc<Key>,
    /// See [`KeyCache::generation`].
    pub generation: u64,
}

impl KeyCache {
    /// A cache with these keys for good.
    pub fn fixed(keys: KeySet, clock: Clock) -> Self {
        Self::with(keys, None, clock)
    }

    /// A cache with the keys at this address. If they cannot be had now, later use tries again.
    pub async fn remote(url: KeySetUrl, clock: Clock) -> Self {
        let cache = Self::with(KeySet::empty(), Some(url), clock);
        // This fetch does not count: the next may follow at once.
        cache.load().await;
        cache
    }

    fn with(keys: KeySet, url: Option<KeySetUrl>, clock: Clock) -> Self {
        let held = Held { keys: Arc::new(keys), generation: 0, fetched: None };
        let [fetched, not_fetched] = ["ok", "failed"].map(|how| KEY_SET_FETCHES.counter(&[how]));
        let (held, last_fetch) = (watch::Sender::new(held), Mutex::default());
        let is_failing = AtomicBool::new(false);
        Self { held, url, last_fetch, is_failing, clock, fetched, not_fetched }
    }

    /// Whether there is no key: none could be fetched so far, or the issuer publishes none.
    pub fn is_empty(&self) -> bool {
        self.held.borrow().keys.is_empty()
    }

    /// The number of the present set; it grows when the set changes.
    pub fn generation(&self) -> u64 {
        self.held.borrow().generation
    }

    /// The key for a token; an unknown one is looked for in a fresh set, if one may be fetched. While
    /// there is no key at all nobody waits: a server that is silent would hold up every caller.
    pub async fn find(
        self: &Arc<Self>,
        algorithm: Algorithm,
        kid: Option<&str>,
    ) -> Result<Found, Rejected> {
        if let Some(found) = self.find_held(algorithm, kid)? {
            return Ok(found);
        }
        let fetch = self.fetch();
        if self.is_empty() {
            return Err(Rejected::unavailable("there is no key of its issuer yet"));
        }
        if let Some(mut done) = fetch {
            // Nothing is ever sent: the only news is that the fetch is over.
            let _ = done.changed().await;
        }
        let found = self.find_held(algorithm, kid)?;
        found.ok_or(Rejected::unknown("its key is not in the key set"))
    }

    /// Starts a fetch if the set is old or has no key, without waiting for it.
    pub fn refresh_if_old(self: &Arc<Self>) {
        let fetched = self.held.borrow().fetched;
        let is_old = |then| self.clock.now().abs_diff(then) >= abs(MAX_AGE);
        if self.is_empty() || fetched.is_none_or(is_old) {
            let _ = self.fetch();
        }
    }

    fn find_held(
        &self,
        algorithm: Algorithm,
        kid: Option<&str>,
    ) -> Result<Option<Found>, Rejected> {
        let held = self.held.borrow();
        let key = held.keys.find(algorithm, kid)?;
        Ok(key.map(|key| Found { key, generation: held.generation }))
    }

    /// The fetch to wait for: the last one if it is recent (done already, or running: then all who
    /// ask share it), else a new one. Runs by itself, so that no caller who gives up ends it.
    fn fetch(self: &Arc<Self>) -> Option<watch::Receiver<()>> {
        self.url.as_ref()?;
        let now = self.clock.now();
        let interval = if self.is_empty() { RETRY_INTERVAL } else { MIN_INTERVAL };
        let mut last = self.last_fetch.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fetch) = &*last
            && (now.abs_diff(fetch.started) < abs(interval) || fetch.is_running())
        {
            return Some(fetch.done.clone());
        }
        let (running, done) = watch::channel(());
        let cache = Arc::clone(self);
        tokio::spawn(async move {
            cache.load().await;
            drop(running);
        });
        *last = Some(Fetch { started: now, done: done.clone() });
        Some(done)
    }

    /// Fetches the set now, however young it is. If that fails the old one stays.
    pub async fn load(&self) {
        let Some(url) = &self.url else { return };
        match url.fetch().await {
            Ok(keys) => {
                self.fetched.increment(1);
                self.note(keys.is_empty().then_some(&NoUsableKey));
                self.hold(keys);
            }
            Err(error) => {
                self.not_fetched.increment(1);
                self.note(Some(&error));
            }
        }
    }

    /// Logs a line when fetching begins to fail, and one when it is well again.
    fn note(&self, error: Option<&(dyn Error + 'static)>) {
        let was_failing = self.is_failing.swap(error.is_some(), Ordering::Relaxed);
        match error {
            Some(error) if !was_failing => {
                tracing::warn!(error, "the key set cannot be had");
            }
            Some(error) => tracing::debug!(error, "the key set still cannot be had"),
            None if was_failing => tracing::info!("the key set can be had again"),
            None => {}
        }
    }

    fn hold(&self, keys: KeySet) {
        let fetched = Some(self.clock.now());
        self.held.send_modify(|held| {
            held.fetched = fetched;
            if held.keys.digest != keys.digest {
                held.keys = Arc::new(keys);
                held.generation += 1;
            }
        });
    }
}

/// Clocks can be set back, so ages are compared without sign.
fn abs(duration: Duration) -> u64 {
    millis(duration).unsigned_abs()
}
