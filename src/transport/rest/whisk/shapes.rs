//! Communities as this dialect shows them.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::cursor::CursorsAround;
use crate::domain::{Content, Contribution, Privacy, Space, Status};

/// A part of a community that is sent only to those who ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extra {
    /// What the community is about.
    Description,
    /// Its topics.
    Topics,
    /// How it shows itself elsewhere.
    SocialSettings,
    /// What the caller is to it, and how open it is.
    Permissions,
    /// How many members it has.
    MembersCount,
    /// How many recipes it holds.
    RecipesCount,
    /// Whether somebody pays for it.
    Sponsored,
}

impl Extra {
    /// The part that a request calls so.
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word.strip_prefix("COMMUNITY_FIELD_")? {
            "DESCRIPTION" => Self::Description,
            "TOPICS" => Self::Topics,
            "SOCIAL_SETTINGS" => Self::SocialSettings,
            "PERMISSIONS" => Self::Permissions,
            "MEMBERS_COUNT" => Self::MembersCount,
            "RECIPES_COUNT" => Self::RecipesCount,
            "SPONSORED" => Self::Sponsored,
            _ => return None,
        })
    }
}

/// The answer to joining and leaving.
#[derive(Serialize)]
pub struct PermissionsAlone {
    permissions: Permissions,
}

#[derive(Serialize)]
struct Permissions {
    role: &'static str,
    mode: &'static str,
    visibility: &'static str,
}

/// A community by itself.
#[derive(Serialize)]
pub struct One<'a> {
    pub community: Community<'a>,
}

/// A page of communities.
#[derive(Serialize)]
pub struct List<'a> {
    pub communities: Vec<Community<'a>>,
    pub paging: Paging,
}

/// Where in the list the page is.
#[derive(Serialize)]
pub struct Paging {
    pub cursors: CursorsAround,
    #[serde(serialize_with = "as_text")]
    pub total: i64,
}

/// A community; what was not asked for is left out.
#[derive(Serialize)]
pub struct Community<'a> {
    id: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Given<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    topics: Option<Given<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    social_settings: Option<Given<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions: Option<Permissions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    members: Option<Members>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipes: Option<Given<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sponsored: Option<Given<'a>>,
}

#[derive(Serialize)]
struct Members {
    count: i64,
}

/// A field of the community's owner, or its neutral default.
#[derive(Serialize)]
#[serde(untagged)]
enum Given<'a> {
    Raw(&'a RawValue),
    Text(&'static str),
    Flag(bool),
    List([(); 0]),
    Object(BTreeMap<(), ()>),
    Recipes { count: i64 },
}

/// What joining and leaving answer to somebody who is this now.
pub fn permissions_alone(space: &Space, own: Status) -> PermissionsAlone {
    PermissionsAlone { permissions: permissions(space, own) }
}

/// The community for somebody of this status, with these extras.
pub fn community<'a>(
    space: &'a Space,
    content: &'a Content,
    own: Status,
    extras: &[Extra],
) -> Community<'a> {
    let attributes: BTreeMap<String, &'a RawValue> =
        serde_json::from_str(content.attributes.as_str()).unwrap_or_default();
    let wants = |extra| extras.contains(&extra);
    let given = |extra, name: &str, neutral| {
        let raw = || attributes.get(name).map(|value| Given::Raw(value));
        wants(extra).then(|| raw().unwrap_or(neutral))
    };
    let seats = space.counts.seats();
    Community {
        id: space.name.id(),
        name: content.display_name.as_str(),
        description: given(Extra::Description, "description", Given::Text("")),
        topics: given(Extra::Topics, "topics", Given::List([])),
        social_settings: given(
            Extra::SocialSettings,
            "social_settings",
            Given::Object(BTreeMap::new()),
        ),
        permissions: wants(Extra::Permissions).then(|| permissions(space, own)),
        members: wants(Extra::MembersCount).then_some(Members { count: seats }),
        recipes: given(Extra::RecipesCount, "recipes", Given::Recipes { count: 0 }),
        sponsored: given(Extra::Sponsored, "sponsored", Given::Flag(false)),
    }
}

fn permissions(space: &Space, own: Status) -> Permissions {
    Permissions {
        role: role(own),
        mode: mode(space.contribution),
        visibility: visibility(space.privacy),
    }
}

/// What somebody is to a community.
pub const fn role(status: Status) -> &'static str {
    match status {
        Status::Absent | Status::Invited => "COMMUNITY_ROLE_UNSET",
        Status::Requested => "COMMUNITY_ROLE_PENDING",
        Status::Member => "COMMUNITY_ROLE_MEMBER",
        Status::Manager => "COMMUNITY_ROLE_ADMIN",
        Status::Creator => "COMMUNITY_ROLE_OWNER",
        Status::Blocked => "COMMUNITY_ROLE_BLOCKED",
    }
}

const fn mode(contribution: Contribution) -> &'static str {
    match contribution {
        Contribution::Anyone => "COMMUNITY_CONTRIBUTION_PERMISSION_MODE_ANYONE",
        Contribution::Admins => "COMMUNITY_CONTRIBUTION_PERMISSION_MODE_ADMINS",
    }
}

/// The two last privacies do not exist for communities.
const fn visibility(privacy: Privacy) -> &'static str {
    match privacy {
        Privacy::Open => "COMMUNITY_VISIBILITY_PUBLIC",
        Privacy::Private | Privacy::Secret | Privacy::Draft => "COMMUNITY_VISIBILITY_PRIVATE",
    }
}

/// The JSON form of 64-bit integers in this dialect.
fn as_text<S: Serializer>(number: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}
