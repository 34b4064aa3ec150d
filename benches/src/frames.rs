//! The little of HTTP/2 and HPACK that unary gRPC calls need, as bytes.

use prost::Message;

use crate::server::Failed;

/// The longest payload that a frame may have unless both sides agree on more.
pub const LONGEST: usize = 16 * 1024;
/// The window of a connection, and of each stream, before either side says otherwise. No request may
/// be longer.
pub const FIRST_WINDOW: u32 = 65_535;
/// The largest window there can be.
pub const LARGEST_WINDOW: u32 = (1 << 31) - 1;

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;

pub const END_STREAM: u8 = 1;
pub const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

const HEADER_TABLE_SIZE: u16 = 1;
const ENABLE_PUSH: u16 = 2;
const INITIAL_WINDOW_SIZE: u16 = 4;

const HEAD: usize = 9;

/// One frame that the server sent.
pub struct Frame<'a> {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The first frame of these bytes with its length, if all of it is there.
    pub fn first(bytes: &'a [u8]) -> Option<(Self, usize)> {
        let (head, rest) = bytes.split_at_checked(HEAD)?;
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let payload = rest.get(..length)?;
        let stream = number(&head[5..]) & LARGEST_WINDOW;
        Some((Self { kind: head[3], flags: head[4], stream, payload }, HEAD + length))
    }
}

/// The first four bytes as a number, as all numbers are written in HTTP/2.
pub fn number(bytes: &[u8]) -> u32 {
    bytes.first_chunk().map_or(0, |four| u32::from_be_bytes(*four))
}

/// Writes a frame.
pub fn put(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    put_head(out, payload.len(), kind, flags, stream);
    out.extend_from_slice(payload);
}

fn put_head(out: &mut Vec<u8>, length: usize, kind: u8, flags: u8, stream: u32) {
    out.extend_from_slice(&(length as u32).to_be_bytes()[1..]);
    out.extend_from_slice(&[kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
}

/// What a connection begins with. Without a header table, equal headers always look alike; with the
/// largest windows, the server never waits for us.
pub fn greeting() -> Vec<u8> {
    let mut out = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    let mut settings = Vec::new();
    for (name, value) in
        [(HEADER_TABLE_SIZE, 0), (ENABLE_PUSH, 0), (INITIAL_WINDOW_SIZE, LARGEST_WINDOW)]
    {
        settings.extend_from_slice(&name.to_be_bytes());
        settings.extend_from_slice(&value.to_be_bytes());
    }
    put(&mut out, SETTINGS, 0, 0, &settings);
    put(&mut out, WINDOW_UPDATE, 0, 0, &(LARGEST_WINDOW - FIRST_WINDOW).to_be_bytes());
    out
}

/// Whether the longest request fits into the window that the server gives each stream.
pub fn takes_a_request(settings: &[u8]) -> bool {
    settings.chunks_exact(6).all(|setting| {
        let window = setting.starts_with(&INITIAL_WINDOW_SIZE.to_be_bytes());
        !window || number(&setting[2..]) >= FIRST_WINDOW
    })
}

/// The headers that all calls of a method share. Names that HPACK has a number for are written as
/// that number; values are written as they are, which is the least work on both sides.
pub fn shared_headers(path: &str, authority: &str) -> Vec<u8> {
    let (post, http) = (0x83, 0x86);
    let mut block = vec![post, http];
    for (name, value) in [
        (&[0x04][..], path),
        (&[0x01], authority),
        (&[0x0f, 0x10], "application/grpc"),
        (&[0x00, 0x02, b't', b'e'], "trailers"),
    ] {
        block.extend_from_slice(name);
        put_string(&mut block, value);
    }
    block
}

/// Writes one more header behind those that are shared.
pub fn put_header(block: &mut Vec<u8>, name: &str, value: &str) {
    block.push(0x00);
    put_string(block, name);
    put_string(block, value);
}

/// `authorization`, not to be indexed by anybody.
const AUTHORIZATION: [u8; 2] = [0x1f, 0x08];

fn put_string(block: &mut Vec<u8>, value: &str) {
    let mut length = value.len();
    if length < 0x7f {
        block.push(length as u8);
    } else {
        block.push(0x7f);
        length -= 0x7f;
        while length >= 0x80 {
            block.push(length as u8 | 0x80);
            length >>= 7;
        }
        block.push(length as u8);
    }
    block.extend_from_slice(value.as_bytes());
}

/// Writes a whole request; answers how much of the window it takes.
pub fn put_request(
    out: &mut Vec<u8>,
    stream: u32,
    shared: &[u8],
    bearer: &str,
    message: &impl Message,
) -> Result<usize, Failed> {
    let start = out.len();
    put(out, HEADERS, END_HEADERS, stream, shared);
    if !bearer.is_empty() {
        out.extend_from_slice(&AUTHORIZATION);
        put_string(out, bearer);
    }
    let block = (out.len() - start - HEAD) as u32;
    out[start..start + 3].copy_from_slice(&block.to_be_bytes()[1..]);
    let length = message.encoded_len();
    let framed = 1 + size_of::<u32>() + length;
    if framed > FIRST_WINDOW as usize {
        return Err("the request does not fit into a window".into());
    }
    put_head(out, framed.min(LONGEST), DATA, END_STREAM, stream);
    let start = out.len();
    out.push(0);
    out.extend_from_slice(&(length as u32).to_be_bytes());
    message.encode(out)?;
    if framed > LONGEST {
        split(out, start, stream);
    }
    Ok(framed)
}

/// The data that begins there is too long for one frame: makes several of it.
fn split(out: &mut Vec<u8>, start: usize, stream: u32) {
    let data = out.split_off(start);
    out.truncate(start - HEAD);
    let last = (data.len() - 1) / LONGEST;
    for (place, piece) in data.chunks(LONGEST).enumerate() {
        let flags = if place == last { END_STREAM } else { 0 };
        put(out, DATA, flags, stream, piece);
    }
}

/// `grpc-status` as the server's encoder writes it when there is no table: a literal with a new
/// name, in Huffman's code.
const GRPC_STATUS: [u8; 10] = [0x00, 0x88, 0x9a, 0xca, 0xc8, 0xb2, 0x12, 0x34, 0xda, 0x8f];
/// Its value 0: one byte of Huffman's code.
const ZERO: [u8; 2] = [0x81, 0x07];
/// The first answer on a connection says that there is no table any more.
const NO_TABLE: u8 = 0x20;

/// Whether these trailers say that the call went well, and nothing else. They are compared with the
/// one way in which the server writes that, which is quicker than reading them; a server that writes
/// it differently fails the run at once.
pub fn is_ok(trailers: &[u8]) -> bool {
    let trailers = trailers.strip_prefix(&[NO_TABLE]).unwrap_or(trailers);
    trailers.strip_prefix(&GRPC_STATUS) == Some(&ZERO)
}

/// The `grpc-status` in these trailers, to tell what went wrong.
pub fn status(trailers: &[u8]) -> Option<u8> {
    let name = trailers.windows(GRPC_STATUS.len()).position(|bytes| bytes == GRPC_STATUS)?;
    let value = &trailers[name + GRPC_STATUS.len()..];
    let length = usize::from(value.first()?.checked_sub(0x80)?);
    digits(value.get(1..1 + length)?)
}

/// Reads digits in Huffman's code: 0 to 2 are the five bits of the number, 3 to 9 six bits from 25.
fn digits(coded: &[u8]) -> Option<u8> {
    let bits = coded.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
    let mut left = 8 * coded.len();
    let mut found = None;
    while left >= 5 {
        let next =
            |count: usize| (left >= count).then(|| bits >> (left - count) & ((1 << count) - 1));
        let (digit, count) = match (next(5)?, next(6)) {
            (digit @ 0..=2, _) => (digit, 5),
            (_, Some(code @ 25..=31)) => (code - 22, 6),
            _ => break,
        };
        found = Some(found.unwrap_or(0) * 10 + digit as u8);
        left -= count;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_zero_is_ok() {
        let trailers = |value: &[u8]| [&GRPC_STATUS[..], value].concat();
        let zero = trailers(&ZERO);
        assert!(is_ok(&zero) && is_ok(&[&[NO_TABLE], &zero[..]].concat()));
        assert_eq!(status(&zero), Some(0));
        // 16, 7 and 9 as Huffman's code has them.
        for (value, code) in [(&[0x82, 0x0b, 0x9f][..], 16), (&[0x81, 0x77], 7), (&[0x81, 0x7f], 9)]
        {
            assert!(!is_ok(&trailers(value)));
            assert_eq!(status(&trailers(value)), Some(code));
        }
        assert!(!is_ok(&[]) && !is_ok(&[&zero[..], b"x"].concat()));
        assert_eq!(status(&[0x88]), None);
    }

    #[test]
    fn long_requests_take_several_frames() {
        let (mut out, message) = (Vec::new(), "x".repeat(40_000));
        let framed = put_request(&mut out, 1, &[], "", &message).expect("it fits");
        let (mut left, mut data, mut flags) = (&out[..], Vec::new(), Vec::new());
        while let Some((frame, length)) = Frame::first(left) {
            if frame.kind == DATA {
                data.extend_from_slice(frame.payload);
                flags.push(frame.flags);
            }
            left = &left[length..];
        }
        assert_eq!((data.len(), flags), (framed, vec![0, 0, END_STREAM]));
        assert_eq!(data[5..], message.encode_to_vec());
        assert!(put_request(&mut out, 1, &[], "", &"x".repeat(70_000)).is_err());
    }

    #[test]
    fn frames_are_read_when_whole() {
        let mut out = Vec::new();
        put(&mut out, PING, 0, 0, b"12345678");
        put(&mut out, DATA, END_STREAM, 7, b"");
        assert!(Frame::first(&out[..16]).is_none());
        let (ping, length) = Frame::first(&out).expect("it is whole");
        assert_eq!((ping.kind, ping.payload, length), (PING, &b"12345678"[..], 17));
        let (data, _) = Frame::first(&out[length..]).expect("it is whole");
        assert_eq!((data.stream, data.flags), (7, END_STREAM));
    }
}
