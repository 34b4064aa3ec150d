//! Every list, search and suggestion, with the SELECT of the same rows.

use super::lines::{BUSY, COMMON, COMMON_COURSE, CREATOR, RARE, RARE_COURSE, Sizes};
use crate::ids::number;
use crate::server::{Failed, token_with};

/// How deep the list is that ends after ten thousand.
const COUNTED: usize = 9_900;

/// A call over REST, and the file in `benches/sql` with its values.
pub struct Listed {
    pub name: &'static str,
    /// In the authorization header.
    pub token: String,
    pub path: String,
    pub sql: &'static str,
    pub values: Vec<(&'static str, String)>,
    /// How many are passed over to come to a deep page.
    pub deep: Option<usize>,
}

/// Words that begin so.
fn beginning(word: &str) -> [(&'static str, String); 2] {
    [("from", word.to_owned()), ("to", format!("{word}{}", char::MAX))]
}

fn kind(word: &str) -> (&'static str, String) {
    ("kind", word.to_owned())
}

/// Who asks.
struct Askers {
    creator: String,
    busy: String,
    stranger: String,
}

pub fn all(sizes: &Sizes) -> Result<Vec<Listed>, Failed> {
    let of = |user: &str| token_with(user, Some("community:read"));
    let askers = Askers {
        creator: of(&number(CREATOR))?,
        busy: of(&number(BUSY))?,
        stranger: of(&sizes.stranger())?,
    };
    let mut all = of_members(sizes, &askers);
    all.extend(of_people(sizes, &askers));
    all.extend(of_spaces(sizes, &askers));
    all.extend(of_own_spaces(sizes, &askers));
    Ok(all)
}

fn of_members(sizes: &Sizes, askers: &Askers) -> Vec<Listed> {
    let space = |n: usize| vec![("space", format!("courses/{n}"))];
    let deep = Some(sizes.large * 4 / 5);
    let listed = |name, path: &str, sql| Listed {
        name,
        token: askers.creator.clone(),
        path: format!("/api/v2/course/1/{path}"),
        sql,
        values: space(1),
        deep,
    };
    vec![
        listed("members", "join/?", "people_members.sql"),
        listed("dashboard, newest", "users/?ordering=-joined_at", "people_newest.sql"),
        listed("dashboard, oldest", "users/?ordering=last_active_at", "people_oldest.sql"),
    ]
}

fn of_people(sizes: &Sizes, askers: &Askers) -> Vec<Listed> {
    let deep = Some(COUNTED.min(sizes.people / 2));
    let listed = |name, path: &str, sql, values| Listed {
        name,
        token: askers.creator.clone(),
        path: format!("/api/v2/{path}"),
        sql,
        values,
        deep,
    };
    let by_word = |name, word: &str| {
        let path = format!("user/search/?user={word}");
        listed(name, &path, "people_by_word.sql", beginning(word).to_vec())
    };
    let everybody = vec![("user", number(CREATOR))];
    let outside = vec![("space", "courses/1".to_owned())];
    vec![
        listed("people to invite", "course/1/user/?", "people_outside.sql", outside),
        listed("people to begin with", "group/user/?", "people_all.sql", everybody),
        Listed { deep: None, ..by_word("people by a rare word", RARE) },
        Listed {
            deep: deep.map(|deep| deep.min(sizes.people / 40)),
            ..by_word("people by a common word", COMMON)
        },
        Listed {
            deep: deep.map(|deep| deep.min(sizes.people / 40)),
            ..by_word("people by a beginning", "a")
        },
    ]
}

fn of_spaces(sizes: &Sizes, askers: &Askers) -> Vec<Listed> {
    let user = || ("user", sizes.stranger());
    let deep = Some(sizes.courses() / 2);
    let listed = |name, path: &str, sql, values| Listed {
        name,
        token: askers.stranger.clone(),
        path: path.to_owned(),
        sql,
        values,
        deep,
    };
    let search = |name, query: &str, term: &str| {
        let [from, to] = beginning(term);
        let values = vec![kind("courses"), user(), from, to];
        let path = format!("/api/v2/course/search/?{query}");
        listed(name, &path, "people_spaces_by_term.sql", values)
    };
    let courses = || vec![kind("cou"), user()];
    let rising = "people_spaces_rising.sql";
    let by_category = || search("courses by category", "categories=7", "#7");
    vec![
        listed("courses", "/api/v2/course/search/?", "people_spaces.sql", courses()),
        listed("courses, rising", "/api/v2/course/search/?ordering=id", rising, courses()),
        Listed {
            deep: None,
            ..search("courses by a rare word", &format!("search={RARE_COURSE}"), RARE_COURSE)
        },
        search("courses by a common word", &format!("search={COMMON_COURSE}"), COMMON_COURSE),
        // The category alone, and none that begins so.
        Listed {
            deep: None,
            values: vec![kind("courses"), user(), ("from", "#7".into()), ("to", "#7!".into())],
            ..by_category()
        },
        listed("courses to join", "/api/v2/suggestion/course/?", "people_to_join.sql", courses()),
        Listed {
            deep: Some(sizes.communities / 2),
            ..listed(
                "communities",
                "/community/v2/search?",
                "people_spaces.sql",
                vec![kind("com"), user()],
            )
        },
    ]
}

fn of_own_spaces(sizes: &Sizes, askers: &Askers) -> Vec<Listed> {
    let (busy, deep) = (number(BUSY), Some(sizes.many / 4));
    let own = vec![("user", busy.clone()), kind("cou")];
    let of = vec![("user", busy.clone()), ("viewer", sizes.stranger()), kind("cou")];
    vec![
        Listed {
            name: "own courses",
            token: askers.busy.clone(),
            path: "/api/v2/course/?".into(),
            sql: "people_own_spaces.sql",
            values: own,
            deep,
        },
        Listed {
            name: "another's courses",
            token: askers.stranger.clone(),
            path: format!("/api/v2/user/{busy}/courses/?"),
            sql: "people_spaces_of.sql",
            values: of,
            deep,
        },
    ]
}
