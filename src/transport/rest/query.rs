//! Reads query strings, and writes the links that lead on from a page.

use http::uri::Authority;
use http::{HeaderMap, Uri, header};

use super::body::list_name;
use crate::transport::error::{Failure, Problem};

/// The parameters of a request, in order.
#[derive(Clone, Debug)]
pub struct Query(Vec<(String, String)>);

/// Which part of a list is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// How many at most: 1 to [`Window::MOST`].
    pub limit: u64,
    /// How many to pass over.
    pub offset: u64,
}

impl Window {
    /// How many are sent to somebody who does not say.
    const USUAL: u64 = 20;
    /// How many are sent at most.
    const MOST: u64 = 100;

    /// Reads both numbers. What cannot be read counts as not said: clients write `undefined`.
    pub fn read(limit: Option<&str>, offset: Option<&str>) -> Self {
        let limit = limit.and_then(number).filter(|limit| *limit > 0).unwrap_or(Self::USUAL);
        Self { limit: limit.min(Self::MOST), offset: offset.and_then(number).unwrap_or(0) }
    }
}

/// A number that a database can count with.
pub fn number(text: &str) -> Option<u64> {
    text.parse::<i64>().ok().and_then(|number| number.try_into().ok())
}

impl Query {
    /// The parameters of this URI.
    pub fn of(uri: &Uri) -> Self {
        let text = uri.query().unwrap_or_default();
        Self(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// The value of a parameter; of the last, if it stands there more than once.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The same, but an empty value counts as none.
    pub fn get_filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|text| !text.is_empty())
    }

    /// A text to look for. No database looks for a NUL.
    pub fn search(&self, name: &str) -> Result<Option<String>, Failure> {
        match self.get_filled(name) {
            Some(text) if text.contains('\0') => Err(Failure::field(name, Problem::Invalid)),
            text => Ok(text.map(str::to_owned)),
        }
    }

    /// The words of a list, which clients write as `a=["x","y"]`, `a=x`, `a=x,y` and `a[]=x&a[]=y`.
    pub fn list(&self, name: &str) -> Vec<String> {
        let named = self.0.iter().filter(|(key, _)| list_name(key) == name);
        named.flat_map(|(_, value)| words(value)).collect()
    }

    /// The same parameters with some replaced.
    pub fn with(&self, replaced: &[(&str, u64)]) -> String {
        let kept = self.0.iter().filter(|(key, _)| !replaced.iter().any(|(name, _)| key == name));
        let replaced = replaced.iter().map(|(name, value)| ((*name).to_owned(), value.to_string()));
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(kept)
            .extend_pairs(replaced)
            .finish()
    }
}

fn words(value: &str) -> Vec<String> {
    if let Ok(list) = serde_json::from_str::<Vec<String>>(value) {
        return list;
    }
    let words = value.split(',').map(str::trim).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// The absolute URL of what was asked for, without its parameters. Headers that a proxy may have
/// added are not trusted; if even `Host` is of no use, this is the path alone.
pub fn address(public_url: Option<&str>, uri: &Uri, headers: &HeaderMap) -> String {
    let path = uri.path();
    if let Some(public_url) = public_url {
        return format!("{}{path}", public_url.trim_end_matches('/'));
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.and_then(|host| host.parse::<Authority>().ok());
    match host.as_ref().or(uri.authority()) {
        Some(host) => format!("http://{host}{path}"),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query {
        Query::of(&format!("/?{text}").parse().unwrap())
    }

    #[test]
    fn unreadable_windows_fall_back() {
        let rows = [
            ((None, None), (20, 0)),
            ((Some("5"), Some("10")), (5, 10)),
            ((Some("0"), Some("-1")), (20, 0)),
            ((Some("101"), Some("1e3")), (100, 0)),
            ((Some("undefined"), Some(" 1")), (20, 0)),
            ((Some("9223372036854775808"), Some("9223372036854775808")), (20, 0)),
            ((Some("9223372036854775807"), Some("9223372036854775807")), (100, i64::MAX as u64)),
        ];
        for ((limit, offset), (expected_limit, expected_offset)) in rows {
            let expected = Window { limit: expected_limit, offset: expected_offset };
            assert_eq!(Window::read(limit, offset), expected);
        }
    }

    #[test]
    fn a_list_has_many_spellings() {
        let spellings = [
            "a=%5B%22x%22,%22y%22%5D",
            "a=x%2Cy",
            "a=x,%20y,",
            "a%5B%5D=x&b=z&a%5B%5D=y",
            "a=x&a=y",
            "a[0]=x&a[1]=y",
        ];
        for spelling in spellings {
            assert_eq!(query(spelling).list("a"), ["x", "y"], "{spelling}");
        }
        assert_eq!(query("a=x").list("a"), ["x"]);
        for nothing in ["", "a=", "a=[]", "b=x"] {
            assert!(query(nothing).list("a").is_empty(), "{nothing}");
        }
        assert_eq!(query("a=[1]").list("a"), ["[1]"]);
    }

    #[test]
    fn links_keep_the_other_parameters() {
        let linked = query("search=an+na&limit=5&offset=5&offset=6&x[]=%C3%A9")
            .with(&[("limit", 5), ("offset", 10)]);
        assert_eq!(linked, "search=an+na&x%5B%5D=%C3%A9&limit=5&offset=10");
    }

    #[test]
    fn addresses_trust_no_forwarding_header() {
        let uri: Uri = "/api/v2/course/?limit=5".parse().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-host", "evil.example".parse().unwrap());
        assert_eq!(address(None, &uri, &headers), "/api/v2/course/");
        headers.insert(header::HOST, "127.0.0.1:8080".parse().unwrap());
        assert_eq!(address(None, &uri, &headers), "http://127.0.0.1:8080/api/v2/course/");
        let public = Some("https://members.example.org/");
        assert_eq!(address(public, &uri, &headers), "https://members.example.org/api/v2/course/");
        headers.insert(header::HOST, "a b<script>".parse().unwrap());
        assert_eq!(address(None, &uri, &headers), "/api/v2/course/");
    }
}
