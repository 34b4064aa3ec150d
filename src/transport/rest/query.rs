//! Reads query strings, and writes the links that lead on from a page.

use std::net::SocketAddr;

use http::Uri;

use super::fields::list_name;
use crate::transport::error::{Failure, Problem, expected};

/// The longest text that is looked for, in characters.
pub const MAX_SEARCH: usize = 255;

/// So many numbers stand in a list at most.
pub const MAX_NUMBERS: usize = 50;

/// The parameters of a request, in order.
#[derive(Clone, Debug)]
pub struct Query(Vec<(String, String)>);

/// Which part of a list is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// How many at most: 1 to [`Window::MAX_LIMIT`].
    pub limit: u64,
    /// How many to pass over: at most [`Window::MAX_OFFSET`].
    pub offset: u64,
}

impl Window {
    /// How many are sent to somebody who does not say.
    pub const DEFAULT_LIMIT: u64 = 20;
    /// How many are sent at most.
    pub const MAX_LIMIT: u64 = 100;
    /// How many are passed over at most: each of them is read before it is passed over.
    pub const MAX_OFFSET: u64 = 1_000_000;

    /// Reads both parameters. What cannot be read counts as not said: clients write `undefined`.
    pub fn read(query: &Query) -> Result<Self, Failure> {
        let offset = query.get("offset").and_then(number).unwrap_or(0);
        if offset > Self::MAX_OFFSET {
            return Err(Failure::field("offset", Problem::Expected(expected::OFFSET)));
        }
        Ok(Self { limit: Self::limit(query.get("limit")), offset })
    }

    /// Reads how many are wanted.
    pub fn limit(text: Option<&str>) -> u64 {
        let limit = text.and_then(number).filter(|limit| *limit > 0);
        limit.unwrap_or(Self::DEFAULT_LIMIT).min(Self::MAX_LIMIT)
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

    /// The value of a parameter that decides what is done to whom: it may stand there only once.
    pub fn single(&self, name: &str) -> Result<Option<&str>, Failure> {
        let mut named = self.0.iter().filter(|(key, _)| key == name);
        match (named.next(), named.next()) {
            (_, Some(_)) => Err(Failure::field(name, Problem::Repeated)),
            (found, None) => Ok(found.map(|(_, value)| value.as_str())),
        }
    }

    /// All of them, in order.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The name of each parameter.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Refuses every other parameter: see [`Fields::allow`](super::fields::Fields::allow).
    pub fn allow_only(&self, name: &str) -> Result<(), Failure> {
        match self.0.iter().find(|(key, _)| key != name) {
            Some((key, _)) => Err(Failure::field(key, Problem::Unknown)),
            None => Ok(()),
        }
    }

    /// A text to look for. No database looks for a NUL, and no name is longer than this.
    pub fn search(&self, name: &str) -> Result<Option<String>, Failure> {
        let Some(text) = self.get_filled(name) else { return Ok(None) };
        if text.contains('\0') || text.chars().count() > MAX_SEARCH {
            return Err(Failure::field(name, Problem::Expected(expected::SEARCH)));
        }
        Ok(Some(text.to_owned()))
    }

    /// The words of a list, which clients write as `a=["x","y"]`, `a=x`, `a=x,y` and `a[]=x&a[]=y`.
    pub fn list(&self, name: &str) -> Vec<String> {
        let named = self.0.iter().filter(|(key, _)| list_name(key) == name);
        named.flat_map(|(_, value)| words(value)).collect()
    }

    /// The numbers of a list, each of them once, in the same spellings; `[1,2]` is one more.
    pub fn numbers(&self, name: &str) -> Result<Vec<i64>, Failure> {
        let invalid = || Failure::field(name, Problem::Expected(expected::NUMBERS));
        let mut found = Vec::new();
        for (_, value) in self.0.iter().filter(|(key, _)| list_name(key) == name) {
            if let Ok(numbers) = serde_json::from_str::<Vec<i64>>(value) {
                found.extend(numbers);
                continue;
            }
            for word in words(value) {
                let is_plain = word.bytes().all(|byte| byte.is_ascii_digit());
                found.push(word.parse().ok().filter(|_| is_plain).ok_or_else(invalid)?);
            }
        }
        found.sort_unstable();
        found.dedup();
        let is_good = found.len() <= MAX_NUMBERS && found.iter().all(|number| *number > 0);
        if is_good { Ok(found) } else { Err(invalid()) }
    }

    /// The same parameters with some replaced, or left out.
    pub fn with(&self, replaced: &[(&str, Option<String>)]) -> String {
        let kept = self.0.iter().filter(|(key, _)| !replaced.iter().any(|(name, _)| key == name));
        let replaced = replaced.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
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

/// The URL of what was asked for, without its parameters: absolute if it is known under which URL
/// clients reach this server. What a request says about that is nobody's word but the caller's.
pub fn address(base_url: Option<&str>, uri: &Uri) -> String {
    format!("{}{}", base_url.unwrap_or_default().trim_end_matches('/'), uri.path())
}

/// The URL of a server that listens here. One that listens everywhere has no name by that.
pub fn listening_url(scheme: &str, address: SocketAddr) -> Option<String> {
    (!address.ip().is_unspecified()).then(|| format!("{scheme}://{address}"))
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
            ("", (20, 0)),
            ("limit=5&offset=10", (5, 10)),
            ("limit=0&offset=-1", (20, 0)),
            ("limit=101&offset=1e3", (100, 0)),
            ("limit=undefined&offset=%201", (20, 0)),
            ("limit=9223372036854775808&offset=9223372036854775808", (20, 0)),
            ("limit=9223372036854775807&offset=1000000", (100, 1_000_000)),
        ];
        for (text, (limit, offset)) in rows {
            assert_eq!(Window::read(&query(text)), Ok(Window { limit, offset }), "{text}");
        }
        for offset in ["1000001", "9223372036854775807"] {
            let failure = Window::read(&query(&format!("offset={offset}"))).unwrap_err();
            assert_eq!(failure.violations[0].field, "offset");
        }
    }

    #[test]
    fn a_text_to_look_for_is_no_longer_than_a_name() {
        let search = |text: &str| query(&format!("search={text}")).search("search");
        assert_eq!(search(""), Ok(None));
        let longest = "%C3%A9".repeat(255);
        assert_eq!(search(&longest), Ok(Some("é".repeat(255))));
        for refused in [format!("{longest}x"), "%00".to_owned()] {
            assert_eq!(search(&refused).unwrap_err().violations[0].field, "search");
        }
    }

    #[test]
    fn what_decides_about_people_stands_there_once_and_under_its_name() {
        assert_eq!(query("user=7").single("user"), Ok(Some("7")));
        assert_eq!(query("user[]=7").single("user"), Ok(None));
        assert!(query("user=7&user=7").single("user").is_err());
        assert_eq!(query("user=7&user=8").allow_only("user"), Ok(()));
        for (text, field) in [("user=7&User=8", "User"), ("user[]=7", "user[]"), ("_=1", "_")] {
            let failure = query(text).allow_only("user").unwrap_err();
            assert_eq!(failure.violations[0].field, field);
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
    fn a_list_of_numbers_has_one_spelling_more() {
        let spellings = [
            "a=[1,2]",
            "a=1,2",
            "a=%5B%222%22,%221%22%5D",
            "a[]=1&a[]=2&a[]=1",
            "a=2&a=1",
            "a=[1]&a=2",
        ];
        for spelling in spellings {
            assert_eq!(query(spelling).numbers("a"), Ok(vec![1, 2]), "{spelling}");
        }
        for nothing in ["", "a=", "a=[]", "a=,", "b=1"] {
            assert_eq!(query(nothing).numbers("a"), Ok(vec![]), "{nothing}");
        }
        let many: Vec<_> = (1..=51).map(|n| n.to_string()).collect();
        let many = format!("a={}", many.join(","));
        let wrong =
            ["a=x", "a=0", "a=-1", "a=[0]", "a=1e3", "a=[1.5]", "a=9223372036854775808", "a=%2B1"];
        for wrong in wrong.into_iter().chain([many.as_str(), "a=1&a=x", "a=[[1]]", "a=null"]) {
            let failure = query(wrong).numbers("a").unwrap_err();
            assert_eq!(failure.violations[0].field, "a", "{wrong}");
        }
    }

    #[test]
    fn links_keep_the_other_parameters() {
        let (limit, offset) = (Some("5".to_owned()), Some("10".to_owned()));
        let linked = query("search=an+na&limit=5&offset=5&offset=6&x[]=%C3%A9&after=x").with(&[
            ("limit", limit),
            ("offset", offset),
            ("after", None),
        ]);
        assert_eq!(linked, "search=an+na&x%5B%5D=%C3%A9&limit=5&offset=10");
    }

    #[test]
    fn addresses_come_from_the_operator_or_the_listener() {
        let uri: Uri = "http://evil.example/api/v2/course/?limit=5".parse().unwrap();
        assert_eq!(address(None, &uri), "/api/v2/course/");
        let public = Some("https://members.example.org/");
        assert_eq!(address(public, &uri), "https://members.example.org/api/v2/course/");
        let rows = [
            ("127.0.0.1:8080", Some("http://127.0.0.1:8080")),
            ("[::1]:8080", Some("http://[::1]:8080")),
            ("0.0.0.0:8080", None),
            ("[::]:8080", None),
        ];
        for (bound, url) in rows {
            assert_eq!(listening_url("http", bound.parse().unwrap()).as_deref(), url);
        }
    }
}
