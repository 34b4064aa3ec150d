//! `roster import --server`: sends lines to a running server.

use std::collections::HashMap;

use bytes::Bytes;

use super::super::Failed;
use super::Remote;
use crate::domain::Record;
use crate::interchange;
use crate::service::{FaultyLine, Imported};
use crate::transport::grpc::pb;

/// How many bytes a message has, about; a line may have more.
const MESSAGE: usize = 128 * 1024;
/// A message is no longer than this.
const MOST: usize = 250 * 1024;
/// After so many lines a stream ends, where a space does: the server has 30 seconds for it.
const STREAM: usize = 20_000;

/// A space of more lines is refused, so the rest of them is not sent.
const LONGEST: usize = 2 * STREAM;

/// Whether a line may belong to the space before it, so that they must be sent together.
fn continues(found: &Result<Record, String>) -> bool {
    match found {
        Ok(Record::Person(_) | Record::Space(_)) => false,
        Ok(Record::Membership(membership)) => membership.version.is_some(),
        Ok(Record::Event(_)) | Err(_) => true,
    }
}

/// Lines that are sent as one stream, and sent again if that fails.
#[derive(Default)]
pub struct Batch {
    messages: Vec<Bytes>,
    /// Which line of the file each line of the stream is.
    lines: Vec<u64>,
    /// Lines that could not be read here.
    unreadable: HashMap<u64, String>,
}

/// Puts lines together.
#[derive(Default)]
pub struct Packing {
    batch: Batch,
    message: Vec<u8>,
    /// How many lines belong together until now.
    together: usize,
    /// Whether what comes next does not belong to the space before it.
    is_ended: bool,
}

impl Packing {
    /// Takes what the next line says, or why that cannot be told: the server must know that there was a
    /// line, since its space is then not moved. Returns a batch when it is whole.
    pub fn take(
        &mut self,
        line: u64,
        found: Result<Record, String>,
    ) -> Result<Option<Batch>, Failed> {
        let continues = continues(&found);
        let is_strange = std::mem::take(&mut self.is_ended) && continues;
        let is_long = !continues && self.batch.lines.len() >= STREAM;
        let whole = if is_strange || is_long { self.end() } else { None };
        self.together = if continues { self.together + 1 } else { 0 };
        if self.together > LONGEST {
            // The server refuses this space, and says so once.
            return Ok(whole);
        }
        let begin = self.message.len();
        match found {
            Ok(record) => interchange::write(&record, &mut self.message)?,
            Err(reason) => {
                self.batch.unreadable.insert(line, reason);
            }
        }
        let length = self.message.len() - begin;
        if length == 0 || length > MOST {
            self.message.truncate(begin);
            self.message.extend(b"?\n");
            let too_long = || "this is too long to be sent".to_owned();
            self.batch.unreadable.entry(line).or_insert_with(too_long);
        }
        if self.message.len() > MESSAGE {
            let this = self.message.split_off(begin);
            self.end_message();
            self.message = this;
        }
        self.batch.lines.push(line);
        Ok(whole)
    }

    /// The space that was being read is over, as somebody else's line says.
    pub fn end_space(&mut self) {
        self.is_ended = true;
    }

    fn end_message(&mut self) {
        if !self.message.is_empty() {
            self.batch.messages.push(std::mem::take(&mut self.message).into());
        }
    }

    /// What was put together, if anything was.
    pub fn end(&mut self) -> Option<Batch> {
        self.end_message();
        Some(std::mem::take(&mut self.batch)).filter(|batch| !batch.messages.is_empty())
    }
}

impl Batch {
    /// Sends it, adds what came of it, and returns lines that were not moved.
    pub async fn send(
        self,
        remote: &Remote,
        told: &mut Imported,
    ) -> Result<Vec<FaultyLine>, Failed> {
        let Self { messages, lines, unreadable } = self;
        let ask = async || {
            let parts = messages.clone().into_iter();
            let parts = parts.map(|lines| pb::ImportSpacesRequest { lines: lines.into() });
            remote.spaces().import_spaces(tokio_stream::iter(parts)).await
        };
        let answer = remote.call(ask).await?;
        told.spaces += answer.space_count.unsigned_abs();
        told.memberships += answer.membership_count.unsigned_abs();
        told.people += answer.person_count.unsigned_abs();
        told.unchanged += answer.unchanged_count.unsigned_abs();
        told.faulty += answer.faulty_count.unsigned_abs();
        let fault = |fault: pb::FaultyLine| {
            let place = usize::try_from(fault.line - 1).ok();
            let line = place.and_then(|place| lines.get(place)).copied().unwrap_or_default();
            let reason = unreadable.get(&line).cloned().unwrap_or(fault.reason);
            FaultyLine { line, reason }
        };
        Ok(answer.faulty_lines.into_iter().map(fault).collect())
    }
}
