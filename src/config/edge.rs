//! What clients may hold of the server, and how their connections are encrypted.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};
use toml::Table;

use super::Error;

macro_rules! settings {
    ($($(#[doc = $help:literal])* $name:ident: $type:ty = $variable:literal, $form:literal, $default:expr;)*) => {
        /// What can be said by flag or environment.
        #[derive(Clone, Debug, Default, Args, Serialize)]
        pub struct EdgeFlags {
            $($(#[doc = $help])*
            #[arg(long, env = $variable, value_name = $form)]
            #[serde(skip_serializing_if = "Option::is_none")]
            pub $name: Option<<$type as Setting>::Value>,)*
        }

        /// The settings in force. The meaning of each is at [`EdgeFlags`].
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        #[expect(missing_docs, reason = "documented at EdgeFlags, where users read it")]
        pub struct Edge {
            $(pub $name: $type,)*
        }

        impl Default for Edge {
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }

        /// As they are called in the file.
        const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

/// What a flag holds for a setting that may be left open, and for one that has a default.
pub trait Setting {
    /// The value itself.
    type Value: Clone + std::fmt::Debug + Send + Sync;
}

impl Setting for NonZeroU32 {
    type Value = Self;
}

impl<T: Clone + std::fmt::Debug + Send + Sync> Setting for Option<T> {
    type Value = T;
}

/// At most so many seconds, which is a year: longer times are mistakes.
const MAX_SECONDS: u32 = 366 * 24 * 60 * 60;

const fn number(value: u32) -> NonZeroU32 {
    match NonZeroU32::new(value) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

settings! {
    /// File with the certificate of the public ports, as PEM, with those between it and the authority
    /// [default: no TLS]
    tls_cert: Option<PathBuf> = "ROSTER_TLS_CERT", "FILE", None;
    /// File with the key of that certificate, as PEM
    tls_key: Option<PathBuf> = "ROSTER_TLS_KEY", "FILE", None;
    /// File with the authorities of clients, as PEM; only clients with a certificate of theirs may connect
    /// [default: all may]
    tls_client_ca: Option<PathBuf> = "ROSTER_TLS_CLIENT_CA", "FILE", None;
    /// How many connections may be open [default: 16384]
    max_connections: NonZeroU32 = "ROSTER_MAX_CONNECTIONS", "NUMBER", number(16_384);
    /// How many calls may be open at once on one connection [default: 1000]
    max_streams: NonZeroU32 = "ROSTER_MAX_STREAMS", "NUMBER", number(1_000);
    /// Bytes of large bodies that may be on their way at once [default: 67108864]
    max_body_bytes: NonZeroU32 = "ROSTER_MAX_BODY_BYTES", "BYTES", number(64 * 1024 * 1024);
    /// The same on one connection [default: 4194304]
    max_connection_body_bytes: NonZeroU32 = "ROSTER_MAX_CONNECTION_BODY_BYTES", "BYTES",
        number(4 * 1024 * 1024);
    /// How long a body may take to arrive [default: 10]
    body_timeout: NonZeroU32 = "ROSTER_BODY_TIMEOUT", "SECONDS", number(10);
    /// How long a connection may take to its first request, TLS included [default: 10]
    handshake_timeout: NonZeroU32 = "ROSTER_HANDSHAKE_TIMEOUT", "SECONDS", number(10);
    /// How long a connection may stay without a call [default: 900]
    idle_timeout: NonZeroU32 = "ROSTER_IDLE_TIMEOUT", "SECONDS", number(900);
    /// How long a connection may stay [default: unlimited]
    max_connection_age: Option<NonZeroU32> = "ROSTER_MAX_CONNECTION_AGE", "SECONDS", None;
    /// How long calls may go on that were begun before their connection is closed for age or rest
    /// [default: 35]
    max_connection_age_grace: NonZeroU32 = "ROSTER_MAX_CONNECTION_AGE_GRACE", "SECONDS", number(35);
    /// After how much silence a connection is asked whether it is still there [default: 60]
    keepalive_interval: NonZeroU32 = "ROSTER_KEEPALIVE_INTERVAL", "SECONDS", number(60);
    /// How long it may take to say so [default: 10]
    keepalive_timeout: NonZeroU32 = "ROSTER_KEEPALIVE_TIMEOUT", "SECONDS", number(10);
    /// Calls of one token subject in a second; each further user that a call names is one more
    /// [default: unlimited]
    rate_limit: Option<NonZeroU32> = "ROSTER_RATE_LIMIT", "NUMBER", None;
    /// Calls from one address in a second, whatever their tokens [default: unlimited]
    rate_limit_address: Option<NonZeroU32> = "ROSTER_RATE_LIMIT_ADDRESS", "NUMBER", None;
    /// How long calls may have waited for their turn when new ones are refused [default: 1000]
    max_wait: NonZeroU32 = "ROSTER_MAX_WAIT", "MILLISECONDS", number(1_000);
}

impl Edge {
    /// Takes these settings out of a file's.
    pub(super) fn take(settings: &mut Table) -> Result<Self, toml::de::Error> {
        let own =
            NAMES.iter().filter_map(|name| Some(((*name).to_owned(), settings.remove(*name)?)));
        own.collect::<Table>().try_into()
    }

    /// Refuses what is of no use without something else.
    pub fn check(&self) -> Result<(), Error> {
        let needs = [
            ("tls_cert", self.tls_cert.is_some(), "tls_key", self.tls_key.is_some()),
            ("tls_key", self.tls_key.is_some(), "tls_cert", self.tls_cert.is_some()),
            ("tls_client_ca", self.tls_client_ca.is_some(), "tls_cert", self.tls_cert.is_some()),
        ];
        if let Some((one, _, other, _)) = needs.iter().find(|(_, one, _, other)| *one && !*other) {
            return Err(Error::Needs(one, other));
        }
        Ok(())
    }

    /// Refuses times that must be mistakes.
    pub(super) fn check_times(&self) -> Result<(), Error> {
        let times = [
            ("body_timeout", Some(self.body_timeout)),
            ("handshake_timeout", Some(self.handshake_timeout)),
            ("idle_timeout", Some(self.idle_timeout)),
            ("max_connection_age", self.max_connection_age),
            ("max_connection_age_grace", Some(self.max_connection_age_grace)),
            ("keepalive_interval", Some(self.keepalive_interval)),
            ("keepalive_timeout", Some(self.keepalive_timeout)),
        ];
        let too_long = |time: Option<NonZeroU32>| time.is_some_and(|time| time.get() > MAX_SECONDS);
        match times.into_iter().find(|(_, time)| too_long(*time)) {
            Some((name, _)) => Err(Error::TooLong(name, MAX_SECONDS)),
            None => Ok(()),
        }
    }
}
