//! Times as databases print them.

use prost_types::Timestamp;

use crate::domain::{Millis, SourceTime};

/// Reads seconds since 1970, or a time such as `2026-05-01 10:00:00.123+00`; without a zone it is UTC.
pub fn read(text: &str) -> Option<Millis> {
    let millis = match text.parse::<i64>() {
        Ok(seconds) => seconds.checked_mul(1000)?,
        Err(_) => written(text)?,
    };
    SourceTime::of_millis(millis).map(SourceTime::millis)
}

fn written(text: &str) -> Option<Millis> {
    let (date, time) = text.split_once([' ', 'T'])?;
    let time = time.trim_end_matches(" UTC").trim_end_matches('Z');
    let at = time.find(['+', '-']).unwrap_or(time.len());
    let (time, zone) = time.split_at_checked(at)?;
    let zone = match zone.len() {
        0 => "Z".to_owned(),
        // An hour alone.
        3 => format!("{zone}:00"),
        5 => format!("{}:{}", zone.get(..3)?, zone.get(3..)?),
        _ => zone.to_owned(),
    };
    let read: Timestamp = format!("{date}T{time}{zone}").parse().ok()?;
    read.seconds.checked_mul(1000)?.checked_add(i64::from(read.nanos) / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_databases_print_them() {
        let rows = [
            ("1777629600", Some(1_777_629_600_000)),
            ("2026-05-01 10:00:00", Some(1_777_629_600_000)),
            ("2026-05-01T10:00:00Z", Some(1_777_629_600_000)),
            ("2026-05-01 10:00:00.123+00", Some(1_777_629_600_123)),
            ("2026-05-01 12:00:00+0200", Some(1_777_629_600_000)),
            ("2026-05-01 12:00:00.5+02:00", Some(1_777_629_600_500)),
            ("2026-05-01 10:00:00 UTC", Some(1_777_629_600_000)),
            ("253402300799", Some(253_402_300_799_000)),
            ("253402300800", None),
            ("-1", None),
            ("9223372036854775807", None),
            ("yesterday", None),
            ("", None),
        ];
        for (text, read_as) in rows {
            assert_eq!(read(text), read_as, "{text}");
        }
    }
}
