//! TABLE 3: how private a space is, who sees it, and what it may become.

use super::{Kind, Refusal, Standing, Status};

words! {
    /// How private a space is.
    Privacy {
        /// Everybody sees it, anybody joins at once.
        Open = "open",
        /// Everybody sees it; joining is asked for, or by invitation.
        Private = "private",
        /// Only its own people see it; joining is by invitation.
        Secret = "secret",
        /// Only its managers see it. Left once, never entered again. Courses only.
        Draft = "draft",
    }
}

impl Privacy {
    /// Whether a space of this kind can have this privacy at all.
    pub const fn exists_for(self, kind: Kind) -> bool {
        match (kind, self) {
            (Kind::Course, Self::Open | Self::Private | Self::Secret | Self::Draft)
            | (Kind::Group | Kind::Event, Self::Open | Self::Private | Self::Secret)
            | (Kind::Community, Self::Open | Self::Private) => true,
            (Kind::Group | Kind::Event, Self::Draft)
            | (Kind::Community, Self::Secret | Self::Draft) => false,
        }
    }

    /// Whether somebody of this standing may know that the space exists.
    pub const fn shows_to(self, standing: Standing) -> bool {
        let status = match standing {
            Standing::Service => return true,
            Standing::User(status) => status,
        };
        match self {
            Self::Open | Self::Private => true,
            Self::Secret => status.holds_a_place(),
            Self::Draft => matches!(status, Status::Manager | Status::Creator),
        }
    }

    /// Whether a space of this kind may go from this privacy to `next`. A draft is left once, and
    /// a group or event that was private never becomes public again.
    pub const fn may_become(self, next: Self, kind: Kind) -> Result<(), Refusal> {
        match (self, next) {
            (Self::Draft, Self::Draft) => Ok(()),
            (Self::Open | Self::Private | Self::Secret, Self::Draft) => Err(Refusal::PrivacyFixed),
            (Self::Private | Self::Secret, Self::Open) => match kind {
                Kind::Group | Kind::Event => Err(Refusal::PrivacyFixed),
                Kind::Course | Kind::Community => Ok(()),
            },
            (Self::Open | Self::Draft, Self::Open)
            | (
                Self::Open | Self::Private | Self::Secret | Self::Draft,
                Self::Private | Self::Secret,
            ) => Ok(()),
        }
    }
}
