//! A door for `tests/fuzz`: files of other systems, line by line.

use super::foreign::{Args, Shape};
use crate::domain::Record;

/// A file whose lines are read one after the other.
pub struct File(Shape);

impl File {
    /// A file as these options of `roster import` say it is to be read.
    pub fn new(options: &[&str]) -> Option<Self> {
        use clap::{Args as _, Command, FromArgMatches};
        let command = Args::augment_args(Command::new("import").no_binary_name(true));
        let found = command.try_get_matches_from(options).ok()?;
        Args::from_arg_matches(&found).ok()?.shape().ok().map(Self)
    }

    /// Whether it is read once before it is read for good.
    pub fn looks_ahead(&self) -> bool {
        self.0.looks_ahead()
    }

    /// Looks at a line before all are read for good.
    pub fn look(&mut self, line: &str) {
        if let Shape::Table(table) = &mut self.0 {
            table.look(line);
        }
    }

    /// Has looked at all lines.
    pub fn looked(&mut self) -> Result<(), String> {
        match &mut self.0 {
            Shape::Table(table) => table.looked(),
            Shape::Ours | Shape::Pages(_) => Ok(()),
        }
    }

    /// What a line says.
    pub fn records(
        &mut self,
        line: &[u8],
        is_first: bool,
    ) -> Result<Vec<Result<Record, String>>, String> {
        self.0.records(line, is_first)
    }
}
