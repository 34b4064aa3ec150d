//! Where something listens: a host, by name or number, and a port.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The form that is wanted.
const FORM: &str = "expected HOST:PORT, such as 127.0.0.1:50051, localhost:50051, [::1]:50051, or \
                    :50051 for every address of this machine";

/// A host and a port. Names are looked up when they are needed, not before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    /// A name, or a number without brackets; empty for every address of this machine.
    host: String,
    port: u16,
}

impl Address {
    /// A port on this machine's loopback.
    pub fn loopback(port: u16) -> Self {
        Self { host: "127.0.0.1".into(), port }
    }

    /// What to look up to listen here; tried in this order.
    pub fn hosts(&self) -> Vec<(&str, u16)> {
        match self.host.as_str() {
            // Where there is no IPv6 the second one holds.
            "" => vec![("::", self.port), ("0.0.0.0", self.port)],
            host => vec![(host, self.port)],
        }
    }

    /// The port; 0 for any free one.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How to reach, on this machine, whoever listens here.
    pub fn reached(&self) -> String {
        let everywhere = match self.host.parse::<IpAddr>() {
            Ok(number) => number.is_unspecified(),
            Err(_) => self.host.is_empty(),
        };
        if everywhere { format!("127.0.0.1:{}", self.port) } else { self.to_string() }
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no address: {FORM}");
        if let Ok(number) = text.parse::<SocketAddr>() {
            return Ok(Self { host: number.ip().to_string(), port: number.port() });
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let port = port.parse().map_err(|_| wrong())?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.' || c == '_';
        // All digits and dots is a number that could not be read.
        let is_number = !host.is_empty() && host.chars().all(|c| c.is_ascii_digit() || c == '.');
        if is_number || !host.chars().all(is_name) {
            return Err(wrong());
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_read() {
        let rows = [
            ("127.0.0.1:50051", "127.0.0.1:50051", "127.0.0.1:50051"),
            ("localhost:80", "localhost:80", "localhost:80"),
            (":8080", ":8080", "127.0.0.1:8080"),
            ("0.0.0.0:8080", "0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:8080", "[::]:8080", "127.0.0.1:8080"),
            ("[::1]:0", "[::1]:0", "[::1]:0"),
            ("roster-1.internal:9", "roster-1.internal:9", "roster-1.internal:9"),
        ];
        for (text, shown, reached) in rows {
            let address: Address = text.parse().unwrap();
            assert_eq!(
                (address.to_string().as_str(), address.reached().as_str()),
                (shown, reached)
            );
        }
        assert_eq!(":1".parse::<Address>().unwrap().hosts(), [("::", 1), ("0.0.0.0", 1)]);
    }

    #[test]
    fn what_is_no_address_is_told_the_form() {
        for text in [
            "",
            "localhost",
            "localhost:",
            "localhost:http",
            "localhost:70000",
            "::1:80",
            "http://localhost:80",
            "256.1.1.1:80",
            "a b:80",
            "[::1:80",
        ] {
            let error = text.parse::<Address>().unwrap_err();
            assert!(error.contains("HOST:PORT") && error.contains(text), "{error}");
        }
    }
}
