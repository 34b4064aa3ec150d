//! The table of metrics, its page, and what a running server exposes.

use std::collections::{BTreeMap, BTreeSet};

use roster::instruments::{ALL, Instrument, Kind};
use roster_proto::v1::{MembershipStatus as Status, Privacy};

use crate::golden::{Grid, marked};
use crate::harness::{App, Raw, calls_about, token};
use crate::transport::rest_client::{ask, send};

fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram(_) => "histogram",
    }
}

#[test]
fn the_page_shows_the_table() {
    let mut grid = Grid::new(["name", "kind", "labels", "meaning"]);
    for Instrument { name, kind, labels, help } in ALL {
        let labels: Vec<_> = labels.iter().map(|label| format!("`{label}`")).collect();
        grid.row([&format!("`{name}`"), kind_word(*kind), &labels.join(", "), *help]);
    }
    marked("docs/metrics.md", &[("metrics", grid.markdown())]);
}

#[test]
fn names_are_as_prometheus_wants_them() {
    for Instrument { name, kind, labels, help } in ALL {
        assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
        assert!(labels.iter().all(|label| !["le", "instance", "job"].contains(label)), "{name}");
        assert!(help.ends_with('.') && !help.contains(['\n', '\\', '"', '|']), "{name}: {help}");
    }
    let names: BTreeSet<_> = ALL.iter().map(|instrument| instrument.name).collect();
    assert_eq!(names.len(), ALL.len());
}

/// What a server exposes: each metric's kind and help, and the names of its labels.
#[derive(Default)]
struct Exposed {
    kinds: BTreeMap<String, String>,
    helps: BTreeMap<String, String>,
    labels: BTreeMap<String, BTreeSet<String>>,
    samples: BTreeMap<String, f64>,
}

/// The metric that a sample belongs to.
fn family(sample: &str, kinds: &BTreeMap<String, String>) -> String {
    let parts = ["_bucket", "_sum", "_count"].iter().filter_map(|part| sample.strip_suffix(part));
    let histogram =
        parts.into_iter().find(|name| kinds.get(*name).is_some_and(|k| k == "histogram"));
    histogram.unwrap_or(sample).to_owned()
}

fn read(page: &str) -> Exposed {
    let mut exposed = Exposed::default();
    for line in page.lines().filter(|line| !line.is_empty()) {
        if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|l| l.split_once(' ')) {
            exposed.kinds.insert(name.into(), kind.into());
        } else if let Some((name, help)) =
            line.strip_prefix("# HELP ").and_then(|l| l.split_once(' '))
        {
            exposed.helps.insert(name.into(), help.into());
        } else {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            let labels = labels.split(',').filter_map(|label| label.split_once("=\""));
            let labels = labels.map(|(label, _)| label.to_owned()).filter(|label| label != "le");
            let family = family(name, &exposed.kinds);
            exposed.labels.entry(family).or_default().extend(labels);
            exposed.samples.insert(series.into(), value.parse().unwrap());
        }
    }
    exposed
}

async fn scrape(app: &App) -> Exposed {
    let page = send(&app.admin.to_string(), ask("GET", "/metrics")).await;
    assert_eq!(page.status, 200);
    read(&page.body)
}

#[tokio::test]
async fn a_server_exposes_the_table_and_nothing_else() {
    let (app, _directory) = App::on_sqlite().await;
    let client = app.client().await;
    client.create("courses/1", Privacy::Open, "1", None).await;
    assert_eq!(client.join("7", "courses/1").await, Ok(Status::Member));
    assert_eq!(client.status("courses/1", "7").await, Status::Member);
    assert_eq!(client.join("7", "courses/2").await, Err("SPACE_NOT_FOUND".into()));
    let rest = app.rest.to_string();
    let course = ask("GET", "/api/v2/course/1/").token(&token("7"));
    assert_eq!(send(&rest, course).await.status, 200);
    assert_eq!(send(&rest, ask("BREW", "/no/such/path")).await.status, 404);
    let exposed = scrape(&app).await;
    // SQLite's log is looked at in an idle second, which may be still to come; keys come from no address.
    let expected: BTreeMap<_, _> =
        ALL.iter().map(|instrument| (instrument.name, instrument)).collect();
    let missing: Vec<_> =
        expected.keys().filter(|name| !exposed.kinds.contains_key(**name)).collect();
    let later = ["roster_key_set_fetches_total", "roster_sqlite_log_pages"];
    assert!(missing.iter().all(|name| later.contains(*name)), "{missing:?}");
    for (name, kind) in &exposed.kinds {
        let instrument =
            expected.get(name.as_str()).unwrap_or_else(|| panic!("{name} is not in the table"));
        assert_eq!(kind, kind_word(instrument.kind), "{name}");
        assert_eq!(exposed.helps.get(name).map(String::as_str), Some(instrument.help), "{name}");
        let labels = instrument.labels.iter().map(|label| (*label).to_owned()).collect();
        assert_eq!(exposed.labels.get(name), Some(&labels), "{name}");
    }
    let now = roster::clock::Clock::system().now() as f64 / 1_000.0;
    for (name, least, most) in [
        ("process_resident_memory_bytes", 1e6, 1e11),
        ("process_open_fds", 5.0, 1e6),
        ("process_threads", 2.0, 1e4),
        ("process_cpu_seconds_total", 0.01, 1e6),
        ("process_start_time_seconds", now - 3_600.0, now + 5.0),
    ] {
        let value = exposed.samples[name];
        assert!((least..=most).contains(&value), "{name} {value}");
    }
    app.stop().await;
}

/// The sum of the samples whose series begins so and has all of these labels.
fn sum(exposed: &Exposed, name: &str, labels: &[&str]) -> f64 {
    let is_meant = |series: &&String| {
        series.split('{').next() == Some(name) && labels.iter().all(|label| series.contains(label))
    };
    exposed.samples.keys().filter(is_meant).map(|series| exposed.samples[series]).sum()
}

/// Other tests count in the same process, so this looks at methods and paths that only it calls, and at
/// differences.
#[tokio::test]
async fn calls_are_counted_by_what_became_of_them() {
    let (app, _directory) = App::on_sqlite().await;
    let raw = Raw::connect(&app).await;
    let before = scrape(&app).await;
    let unknown = ("/roster.v1.MembershipService/NoSuchMethod", Vec::new());
    raw.call(&token("7"), unknown).await;
    let told = raw.call(&token("7"), calls_about("courses/8").remove(0)).await.status();
    assert_eq!(told.code(), tonic::Code::NotFound);
    let _ = send(&app.rest.to_string(), ask("PATCH", "/api/v2/group/1/subscribe")).await;
    let after = scrape(&app).await;
    let grew = |name: &str, labels: &[&str]| sum(&after, name, labels) - sum(&before, name, labels);
    let join = "grpc_method=\"JoinOrAcceptInvite\"";
    for (name, labels) in [
        ("grpc_server_started_total", &[join][..]),
        ("grpc_server_handled_total", &[join, "grpc_code=\"NotFound\"", "grpc_type=\"unary\""]),
        ("grpc_server_handling_seconds_count", &[join]),
        ("grpc_server_handled_total", &["grpc_method=\"unknown\"", "grpc_code=\"Unimplemented\""]),
        ("roster_failures_total", &["reason=\"SPACE_NOT_FOUND\""]),
        (
            "http_server_request_duration_seconds_count",
            &[
                "http_request_method=\"PATCH\"",
                "http_route=\"/api/v2/group/{id}/subscribe\"",
                "http_response_status_code=\"405\"",
            ],
        ),
    ] {
        assert!(grew(name, labels) >= 1.0, "{name} {labels:?}");
    }
    let started = |exposed| sum(exposed, "grpc_server_started_total", &["NoSuchMethod"]);
    assert_eq!(started(&after), 0.0, "callers make up as many names as they like");
    app.stop().await;
}
