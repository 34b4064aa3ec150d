//! Where log lines go. Lines about calls are many, and gathered: one system call writes hundreds of them.
//! Every other line is written at once, behind those that came before it.

use std::io::{self, Write};
use std::mem::take;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

use crate::request_context::ACCESS;

/// Lines are gathered for so long. A process that is killed loses those that it has not written.
const LONGEST: Duration = Duration::from_millis(100);
/// From here on whoever adds a line has to write them all, so that nobody logs faster than is written.
const MOST_BYTES: usize = 256 * 1024;

/// Log lines on their way to a stream. Copies share it.
#[derive(Clone)]
pub struct Output(Arc<Shared>);

struct Shared {
    /// Taken before `gathered`, so that lines stay in order.
    stream: Mutex<Box<dyn Write + Send>>,
    gathered: Mutex<Vec<u8>>,
    came: Condvar,
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Output {
    /// To this stream. Has a thread of its own, which ends when nobody can write any more.
    pub fn new(stream: impl Write + Send + 'static) -> io::Result<Self> {
        let (stream, gathered) = (Mutex::new(Box::new(stream) as Box<_>), Mutex::default());
        let shared = Arc::new(Shared { stream, gathered, came: Condvar::new() });
        let weak = Arc::downgrade(&shared);
        let write_from_time_to_time = move || {
            while let Some(shared) = weak.upgrade() {
                shared.wait();
                shared.flush();
            }
        };
        std::thread::Builder::new().name("log".into()).spawn(write_from_time_to_time)?;
        Ok(Self(shared))
    }

    /// Writes what was gathered.
    pub fn flush(&self) {
        self.0.flush();
    }
}

impl Shared {
    /// Waits until there is something, and then for more of it.
    fn wait(&self) {
        let gathered = lock(&self.gathered);
        let is_empty = |gathered: &mut Vec<u8>| gathered.is_empty();
        let waited = self.came.wait_timeout_while(gathered, Duration::from_secs(1), is_empty);
        let (gathered, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let is_little = |gathered: &mut Vec<u8>| gathered.len() < MOST_BYTES;
        if !gathered.is_empty() {
            drop(self.came.wait_timeout_while(gathered, LONGEST, is_little));
        }
    }

    fn flush(&self) {
        self.write(&[]);
    }

    /// Writes what was gathered, and this behind it. A stream that is gone is nobody's fault here.
    fn write(&self, line: &[u8]) {
        let mut stream = lock(&self.stream);
        let gathered = take(&mut *lock(&self.gathered));
        let _ = stream.write_all(&gathered).and_then(|()| stream.write_all(line));
    }

    fn gather(&self, line: &[u8]) {
        let mut gathered = lock(&self.gathered);
        let was_empty = gathered.is_empty();
        gathered.extend_from_slice(line);
        let is_much = gathered.len() >= MOST_BYTES;
        drop(gathered);
        if is_much {
            self.flush();
        } else if was_empty {
            self.came.notify_one();
        }
    }
}

/// Whoever writes last leaves nothing behind.
impl Drop for Shared {
    fn drop(&mut self) {
        self.flush();
    }
}

/// One line's way.
pub struct Line<'a> {
    output: &'a Shared,
    is_gathered: bool,
}

impl<'a> MakeWriter<'a> for Output {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { output: &self.0, is_gathered: false }
    }

    fn make_writer_for(&'a self, of: &Metadata<'_>) -> Line<'a> {
        Line { output: &self.0, is_gathered: of.target() == ACCESS }
    }
}

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.is_gathered {
            self.output.gather(line);
        } else {
            self.output.write(line);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
