//! Reads records on a thread of its own, ahead of those who write them.

use std::io::BufRead;

use tokio::sync::mpsc::{self, Receiver, Sender};

use super::foreign::Shape;
use super::lines::{self, Found};
use crate::domain::Record;
use crate::interchange::{self, HEADER, MAX_LINE};

/// How many lines are handed on at a time, and how many such parts wait.
const PART: usize = 1_000;
const WAITING: usize = 16;

/// A line's number and what it says, or why that cannot be told.
pub type Numbered = (u64, Result<Record, String>);
/// Lines in order; or the end of them all, because the source is broken.
pub type Part = Result<Vec<Numbered>, String>;

/// Reads a source in the background.
pub fn start(source: Box<dyn BufRead + Send>, shape: Shape) -> Receiver<Part> {
    let (parts, waiting) = mpsc::channel(WAITING);
    tokio::task::spawn_blocking(move || {
        let mut out = Out { parts, part: Vec::with_capacity(PART) };
        if let Err(problem) = read(source, shape, &mut out) {
            out.flush();
            let _ = out.parts.blocking_send(Err(problem));
        }
        out.flush();
    });
    waiting
}

/// Hands lines on in parts.
pub struct Out {
    parts: Sender<Part>,
    part: Vec<Numbered>,
}

impl Out {
    /// Hands a line on, in time; `false` if nobody takes any more.
    pub fn push(&mut self, line: u64, found: Result<Record, String>) -> bool {
        self.part.push((line, found));
        self.part.len() < PART || self.flush()
    }

    fn flush(&mut self) -> bool {
        self.parts.blocking_send(Ok(std::mem::take(&mut self.part))).is_ok()
    }
}

/// Reads a source once for what must be known before it is read for good.
pub fn look_ahead(mut source: Box<dyn BufRead + Send>, shape: &mut Shape) -> Result<(), String> {
    let Shape::Table(table) = shape else { return Ok(()) };
    let mut line = Vec::new();
    loop {
        match lines::next(&mut *source, &mut line).map_err(|error| error.to_string())? {
            Found::End => return table.looked(),
            Found::TooLong => {}
            Found::Line => table.look(text(&line).unwrap_or_default()),
        }
    }
}

fn text(line: &[u8]) -> Result<&str, String> {
    let text = std::str::from_utf8(line).map_err(|_| "this is not UTF-8")?;
    Ok(text.trim_start_matches('\u{feff}').trim_ascii())
}

fn read(
    mut source: Box<dyn BufRead + Send>,
    mut shape: Shape,
    out: &mut Out,
) -> Result<(), String> {
    let (mut line, mut number, mut has_begun) = (Vec::new(), 0, false);
    loop {
        number += 1;
        let broken = |error| format!("line {number}: {error}");
        let records = match lines::next(&mut *source, &mut line).map_err(broken)? {
            Found::End if !has_begun => return Err("there is nothing in it".into()),
            Found::End => return Ok(()),
            Found::TooLong => Err(format!("this is longer than {MAX_LINE} bytes")),
            Found::Line if line.trim_ascii().is_empty() => continue,
            Found::Line => shape.records(&line, !has_begun),
        };
        let is_first = !std::mem::replace(&mut has_begun, true);
        let records = match records {
            // What the first line means, all others are read by.
            Err(reason) if is_first => return Err(format!("line {number}: {reason}")),
            Err(reason) => vec![Err(reason)],
            Ok(records) => records,
        };
        for record in records {
            if !out.push(number, record) {
                return Ok(());
            }
        }
    }
}

impl Shape {
    pub(super) fn records(
        &mut self,
        line: &[u8],
        is_first: bool,
    ) -> Result<Vec<Result<Record, String>>, String> {
        match self {
            Self::Table(table) => Ok(table.read(text(line)?)?.into_iter().map(Ok).collect()),
            Self::Pages(pages) => pages.read(text(line)?),
            Self::Ours => match (interchange::read(line).map_err(|it| it.0)?, is_first) {
                (None, true) => Ok(Vec::new()),
                (None, false) => Err("this is no first line".into()),
                (Some(_), true) => Err(format!("expected {HEADER}")),
                (Some(record), false) => Ok(vec![Ok(record)]),
            },
        }
    }
}
