//! What an operator may say about the edge.

use crate::harness::{roster, said};

/// What the program says about these flags.
fn checked(flags: &[&str]) -> (String, bool) {
    let mut command = roster(["serve", "--check-config"].iter().chain(flags));
    command.env("ROSTER_TOKEN_SECRET", "x".repeat(32));
    let (_, said, is_content) = said(&mut command);
    (said, is_content)
}

#[test]
fn limits_that_are_none_are_refused() {
    let numbers = [
        "max-connections",
        "max-streams",
        "max-body-bytes",
        "max-connection-body-bytes",
        "body-timeout",
        "handshake-timeout",
        "idle-timeout",
        "max-connection-age",
        "max-connection-age-grace",
        "keepalive-interval",
        "keepalive-timeout",
        "rate-limit",
        "rate-limit-address",
        "max-wait",
    ];
    for name in numbers {
        for value in ["0", "-1", "", "many", "4294967296"] {
            let (said, is_content) = checked(&[&format!("--{name}={value}")]);
            assert!(!is_content && said.contains(name), "{name} {value}: {said}");
        }
    }
    let (said, is_content) = checked(&["--idle-timeout=100000000"]);
    assert!(!is_content && said.contains("idle_timeout"), "{said}");
}

#[test]
fn a_certificate_needs_its_key() {
    for (flag, needed) in [
        ("--tls-cert=/a.pem", "`tls_cert` needs `tls_key`"),
        ("--tls-key=/a.pem", "`tls_key` needs `tls_cert`"),
        ("--tls-client-ca=/a.pem", "`tls_client_ca` needs `tls_cert`"),
    ] {
        let (said, is_content) = checked(&[flag]);
        assert!(!is_content && said.contains(needed), "{said}");
    }
}
