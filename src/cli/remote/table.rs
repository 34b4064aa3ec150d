//! Answers as tables for people, or as JSON for programs.

use std::io::{self, Write};
use std::sync::LazyLock;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};
use roster_proto::DESCRIPTORS;
use tabwriter::TabWriter;

use super::super::Failed;

/// What an answer is made of.
pub trait Row {
    /// What it is in the contract.
    type Message: Message;
    /// The name of that.
    const MESSAGE: &'static str;
    /// What stands above each column.
    const COLUMNS: &'static [&'static str];
    /// The message itself.
    fn message(&self) -> &Self::Message;
    /// A text for each column.
    fn cells(&self) -> Vec<String>;
}

/// Prints answers, page by page.
pub struct Printer {
    json: bool,
    has_header: bool,
}

impl Printer {
    /// Prints JSON or tables.
    pub fn new(json: bool) -> Self {
        Self { json, has_header: false }
    }

    /// Prints these rows below those that were printed before.
    pub fn rows<R: Row>(&mut self, rows: &[R]) -> Result<(), Failed> {
        let mut out = io::stdout().lock();
        if self.json {
            for row in rows {
                writeln!(out, "{}", json(row)?)?;
            }
            return Ok(());
        }
        let mut table = TabWriter::new(out).padding(3);
        if !self.has_header {
            self.has_header = true;
            writeln!(table, "{}", R::COLUMNS.join("\t"))?;
        }
        for row in rows {
            writeln!(table, "{}", row.cells().join("\t"))?;
        }
        Ok(table.flush()?)
    }

    /// Prints one answer, a line for each column, and these lines too.
    pub fn one<R: Row>(&self, row: &R, more: &[(&str, String)]) -> Result<(), Failed> {
        let mut out = io::stdout().lock();
        if self.json {
            return Ok(writeln!(out, "{}", json(row)?)?);
        }
        let mut table = TabWriter::new(out).padding(3);
        for (column, cell) in R::COLUMNS.iter().zip(row.cells()) {
            writeln!(table, "{column}\t{cell}")?;
        }
        for (name, text) in more {
            writeln!(table, "{name}\t{text}")?;
        }
        Ok(table.flush()?)
    }
}

static CONTRACT: LazyLock<Result<DescriptorPool, prost_reflect::DescriptorError>> =
    LazyLock::new(|| DescriptorPool::decode(DESCRIPTORS));

/// A message as the contract's JSON, on one line.
fn json<R: Row>(row: &R) -> Result<String, Failed> {
    let contract = CONTRACT.as_ref()?;
    let descriptor = contract.get_message_by_name(R::MESSAGE).ok_or(R::MESSAGE)?;
    let message = DynamicMessage::decode(descriptor, row.message().encode_to_vec().as_slice())?;
    Ok(serde_json::to_string(&message)?)
}
