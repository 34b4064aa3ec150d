//! One id for each request, the same in the answer, the log and an internal error.

use std::cell::RefCell;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

/// The header that carries the id, in and out.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

const MAX_LENGTH: usize = 128;

/// The id that the caller gave, if it is one line of printable text; else a new one.
pub fn of(headers: &HeaderMap) -> Bytes {
    let is_id = |id: &&HeaderValue| {
        (1..=MAX_LENGTH).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic)
    };
    let given = headers.get(HEADER).filter(is_id);
    given.map_or_else(random, |id| Bytes::copy_from_slice(id.as_bytes()))
}

/// 128 random bits in hexadecimal: nobody else has it, and nobody learns from it how many there are.
fn random() -> Bytes {
    let bytes = RANDOM.with_borrow_mut(RandomBytes::next);
    let id = bytes.map(|bytes| format!("{:032x}", u128::from_be_bytes(bytes)).into());
    id.unwrap_or(Bytes::from_static(b"unknown"))
}

/// Random bytes for many ids: to make 16 of them takes almost as long as to make 1024.
struct RandomBytes {
    bytes: [u8; 1024],
    used: usize,
}

thread_local! {
    static RANDOM: RefCell<RandomBytes> =
        const { RefCell::new(RandomBytes { bytes: [0; 1024], used: 1024 }) };
}

impl RandomBytes {
    /// The next 16, which nobody is given again.
    fn next(&mut self) -> Option<[u8; 16]> {
        if self.used == self.bytes.len() {
            aws_lc_rs::rand::fill(&mut self.bytes).ok()?;
            self.used = 0;
        }
        let next = self.bytes[self.used..].first_chunk().copied();
        self.used += 16;
        next
    }
}
