//! Invite links: their secrets are made here, and nothing below this layer sees one.

use aws_lc_rs::rand;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::query::{Page, SpaceView};
use super::{Call, Error, Options, Service};
use crate::auth::sha256;
use crate::domain::link::seen_with_link;
use crate::domain::{
    Action, Command, Grant, Link, LinkHash, LinkNumber, Millis, NewLink, SpaceName, Uses,
};
use crate::ledger::LinkOutcome;

/// How long a secret is, in bytes: nobody guesses 192 bits.
const SECRET: usize = 24;

/// What a link that is to be made does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkTerms {
    /// What it does for whoever brings it.
    pub grant: Grant,
    /// From when on it lets nobody in.
    pub until: Option<Millis>,
    /// How often it can be used, if there is a limit.
    pub max_uses: Option<Uses>,
}

/// A link with its secret, which is nowhere else.
#[derive(Debug)]
pub struct MadeLink {
    /// The link.
    pub link: Link,
    /// The secret; none of a link that was only validated.
    pub secret: Option<String>,
}

/// What is kept of a secret, whatever text that is: one that was made up belongs to no link, and that of another
/// space's link to none of this one.
pub fn hash_of_secret(space: &SpaceName, secret: &str) -> Option<LinkHash> {
    let hash = sha256(format!("{space}\n{secret}").as_bytes());
    LinkHash::parse(&BASE64_URL_SAFE_NO_PAD.encode(hash))
}

impl Service {
    /// Makes a link with a new secret.
    pub async fn create_link(
        &self,
        call: &Call,
        space: SpaceName,
        terms: LinkTerms,
        options: Options,
    ) -> Result<MadeLink, Error> {
        let mut random = [0; SECRET];
        let failed = |_| Error::Internal("there are no random numbers".into());
        rand::fill(&mut random).map_err(failed)?;
        let secret = BASE64_URL_SAFE_NO_PAD.encode(random);
        let LinkTerms { grant, until, max_uses } = terms;
        let hash = hash_of_secret(&space, &secret).ok_or_else(no_link)?;
        let command = Command::CreateLink(NewLink { hash, grant, until, max_uses });
        let outcome = self.execute_with(call, space, command, options).await?;
        let LinkOutcome { link, .. } = outcome.link.ok_or_else(no_link)?;
        Ok(MadeLink { link, secret: (!options.validate_only).then_some(secret) })
    }

    /// Ends a link, and says whether that changed anything.
    pub async fn revoke_link(
        &self,
        call: &Call,
        space: SpaceName,
        id: LinkNumber,
        options: Options,
    ) -> Result<LinkOutcome, Error> {
        let outcome = self.execute_with(call, space, Command::RevokeLink(id), options).await?;
        outcome.link.ok_or_else(no_link)
    }

    /// The links of a space after this number, the oldest first. For managers and services.
    pub async fn list_links(
        &self,
        call: &Call,
        name: &SpaceName,
        after: LinkNumber,
        limit: u64,
    ) -> Result<Page<Link>, Error> {
        self.permit(call, name, Action::SeeLinks).await?;
        let found = call.wait_for(self.store.links(name, after, limit)).await?;
        if found.items.is_empty() {
            // The space may have gone after the first look, and its links with it.
            self.permit(call, name, Action::SeeLinks).await?;
        }
        Ok(Page::of(found))
    }

    /// One space, for whoever may see it, or brings the secret of a link that is alive.
    pub async fn get_space_by_link(
        &self,
        call: &Call,
        name: &SpaceName,
        link: &LinkHash,
    ) -> Result<SpaceView, Error> {
        call.allow(name.kind(), false)?;
        let live = self.store.has_live_link(link, self.now());
        let seen_as = if call.wait_for(live).await? { seen_with_link } else { |standing| standing };
        self.get_space_as(call, name, seen_as).await
    }
}

fn no_link() -> Error {
    Error::Internal("a command about a link came to none".into())
}
