//! Changing a space as REST does: some of its fields, and only if it is still as the caller saw it.

use axum::response::Response;
use http::{HeaderMap, HeaderValue, header};
use serde_json::{Map, Value};

use crate::domain::permission::need;
use crate::domain::{Action, Command, Refusal, Refused, SpaceName, SpacePatch};
use crate::service::{self, Call, Outcome, Service, SpaceView};
use crate::transport::attributes::merged;
use crate::transport::error::{ErrorReason, Failure, Problem, expected};

/// How often a change is made anew because somebody else changed the same content.
const TRIES: u32 = 8;
/// What is wrong with the content as a whole is told of this.
const WHOLE_REQUEST: &str = "non_field_errors";
/// The name of the condition where its form is wrong.
const IF_MATCH: &str = "If-Match";

/// What `If-Match` says.
pub enum Condition {
    /// Nothing, or that the space should be there.
    Any,
    /// That it has one of these versions.
    OneOf(Vec<i64>),
}

impl Condition {
    /// Reads it. A proxy that compresses makes tags weak, so a weak one is as good as another; one that
    /// this server did not make is of no version.
    pub fn read(headers: &HeaderMap) -> Result<Self, Failure> {
        let mut versions = None;
        for value in headers.get_all(header::IF_MATCH) {
            let text = value.to_str().map_err(|_| wrong())?;
            if text.trim() == "*" {
                return Ok(Self::Any);
            }
            let versions = versions.get_or_insert_with(Vec::new);
            for tag in text.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
                let tag = tag.strip_prefix("W/").unwrap_or(tag);
                let opaque = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
                versions.extend(opaque.ok_or_else(wrong)?.parse::<i64>());
            }
        }
        Ok(versions.map_or(Self::Any, Self::OneOf))
    }

    /// The version that the space must still have when it is changed, if it has a right one now.
    pub fn holds(&self, version: i64) -> Result<Option<i64>, Refusal> {
        match self {
            Self::Any => Ok(None),
            Self::OneOf(versions) if versions.contains(&version) => Ok(Some(version)),
            Self::OneOf(_) => Err(Refusal::VersionMismatch),
        }
    }
}

fn wrong() -> Failure {
    Failure::field(IF_MATCH, Problem::Expected(expected::ENTITY_TAG))
}

/// Says which version of a space an answer shows.
pub fn tagged(mut response: Response, version: i64) -> Response {
    // Digits and quotes can stand in a header.
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// What to change of a space: what the rules know, and fields of its content.
pub struct Changes {
    /// What the rules know.
    pub patch: SpacePatch,
    /// Content fields by name; `null` takes one away.
    pub named: Map<String, Value>,
}

/// Changes a space, of which `changes` may depend on how it is now. Answers with it, and with how it
/// was before.
pub async fn update(
    service: &Service,
    call: &Call,
    name: &SpaceName,
    condition: &Condition,
    changes: impl Fn(&SpaceView) -> Result<Changes, Failure>,
) -> Result<(Outcome, SpaceView), Failure> {
    for _ in 0..TRIES {
        let view = seen(service, call, name, Action::UpdateSpace).await?;
        let if_version = condition.holds(view.space.seq)?;
        let Changes { mut patch, named } = changes(&view)?;
        let old = &view.content.attributes;
        patch.if_version = if_version;
        if !named.is_empty() {
            let too_much = Problem::Expected(expected::ATTRIBUTES);
            let new = merged(old, &named).ok_or_else(|| Failure::field(WHOLE_REQUEST, too_much))?;
            patch.if_attributes = Some(old.clone());
            patch.attributes = Some(new);
        }
        match service.execute(call, name.clone(), Command::UpdateSpace(patch)).await {
            Err(service::Error::Refused(Refused { refusal: Refusal::VersionMismatch, .. }))
                if if_version.is_none() => {}
            Err(error) => return Err(error.into()),
            Ok(outcome) => return Ok((outcome, view)),
        }
    }
    Err(service::Error::Contention.into())
}

/// Deletes a space, or with `if_empty` only one in which nobody but its creator has a seat.
pub async fn delete(
    service: &Service,
    call: &Call,
    name: SpaceName,
    condition: &Condition,
    if_empty: bool,
) -> Result<(), Failure> {
    let if_version = match condition {
        Condition::Any => None,
        Condition::OneOf(_) => {
            let view = seen(service, call, &name, Action::DeleteSpace).await?;
            condition.holds(view.space.seq)?
        }
    };
    service.execute(call, name, Command::DeleteSpace { if_version, if_empty }).await?;
    Ok(())
}

/// The space, for whoever may do this to it.
async fn seen(
    service: &Service,
    call: &Call,
    name: &SpaceName,
    action: Action,
) -> Result<SpaceView, Failure> {
    let view = service.get_space(call, name).await?;
    crate::domain::permission::permit(need(action), call.actor.standing(view.own))?;
    Ok(view)
}

/// The refusal on the field that asked for it.
pub fn on_field(failure: Failure, reason: ErrorReason, field: &str) -> Failure {
    if failure.reason == reason { Failure::field(field, Problem::InvalidChoice) } else { failure }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Result<Condition, Failure> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::IF_MATCH, value.parse().unwrap());
        }
        Condition::read(&headers)
    }

    #[test]
    fn conditions_name_versions() {
        for any in [&[][..], &["*"], &[" * "]] {
            assert_eq!(read(any).unwrap().holds(7), Ok(None), "{any:?}");
        }
        for right in [&["\"7\""][..], &["W/\"7\""], &["\"6\", \"7\""], &["\"x\"", "\"7\""]] {
            assert_eq!(read(right).unwrap().holds(7), Ok(Some(7)), "{right:?}");
        }
        for wrong in [&["\"6\""][..], &["\"x\""], &["\"\""], &[""], &["\"7.0\""]] {
            let refused = Err(Refusal::VersionMismatch);
            assert_eq!(read(wrong).unwrap().holds(7), refused, "{wrong:?}");
        }
        for unreadable in ["7", "W/7", "\"7", "null"] {
            assert!(read(&[unreadable]).is_err(), "{unreadable}");
        }
    }
}
