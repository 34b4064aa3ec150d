//! Communities as this dialect shows them.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
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
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::Description,
        Self::Topics,
        Self::SocialSettings,
        Self::Permissions,
        Self::MembersCount,
        Self::RecipesCount,
        Self::Sponsored,
    ];

    /// What requests call it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Description => "COMMUNITY_FIELD_DESCRIPTION",
            Self::Topics => "COMMUNITY_FIELD_TOPICS",
            Self::SocialSettings => "COMMUNITY_FIELD_SOCIAL_SETTINGS",
            Self::Permissions => "COMMUNITY_FIELD_PERMISSIONS",
            Self::MembersCount => "COMMUNITY_FIELD_MEMBERS_COUNT",
            Self::RecipesCount => "COMMUNITY_FIELD_RECIPES_COUNT",
            Self::Sponsored => "COMMUNITY_FIELD_SPONSORED",
        }
    }

    /// The part that a request calls so.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|extra| extra.word() == word)
    }
}

/// The answer to joining and leaving, and to giving a role.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "CommunityPermissionsAlone")]
pub struct PermissionsAlone {
    pub permissions: Permissions,
}

/// The answer to joining several communities, in the order in which they were named.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "CommunityPermissionsOfEach")]
pub struct PermissionsOfEach {
    pub permissions: Vec<Permissions>,
}

/// It is done, and nothing is to be said.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "CommunityNothing")]
pub struct Nothing {}

/// What the caller is to a community, who adds to it, and how open it is.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "CommunityPermissions")]
pub struct Permissions {
    #[schemars(extend("enum" = words(Status::ALL, role)))]
    role: &'static str,
    #[schemars(extend("enum" = words(Contribution::ALL, mode)))]
    mode: &'static str,
    #[schemars(extend("enum" = words(Privacy::ALL, visibility)))]
    visibility: &'static str,
}

/// A community by itself.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "OneCommunity")]
pub struct One<'a> {
    pub community: Community<'a>,
}

/// A page of communities.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "PageOfCommunity")]
pub struct List<'a> {
    pub communities: Vec<Community<'a>>,
    pub paging: Paging,
}

/// A page of communities that were looked for.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "PageOfFoundCommunity")]
pub struct FoundList<'a> {
    pub communities: Vec<Found<'a>>,
    pub paging: Paging,
}

/// A community that was looked for.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "FoundCommunity")]
pub struct Found<'a> {
    pub community: Community<'a>,
    /// Whether the caller has a seat in it.
    pub is_member: bool,
}

/// Where in the list the page is.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "CommunityPaging")]
pub struct Paging {
    pub cursors: CursorsAround,
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "String", extend("pattern" = "^[0-9]+$"))]
    pub total: i64,
}

/// A community; what was not asked for is left out.
#[derive(JsonSchema, Serialize)]
pub struct Community<'a> {
    id: &'a str,
    name: &'a str,
    /// As the owner of the content wrote it, if they did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "serde_json::Value")]
    image: Option<Given<'a>>,
    /// As the owner of the content wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "serde_json::Value")]
    description: Option<Given<'a>>,
    /// As the owner of the content wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "serde_json::Value")]
    topics: Option<Given<'a>>,
    /// As the owner of the content wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "serde_json::Value")]
    social_settings: Option<Given<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions: Option<Permissions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    members: Option<Members>,
    /// As the owner of the content wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "serde_json::Value")]
    recipes: Option<Given<'a>>,
    /// As the owner of the content wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "serde_json::Value")]
    is_sponsored: Option<Given<'a>>,
}

/// How many members a community has.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "CommunityMembers")]
struct Members {
    /// How many have a seat; 0 where that is hidden from the caller.
    count: i64,
    /// How many have asked to join; to its managers alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    pending_count: Option<i64>,
    /// How many are blocked; to its managers alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    blocked_count: Option<i64>,
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
    let image = attributes.get("image").filter(|raw| raw.get() != "null");
    Community {
        id: space.name.id(),
        name: content.display_name.as_str(),
        image: image.map(|raw| Given::Raw(raw)),
        description: given(Extra::Description, "description", Given::Text("")),
        topics: given(Extra::Topics, "topics", Given::List([])),
        social_settings: given(
            Extra::SocialSettings,
            "social_settings",
            Given::Object(BTreeMap::new()),
        ),
        permissions: wants(Extra::Permissions).then(|| permissions(space, own)),
        members: wants(Extra::MembersCount).then(|| members(space, own)),
        recipes: given(Extra::RecipesCount, "recipes", Given::Recipes { count: 0 }),
        is_sponsored: given(Extra::Sponsored, "is_sponsored", Given::Flag(false)),
    }
}

fn members(space: &Space, own: Status) -> Members {
    let shown = |status| own.manages().then(|| space.counts.of(status));
    Members {
        count: space.shown_seats(own.manages()),
        pending_count: shown(Status::Requested),
        blocked_count: shown(Status::Blocked),
    }
}

/// Each word once.
pub fn words<T: Copy>(all: &[T], word: fn(T) -> &'static str) -> BTreeSet<&'static str> {
    all.iter().map(|one| word(*one)).collect()
}

/// What somebody who is this to the community is shown of who may what.
pub fn permissions(space: &Space, own: Status) -> Permissions {
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
        Status::Requested | Status::Waitlisted => "COMMUNITY_ROLE_PENDING",
        Status::Member => "COMMUNITY_ROLE_MEMBER",
        Status::Manager => "COMMUNITY_ROLE_ADMIN",
        Status::Creator => "COMMUNITY_ROLE_OWNER",
        Status::Blocked => "COMMUNITY_ROLE_BLOCKED",
    }
}

/// Who adds to a community.
pub const fn mode(contribution: Contribution) -> &'static str {
    match contribution {
        Contribution::Anyone => "COMMUNITY_CONTRIBUTION_PERMISSION_MODE_ANYONE",
        Contribution::Admins => "COMMUNITY_CONTRIBUTION_PERMISSION_MODE_ADMINS",
    }
}

/// How open a community is. The two last privacies do not exist for communities.
pub const fn visibility(privacy: Privacy) -> &'static str {
    match privacy {
        Privacy::Open => "COMMUNITY_VISIBILITY_PUBLIC",
        Privacy::Private | Privacy::Secret | Privacy::Draft => "COMMUNITY_VISIBILITY_PRIVATE",
    }
}

/// The JSON form of 64-bit integers in this dialect.
fn as_text<S: Serializer>(number: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}
