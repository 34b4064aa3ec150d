//! Where lines come from: a file or standard input, packed by gzip or zstd or plain, as its first bytes say.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// How much is read at a time.
const BUFFER: usize = 256 * 1024;

/// An open source.
pub struct Source {
    /// What is in it, unpacked.
    pub reader: Box<dyn BufRead + Send>,
    /// How long it is, packed; `None` for what comes through a pipe.
    pub length: Option<u64>,
    /// How much of that was read.
    pub position: Arc<AtomicU64>,
}

impl Source {
    /// Opens a file, or `-` for standard input.
    pub fn open(path: &Path) -> io::Result<Self> {
        let position = Arc::new(AtomicU64::new(0));
        let (raw, length): (Box<dyn Read + Send>, _) = if path == Path::new("-") {
            (Box::new(io::stdin()), None)
        } else {
            let file = File::open(path)?;
            let metadata = file.metadata()?;
            (Box::new(file), metadata.is_file().then_some(metadata.len()))
        };
        let counted = Counted { raw, position: position.clone() };
        Ok(Self { reader: unpacked(counted)?, length, position })
    }
}

/// Counts what is read.
struct Counted {
    raw: Box<dyn Read + Send>,
    position: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.raw.read(buffer)?;
        self.position.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

fn unpacked(mut raw: Counted) -> io::Result<Box<dyn BufRead + Send>> {
    let mut first = Vec::new();
    raw.by_ref().take(ZSTD.len() as u64).read_to_end(&mut first)?;
    let is_gzip = first.starts_with(&GZIP);
    let is_zstd = first == ZSTD;
    let whole = BufReader::with_capacity(BUFFER, Cursor::new(first).chain(raw));
    Ok(if is_gzip {
        Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(whole)))
    } else if is_zstd {
        Box::new(BufReader::with_capacity(BUFFER, Frames { state: Some(State::Between(whole)) }))
    } else {
        Box::new(whole)
    })
}

type Raw = BufReader<Chain<Cursor<Vec<u8>>, Counted>>;

/// The frames of a zstd file, one after the other.
struct Frames {
    state: Option<State>,
}

enum State {
    Between(Raw),
    Within(Box<StreamingDecoder<Raw, ruzstd::decoding::FrameDecoder>>),
}

impl Read for Frames {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.state.take() {
                None => return Ok(0),
                Some(State::Between(mut raw)) => {
                    if raw.fill_buf()?.is_empty() {
                        return Ok(0);
                    }
                    let frame = StreamingDecoder::new(raw).map_err(io::Error::other)?;
                    self.state = Some(State::Within(Box::new(frame)));
                }
                Some(State::Within(mut frame)) => {
                    let read = frame.read(buffer)?;
                    self.state = Some(match read {
                        0 if !buffer.is_empty() => State::Between(frame.into_inner()),
                        _ => State::Within(frame),
                    });
                    if read > 0 || buffer.is_empty() {
                        return Ok(read);
                    }
                }
            }
        }
    }
}
