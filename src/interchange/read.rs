//! From lines to domain values.

use std::borrow::Cow;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::line::{
    EventLine, Header, Line as Written, MembershipLine, PersonLine, SpaceLine, TagLine,
};
use super::write::{FORMAT, VERSION};
use crate::domain::{
    Action, Actor, Attendance, Attributes, Authorship, Capacity, Content, Contribution, CoolDown,
    DisplayName, Event, EventName, Life, Line, MembershipRecord, Millis, Note, Offer, Origin,
    Person, Privacy, Profile, Prose, Record, SourceTime, SpaceField, SpaceName, SpaceRecord,
    Status, Subject, Tag, UserId,
};

/// Why a line cannot be read, in words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable(pub String);

type Read<T> = Result<T, Unreadable>;

/// Reads a line; `None` is the first one, which says what the others are.
pub fn read(line: &[u8]) -> Read<Option<Record>> {
    let text = std::str::from_utf8(line).map_err(|_| Unreadable("this is not UTF-8".into()))?;
    let text = text.trim_ascii();
    if text.starts_with("{\"format\"") {
        return header(text).map(|()| None);
    }
    let record = match serde_json::from_str(text).map_err(|error| not_ours(&error))? {
        Written::Person(line) => Record::Person(Box::new(person(&line)?)),
        Written::Space(line) => Record::Space(Box::new(space(&line)?)),
        Written::Event(line) => Record::Event(Box::new(event(&line)?)),
        Written::Membership(line) => Record::Membership(membership(&line)?),
    };
    Ok(Some(record))
}

fn header(text: &str) -> Read<()> {
    let header: Header<'_> = serde_json::from_str(text).map_err(|error| not_ours(&error))?;
    if header.format == FORMAT && header.version == VERSION {
        return Ok(());
    }
    let Header { format, version } = header;
    Err(Unreadable(format!("format {format:?} of version {version} is not known here")))
}

/// Each text is one line.
fn not_ours(error: &serde_json::Error) -> Unreadable {
    Unreadable(error.to_string().replace(" at line 1 column ", " at column "))
}

/// Blames a field for what stands in it.
fn field<T>(name: &str, value: &str, read: Option<T>) -> Read<T> {
    let shown: String = value.chars().take(80).collect();
    read.ok_or_else(|| Unreadable(format!("{name}: {shown:?} is none")))
}

/// What stands there, if anything does.
fn optional<T>(name: &str, text: &str, read: impl Fn(&str) -> Option<T>) -> Read<Option<T>> {
    if text.is_empty() { Ok(None) } else { field(name, text, read(text)).map(Some) }
}

fn user(name: &str, text: &str) -> Read<UserId> {
    field(name, text, UserId::parse(text).ok())
}

fn optional_user(name: &str, text: &str) -> Read<Option<UserId>> {
    optional(name, text, |text| UserId::parse(text).ok())
}

fn space_name(name: &str, text: &str) -> Read<SpaceName> {
    field(name, text, SpaceName::parse(text).ok())
}

fn time(name: &str, millis: i64) -> Read<Millis> {
    let read = SourceTime::of_millis(millis).map(SourceTime::millis);
    let problem = || Unreadable(format!("{name}: {millis} ms are not between 1970 and 9999"));
    read.ok_or_else(problem)
}

fn optional_time(name: &str, millis: Option<i64>) -> Read<Option<Millis>> {
    millis.map(|millis| time(name, millis)).transpose()
}

fn line<const MAX: usize>(name: &str, text: &str) -> Read<Line<MAX>> {
    field(name, text, Line::new(text).ok())
}

fn prose<const MAX: usize>(name: &str, text: &str) -> Read<Prose<MAX>> {
    field(name, text, Prose::new(text).ok())
}

fn positive(name: &str, number: i64) -> Read<i64> {
    field(name, &number.to_string(), Some(number).filter(|number| *number > 0))
}

fn person(line_read: &PersonLine<'_>) -> Read<Person> {
    let of = line_read;
    let changed_at = SourceTime::new(of.changed_at)
        .ok_or_else(|| Unreadable("changed_at is not between 1970 and 9999".into()))?;
    let user = user("user", &of.user)?;
    if of.deleted {
        return Ok(Person { user, changed_at, profile: None });
    }
    if of.tags.len() > Profile::MAX_TAGS {
        return Err(Unreadable(format!("tags: there are more than {}", Profile::MAX_TAGS)));
    }
    let profile = Profile {
        username: line("username", &of.username)?,
        real_name: line("real_name", &of.real_name)?,
        avatar: line("avatar", &of.avatar)?,
        external_id: of.external_id.map(|id| positive("external_id", id)).transpose()?,
        joined_at: optional_time("joined_at", of.joined_at)?,
        locale: line("locale", &of.locale)?,
        bio: prose("bio", &of.bio)?,
        location: line("location", &of.location)?,
        description: prose("description", &of.description)?,
        gender: line("gender", &of.gender)?,
        website: line("website", &of.website)?,
        tags: of.tags.iter().map(tag).collect::<Read<_>>()?,
        reputation: of.reputation,
        is_staff: of.staff,
    };
    Ok(Person { user, changed_at, profile: Some(profile) })
}

fn tag(of: &TagLine<'_>) -> Read<Tag> {
    Ok(Tag {
        id: positive("tags.id", of.id)?,
        title: line("tags.title", &of.title)?,
        description: prose("tags.description", &of.description)?,
        color: line("tags.color", &of.color)?,
    })
}

fn space(of: &SpaceLine<'_>) -> Read<SpaceRecord> {
    let life = match of.deleted_at {
        Some(at) => Life::Deleted(time("deleted_at", at)?),
        None => Life::Living {
            creator: user("creator", &of.creator)?,
            capacity: of.capacity.map(capacity).transpose()?,
            cool_down: of.invite_cool_down.map(cool_down).transpose()?.unwrap_or_default(),
            waitlist: of.waitlist,
            content: Content {
                display_name: field(
                    "display_name",
                    &of.display_name,
                    DisplayName::new(&of.display_name).ok(),
                )?,
                attributes: attributes(of.attributes)?,
            },
        },
    };
    let contribution = match &*of.contribution {
        "" => Contribution::Anyone,
        word => field("contribution", word, Contribution::from_word(word))?,
    };
    Ok(SpaceRecord {
        name: space_name("name", &of.name)?,
        privacy: field("privacy", &of.privacy, Privacy::from_word(&of.privacy))?,
        contribution,
        created_at: optional_time("created_at", of.created_at)?,
        seq: of.seq.map(|seq| positive("seq", seq)).transpose()?,
        life,
    })
}

fn capacity(seats: i64) -> Read<Capacity> {
    field("capacity", &seats.to_string(), Capacity::new(seats))
}

fn cool_down(seconds: i64) -> Read<CoolDown> {
    field("invite_cool_down", &seconds.to_string(), CoolDown::from_seconds(seconds))
}

fn attributes(written: Option<&RawValue>) -> Read<Attributes> {
    let Some(written) = written else { return Ok(Attributes::default()) };
    // JSON can say what no surface could show: half a character, or a number beyond all doubles.
    let is_shown = serde_json::from_str::<Map<String, Value>>(written.get()).is_ok();
    let read = Attributes::new(written.get()).ok().filter(|_| is_shown);
    field("attributes", written.get(), read)
}

fn status(name: &str, word: &str) -> Read<Status> {
    field(name, word, Status::from_word(word))
}

fn event(of: &EventLine<'_>) -> Read<Event> {
    let subject = if of.user.is_empty() {
        let word = |word: &Cow<'_, str>| field("fields", word, SpaceField::from_word(word));
        Subject::Space { fields: of.fields.iter().map(word).collect::<Read<_>>()? }
    } else {
        Subject::Membership {
            user: user("user", &of.user)?,
            from: status("from", &of.from)?,
            to: status("to", &of.to)?,
        }
    };
    let actor = field("actor", &of.actor, Actor::parse(&of.actor).ok())?;
    Ok(Event {
        space: space_name("space", &of.space)?,
        seq: positive("seq", of.seq)?,
        name: field("name", &of.name, EventName::from_word(&of.name))?,
        subject,
        previous: None,
        until: optional_time("until", of.until)?,
        origin: optional("origin", &of.origin, Origin::parse)?,
        note: optional("note", &of.note, |text| Note::new(text).ok())?,
        offered: optional("offered", &of.offered, Offer::from_word)?.unwrap_or_default(),
        by: Authorship {
            actor,
            service: optional_user("service", &of.service)?,
            cause: field("cause", &of.cause, Action::from_word(&of.cause))?,
            at: time("at", of.at)?,
        },
    })
}

fn membership(of: &MembershipLine<'_>) -> Read<MembershipRecord> {
    let is_something = |status: &Status| *status != Status::Absent;
    Ok(MembershipRecord {
        space: space_name("space", &of.space)?,
        user: user("user", &of.user)?,
        status: field("status", &of.status, Status::from_word(&of.status).filter(is_something))?,
        version: of.version.map(|version| positive("version", version)).transpose()?,
        invited_by: optional_user("invited_by", &of.invited_by)?,
        joined_at: optional_time("joined_at", of.joined_at)?,
        attendance: optional("attendance", &of.attendance, Attendance::from_word)?,
        changed_at: optional_time("changed_at", of.changed_at)?,
        until: optional_time("until", of.until)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_that_nobody_could_show_are_refused() {
        let read_as = |attributes: &str| {
            let space = r#"{"name":"groups/1","privacy":"open","creator":"1","attributes":"#;
            read(format!(r#"{{"space":{space}{attributes}}}}}"#).as_bytes())
        };
        let good =
            [r#"{"a":"\ud83d\ude00"}"#, r#"{"a":1e308}"#, r#"{"a":12345678901234567890123}"#];
        for attributes in good {
            let Ok(Some(Record::Space(space))) = read_as(attributes) else {
                panic!("{attributes}")
            };
            let Life::Living { content, .. } = space.life else { panic!("it lives") };
            assert_eq!(content.attributes.as_str(), attributes, "they stay as they were written");
        }
        let none = [r#"{"a":"\ud800"}"#, r#"{"\udc00":1}"#, r#"{"a":[{"b":1e309}]}"#, "[]", "7"];
        for attributes in none {
            let Unreadable(reason) = read_as(attributes).unwrap_err();
            assert_eq!(reason, format!("attributes: {attributes:?} is none"));
        }
    }
}
