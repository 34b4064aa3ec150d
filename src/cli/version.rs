//! `roster version`: which version this is, and of what source.

use super::{Failed, output};

const NUMBER: &str = env!("CARGO_PKG_VERSION");
const COMMIT: &str = env!("BUILD_COMMIT");
const DATE: &str = env!("BUILD_DATE");

/// The version, the commit and its date, as `--version` shows them behind the program's name.
pub const TEXT: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (commit ",
    env!("BUILD_COMMIT"),
    ", ",
    env!("BUILD_DATE"),
    ")"
);

#[derive(clap::Args)]
pub struct Args {
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args) -> Result<(), Failed> {
    if args.json {
        let version = serde_json::json!({ "version": NUMBER, "commit": COMMIT, "date": DATE });
        output::say(format_args!("{version}"))?;
    } else {
        output::say(format_args!("roster {TEXT}"))?;
    }
    Ok(())
}
