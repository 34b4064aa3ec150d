//! Long lists of users: read whole before anything is sent, sent in parts.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::super::Failed;
use super::user_id;
use crate::domain::{UserId, Users};
use crate::transport::error::expected;

/// How many users a call may name.
pub const PART: usize = Users::MAX;

#[derive(clap::Args)]
#[group(skip)]
pub struct Args {
    /// Which users
    #[arg(value_name = "USER", value_parser = user_id, required_unless_present = "file")]
    users: Vec<UserId>,
    /// File with more users, one on each line; - for standard input. Empty lines and what follows a #
    /// are passed over
    #[arg(long, short, value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Args {
    /// The users in the order in which they were named, each once.
    pub fn users(&self) -> Result<Vec<UserId>, Failed> {
        let mut users = self.users.clone();
        if let Some(path) = &self.file {
            let shown = path.display();
            let source: Box<dyn Read> = if path == Path::new("-") {
                Box::new(std::io::stdin())
            } else {
                Box::new(std::fs::File::open(path).map_err(|error| format!("{shown}: {error}"))?)
            };
            users.extend(read(source).map_err(|problem| format!("{shown}: {problem}"))?);
        }
        let mut seen = HashSet::new();
        users.retain(|user| seen.insert(user.clone()));
        if users.is_empty() { Err("no users are named".into()) } else { Ok(users) }
    }
}

fn read(source: impl Read) -> Result<Vec<UserId>, String> {
    let mut users = Vec::new();
    for (index, line) in BufReader::new(source).lines().enumerate() {
        let line = line.map_err(|error| error.to_string())?;
        let text = line.split('#').next().unwrap_or_default().trim();
        if !text.is_empty() {
            let wrong =
                |_| format!("line {}: {text:?} is no user id. {}", index + 1, expected::USER);
            users.push(UserId::parse(text).map_err(wrong)?);
        }
    }
    Ok(users)
}

/// Shows how far a long work has come, on a terminal alone.
pub fn progress(total: usize) -> ProgressBar {
    progress_of(total, "users")
}

/// The same of anything else.
pub fn progress_of(total: usize, what: &str) -> ProgressBar {
    // What one call does is over before anybody has read that it began.
    let target =
        if total > PART { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(total as u64), target);
    let style = ProgressStyle::with_template(&format!(
        "{{bar:40}} {{human_pos}}/{{human_len}} {what}, {{eta}} left"
    ));
    style.map_or(bar.clone(), |style| bar.with_style(style))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_may_have_remarks() {
        let text = "7\n\n  ada  \r\n# everybody else\nlinus # the other one\n";
        let read = read(text.as_bytes()).unwrap();
        assert_eq!(read.iter().map(UserId::as_str).collect::<Vec<_>>(), ["7", "ada", "linus"]);
    }

    #[test]
    fn a_line_that_names_nobody_is_named() {
        let error = read("7\na b\n".as_bytes()).unwrap_err();
        assert!(error.starts_with("line 2: \"a b\" is no user id. Expected 1 to 128"), "{error}");
        assert!(read(&b"\xff\n"[..]).is_err());
    }
}
