//! What the columns of a table mean.

use std::collections::HashMap;

use serde::Deserialize;

use super::{csv, new_space, time};
use crate::domain::{MembershipRecord, Privacy, Record, SpaceName, Status, UserId};

/// A mapping file. Columns are named as the table's first row names them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The column with the space's id.
    space: Option<String>,
    /// What is put before it.
    #[serde(default)]
    space_prefix: String,
    /// What is left out of it.
    #[serde(default)]
    space_without: String,
    /// The column with the user's id.
    user: String,
    /// The column with what they are.
    status: Option<String>,
    /// The column with the time since which they are.
    joined_at: Option<String>,
    /// What the words in the column mean.
    #[serde(default)]
    statuses: HashMap<String, String>,
    #[serde(skip)]
    pub fixed_space: Option<SpaceName>,
    #[serde(skip)]
    pub default_status: Option<Status>,
    #[serde(skip)]
    pub make_spaces: Option<Privacy>,
    #[serde(skip)]
    pub creator: Option<UserId>,
}

/// A table that is being read.
pub struct Mapped {
    mapping: Mapping,
    statuses: HashMap<String, Status>,
    columns: Option<Columns>,
    /// The creators that the table names.
    creators: HashMap<SpaceName, UserId>,
    /// Spaces that were made on the way.
    made: HashMap<SpaceName, UserId>,
}

#[derive(Clone, Copy)]
struct Columns {
    space: Option<usize>,
    user: usize,
    status: Option<usize>,
    joined_at: Option<usize>,
}

impl Mapped {
    /// A table with this mapping; says what is wrong with it.
    pub fn new(mapping: Mapping) -> Result<Self, String> {
        let status = |(text, word): (&String, &String)| {
            let status = Status::from_word(word).filter(|status| *status != Status::Absent);
            let status = status.ok_or_else(|| format!("the mapping: {word:?} is no status"))?;
            Ok((text.clone(), status))
        };
        let statuses = mapping.statuses.iter().map(status).collect::<Result<_, String>>()?;
        if mapping.space.is_none() && mapping.fixed_space.is_none() {
            return Err("no column is a space's: name one in the mapping, or say --space".into());
        }
        let (creators, made) = (HashMap::new(), HashMap::new());
        Ok(Self { mapping, statuses, columns: None, creators, made })
    }

    /// Whether spaces are made, so that their creators must be known first.
    pub const fn looks_ahead(&self) -> bool {
        self.mapping.make_spaces.is_some()
    }

    /// Looks for creators in a line, in a first reading.
    pub fn look(&mut self, line: &str) {
        if let Ok(Some(record)) = self.row(line)
            && record.status == Status::Creator
        {
            self.creators.entry(record.space).or_insert(record.user);
        }
    }

    /// Ends the first reading.
    pub fn looked(&mut self) -> Result<(), String> {
        self.columns = None;
        let is_space = |user: &UserId| {
            let name = self.space_of(user.as_str());
            name.is_ok_and(|name| self.creators.contains_key(&name))
        };
        if self.mapping.fixed_space.is_none() && self.creators.values().any(is_space) {
            return Err(
                "somebody is both a space and its creator: each membership stands here in \
                        both directions, and should in one"
                    .into(),
            );
        }
        Ok(())
    }

    /// What a line says; the first one names the columns.
    pub fn read(&mut self, line: &str) -> Result<Vec<Record>, String> {
        let Some(mut record) = self.row(line)? else { return Ok(Vec::new()) };
        let Some(privacy) = self.mapping.make_spaces else {
            record.status = below_creator(record.status);
            return Ok(vec![Record::Membership(record)]);
        };
        let mut records = Vec::new();
        let creator = match self.made.get(&record.space) {
            Some(creator) => creator.clone(),
            None => {
                let creator = self.creators.get(&record.space).or(self.mapping.creator.as_ref());
                let creator =
                    creator.ok_or("the space has no creator here: say --creator")?.clone();
                records.push(new_space(&record.space, privacy, &creator));
                self.made.insert(record.space.clone(), creator.clone());
                creator
            }
        };
        if record.user != creator {
            record.status = below_creator(record.status);
        }
        records.push(Record::Membership(record));
        Ok(records)
    }

    fn row(&mut self, line: &str) -> Result<Option<MembershipRecord>, String> {
        let cells = csv::cells(line).ok_or("a quote is not closed in its line")?;
        let Some(columns) = self.columns else {
            self.columns = Some(self.columns_of(&cells)?);
            return Ok(None);
        };
        let cell = |column: usize| cells.get(column).map_or("", |cell| cell.trim());
        let user = cell(columns.user);
        let space = match (&self.mapping.fixed_space, columns.space) {
            (None, Some(column)) => self.space_of(cell(column))?,
            (Some(space), _) => space.clone(),
            (None, None) => return Err("no space is named".into()),
        };
        let status = match columns.status.map(cell) {
            Some(word) => self.status_of(word)?,
            None => self.mapping.default_status.unwrap_or(Status::Member),
        };
        let joined_at = match columns.joined_at.map(cell).filter(|text| !text.is_empty()) {
            Some(text) => Some(time::read(text).ok_or(format!("{text:?} is no time"))?),
            None => None,
        };
        Ok(Some(MembershipRecord {
            space,
            user: UserId::parse(user).map_err(|_| format!("{user:?} is no user's id"))?,
            status,
            version: None,
            invited_by: None,
            joined_at,
            attendance: None,
            changed_at: None,
            until: None,
        }))
    }

    fn status_of(&self, word: &str) -> Result<Status, String> {
        let status = self.statuses.get(word).copied();
        let status =
            status.or(if self.statuses.is_empty() { Status::from_word(word) } else { None });
        let status = status.or(self.mapping.default_status).filter(|it| *it != Status::Absent);
        status.ok_or_else(|| format!("nothing is said of the status {word:?}"))
    }

    fn space_of(&self, id: &str) -> Result<SpaceName, String> {
        let Mapping { space_prefix, space_without, .. } = &self.mapping;
        let left = match space_without.is_empty() {
            true => id.to_owned(),
            false => id.replace(space_without.as_str(), ""),
        };
        let name = format!("{space_prefix}{left}");
        SpaceName::parse(&name).map_err(|_| format!("{name:?} is no space's name"))
    }

    fn columns_of(&self, header: &[String]) -> Result<Columns, String> {
        let place = |name: &String| {
            let place = header.iter().position(|cell| cell.trim() == name);
            place.ok_or_else(|| format!("there is no column {name:?}"))
        };
        let maybe = |name: &Option<String>| name.as_ref().map(place).transpose();
        let Mapping { space, user, status, joined_at, fixed_space, .. } = &self.mapping;
        Ok(Columns {
            space: if fixed_space.is_some() { None } else { maybe(space)? },
            user: place(user)?,
            status: maybe(status)?,
            joined_at: maybe(joined_at)?,
        })
    }
}

/// Others have several owners; here one is the creator, and the others manage the space with them.
fn below_creator(status: Status) -> Status {
    if status == Status::Creator { Status::Manager } else { status }
}
