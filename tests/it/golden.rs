//! Text that code prints and people review: compared with what the repository holds, or renewed.

use std::fs;
use std::path::{Path, PathBuf};

/// How to renew all of it.
const RENEW: &str = "ROSTER_GOLDEN=write cargo test --test it";

/// A table whose cells are words.
pub struct Grid {
    rows: Vec<Vec<String>>,
}

impl Grid {
    /// A table with these column heads and no rows yet.
    pub fn new<T: ToString>(head: impl IntoIterator<Item = T>) -> Self {
        let mut grid = Self { rows: Vec::new() };
        grid.row(head);
        grid
    }

    /// Adds a row.
    pub fn row<T: ToString>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(|cell| cell.to_string()).collect());
    }

    /// Aligned columns, for a text file.
    pub fn plain(&self) -> String {
        let columns = self.rows[0].len();
        let width = |column: usize| self.rows.iter().map(|row| row[column].chars().count()).max();
        let widths: Vec<_> = (0..columns).filter_map(width).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
        };
        let rule = "-".repeat(widths.iter().sum::<usize>() + 2 * (columns - 1)) + "\n";
        line(&self.rows[0]) + &rule + &self.rows[1..].iter().map(line).collect::<String>()
    }

    /// A table for a page of documentation.
    pub fn markdown(&self) -> String {
        let line = |row: &Vec<String>| format!("| {} |\n", row.join(" | "));
        let rule = format!("|{}\n", "---|".repeat(self.rows[0].len()));
        line(&self.rows[0]) + &rule + &self.rows[1..].iter().map(line).collect::<String>()
    }
}

/// A path in the repository.
pub fn repository(path: impl AsRef<Path>) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Compares a file of `tests/golden` with what the code prints now.
pub fn golden(name: &str, printed: &str) {
    let path = format!("tests/golden/{name}");
    let kept = fs::read_to_string(repository(&path)).unwrap_or_default();
    settle(&path, &kept, printed);
}

/// Compares the parts of a page between `<!-- name -->` and `<!-- /name -->` with what the code
/// prints now.
pub fn marked(path: &str, parts: &[(&str, String)]) {
    let kept = fs::read_to_string(repository(path)).unwrap();
    let mut page = kept.clone();
    for (name, printed) in parts {
        let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
        page = replaced(path, &page, &begin, &end, printed);
    }
    settle(path, &kept, &page);
}

/// Compares the part of any other file between two lines with what the code prints now.
pub fn between(path: &str, begin: &str, end: &str, printed: &str) {
    let kept = fs::read_to_string(repository(path)).unwrap();
    settle(path, &kept, &replaced(path, &kept, begin, end, printed));
}

fn replaced(path: &str, text: &str, begin: &str, end: &str, printed: &str) -> String {
    let Some((before, rest)) = text.split_once(begin) else { panic!("{path} lacks {begin}") };
    let Some((_, after)) = rest.split_once(end) else { panic!("{path} lacks {end}") };
    format!("{before}{begin}{printed}{end}{after}")
}

fn settle(path: &str, kept: &str, printed: &str) {
    if kept == printed {
        return;
    }
    if is_renewing() {
        fs::create_dir_all(repository("tests/golden")).unwrap();
        return fs::write(repository(path), printed).unwrap();
    }
    let difference = difference(kept, printed);
    panic!(
        "{path} is not what the code says now:\n\n{difference}\nIf the code is right: {RENEW}\n"
    );
}

#[expect(clippy::disallowed_methods, reason = "a wish of whoever runs the tests, not a setting")]
fn is_renewing() -> bool {
    std::env::var_os("ROSTER_GOLDEN").is_some_and(|wish| wish == "write")
}

/// The lines that are only in the one or only in the other.
fn difference(kept: &str, printed: &str) -> String {
    let (kept, printed): (Vec<_>, Vec<_>) = (kept.lines().collect(), printed.lines().collect());
    let gone = kept.iter().filter(|line| !printed.contains(line)).map(|line| ('-', line));
    let come = printed.iter().filter(|line| !kept.contains(line)).map(|line| ('+', line));
    let lines: String = gone.chain(come).map(|(sign, line)| format!("{sign} {line}\n")).collect();
    if lines.is_empty() { "the same lines in another order or number\n".into() } else { lines }
}
