//! The program: everything is in the library.

use std::process::ExitCode;

/// A call allocates often and briefly, on whichever thread is free: this one is made for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    roster::cli::run().await
}
