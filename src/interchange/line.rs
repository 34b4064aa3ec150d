//! What lines look like, for reading and for writing alike. Fields that say nothing are left out.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Declares what one kind of line has in it.
macro_rules! line {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $field:ident: $kind:ty,)+ }) => {
        $(#[$doc])*
        #[derive(Deserialize, Serialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name<'a> { $($(#[$of])* pub $field: $kind,)+ }
    };
}

/// The first line.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Header<'a> {
    #[serde(borrow)]
    pub format: Cow<'a, str>,
    pub version: u64,
}

/// Every other line.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Line<'a> {
    #[serde(borrow)]
    Person(Box<PersonLine<'a>>),
    #[serde(borrow)]
    Space(Box<SpaceLine<'a>>),
    #[serde(borrow)]
    Event(EventLine<'a>),
    #[serde(borrow)]
    Membership(MembershipLine<'a>),
}

line!(PersonLine {
    #[serde(borrow)]
    user: Cow<'a, str>,
    changed_at: i64,
    #[serde(default, skip_serializing_if = "is_false")]
    deleted: bool,
    #[serde(default, borrow, skip_serializing_if = "str::is_empty")]
    username: Cow<'a, str>,
    #[serde(default, borrow, skip_serializing_if = "str::is_empty")]
    real_name: Cow<'a, str>,
    #[serde(default, borrow, skip_serializing_if = "str::is_empty")]
    avatar: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    external_id: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    joined_at: Option<i64>,
    #[serde(default, borrow, skip_serializing_if = "str::is_empty")]
    locale: Cow<'a, str>,
    #[serde(default, borrow, skip_serializing_if = "str::is_empty")]
    bio: Cow<'a, str>,
    #[serde(default, borrow, skip_serializing_if = "str::is_empty")]
    location: Cow<'a, str>,
    #[serde(default, borrow, skip_serializing_if = "str::is_empty")]
    description: Cow<'a, str>,
    #[serde(default, borrow, skip_serializing_if = "str::is_empty")]
    gender: Cow<'a, str>,
    #[serde(default, borrow, skip_serializing_if = "str::is_empty")]
    website: Cow<'a, str>,
    #[serde(default, borrow, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<TagLine<'a>>,
    #[serde(default, skip_serializing_if = "is_zero")]
    reputation: i64,
    #[serde(default, skip_serializing_if = "is_false")]
    staff: bool,
});

line!(TagLine {
    id: i64,
    #[serde(default, borrow)]
    title: Cow<'a, str>,
    #[serde(default, borrow, skip_serializing_if = "str::is_empty")]
    description: Cow<'a, str>,
    #[serde(default, borrow, skip_serializing_if = "str::is_empty")]
    color: Cow<'a, str>,
});

line!(SpaceLine {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    privacy: Cow<'a, str>,
    #[serde(default, borrow, skip_serializing_if = "str::is_empty")]
    creator: Cow<'a, str>,
    #[serde(default, borrow, skip_serializing_if = "str::is_empty")]
    contribution: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    capacity: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    invite_cool_down: Option<i64>,
    #[serde(default, skip_serializing_if = "is_false")]
    waitlist: bool,
    #[serde(default, borrow, skip_serializing_if = "str::is_empty")]
    display_name: Cow<'a, str>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    attributes: Option<&'a RawValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deleted_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seq: Option<i64>,
});

line!(EventLine {
    #[serde(borrow)]
    space: Cow<'a, str>,
    seq: i64,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(default, borrow, skip_serializing_if = "str::is_empty")]
    user: Cow<'a, str>,
    #[serde(default, borrow, skip_serializing_if = "str::is_empty")]
    from: Cow<'a, str>,
    #[serde(default, borrow, skip_serializing_if = "str::is_empty")]
    to: Cow<'a, str>,
    #[serde(default, borrow, skip_serializing_if = "Vec::is_empty")]
    fields: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    actor: Cow<'a, str>,
    #[serde(default, borrow, skip_serializing_if = "str::is_empty")]
    service: Cow<'a, str>,
    #[serde(borrow)]
    cause: Cow<'a, str>,
    at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
    #[serde(default, borrow, skip_serializing_if = "str::is_empty")]
    origin: Cow<'a, str>,
    #[serde(default, borrow, skip_serializing_if = "str::is_empty")]
    note: Cow<'a, str>,
    #[serde(default, borrow, skip_serializing_if = "str::is_empty")]
    offered: Cow<'a, str>,
});

line!(MembershipLine {
    #[serde(borrow)]
    space: Cow<'a, str>,
    #[serde(borrow)]
    user: Cow<'a, str>,
    #[serde(borrow)]
    status: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<i64>,
    #[serde(default, borrow, skip_serializing_if = "str::is_empty")]
    invited_by: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    joined_at: Option<i64>,
    #[serde(default, borrow, skip_serializing_if = "str::is_empty")]
    attendance: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changed_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
});

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
const fn is_zero(value: &i64) -> bool {
    *value == 0
}
