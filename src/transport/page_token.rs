//! Opaque page tokens: where a list goes on, signed and bound to the query it belongs to.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::error::{Failure, Problem, expected};

const MAC_BYTES: usize = 16;
/// A cursor is a user id, a space's name or a number.
const MAX_LENGTH: usize = 512;

/// Makes and reads page tokens. All replicas share the key.
#[derive(Clone)]
pub struct PageTokens {
    key: hmac::Key,
}

impl PageTokens {
    /// Tokens signed with this key.
    pub fn new(key: &[u8]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key) }
    }

    /// A token with which `query` goes on after `cursor`.
    pub fn seal(&self, query: &str, cursor: &str) -> String {
        let mut token = self.mac(query, cursor);
        token.extend_from_slice(cursor.as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(token)
    }

    /// The cursor in a token, if the token is ours and belongs to this query. An empty token is
    /// the beginning.
    pub fn open(&self, query: &str, token: &str) -> Result<Option<String>, Failure> {
        if token.is_empty() {
            return Ok(None);
        }
        let cursor = self.read(query, token);
        let invalid = Problem::Expected(expected::PAGE_TOKEN);
        cursor.map(Some).ok_or_else(|| Failure::field("page_token", invalid))
    }

    fn read(&self, query: &str, token: &str) -> Option<String> {
        if token.len() > MAX_LENGTH {
            return None;
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
        let (mac, cursor) = bytes.split_at_checked(MAC_BYTES)?;
        let cursor = std::str::from_utf8(cursor).ok()?;
        let ours = aws_lc_rs::constant_time::verify_slices_are_equal(mac, &self.mac(query, cursor));
        ours.is_ok().then(|| cursor.to_owned())
    }

    fn mac(&self, query: &str, cursor: &str) -> Vec<u8> {
        let tag = hmac::sign(&self.key, format!("{query}\n{cursor}").as_bytes());
        tag.as_ref()[..MAC_BYTES].to_vec()
    }
}
