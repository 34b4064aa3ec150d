//! The tables in the document, made of the reports.

use std::fmt::Write;
use std::path::Path;

use crate::bars::{self, Bar};
use crate::report::{Report, Series};
use crate::server::Failed;

/// What is made here stands between these lines in the document.
const BEGIN: &str = "<!-- made of the JSON by bench --plot -->\n";
const END: &str = "<!-- end -->\n";

/// Puts the tables where the document has room for them; makes one that has if there is none.
pub fn write(document: &Path, reports: &[Report]) -> Result<(), Failed> {
    let tables = [ratios(reports), processor_time(reports)];
    let text = if document.exists() {
        std::fs::read_to_string(document)?
    } else {
        format!("{BEGIN}{END}").repeat(tables.len())
    };
    let text = fill(&text, &tables).ok_or("the document has no room for the tables")?;
    Ok(std::fs::write(document, text)?)
}

/// The text with each of these in its place.
fn fill(text: &str, tables: &[String]) -> Option<String> {
    let (mut filled, mut rest) = (String::new(), text);
    for table in tables {
        let (before, after) = rest.split_once(BEGIN)?;
        let (_, after) = after.split_once(END)?;
        filled.extend([before, BEGIN, "\n", table, "\n", END]);
        rest = after;
    }
    Some(filled + rest)
}

fn ratios(reports: &[Report]) -> String {
    let mut table =
        String::from("| | ours | beside | ratio | must | aim |\n|---|---|---|---|---|---|\n");
    for row in bars::rows() {
        let Some(found) = reports.iter().find_map(|report| row.result(report)) else {
            row_of(&mut table, &[row.name, "", "", "–", &bar(row.must, None), &bar(row.aim, None)]);
            continue;
        };
        let beside = found
            .beside
            .map_or(String::new(), |(series, word)| format!("{}, {word}", figure(series)));
        let ratio = found.beside.map_or(String::new(), |_| short(found.ratio));
        let (must, aim) = (bar(row.must, Some(found.ratio)), bar(row.aim, Some(found.ratio)));
        row_of(&mut table, &[row.name, &figure(found.ours), &beside, &ratio, &must, &aim]);
    }
    table
}

/// What each call took of whom, where that was read.
fn processor_time(reports: &[Report]) -> String {
    let mut table = String::from(
        "| µs of processor time for a call | server | PostgreSQL | client | all |\n|---|---|---|---|---|\n",
    );
    for report in reports {
        let names = report.series.keys().filter_map(|name| name.strip_suffix(": server"));
        for name in names {
            let of = |whose: &str| report.series.get(&format!("{name}: {whose}"));
            let each = ["server", "PostgreSQL", "client"].map(of);
            let all = each.iter().flatten().map(|series| series.median()).sum::<f64>();
            let [server, postgres, client] =
                each.map(|series| series.map_or(String::new(), |series| short(series.median())));
            let name = format!("{}: {name}", report.scenario);
            row_of(&mut table, &[&name, &server, &postgres, &client, &short(all)]);
        }
    }
    table
}

fn row_of(table: &mut String, cells: &[&str]) {
    // Writing to a string cannot fail.
    let _ = writeln!(table, "| {} |", cells.join(" | "));
}

fn bar(bar: Option<Bar>, ratio: Option<f64>) -> String {
    match (bar, ratio) {
        (Some(bar), Some(ratio)) => format!("{bar} {}", bar.verdict(ratio)),
        (Some(bar), None) => bar.to_string(),
        (None, _) => String::new(),
    }
}

fn figure(series: &Series) -> String {
    let (value, unit) = (series.median(), series.unit.as_str());
    let number = if value < 1_000.0 { short(value) } else { thousands(value) };
    match unit {
        "" | "/s" => format!("{number}{unit}"),
        _ => format!("{number} {unit}"),
    }
}

/// Three digits, or all that stand before the point.
pub fn short(value: f64) -> String {
    let before = value.abs().max(f64::MIN_POSITIVE).log10().floor() as i32;
    format!("{value:.0$}", (2 - before).max(0) as usize)
}

/// 12345 as 12,345.
pub fn thousands(number: f64) -> String {
    let whole = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_in_threes() {
        let written = [0.0, 999.0, 1_000.0, 1_234_567.0].map(thousands);
        assert_eq!(written, ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn three_digits() {
        assert_eq!([0.0123, 1.0, 12.34, 999.9].map(short), ["0.0123", "1.00", "12.3", "1000"]);
    }

    #[test]
    fn tables_go_where_there_is_room() {
        let text = format!("a\n{BEGIN}old\n{END}b\n{BEGIN}{END}c\n");
        let tables = ["1\n".to_owned(), "2\n".to_owned()];
        let filled = fill(&text, &tables).expect("there is room for two");
        assert_eq!(filled, format!("a\n{BEGIN}\n1\n\n{END}b\n{BEGIN}\n2\n\n{END}c\n"));
        assert_eq!(fill(&filled, &tables).as_ref(), Some(&filled));
        assert_eq!(fill("a\n", &tables), None);
    }
}
