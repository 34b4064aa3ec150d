//! The dashboard and the alerts: what they ask for exists.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use roster::instruments::{ALL, Kind};
use serde_json::Value;

use crate::golden::repository;

/// What PromQL itself knows, as far as it is used.
const WORDS: &[&str] = &[
    "sum",
    "rate",
    "increase",
    "histogram_quantile",
    "by",
    "le",
    "max",
    "min",
    "avg",
    "and",
    "or",
    "unless",
    "on",
    "without",
    "time",
    "absent",
    "changes",
    "resets",
    "clamp_min",
];
/// What Prometheus itself makes.
const ITS_OWN: &[&str] = &["up", "job", "instance"];

/// Everything that can be asked for: each metric, or the parts of a histogram, with its labels.
fn known() -> BTreeMap<String, &'static [&'static str]> {
    let mut known = BTreeMap::new();
    for instrument in ALL {
        let parts: &[&str] = match instrument.kind {
            Kind::Counter | Kind::Gauge => &[""],
            Kind::Histogram(_) => &["_bucket", "_sum", "_count"],
        };
        for part in parts {
            known.insert(format!("{}{part}", instrument.name), instrument.labels);
        }
    }
    known
}

/// An expression without what stands in quotes, durations and Grafana's variables.
fn bare(expression: &str) -> String {
    let outside = expression.split('"').step_by(2).collect::<Vec<_>>().join("_q_");
    outside.replace("$__rate_interval", "5m")
}

/// The names in an expression that mean nothing here, or labels that no metric in it has.
fn strangers(expression: &str) -> Vec<String> {
    let known = known();
    let bare = bare(expression);
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words: BTreeSet<_> = bare
        .split(|c| !is_letter(c))
        .filter(|w| w.starts_with(|c: char| c.is_ascii_alphabetic()))
        .collect();
    let labels: BTreeSet<_> =
        words.iter().filter_map(|word| known.get(*word)).flat_map(|labels| labels.iter()).collect();
    let is_known = |word: &&str| {
        WORDS.contains(word)
            || ITS_OWN.contains(word)
            || known.contains_key(*word)
            || labels.contains(word)
    };
    words.into_iter().filter(|word| !is_known(word)).map(str::to_owned).collect()
}

fn metrics_in(expression: &str) -> Vec<String> {
    let bare = bare(expression);
    let words = bare.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| known().contains_key(*word)).map(str::to_owned).collect()
}

/// The expressions of a dashboard, wherever they stand.
fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("expr").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| collect(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}

fn check(path: &str, expressions: &[String], least: usize) {
    assert!(expressions.len() >= least, "{path}: {}", expressions.len());
    for expression in expressions {
        assert_eq!(strangers(expression), Vec::<String>::new(), "{path}: {expression}");
        let opens = expression.matches(['(', '{', '[']).count();
        assert_eq!(opens, expression.matches([')', '}', ']']).count(), "{path}: {expression}");
        let has_metric = !metrics_in(expression).is_empty() || expression.contains("up{");
        assert!(has_metric, "{path}: {expression}");
    }
}

fn text(path: &str) -> String {
    fs::read_to_string(repository(path)).unwrap()
}

#[test]
fn the_dashboard_asks_for_what_exists() {
    let path = "deploy/grafana/roster.json";
    let dashboard: Value = serde_json::from_str(&text(path)).unwrap();
    let mut expressions = Vec::new();
    collect(&dashboard, &mut expressions);
    check(path, &expressions, 20);
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_i64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "each panel has an id of its own");
}

/// Each rule is written so that its expression stands on the lines between `expr:` and the next key.
fn rules(text: &str) -> Vec<(String, String)> {
    let mut rules = Vec::new();
    for rule in text.split("- alert: ").skip(1) {
        let name = rule.lines().next().unwrap().to_owned();
        let (_, behind) = rule.split_once("expr:").unwrap();
        let (expression, _) = behind.split_once("\n        for:").unwrap();
        rules.push((name, expression.trim_start_matches([' ', '|', '>', '-']).to_owned()));
    }
    rules
}

#[test]
fn the_alerts_ask_for_what_exists() {
    let path = "deploy/prometheus/alerts.yml";
    let text = text(path);
    let rules = rules(&text);
    let expressions: Vec<_> = rules.iter().map(|(_, expression)| expression.clone()).collect();
    check(path, &expressions, 8);
    let page = fs::read_to_string(repository("docs/metrics.md")).unwrap();
    for (name, _) in rules {
        assert!(
            page.contains(&format!("`{name}`")),
            "docs/metrics.md does not say what to do at {name}"
        );
    }
}

/// The check would pass anything if it saw nothing.
#[test]
fn what_does_not_exist_is_seen() {
    assert_eq!(
        strangers("sum by (role) (rate(roster_database_connections[5m]))"),
        Vec::<String>::new()
    );
    assert_eq!(strangers("rate(roster_no_such_thing_total[5m])"), ["roster_no_such_thing_total"]);
    assert_eq!(strangers("sum by (colour) (roster_ready)"), ["colour"]);
    assert_eq!(strangers("roster_ledger_batch_seconds"), ["roster_ledger_batch_seconds"]);
}
