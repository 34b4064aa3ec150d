//! The ledger's own thread.

use std::io;

use tokio::runtime::{Builder, Handle};

/// A runtime for the writers and their connections. On the threads that answer requests every step of a
/// transaction would queue up behind the requests that have just come in, and all who wait for the
/// transaction would wait for that too.
pub struct Runtime {
    handle: Handle,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Runtime {
    /// Starts its thread, which ends when this is dropped.
    pub fn start() -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).thread_name("ledger").enable_all().build()?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime) })
    }

    /// Where to spawn what is to run on it.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Runtime {
    /// Does not wait: whoever drops a server may be a task, and must not block.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
