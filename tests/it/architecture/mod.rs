//! The laws of the house: who may know whom, and how large anything may be.

pub mod source;

use std::collections::{BTreeMap, BTreeSet};

use source::{Source, sources, without_comments_and_texts};

/// Each top-level module, and those that it may name.
const LAYERS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("instruments", &[]),
    ("request_context", &[]),
    ("clock", &["domain"]),
    ("defects", &["domain"]),
    ("interchange", &["domain"]),
    ("store", &["defects", "domain", "instruments"]),
    ("auth", &["clock", "domain", "instruments"]),
    ("ledger", &["clock", "defects", "domain", "instruments", "request_context", "store"]),
    (
        "service",
        &[
            "auth",
            "clock",
            "defects",
            "domain",
            "instruments",
            "ledger",
            "request_context",
            "store",
        ],
    ),
    ("transport", &["auth", "domain", "instruments", "interchange", "request_context", "service"]),
    ("config", &["auth", "domain"]),
    ("telemetry", &["config", "instruments", "request_context"]),
    (
        "server",
        &[
            "auth",
            "clock",
            "config",
            "instruments",
            "ledger",
            "service",
            "store",
            "telemetry",
            "transport",
        ],
    ),
    (
        "cli",
        &[
            "auth",
            "clock",
            "config",
            "domain",
            "interchange",
            "server",
            "service",
            "store",
            "telemetry",
            "transport",
        ],
    ),
    ("lib", &[]),
    ("main", &[]),
];

/// Crates that only these modules may name.
const CRATES: &[(&[&str], &[&str])] = &[
    (&["sea_orm", "sqlx", "migrations"], &["store"]),
    (&["prost", "prost_types", "prost_reflect", "tonic_types"], &["transport", "cli"]),
    (&["unicode_normalization"], &["store"]),
    (&["serde_path_to_error", "schemars"], &["transport"]),
    (&["tonic_reflection", "tonic_web"], &["transport"]),
    (&["tower", "tower_http"], &["transport"]),
    (&["flate2"], &["transport", "cli"]),
    (&["ruzstd"], &["cli"]),
    (&["hyper", "hyper_util", "http_body_util"], &["transport", "auth"]),
    (&["tonic", "tonic_health", "axum"], &["transport", "server", "cli"]),
    (&["http"], &["transport", "server", "cli", "auth"]),
    (&["jsonwebtoken"], &["auth", "cli"]),
    (&["hyper_rustls", "rustls_native_certs"], &["auth"]),
    (&["url"], &["auth", "config", "cli"]),
    (&["rustls"], &["auth", "transport"]),
    (&["tokio_rustls", "governor"], &["transport"]),
    (&["metrics_exporter_prometheus"], &["telemetry"]),
    (&["opentelemetry", "opentelemetry_otlp", "opentelemetry_sdk"], &["telemetry"]),
    (&["clap"], &["cli", "config"]),
    (&["clap_complete", "clap_mangen", "indicatif", "rustix", "tabwriter"], &["cli"]),
];

/// What the rules may use, and nothing else: values and collections.
const PURE: &[&str] = &["std::borrow", "std::collections", "std::fmt", "std::sync::Arc"];

fn may_name(module: &str) -> &'static [&'static str] {
    let row = LAYERS.iter().find(|(name, _)| *name == module);
    row.unwrap_or_else(|| panic!("`{module}` has no place among the layers yet")).1
}

fn none(broken: Vec<String>) {
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn imports_point_one_way() {
    let mut broken = Vec::new();
    for source in sources(&["src"]) {
        let module = source.module();
        for path in source.paths() {
            let Some(named) = path.strip_prefix("crate::") else { continue };
            let named = named.split("::").next().unwrap_or(named);
            if named != module && !may_name(module).contains(&named) {
                broken.push(format!("{}: {path}", source.path));
            }
        }
    }
    none(broken);
}

#[test]
fn no_layer_leads_back_to_itself() {
    let mut left: BTreeMap<_, BTreeSet<_>> =
        LAYERS.iter().map(|(module, named)| (*module, named.iter().copied().collect())).collect();
    while let Some(lowest) = left.iter().find(|(_, named)| named.is_empty()).map(|(m, _)| *m) {
        left.remove(lowest);
        left.values_mut().for_each(|named| {
            named.remove(lowest);
        });
    }
    assert!(left.is_empty(), "these lead in a circle or to what is not there: {left:?}");
}

#[test]
fn crates_stay_in_their_layer() {
    let mut broken = Vec::new();
    for source in sources(&["src"]) {
        for path in source.paths() {
            let named = path.split("::").next().unwrap_or(&path);
            let owners = CRATES.iter().find(|(crates, _)| crates.contains(&named));
            let is_path = path.contains("::");
            if is_path && owners.is_some_and(|(_, modules)| !modules.contains(&source.module())) {
                broken.push(format!("{}: {path}", source.path));
            }
        }
    }
    none(broken);
}

#[test]
fn the_rules_are_pure() {
    let domain: Vec<_> =
        sources(&["src"]).into_iter().filter(|source| source.module() == "domain").collect();
    let siblings: BTreeSet<_> =
        domain.iter().filter_map(|s| s.path.split(['/', '.']).nth(2)).collect();
    let mut broken = Vec::new();
    for Source { path: file, code, .. } in &domain {
        for word in ["async", "await", "unsafe", "println", "macro_use"] {
            if code.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|found| found == word) {
                broken.push(format!("{file}: {word}"));
            }
        }
    }
    for source in &domain {
        for path in source.paths().into_iter().filter(|path| path.contains("::")) {
            let first = path.split("::").next().unwrap_or_default();
            let is_type = first.starts_with(char::is_uppercase);
            let is_ours = ["super", "self", "i64", "fmt", "clippy"].contains(&first)
                || siblings.contains(first);
            let is_pure = PURE.iter().any(|pure| path.starts_with(pure));
            if !is_type && !is_ours && !is_pure {
                broken.push(format!("{}: {path}", source.path));
            }
        }
    }
    none(broken);
}

#[test]
fn files_and_functions_stay_small() {
    let mut broken = Vec::new();
    for source in sources(&["src", "tests", "migrations"]) {
        let lines = source.text.lines().count();
        if lines >= 400 {
            broken.push(format!("{} has {lines} lines", source.path));
        }
        let long = source.functions().into_iter().filter(|(_, lines)| *lines >= 60);
        broken
            .extend(long.map(|(name, lines)| format!("{}: {name} has {lines} lines", source.path)));
    }
    none(broken);
}

#[test]
fn every_file_says_what_it_is_for() {
    let sources = sources(&["src", "tests", "migrations"]);
    let silent = sources.into_iter().filter(|source| !source.text.starts_with("//! "));
    none(silent.map(|source| source.path).collect());
}

#[test]
fn nothing_gives_up_or_looks_away() {
    let words = [
        ".unwrap()",
        ".expect(",
        "panic!",
        "todo!",
        "unimplemented!",
        "unreachable!",
        "dbg!",
        "#[allow",
        "#![allow",
    ];
    let mut broken = Vec::new();
    for source in sources(&["src", "migrations"]) {
        let found = words.iter().filter(|word| source.code.contains(**word));
        broken.extend(found.map(|word| format!("{}: {word}", source.path)));
    }
    none(broken);
}

fn source(path: &str, text: &str) -> Source {
    let code = without_comments_and_texts(text);
    Source { path: path.to_owned(), text: text.to_owned(), code }
}

/// The laws would hold of anything if the reader saw nothing.
#[test]
fn the_reader_sees_paths() {
    let text = r##"
        // crate::comment::x
        use crate::{ledger, store::{self, Store}};
        use super::super::auth;
        use super::inner::Thing;
        const T: &str = "crate::text::x"; const R: &str = r#"a "crate::raw::x" b"#;
        fn f<'a>(c: char) -> sea_orm::Value { if c == '"' { tonic::Code::Ok } else { '\'' } }
        fn g() { crate::last::word() }
    "##;
    let paths = source("src/transport/error.rs", text).paths();
    let named: Vec<_> = paths.iter().filter(|path| path.contains("::")).collect();
    let expected = [
        "crate::ledger",
        "crate::store::self",
        "crate::store::Store",
        "crate::auth",
        "super::inner::Thing",
        "sea_orm::Value",
        "tonic::Code::Ok",
        "crate::last::word",
    ];
    assert_eq!(named, expected);
    let from_the_top = source("src/transport/mod.rs", "use super::store::Store;");
    assert!(from_the_top.paths().contains(&"crate::store::Store".to_owned()));
}

#[test]
fn the_reader_counts_lines() {
    let text = "fn short() {}\n\npub async fn long(\n    a: u8,\n) -> u8 {\n    match a {\n        \
                _ => { 1 }\n    }\n}\nfn with_text() {\n    \"}\";\n}\ntrait T {\n    fn only();\n}\n";
    let functions = source("src/x.rs", text).functions();
    let named = [("short", 1), ("long", 7), ("with_text", 3), ("only", 1)];
    let expected = named.map(|(name, lines)| (name.to_owned(), lines));
    assert_eq!(functions, expected);
}
