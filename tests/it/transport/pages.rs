//! Pages of both dialects, followed from link to link: together they are the list, whatever comes before
//! them meanwhile.

use roster::domain::Privacy;
use serde_json::Value;

use super::people::{put, word};
use super::rest_server::Rest;
use crate::harness::{Beside, on_every_engine};

/// Twelve courses and communities of 1, in the first of each 2 to 13, each since another time.
async fn start(url: &str) -> Rest {
    let rest = Rest::on(url).await;
    let client = rest.client().await;
    let people = (1..=30).map(|n| word(&n.to_string(), 1, &format!("Ann{} Anna{n}", n % 3)));
    put(&client, people.collect()).await;
    for n in 1..=12 {
        let privacy = if n == 5 { Privacy::Secret } else { Privacy::Open };
        rest.space(&format!("courses/{n}"), privacy, "1", "{}").await;
        rest.space(&format!("communities/{n:032}"), Privacy::Open, "1", "{}").await;
    }
    for space in ["courses/1", "communities/00000000000000000000000000000001"] {
        for user in 2..=13 {
            rest.add(space, &user.to_string()).await;
        }
    }
    let beside = Beside::at(url).await;
    beside.run("UPDATE membership SET joined_at = 1000 * (LENGTH(user_id) + version % 4)").await;
    beside.close().await;
    rest
}

/// What a row is known by.
fn id(row: &Value) -> String {
    let row = if row["community"].is_null() { row } else { &row["community"] };
    let id = if row["id"].is_null() { &row["user_id"] } else { &row["id"] };
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

/// All pages of so many rows, by the links, and how many of the links say where the page goes on.
async fn followed(rest: &Rest, user: &str, path: &str, limit: usize) -> (Vec<String>, usize) {
    let (mut ids, mut calls, mut placed) = (Vec::new(), 0, 0);
    let between = if path.contains('?') { '&' } else { '?' };
    let mut next = Some(format!("/api/v2/{path}{between}limit={limit}"));
    while let Some(path) = next {
        let page = rest.call(user, "GET", &path).await.json();
        ids.extend(page["results"].as_array().unwrap_or_else(|| panic!("{page}")).iter().map(id));
        let link = page["next"].as_str().map(|link| link[rest.url().len()..].to_owned());
        placed += usize::from(link.as_ref().is_some_and(|link| link.contains("&after=")));
        calls += 1;
        assert!(calls < 50, "{path}");
        next = link;
    }
    (ids, placed)
}

#[tokio::test]
async fn the_pages_of_a_list_are_the_list() {
    on_every_engine(|_, url| async move {
        let rest = start(&url).await;
        for (path, count, is_placed) in [
            ("course/1/join/?statuses=joined", 12, true),
            ("course/1/users/", 12, true),
            ("course/1/users/?ordering=joined_at", 12, true),
            ("course/1/users/?ordering=last_active_at&search=ann", 12, true),
            ("course/1/user/", 17, true),
            ("course/1/user/?search=ann1", 5, true),
            ("group/user/", 29, true),
            ("user/search/", 30, true),
            ("user/search/?user=ann", 30, true),
            ("user/search/?user=ann1+anna", 10, true),
            ("course/search/", 12, true),
            ("course/search/?ordering=id", 12, true),
            ("course/search/?search=bread", 12, false),
            ("course/?statuses=creator", 12, false),
            ("course/search/?statuses=creator&ordering=id", 12, false),
        ] {
            let (whole, _) = followed(&rest, "1", path, 100).await;
            assert_eq!(whole.len(), count, "{path}: {whole:?}");
            for limit in [1, 4] {
                let (ids, placed) = followed(&rest, "1", path, limit).await;
                assert_eq!(ids, whole, "{path} by {limit}");
                assert_eq!(placed > 0, is_placed, "{path}");
            }
        }
        // Hidden spaces are passed over for those who do not see them, on every page.
        for path in ["course/search/", "course/search/?ordering=id", "suggestion/course/"] {
            let (ids, _) = followed(&rest, "20", path, 2).await;
            assert_eq!(ids.len(), 11, "{path}: {ids:?}");
            assert!(!ids.contains(&"5".to_owned()), "{path}: {ids:?}");
        }
        rest.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_page_goes_on_after_the_one_before_whatever_has_come_before_it() {
    on_every_engine(|_, url| async move {
        let rest = start(&url).await;
        let first = rest.call("20", "GET", "/api/v2/course/search/?limit=2").await.json();
        let link = first["next"].as_str().unwrap()[rest.url().len()..].to_owned();
        rest.space("courses/13", Privacy::Open, "1", "{}").await;
        let ids = async |path: &str| {
            let page = rest.call("20", "GET", path).await.json();
            page["results"].as_array().unwrap().iter().map(id).collect::<Vec<_>>()
        };
        assert_eq!(ids(&link).await, ["10", "9"]);
        // Whoever changes the link gets what the rest of it says.
        let (by_position, place) = link.split_once("&after=").unwrap();
        assert_eq!(ids(by_position).await, ["11", "10"]);
        for (other, expected) in [
            (format!("{by_position}&after=x"), ["11", "10"]),
            (format!("{by_position}&after=%00&after=é"), ["11", "10"]),
            (format!("/api/v2/course/search/?limit=2&offset=4&after={place}"), ["9", "8"]),
            (
                format!("/api/v2/course/search/?limit=2&ordering=id&offset=2&after={place}"),
                ["3", "4"],
            ),
        ] {
            assert_eq!(ids(&other).await, expected, "{other}");
        }
        // Of people as of spaces.
        let first = rest.call("20", "GET", "/api/v2/user/search/?user=ann1&limit=2").await.json();
        let link = first["next"].as_str().unwrap()[rest.url().len()..].replace("ann1", "ann2");
        assert_eq!(ids(&link).await, ["17", "2"]);
        rest.stop().await;
    })
    .await;
}

#[tokio::test]
async fn cursors_of_communities_go_on_after_what_was_shown() {
    on_every_engine(|_, url| async move {
        let rest = start(&url).await;
        let (user, scope) = ("20", "community:read");
        for (path, list, count) in [
            ("/community/v2/search?", "communities", 12),
            ("/community/v2/search?query=bread", "communities", 12),
            ("/community/v2/00000000000000000000000000000001/members?", "members", 13),
        ] {
            let (mut ids, mut after) = (Vec::new(), String::new());
            loop {
                let path = format!("{path}&paging.limit=2&paging.cursors.after={after}");
                let asked = super::rest_client::ask("GET", &path);
                let page = rest.send(asked.token(&rest.token_with(user, scope))).await.json();
                ids.extend(
                    page[list].as_array().unwrap_or_else(|| panic!("{page}")).iter().map(id),
                );
                after = page["paging"]["cursors"]["after"].as_str().unwrap().to_owned();
                if after.is_empty() {
                    break;
                }
            }
            let all = ids.len();
            ids.dedup();
            assert_eq!((ids.len(), all), (count, count), "{path}");
        }
        rest.stop().await;
    })
    .await;
}
