//! What tables show of each message.

use prost_types::Timestamp;

use super::table::Row;
use crate::transport::grpc::pb;

/// A value of an enum of the contract in lower case, without the name of its type.
fn word(name: &str, prefix: &str) -> String {
    let word = name.strip_prefix(prefix).unwrap_or(name).to_lowercase();
    if word == "unspecified" { "-".to_owned() } else { word }
}

pub(super) fn status(status: pb::MembershipStatus) -> String {
    word(status.as_str_name(), "MEMBERSHIP_STATUS_")
}

pub(super) fn contribution(contribution: pb::Contribution) -> String {
    word(contribution.as_str_name(), "CONTRIBUTION_")
}

/// What the caller could do.
pub(super) fn actions(allowed: impl Iterator<Item = pb::Action>) -> String {
    let words: Vec<_> = allowed.map(|action| word(action.as_str_name(), "ACTION_")).collect();
    or_dash(&words.join(","))
}

fn time(time: Option<&Timestamp>) -> String {
    time.map_or_else(|| "-".to_owned(), ToString::to_string)
}

fn or_dash(text: &str) -> String {
    // A tab would begin another column.
    if text.is_empty() { "-".to_owned() } else { text.replace(['\t', '\n'], " ") }
}

impl Row for pb::Space {
    type Message = Self;
    const MESSAGE: &'static str = "roster.v1.Space";
    const COLUMNS: &'static [&'static str] = &[
        "NAME",
        "PRIVACY",
        "CREATOR",
        "MEMBERS",
        "CAPACITY",
        "VERSION",
        "CREATED",
        "DISPLAY NAME",
    ];

    fn message(&self) -> &Self {
        self
    }

    fn cells(&self) -> Vec<String> {
        let capacity = self.capacity.map_or_else(|| "-".to_owned(), |seats| seats.to_string());
        vec![
            self.name.clone(),
            word(self.privacy().as_str_name(), "PRIVACY_"),
            self.creator.clone(),
            self.member_count.to_string(),
            capacity,
            self.version.to_string(),
            time(self.create_time.as_ref()),
            or_dash(&self.display_name),
        ]
    }
}

impl Row for pb::UserSpace {
    type Message = Self;
    const MESSAGE: &'static str = "roster.v1.UserSpace";
    const COLUMNS: &'static [&'static str] =
        &["NAME", "STATUS", "PRIVACY", "CREATOR", "MEMBERS", "SINCE", "DISPLAY NAME"];

    fn message(&self) -> &Self {
        self
    }

    fn cells(&self) -> Vec<String> {
        let space = self.space.clone().unwrap_or_default();
        let membership = self.membership.clone().unwrap_or_default();
        vec![
            space.name.clone(),
            status(membership.status()),
            word(space.privacy().as_str_name(), "PRIVACY_"),
            space.creator.clone(),
            space.member_count.to_string(),
            time(membership.change_time.as_ref()),
            or_dash(&space.display_name),
        ]
    }
}

impl Row for pb::InviteLink {
    type Message = Self;
    const MESSAGE: &'static str = "roster.v1.InviteLink";
    const COLUMNS: &'static [&'static str] =
        &["ID", "GRANT", "LIVE", "USES", "OF", "UNTIL", "REVOKED", "CREATED", "BY"];

    fn message(&self) -> &Self {
        self
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            word(self.grant().as_str_name(), "INVITE_LINK_GRANT_"),
            if self.live { "yes" } else { "no" }.to_owned(),
            self.uses.to_string(),
            self.max_uses.map_or_else(|| "-".to_owned(), |most| most.to_string()),
            time(self.until.as_ref()),
            time(self.revoke_time.as_ref()),
            time(self.create_time.as_ref()),
            self.created_by.clone(),
        ]
    }
}

impl Row for pb::CreateInviteLinkResponse {
    type Message = Self;
    const MESSAGE: &'static str = "roster.v1.CreateInviteLinkResponse";
    const COLUMNS: &'static [&'static str] = &["ID", "SECRET"];

    fn message(&self) -> &Self {
        self
    }

    fn cells(&self) -> Vec<String> {
        let id = self.link.as_ref().map(|link| link.id.to_string()).unwrap_or_default();
        vec![id, self.secret.clone()]
    }
}

impl Row for pb::Membership {
    type Message = Self;
    const MESSAGE: &'static str = "roster.v1.Membership";
    const COLUMNS: &'static [&'static str] =
        &["USER", "STATUS", "ATTENDANCE", "SINCE", "JOINED", "UNTIL", "INVITED BY", "VERSION"];

    fn message(&self) -> &Self {
        self
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.user.clone(),
            status(self.status()),
            word(self.attendance().as_str_name(), "ATTENDANCE_"),
            time(self.change_time.as_ref()),
            time(self.join_time.as_ref()),
            time(self.until.as_ref()),
            or_dash(&self.invited_by),
            self.version.to_string(),
        ]
    }
}

impl Row for pb::Person {
    type Message = Self;
    const MESSAGE: &'static str = "roster.v1.Person";
    const COLUMNS: &'static [&'static str] =
        &["USER", "USERNAME", "REAL NAME", "STAFF", "DELETED", "SINCE"];

    fn message(&self) -> &Self {
        self
    }

    fn cells(&self) -> Vec<String> {
        let yes_or_dash = |is_so: bool| if is_so { "yes" } else { "-" }.to_owned();
        vec![
            self.user.clone(),
            or_dash(&self.username),
            or_dash(&self.real_name),
            yes_or_dash(self.staff),
            yes_or_dash(self.deleted),
            time(self.change_time.as_ref()),
        ]
    }
}

impl Row for pb::ErasureImpact {
    type Message = Self;
    const MESSAGE: &'static str = "roster.v1.ErasureImpact";
    const COLUMNS: &'static [&'static str] = &[
        "SPACES",
        "CREATOR",
        "MANAGER",
        "MEMBER",
        "INVITED",
        "REQUESTED",
        "BLOCKED",
        "INVITATIONS SENT",
        "EVENTS ABOUT THEM",
        "EVENTS BY THEM",
        "PERSON",
    ];

    fn message(&self) -> &Self {
        self
    }

    fn cells(&self) -> Vec<String> {
        let counts = [
            self.space_count,
            self.creator_count,
            self.manager_count,
            self.member_count,
            self.invited_count,
            self.requested_count,
            self.blocked_count,
            self.sent_invitation_count,
            self.subject_event_count,
            self.actor_event_count,
        ];
        let person = if self.person { "yes" } else { "-" };
        counts.iter().map(ToString::to_string).chain([person.to_owned()]).collect()
    }
}

impl Row for pb::MembershipResult {
    type Message = Self;
    const MESSAGE: &'static str = "roster.v1.MembershipResult";
    const COLUMNS: &'static [&'static str] = &["USER", "STATUS", "OUTCOME"];

    fn message(&self) -> &Self {
        self
    }

    fn cells(&self) -> Vec<String> {
        let membership = self.membership.clone().unwrap_or_default();
        let mut outcome = word(self.outcome().as_str_name(), "MEMBERSHIP_OUTCOME_");
        if self.reason() != pb::ErrorReason::Unspecified {
            outcome += &format!(": {}", self.message);
        }
        vec![membership.user.clone(), status(membership.status()), outcome]
    }
}

impl Row for pb::MembershipEvent {
    type Message = Self;
    const MESSAGE: &'static str = "roster.v1.MembershipEvent";
    const COLUMNS: &'static [&'static str] =
        &["NUMBER", "TIME", "EVENT", "USER", "FROM", "TO", "ACTOR", "SERVICE", "CAUSE", "FIELDS"];

    fn message(&self) -> &Self {
        self
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.sequence.to_string(),
            time(self.time.as_ref()),
            word(self.name().as_str_name(), "MEMBERSHIP_EVENT_NAME_"),
            or_dash(&self.user),
            status(self.from()),
            status(self.to()),
            self.actor.clone(),
            or_dash(&self.service),
            self.cause.clone(),
            or_dash(&self.updated_fields.join(",")),
        ]
    }
}
