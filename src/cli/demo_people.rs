//! The sample people's names, in several scripts.

use super::Failed;
use crate::domain::{Line, People, Person, Profile, Prose, SourceTime, UserId};
use crate::service::{Call, Service};

/// 2026-01-01, in microseconds.
const SINCE: i64 = 1_767_225_600_000_000;

/// The user names and names of user 1 and those after.
const NAMES: [(&str, &str); 30] = [
    ("rosa", "Rosa Baker"),
    ("marco", "Marco Rossi"),
    ("ines", "Inês Carvalho"),
    ("lukas", "Lukas Müller"),
    ("aiko", "佐藤愛子"),
    ("igor", "Игорь Соколов"),
    ("ana", "Ana García"),
    ("omar", "عمر حداد"),
    ("eleni", "Ελένη Παππά"),
    ("noa", "נועה לוי"),
    ("priya", "प्रिया शर्मा"),
    ("minjun", "김민준"),
    ("linh", "Nguyễn Thị Linh"),
    ("somchai", "สมชาย ใจดี"),
    ("chloe", "Chloé Dubois"),
    ("jan", "Jan Novák"),
    ("freja", "Freja Sørensen"),
    ("ayse", "Ayşe Yılmaz"),
    ("zofia", "Zofia Wójcik"),
    ("amara", "Amara Okafor"),
    ("liam", "Liam O'Brien"),
    ("wei", "李伟"),
    ("sofia", "Sofía Fernández"),
    ("tomas", "Tomás Silva"),
    ("hanna", "Hanna Nieminen"),
    ("daniel", "Daniel Cohen-Smith"),
    ("fatima", "Fátima Alves"),
    ("peter", "Péter Nagy"),
    ("maja", "Maja Horvat"),
    ("sam", "Sam Taylor"),
];

/// Says who the sample people are. To say it again does no harm.
pub async fn seed(service: &Service, call: &Call) -> Result<(), Failed> {
    let people = NAMES.iter().zip(1..).map(person).collect::<Result<_, Failed>>()?;
    let people = People::new(people).map_err(|_| "there are no sample people")?;
    service.put_people(call, people, call.deadline).await?;
    Ok(())
}

fn person(((username, name), id): (&(&str, &str), i64)) -> Result<Person, Failed> {
    let bad = "a sample person has a bad name";
    let profile = Profile {
        username: Line::new(username).map_err(|_| bad)?,
        real_name: Line::new(name).map_err(|_| bad)?,
        bio: Prose::new("Bakes bread, and is a sample.").map_err(|_| bad)?,
        joined_at: Some(SINCE / 1000),
        ..Profile::default()
    };
    Ok(Person {
        user: UserId::parse(&id.to_string()).map_err(|_| bad)?,
        changed_at: SourceTime::new(SINCE).ok_or(bad)?,
        profile: Some(profile),
    })
}
