//! From domain values to lines.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::line::{EventLine, Line, MembershipLine, PersonLine, SpaceLine, TagLine};
use crate::domain::{
    Attendance, CoolDown, Event, Life, MembershipRecord, Note, Offer, Person, Profile, Record,
    SpaceRecord, Subject, Tag,
};

/// What the first line says.
pub const HEADER: &str = "{\"format\":\"roster\",\"version\":1}";
pub(super) const FORMAT: &str = "roster";
pub(super) const VERSION: u64 = 1;

/// Appends a line, its end included. The same record is always the same line.
pub fn write(record: &Record, to: &mut Vec<u8>) -> serde_json::Result<()> {
    match record {
        Record::Person(person) => line(&Line::Person(Box::new(person_line(person))), to),
        Record::Space(space) => line(&Line::Space(Box::new(space_line(space)?)), to),
        Record::Membership(membership) => line(&Line::Membership(membership_line(membership)), to),
        Record::Event(event) => {
            let actor = event.by.actor.to_string();
            let origin = event.untold_origin().map(ToString::to_string).unwrap_or_default();
            line(&Line::Event(event_line(event, &actor, &origin)), to)
        }
    }
}

fn line(written: &Line<'_>, to: &mut Vec<u8>) -> serde_json::Result<()> {
    serde_json::to_writer(&mut *to, written)?;
    to.push(b'\n');
    Ok(())
}

fn person_line(person: &Person) -> PersonLine<'_> {
    let nothing = Cow::Borrowed("");
    let about = PersonLine {
        user: person.user.as_str().into(),
        changed_at: person.changed_at.micros(),
        deleted: person.profile.is_none(),
        username: nothing.clone(),
        real_name: nothing.clone(),
        avatar: nothing.clone(),
        external_id: None,
        joined_at: None,
        locale: nothing.clone(),
        bio: nothing.clone(),
        location: nothing.clone(),
        description: nothing.clone(),
        gender: nothing.clone(),
        website: nothing,
        tags: Vec::new(),
        reputation: 0,
        staff: false,
    };
    let Some(profile) = &person.profile else { return about };
    with_profile(about, profile)
}

fn with_profile<'a>(about: PersonLine<'a>, profile: &'a Profile) -> PersonLine<'a> {
    PersonLine {
        username: profile.username.as_str().into(),
        real_name: profile.real_name.as_str().into(),
        avatar: profile.avatar.as_str().into(),
        external_id: profile.external_id,
        joined_at: profile.joined_at,
        locale: profile.locale.as_str().into(),
        bio: profile.bio.as_str().into(),
        location: profile.location.as_str().into(),
        description: profile.description.as_str().into(),
        gender: profile.gender.as_str().into(),
        website: profile.website.as_str().into(),
        tags: profile.tags.iter().map(tag_line).collect(),
        reputation: profile.reputation,
        staff: profile.is_staff,
        ..about
    }
}

fn tag_line(tag: &Tag) -> TagLine<'_> {
    TagLine {
        id: tag.id,
        title: tag.title.as_str().into(),
        description: tag.description.as_str().into(),
        color: tag.color.as_str().into(),
    }
}

fn space_line(space: &SpaceRecord) -> serde_json::Result<SpaceLine<'_>> {
    let about = SpaceLine {
        name: space.name.as_str().into(),
        privacy: space.privacy.word().into(),
        creator: "".into(),
        contribution: space.contribution.word().into(),
        capacity: None,
        invite_cool_down: None,
        waitlist: false,
        display_name: "".into(),
        attributes: None,
        created_at: space.created_at,
        deleted_at: None,
        seq: space.seq,
    };
    Ok(match &space.life {
        Life::Deleted(at) => SpaceLine { deleted_at: Some(*at), ..about },
        Life::Living { creator, capacity, waitlist, cool_down, content } => {
            let attributes: &RawValue = serde_json::from_str(content.attributes.as_str())?;
            SpaceLine {
                creator: creator.as_str().into(),
                capacity: capacity.map(crate::domain::Capacity::seats),
                invite_cool_down: Some(*cool_down)
                    .filter(|it| *it != CoolDown::default())
                    .map(CoolDown::seconds),
                waitlist: *waitlist,
                display_name: content.display_name.as_str().into(),
                attributes: Some(attributes).filter(|it| it.get() != "{}"),
                ..about
            }
        }
    })
}

fn event_line<'a>(event: &'a Event, actor: &'a str, origin: &'a str) -> EventLine<'a> {
    let about = EventLine {
        space: event.space.as_str().into(),
        seq: event.seq,
        name: event.name.word().into(),
        user: "".into(),
        from: "".into(),
        to: "".into(),
        fields: Vec::new(),
        actor: actor.into(),
        service: event.by.service.as_ref().map(|id| id.as_str().into()).unwrap_or_default(),
        cause: event.by.cause.word().into(),
        at: event.by.at,
        until: event.until,
        origin: origin.into(),
        note: event.note.as_ref().map(Note::as_str).unwrap_or_default().into(),
        offered: event.untold_offer().map(Offer::word).unwrap_or_default().into(),
    };
    match &event.subject {
        Subject::Membership { user, from, to } => EventLine {
            user: user.as_str().into(),
            from: from.word().into(),
            to: to.word().into(),
            ..about
        },
        Subject::Space { fields } => {
            EventLine { fields: fields.iter().map(|field| field.word().into()).collect(), ..about }
        }
    }
}

fn membership_line(membership: &MembershipRecord) -> MembershipLine<'_> {
    let inviter = membership.invited_by.as_ref();
    MembershipLine {
        space: membership.space.as_str().into(),
        user: membership.user.as_str().into(),
        status: membership.status.word().into(),
        version: membership.version,
        invited_by: inviter.map(|user| user.as_str().into()).unwrap_or_default(),
        joined_at: membership.joined_at,
        attendance: membership.attendance.map(Attendance::word).unwrap_or_default().into(),
        changed_at: membership.changed_at,
        until: membership.until,
    }
}
