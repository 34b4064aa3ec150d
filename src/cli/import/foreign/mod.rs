//! Files of other systems: pages of SelfCommunity's API, and tables as CSV with a mapping of their columns.

mod csv;
mod mapping;
mod page;
mod time;

use std::path::PathBuf;

use super::super::Failed;
use crate::domain::{Life, Privacy, Record, SpaceName, SpaceRecord, Status, UserId};

pub use mapping::{Mapped, Mapping};
pub use page::Pages;

/// Which system wrote the file.
#[derive(clap::Args)]
#[group(skip)]
pub struct Args {
    /// Whose file this is; roster's own if not given
    #[arg(long, value_name = "SYSTEM", value_enum, conflicts_with = "mapping")]
    from: Option<System>,
    /// TOML file that says what the columns of a CSV file mean
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// The space that all of it is about, if the file names none
    #[arg(long, value_name = "SPACE", value_parser = space_name)]
    space: Option<SpaceName>,
    /// What everybody is of whom the file says nothing else
    #[arg(long, value_name = "STATUS", value_parser = status)]
    status: Option<Status>,
    /// Make the spaces that are not there, of this privacy, with the creators that the file names
    #[arg(long, value_name = "PRIVACY", value_parser = privacy)]
    make_spaces: Option<Privacy>,
    /// The creator of spaces for which the file names none
    #[arg(long, value_name = "USER", value_parser = user, requires = "make_spaces")]
    creator: Option<UserId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum System {
    /// Pages of members as its API answers them, one on each line; needs --space
    Selfcommunity,
    /// The table group_edge as CSV, as far as source_id is a group
    Nakama,
    /// The table group_users as CSV
    Discourse,
}

const NAKAMA: &str = include_str!("nakama.toml");
const DISCOURSE: &str = include_str!("discourse.toml");

/// How lines are read.
pub enum Shape {
    /// Our own format.
    Ours,
    /// A table.
    Table(Box<Mapped>),
    /// Pages of users.
    Pages(Pages),
}

impl Args {
    /// How the file is to be read.
    pub fn shape(self) -> Result<Shape, Failed> {
        let mapping = match (&self.from, &self.mapping) {
            (Some(System::Selfcommunity), _) => {
                let space = self.space.ok_or("--space must name the space of these pages")?;
                return Ok(Shape::Pages(Pages::new(
                    space,
                    self.status.unwrap_or(Status::Member),
                    self.make_spaces.zip(self.creator),
                )));
            }
            (Some(System::Nakama), _) => NAKAMA.to_owned(),
            (Some(System::Discourse), _) => DISCOURSE.to_owned(),
            (None, Some(path)) => {
                let shown = path.display();
                std::fs::read_to_string(path).map_err(|error| format!("{shown}: {error}"))?
            }
            (None, None) => return Ok(Shape::Ours),
        };
        let mut mapping: Mapping = toml::from_str(&mapping).map_err(|e| e.to_string())?;
        mapping.fixed_space = self.space;
        mapping.default_status = self.status.or(mapping.default_status);
        mapping.make_spaces = self.make_spaces;
        mapping.creator = self.creator;
        Ok(Shape::Table(Box::new(Mapped::new(mapping)?)))
    }
}

impl Shape {
    /// Whether the file must be read once before it is read for good.
    pub fn looks_ahead(&self) -> bool {
        matches!(self, Self::Table(table) if table.looks_ahead())
    }
}

/// A space that is made on the way, if there is none of its name.
fn new_space(name: &SpaceName, privacy: Privacy, creator: &UserId) -> Record {
    let content = crate::domain::Content {
        display_name: crate::domain::DisplayName::default(),
        attributes: crate::domain::Attributes::default(),
    };
    Record::Space(Box::new(SpaceRecord {
        name: name.clone(),
        privacy,
        contribution: crate::domain::Contribution::Anyone,
        created_at: None,
        seq: None,
        life: Life::Living {
            creator: creator.clone(),
            capacity: None,
            waitlist: false,
            cool_down: crate::domain::CoolDown::default(),
            content,
        },
    }))
}

fn space_name(text: &str) -> Result<SpaceName, String> {
    SpaceName::parse(text).map_err(|_| "expected a space such as groups/12".to_owned())
}

fn user(text: &str) -> Result<UserId, String> {
    UserId::parse(text).map_err(|_| "expected a user's id".to_owned())
}

fn status(text: &str) -> Result<Status, String> {
    let status = Status::from_word(text).filter(|status| *status != Status::Absent);
    status.ok_or_else(|| "expected a status such as member".to_owned())
}

fn privacy(text: &str) -> Result<Privacy, String> {
    Privacy::from_word(text).ok_or_else(|| "expected open, private, secret or draft".to_owned())
}
