//! Log lines on their way out: in order, whole, and not one by one.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use roster::config::LogFormat;
use roster::telemetry::{Output, lines};
use tokio::time::{Instant, timeout};

/// A stream that remembers what each call wrote.
#[derive(Clone, Default)]
struct Stream(Arc<Mutex<Vec<String>>>);

impl Stream {
    fn writes(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !bytes.is_empty() {
            self.0.lock().unwrap().push(String::from_utf8(bytes.to_vec()).unwrap());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn access(n: u32) {
    tracing::info!(target: "roster::access", n, "answered");
}

#[test]
fn lines_about_calls_are_gathered_and_stay_in_order() {
    let stream = Stream::default();
    let output = Output::new(stream.clone()).unwrap();
    let subscriber = lines("info", LogFormat::Plain, false, output.clone()).unwrap();
    tracing::subscriber::with_default(subscriber, || {
        (0..100).for_each(access);
        tracing::warn!("something else");
        access(100);
    });
    output.flush();
    let all = stream.writes();
    assert!(all.len() <= 5, "{} writes", all.len());
    let text = all.concat();
    let said: Vec<_> = text.lines().map(|line| line.rsplit(' ').next().unwrap()).collect();
    let mut expected: Vec<_> = (0..100).map(|n| format!("n={n}")).collect();
    expected.extend(["else".to_owned(), "n=100".to_owned()]);
    assert_eq!(said, expected);
}

#[tokio::test]
async fn what_was_gathered_is_written_after_a_moment() {
    let stream = Stream::default();
    let output = Output::new(stream.clone()).unwrap();
    let subscriber = lines("info", LogFormat::Json, false, output.clone()).unwrap();
    let began = Instant::now();
    tracing::subscriber::with_default(subscriber, || access(1));
    let written = async {
        while stream.writes().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(5), written).await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(50), "{:?}", began.elapsed());
    drop(output);
    let line: serde_json::Value = serde_json::from_str(&stream.writes().concat()).unwrap();
    assert_eq!((&line["fields"]["n"], &line["target"]), (&1.into(), &"roster::access".into()));
}

#[test]
fn any_text_is_a_line_of_json() {
    let stream = Stream::default();
    let output = Output::new(stream.clone()).unwrap();
    let subscriber = lines("info", LogFormat::Json, false, output).unwrap();
    let text = "a \"quoted\"\nline \u{7} with é and \\";
    tracing::subscriber::with_default(subscriber, || {
        let error: &dyn std::error::Error = &io::Error::other("inner");
        tracing::info!(text, number = -1_i64, yes = true, half = 0.5, ?text, error, "said");
    });
    let all = stream.writes().concat();
    assert_eq!(all.lines().count(), 1);
    let line: serde_json::Value = serde_json::from_str(&all).unwrap();
    let fields = &line["fields"];
    assert_eq!(fields["text"], format!("{text:?}"), "{all}");
    assert_eq!((&fields["number"], &fields["half"]), (&(-1).into(), &0.5.into()));
    assert_eq!((&fields["yes"], &fields["error"]), (&true.into(), &"inner".into()));
}

/// Libraries are quiet unless they are named.
#[test]
fn more_lines_are_more_of_ours() {
    for (filter, expected) in
        [("debug", ["ours"].as_slice()), ("debug,h2=debug", &["frame", "ours"])]
    {
        let stream = Stream::default();
        let output = Output::new(stream.clone()).unwrap();
        let subscriber = lines(filter, LogFormat::Plain, false, output).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            tracing::debug!(target: "h2::codec", "frame");
            tracing::info!(target: "sqlx::postgres::notice", "relation already exists, skipping");
            tracing::debug!("ours");
        });
        let text = stream.writes().concat();
        let said: Vec<_> = text.lines().map(|line| line.rsplit(' ').next().unwrap()).collect();
        assert_eq!(said, expected, "{filter}");
    }
}
