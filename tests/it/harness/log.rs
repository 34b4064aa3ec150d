//! What the program logs during a test.

use std::io::{self, Write};
use std::sync::{Arc, LazyLock, Mutex};

use roster::config::LogFormat;
use roster::telemetry;
use serde_json::Value;
use tracing::Dispatch;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::Registry;

/// The log of the present thread, and so of a server that runs on it, at level `info`.
pub struct Log {
    written: Written,
    _guard: DefaultGuard,
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Reads along from now on.
    pub fn read() -> Self {
        let written = Written::default();
        let writer = written.clone();
        // Where only one subscriber has ever been, what another thread does first decides for all whether
        // a line is of interest. So there are always two.
        static OTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(Registry::default()));
        LazyLock::force(&OTHER);
        let writer = move || writer.clone();
        let lines = telemetry::lines("info", LogFormat::Json, false, writer).unwrap();
        Self { written, _guard: tracing::subscriber::set_default(lines) }
    }

    /// All that was written.
    pub fn text(&self) -> String {
        String::from_utf8(self.written.0.lock().unwrap().clone()).unwrap()
    }

    /// All lines that were written.
    pub fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The one line with this message.
    pub fn line(&self, message: &str) -> Value {
        let lines = self.lines().into_iter();
        let found: Vec<_> = lines.filter(|line| line["fields"]["message"] == message).collect();
        assert_eq!(found.len(), 1, "{message:?} in {}", self.text());
        found[0].clone()
    }
}
