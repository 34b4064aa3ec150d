//! Reads what a caller says it takes. JSON is all that is sent.

use http::{HeaderMap, header};

use super::answer::HttpError;

/// Refuses a caller that does not take JSON.
pub fn require_json(headers: &HeaderMap) -> Result<(), HttpError> {
    if accepts_json(headers) { Ok(()) } else { Err(HttpError::NotAcceptable) }
}

/// Whether the caller takes JSON: what the most specific range that covers it says.
fn accepts_json(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let ranges: Vec<&str> = values
        .flat_map(|value| value.split(','))
        .filter(|range| !range.trim().is_empty())
        .collect();
    if ranges.is_empty() {
        return true;
    }
    let wanted = |name: &str| {
        let range = ranges.iter().find(|range| essence(range).eq_ignore_ascii_case(name))?;
        Some(!is_refused(range))
    };
    ["application/json", "application/*", "*/*"].into_iter().find_map(wanted).unwrap_or(false)
}

fn essence(range: &str) -> &str {
    range.split(';').next().unwrap_or_default().trim()
}

/// Whether a range says `q=0`.
fn is_refused(range: &str) -> bool {
    let quality = range.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let mut quality = quality.filter(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    quality.any(|(_, value)| value.trim().parse::<f32>().is_ok_and(|quality| quality <= 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_is_read_as_http_says() {
        let rows = [
            (None, true),
            (Some(""), true),
            (Some("*/*"), true),
            (Some("application/json, text/plain, */*"), true),
            (Some("text/html, application/*;q=0.1"), true),
            (Some("APPLICATION/JSON;charset=utf-8"), true),
            (Some("text/html"), false),
            (Some("application/json;q=0"), false),
            (Some("application/json; q=0.0, */*"), false),
            (Some("*/*;q=0, application/json"), true),
            (Some("garbage"), false),
        ];
        for (accept, expected) in rows {
            let mut headers = HeaderMap::new();
            accept.map(|accept| headers.insert(header::ACCEPT, accept.parse().unwrap()));
            assert_eq!(accepts_json(&headers), expected, "{accept:?}");
        }
    }
}
