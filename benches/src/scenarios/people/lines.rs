//! A million people and a million memberships, as `roster import` reads them. Ids and names look random.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::ids::{letters, number};
use crate::server::Failed;

/// Everybody's first space has so many courses, groups and communities beside it, and they have so many
/// members each.
pub struct Sizes {
    pub people: usize,
    /// Members of the first course.
    pub large: usize,
    /// Courses with some hundreds of members.
    pub middling: usize,
    pub each: usize,
    /// Courses with a few.
    pub small: usize,
    pub groups: usize,
    pub communities: usize,
    /// People who are in many courses, and in how many.
    pub busy: usize,
    pub many: usize,
}

/// Who creates every space, and who is in very many of them; the last one is nothing to any.
pub const CREATOR: usize = 0;
pub const BUSY: usize = 1;

/// What one in twenty people is called, and what thirty are called.
pub const COMMON: &str = "anna";
pub const RARE: &str = "zyxwy";
/// What every course is called, and what one in five hundred is called.
pub const COMMON_COURSE: &str = "course";
pub const RARE_COURSE: &str = "sourdough";

impl Sizes {
    pub fn full() -> Self {
        Self {
            people: 1_000_000,
            large: 100_000,
            middling: 1_000,
            each: 600,
            small: 9_000,
            groups: 5_000,
            communities: 2_000,
            busy: 250,
            many: 200,
        }
    }

    /// Enough to see that it runs.
    pub fn smoke() -> Self {
        Self {
            people: 2_000,
            large: 300,
            middling: 40,
            each: 30,
            small: 60,
            groups: 20,
            communities: 30,
            busy: 2,
            many: 35,
        }
    }

    pub fn courses(&self) -> usize {
        1 + self.middling + self.small
    }

    /// The id of somebody who belongs to nothing.
    pub fn stranger(&self) -> String {
        number(self.people - 1)
    }
}

/// Syllables of several scripts.
const SYLLABLES: [[&str; 12]; 4] = [
    ["an", "be", "co", "da", "el", "fi", "go", "ha", "il", "jo", "ka", "lu"],
    ["ан", "бе", "ко", "да", "ел", "фи", "го", "ха", "ил", "жо", "ка", "лю"],
    ["αν", "βε", "κο", "δα", "ελ", "φι", "γο", "χα", "ιλ", "ρο", "κα", "λου"],
    ["山", "田", "川", "木", "本", "中", "村", "林", "高", "石", "小", "大"],
];

fn name(n: usize) -> String {
    let script = SYLLABLES[match n % 10 {
        7 => 1,
        8 => 2,
        9 => 3,
        _ => 0,
    }];
    let digits = n.wrapping_mul(2_654_435_761) >> 4;
    let part = |count: usize, from: usize| -> String {
        (0..count).map(|place| script[digits / 12_usize.pow((from + place) as u32) % 12]).collect()
    };
    match n {
        _ if n % 20 == 3 => format!("{COMMON} {}", part(4, 2)),
        _ if (100..130).contains(&n) => format!("{RARE} {}", part(3, 2)),
        _ => format!("{} {}", part(2, 0), part(4, 2)),
    }
}

/// Writes the lines into this folder, and says how many memberships they have.
pub fn write(folder: &Path, sizes: &Sizes) -> Result<(PathBuf, usize), Failed> {
    let path = folder.join("people.jsonl");
    let mut out = Lines { out: BufWriter::new(File::create(&path)?), memberships: 0 };
    out.line("{\"format\":\"roster\",\"version\":1}")?;
    for n in 0..sizes.people {
        let (id, name) = (number(n), name(n));
        out.line(&format!(
            "{{\"person\":{{\"user\":\"{id}\",\"changed_at\":1700000000000000,\
             \"username\":\"user{n}\",\"real_name\":\"{name}\"}}}}"
        ))?;
    }
    for n in 1..=sizes.courses() {
        out.course(sizes, n)?;
    }
    for n in 1..=sizes.groups {
        out.space(&format!("groups/{n}"), "open", &format!("group {}", name(n)), n)?;
        out.members(&format!("groups/{n}"), sizes, n * 37, 20)?;
    }
    for n in 1..=sizes.communities {
        let space = format!("communities/{n:032x}");
        out.space(&space, "open", &format!("community {}", name(n)), n)?;
        out.members(&space, sizes, n * 41, 25)?;
    }
    out.out.flush()?;
    Ok((path, out.memberships))
}

struct Lines {
    out: BufWriter<File>,
    memberships: usize,
}

impl Lines {
    fn line(&mut self, text: &str) -> Result<(), Failed> {
        self.out.write_all(text.as_bytes())?;
        Ok(self.out.write_all(b"\n")?)
    }

    /// Each tenth is secret, and half of the others are private.
    fn course(&mut self, sizes: &Sizes, n: usize) -> Result<(), Failed> {
        let privacy = match n % 10 {
            1 => "open",
            0 => "secret",
            even if even % 2 == 0 => "private",
            _ => "open",
        };
        let rare = if n % 500 == 1 { RARE_COURSE } else { "bread" };
        let space = format!("courses/{n}");
        self.space(&space, privacy, &format!("{COMMON_COURSE} {rare} {}", name(n)), n)?;
        let members = match n {
            1 => sizes.large,
            _ if n <= 1 + sizes.middling => sizes.each,
            _ => 11,
        };
        self.members(&space, sizes, n * 601, members)?;
        if (2..2 + sizes.many).contains(&n) {
            for busy in BUSY..BUSY + sizes.busy {
                self.member(&space, busy, n)?;
            }
        }
        Ok(())
    }

    fn space(&mut self, name: &str, privacy: &str, shown: &str, n: usize) -> Result<(), Failed> {
        let (creator, about, category) = (number(CREATOR), letters(n, 500), n % 100 + 1);
        self.line(&format!(
            "{{\"space\":{{\"name\":\"{name}\",\"privacy\":\"{privacy}\",\"creator\":\"{creator}\",\
             \"display_name\":\"{shown}\",\
             \"attributes\":{{\"categories\":[{category}],\"description\":\"{about}\"}}}}}}"
        ))
    }

    /// So many people from all over; the busy ones, the creator and the stranger are not among them.
    fn members(
        &mut self,
        space: &str,
        sizes: &Sizes,
        first: usize,
        count: usize,
    ) -> Result<(), Failed> {
        let (begin, end) = (BUSY + sizes.busy, sizes.people - 1);
        for i in 0..count {
            let person = begin + (first + i * 7_919) % (end - begin);
            self.member(space, person, i)?;
        }
        Ok(())
    }

    fn member(&mut self, space: &str, person: usize, i: usize) -> Result<(), Failed> {
        self.memberships += 1;
        let (id, at) = (number(person), 1_600_000_000_000 + (i * 104_729) % 10_000_000);
        self.line(&format!(
            "{{\"membership\":{{\"space\":\"{space}\",\"user\":\"{id}\",\"status\":\"member\",\
             \"joined_at\":{at},\"changed_at\":{at}}}}}"
        ))
    }
}
