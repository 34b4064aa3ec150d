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

/// Lines on their way to a server: collected, sent as one stream, and sent again if that fails.
pub struct Sending {
    remote: Remote,
    messages: Vec<Bytes>,
    message: Vec<u8>,
    /// Which line of the file each line of the stream is.
    lines: Vec<u64>,
    /// How many lines belong together until now.
    together: usize,
    /// Lines that could not be read here.
    unreadable: HashMap<u64, String>,
    told: Imported,
}

impl Sending {
    /// Nothing is on its way to this server yet.
    pub fn new(remote: Remote) -> Self {
        Self {
            remote,
            messages: Vec::new(),
            message: Vec::new(),
            lines: Vec::new(),
            together: 0,
            unreadable: HashMap::new(),
            told: Imported::default(),
        }
    }

    /// What came of it until now.
    pub const fn told(&self) -> Imported {
        self.told
    }

    /// Takes what the next line says, or why that cannot be told: the server must know that there was a
    /// line, since its space is then not moved. Returns lines that were not moved.
    pub async fn take(
        &mut self,
        line: u64,
        found: Result<Record, String>,
    ) -> Result<Vec<FaultyLine>, Failed> {
        let continues = continues(&found);
        let faults = match !continues && self.lines.len() >= STREAM {
            true => self.send().await?,
            false => Vec::new(),
        };
        self.together = if continues { self.together + 1 } else { 0 };
        if self.together > LONGEST {
            // The server refuses this space, and says so once.
            return Ok(faults);
        }
        let mut text = Vec::new();
        match found {
            Ok(record) => interchange::write(&record, &mut text)?,
            Err(reason) => {
                self.unreadable.insert(line, reason);
            }
        }
        if text.is_empty() || text.len() > MOST {
            text = b"?\n".to_vec();
            let too_long = || "this is too long to be sent".to_owned();
            self.unreadable.entry(line).or_insert_with(too_long);
        }
        if self.message.len() + text.len() > MESSAGE {
            self.end_message();
        }
        self.message.extend(text);
        self.lines.push(line);
        Ok(faults)
    }

    fn end_message(&mut self) {
        if !self.message.is_empty() {
            self.messages.push(std::mem::take(&mut self.message).into());
        }
    }

    /// Sends what was collected; to send it again does no harm. Returns lines that were not moved.
    pub async fn send(&mut self) -> Result<Vec<FaultyLine>, Failed> {
        self.end_message();
        let (messages, lines) =
            (std::mem::take(&mut self.messages), std::mem::take(&mut self.lines));
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        let ask = async || {
            let parts = messages.clone().into_iter();
            let parts = parts.map(|lines| pb::ImportSpacesRequest { lines: lines.into() });
            self.remote.spaces().import_spaces(tokio_stream::iter(parts)).await
        };
        let answer = self.remote.call(ask).await?;
        let unreadable = std::mem::take(&mut self.unreadable);
        self.told.spaces += answer.space_count.unsigned_abs();
        self.told.memberships += answer.membership_count.unsigned_abs();
        self.told.people += answer.person_count.unsigned_abs();
        self.told.unchanged += answer.unchanged_count.unsigned_abs();
        self.told.faulty += answer.faulty_count.unsigned_abs();
        let fault = |fault: pb::FaultyLine| {
            let place = usize::try_from(fault.line - 1).ok();
            let line = place.and_then(|place| lines.get(place)).copied().unwrap_or_default();
            let reason = unreadable.get(&line).cloned().unwrap_or(fault.reason);
            FaultyLine { line, reason }
        };
        Ok(answer.faulty_lines.into_iter().map(fault).collect())
    }
}
