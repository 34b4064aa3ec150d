//! Draws the reports, each measurement as the median of its rounds.

mod bars;
mod chart;

use std::path::Path;

use plotters::style::RGBColor;

use crate::report::Report;
use crate::server::Failed;
use chart::{Chart, Line};

// Colours that those can tell apart, too, who see few: Okabe's and Ito's.
const BLUE: RGBColor = RGBColor(0, 114, 178);
const ORANGE: RGBColor = RGBColor(213, 94, 0);
const GREEN: RGBColor = RGBColor(0, 158, 115);
const PURPLE: RGBColor = RGBColor(204, 121, 167);
const YELLOW: RGBColor = RGBColor(230, 159, 0);
const INK: RGBColor = RGBColor(50, 50, 50);
const FAINT: RGBColor = RGBColor(225, 225, 225);

const CALLERS: [u32; 4] = [1, 16, 64, 256];

/// Draws what there is to draw of these reports.
pub fn draw(folder: &Path, reports: &[Report]) -> Result<(), Failed> {
    for report in reports {
        let chart = match report.scenario.as_str() {
            "postgres" => on_postgres(report),
            "sqlite" => on_sqlite(report),
            "growth" => growth(report),
            "soak-sqlite" => soak("A server on SQLite, as time goes by", report),
            "soak-postgres" => soak("A server on PostgreSQL, as time goes by", report),
            _ => continue,
        };
        chart.draw(&folder.join(format!("{}.svg", report.scenario)))?;
    }
    bars::draw(&folder.join("bars.svg"), reports)
}

fn on_postgres(report: &Report) -> Chart {
    joins(
        "Joins on PostgreSQL",
        vec![
            Line::new("Roster, one space", BLUE, by_callers(report, "join hot")),
            Line::new("Roster, many spaces", BLUE, by_callers(report, "join spread")).dashed(),
            Line::new("SQL, one space", ORANGE, by_callers(report, "bare join hot")),
            Line::new("SQL, many spaces", ORANGE, by_callers(report, "bare join spread")).dashed(),
        ],
    )
}

fn on_sqlite(report: &Report) -> Chart {
    let bare = CALLERS.map(|callers| (callers.into(), report.median("bare join")));
    joins(
        "Joins on SQLite",
        vec![
            Line::new("Roster, one space", BLUE, by_callers(report, "join hot")),
            Line::new("Roster, many spaces", BLUE, by_callers(report, "join spread")).dashed(),
            Line::new("SQL, many spaces, one loop", ORANGE, bare.into()).dashed(),
        ],
    )
}

fn joins(title: &'static str, lines: Vec<Line>) -> Chart {
    let ticks = CALLERS.map(f64::from).into();
    Chart { title, across: "callers at a time", up: "joins per second", ticks, lines }
}

/// The medians for each number of callers that was measured.
fn by_callers(report: &Report, what: &str) -> Vec<(f64, f64)> {
    let median = |callers| report.median(&format!("{what} {callers}"));
    let points = CALLERS.map(|callers| (callers.into(), median(callers)));
    points.into_iter().filter(|(_, median)| median.is_finite()).collect()
}

fn growth(report: &Report) -> Chart {
    let lines = [
        ("join", BLUE),
        ("leave", PURPLE),
        ("look up", GREEN),
        ("check 100", ORANGE),
        ("list 100", YELLOW),
    ]
    .map(|(name, colour)| Line::new(name, colour, by_size(report, name.trim_end_matches(" 100"))));
    Chart {
        title: "One caller's median wait, by size",
        across: "memberships in the space",
        up: "µs",
        ticks: lines[0].points.iter().map(|(size, _)| *size).collect(),
        lines: lines.into(),
    }
}

/// What each minute was, beside what the first ten were.
fn soak(title: &'static str, report: &Report) -> Chart {
    let lines = [
        ("memory", BLUE),
        ("file descriptors", GREEN),
        ("p99", ORANGE),
        ("log of the database", PURPLE),
        ("database by row of the history", YELLOW),
    ]
    .map(|(name, colour)| Line::new(name, colour, shares(report, name)));
    let last = lines[0].points.len() as f64;
    let ticks = [1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 90.0, 120.0, 240.0].into_iter();
    let ticks = ticks.take_while(|tick| *tick < last).chain([last]).collect();
    Chart { title, across: "minutes", up: "% of what it was at first", ticks, lines: lines.into() }
}

fn shares(report: &Report, name: &str) -> Vec<(f64, f64)> {
    let rounds = report.series.get(name).map_or(&[][..], |series| &series.rounds);
    let first = &rounds[..rounds.len().min(10)];
    let first = first.iter().sum::<f64>() / first.len() as f64;
    let share = |(n, value): (usize, &f64)| ((n + 1) as f64, value / first * 100.0);
    rounds.iter().enumerate().map(share).collect()
}

fn by_size(report: &Report, what: &str) -> Vec<(f64, f64)> {
    let size = |name: &str| name.strip_prefix(what)?.strip_prefix(" among ")?.parse().ok();
    let of_what = report.series.iter().filter_map(|(name, s)| Some((size(name)?, s.median())));
    let mut points: Vec<(f64, f64)> = of_what.collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    points
}
