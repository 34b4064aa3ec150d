//! What the program writes for people and for other programs.

use std::error::Error;
use std::fmt::Arguments;
use std::io::{self, ErrorKind, IsTerminal, Write};

use super::Failed;

/// Writes one line to standard output.
pub fn say(line: Arguments<'_>) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}

/// Writes one line to standard error. Nobody can be told if that fails.
pub fn complain(line: Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Whether this came about because nobody reads the output any more.
pub fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<io::Error>().is_some_and(|it| it.kind() == ErrorKind::BrokenPipe) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Asks whether to go on. With nobody there to ask, `--yes` must have been said.
pub fn confirm(question: Arguments<'_>, yes: bool) -> Result<(), Failed> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(format!("{question} Say so with --yes.").into());
    }
    write!(io::stderr(), "{question} [y/N] ")?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err("nothing was done".into()),
    }
}
