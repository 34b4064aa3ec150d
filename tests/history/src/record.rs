//! What was asked and what was answered: the record that is judged, and its file.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

/// Whatever keeps a run from going on.
pub type Failed = Box<dyn std::error::Error + Send + Sync>;

/// What a run was, so that it can be run again.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Run {
    /// The seed.
    pub seed: u64,
    /// `sqlite` or `postgres`.
    pub database: String,
    /// How many servers.
    pub servers: usize,
    /// How many clients.
    pub clients: usize,
    /// Which faults, by name.
    pub faults: Vec<String>,
    /// By how many milliseconds the clocks of servers may be wrong.
    #[serde(default)]
    pub skew: i64,
    /// The clock of the system when the run's own clock stood at 0, in milliseconds.
    pub began: i64,
}

/// One call, as its client saw it. Times are nanoseconds of the run's own clock, which never goes back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Op {
    /// Its number in the record.
    pub id: u32,
    /// Which client.
    pub client: u16,
    /// The space's name.
    pub space: String,
    /// The user who asks; empty for a service.
    pub actor: String,
    /// In which dialect.
    pub surface: Surface,
    /// What is asked.
    pub call: Call,
    /// Whether nothing is to be written.
    #[serde(default)]
    pub validate_only: bool,
    /// When the call began.
    pub called: u64,
    /// When the answer was there, or the client gave up.
    pub answered: u64,
    /// What came of it.
    pub outcome: Outcome,
}

/// The dialects in which a server can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Surface {
    /// gRPC.
    Grpc,
    /// The contract as JSON over HTTP.
    Json,
    /// Courses, groups and events over REST.
    SelfCommunity,
    /// Communities over REST.
    Whisk,
}

/// What is asked of one space.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Call {
    Create {
        privacy: String,
        creator: String,
        capacity: Option<i64>,
        waitlist: bool,
    },
    Update {
        privacy: Option<String>,
        capacity: Option<i64>,
        waitlist: Option<bool>,
        if_version: Option<i64>,
    },
    Delete {
        if_version: Option<i64>,
        if_empty: bool,
    },
    Join,
    JoinByLink {
        secret: String,
    },
    CreateLink {
        grant: String,
        until: Option<i64>,
        max_uses: Option<i64>,
    },
    RevokeLink(i64),
    Leave,
    Remove(String),
    Invite {
        users: Vec<String>,
        until: Option<i64>,
        each: bool,
    },
    RemoveInvitations {
        users: Vec<String>,
        each: bool,
    },
    Add {
        users: Vec<String>,
        until: Option<i64>,
        each: bool,
    },
    Roles {
        managers: Vec<String>,
        members: Vec<String>,
        none: Vec<String>,
        until: Ending,
        each: bool,
    },
    Block {
        users: Vec<String>,
        until: Option<i64>,
        each: bool,
    },
    Unblock {
        users: Vec<String>,
        each: bool,
    },
    Attend(Option<bool>),
    SetAttendance {
        users: Vec<String>,
        going: Option<bool>,
        each: bool,
    },
    Transfer(String),
    Sweep(String),
    Erase {
        user: String,
        successor: Option<String>,
    },
    Get(String),
    Check(String),
    List(Vec<String>),
    Space,
    Events {
        after: i64,
    },
    Listed,
    Links,
}

/// Until when a role is to last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// Nothing is said.
    Unsaid,
    /// For ever.
    Never,
    /// Until this moment, in milliseconds since 1970.
    At(i64),
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// It was answered.
    Ok(Answer),
    /// A rule said no, for this reason.
    Refused(String),
    /// It was certainly not done, for a reason that is no rule.
    NotDone(String),
    /// Nobody knows whether it was done.
    Unknown(String),
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// Success, without a word.
    Done,
    /// One membership after a command, or as it was read.
    One { member: Seen, changed: Option<bool> },
    /// What somebody is, in the words of a foreign surface.
    Relation(Option<String>),
    /// One result for each user.
    Many(Vec<(Seen, String)>),
    /// What somebody is, in short.
    Check { status: String, version: i64 },
    /// A space.
    Space(Box<SpaceSeen>),
    /// Who has a status.
    Members(Vec<Seen>),
    /// The history after a number.
    Events(Vec<EventSeen>),
    /// How many a sweep changed, and whether the space is full.
    Swept { changed: usize, full: bool },
    /// What the user is in this space, if their list has it.
    Listed(Option<Seen>),
    /// An invite link after a command, and its secret if it was made.
    Link { link: LinkSeen, secret: String, changed: bool },
    /// All invite links.
    Links(Vec<LinkSeen>),
}

/// A membership in an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Seen {
    pub user: String,
    pub status: String,
    pub version: i64,
    pub attendance: Option<bool>,
    pub until: Option<i64>,
    pub invited_by: String,
}

/// An invite link in an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkSeen {
    pub id: i64,
    pub grant: String,
    pub until: Option<i64>,
    pub max_uses: Option<i64>,
    pub uses: i64,
    pub created_by: String,
    pub revoked: bool,
    pub live: bool,
}

/// A space in an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpaceSeen {
    pub privacy: String,
    pub creator: String,
    pub capacity: Option<i64>,
    pub version: i64,
    pub seats: i64,
    pub going: i64,
    pub waitlist: bool,
    /// Invited, requested, waitlisted, members, managers, creators, blocked; only managers are told.
    pub counts: Option<[i64; 7]>,
}

/// An event in an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventSeen {
    pub sequence: i64,
    pub name: String,
    pub user: String,
    pub actor: String,
    pub from: String,
    pub to: String,
    pub cause: String,
    pub at: i64,
    pub until: Option<i64>,
}

/// A fault, from when to when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultSpan {
    /// Its name.
    pub name: String,
    /// When it began.
    pub began: u64,
    /// When it was over.
    pub ended: u64,
}

/// All of a run.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// What the run was.
    pub run: Run,
    /// Every call, in order of its number.
    pub ops: Vec<Op>,
    /// Every fault.
    pub faults: Vec<FaultSpan>,
}

#[derive(Serialize, Deserialize)]
enum Line {
    Run(Run),
    Fault(FaultSpan),
    Op(Box<Op>),
}

impl History {
    /// Reads a record.
    pub fn read(path: &Path) -> Result<Self, Failed> {
        let mut history = Self::default();
        for line in BufReader::new(std::fs::File::open(path)?).lines() {
            match serde_json::from_str(&line?)? {
                Line::Run(run) => history.run = run,
                Line::Fault(fault) => history.faults.push(fault),
                Line::Op(op) => history.ops.push(*op),
            }
        }
        Ok(history)
    }

    /// Writes it down: one line of JSON for the run, each fault and each call.
    pub fn write(&self, path: &Path) -> Result<(), Failed> {
        let mut file = BufWriter::new(std::fs::File::create(path)?);
        let lines = [Line::Run(self.run.clone())].into_iter();
        let lines = lines.chain(self.faults.iter().cloned().map(Line::Fault));
        for line in lines.chain(self.ops.iter().cloned().map(|op| Line::Op(Box::new(op)))) {
            serde_json::to_writer(&mut file, &line)?;
            file.write_all(b"\n")?;
        }
        Ok(file.flush()?)
    }

    /// The calls of each space.
    pub fn by_space(&self) -> BTreeMap<&str, Vec<&Op>> {
        let mut spaces: BTreeMap<&str, Vec<&Op>> = BTreeMap::new();
        for op in &self.ops {
            spaces.entry(&op.space).or_default().push(op);
        }
        spaces
    }
}

impl Op {
    /// Who is erased by it, and since when.
    pub fn erased(&self) -> Option<(&str, u64)> {
        match &self.call {
            Call::Erase { user, .. } => Some((user, self.called)),
            _ => None,
        }
    }

    /// Whether nothing is known of its end, so that it may have happened at any time after its call.
    pub const fn is_unknown(&self) -> bool {
        matches!(self.outcome, Outcome::Unknown(_))
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |at: u64| at as f64 / 1e6;
        let actor = if self.actor.is_empty() { "a service" } else { &self.actor };
        write!(f, "#{} {:.3}..{:.3} ms ", self.id, ms(self.called), ms(self.answered))?;
        write!(f, "client {} ({:?}) {actor}: {:?}", self.client, self.surface, self.call)?;
        if self.validate_only {
            f.write_str(" (validate only)")?;
        }
        write!(f, " -> {:?}", self.outcome)
    }
}
