//! `roster completions` and `roster man`: what shells and manuals know of the command line, made from
//! the same definitions that read it.

use std::io::Write;

use clap::Command;
use clap_complete::Shell;

use super::Failed;

#[derive(clap::Args)]
pub struct CompletionsArgs {
    /// Which shell's
    shell: Shell,
}

/// Writes the script for a shell.
pub fn completions(args: &CompletionsArgs, mut command: Command) -> Result<(), Failed> {
    // Made in memory, as the generator cannot say that nobody reads any more.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "roster", &mut script);
    Ok(std::io::stdout().write_all(&script)?)
}

#[cfg(feature = "man")]
#[derive(clap::Args)]
pub struct ManArgs {
    /// The folder to write to; it must be there
    folder: std::path::PathBuf,
}

/// Writes a page for the program and for each of its commands.
#[cfg(feature = "man")]
pub fn man(args: &ManArgs, command: Command) -> Result<(), Failed> {
    clap_mangen::generate_to(command, &args.folder)
        .map_err(|error| format!("{}: {error}", args.folder.display()).into())
}
