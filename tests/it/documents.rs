//! What the documentation shows is what the code does, and what it names exists.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use clap::Args as _;
use roster::config::{Config, Flags, SECRET_VARIABLE};
use roster::domain::transition::{Move, Verb, transition};
use roster::domain::{Offer, Privacy, Refusal, Status};
use roster::transport::error::Failure;
use roster::transport::grpc::status;

use crate::golden::{Grid, golden, marked, repository};
use crate::grids::{self, code_word, upper};

#[test]
fn rules() {
    let visibility = format!("{}\n{}", grids::visibility().markdown(), grids::members().markdown());
    let transitions =
        format!("{}\n{}", grids::transitions().markdown(), grids::privacy_changes().markdown());
    let parts = [
        ("visibility", visibility),
        ("permissions", grids::permissions().markdown()),
        ("passage", grids::passage().markdown()),
        ("transitions", transitions),
    ];
    marked("docs/rules.md", &parts);
}

#[test]
fn errors() {
    let (all, sent) = (grids::reasons(), grids::reasons().skip(1));
    golden("errors.txt", &grids::errors(all).plain());
    marked("docs/errors.md", &[("errors", grids::errors(sent).markdown())]);
}

/// The contract promises a code in the comment of each reason; the server sends that code.
#[test]
fn reasons_of_the_contract() {
    let contract = fs::read_to_string(repository("proto/roster/v1/error_reason.proto")).unwrap();
    let codes: Vec<_> = (0..=16).map(|code| code_word(tonic::Code::from_i32(code))).collect();
    let (mut comment, mut promised) = (String::new(), BTreeMap::new());
    for line in contract.lines().map(str::trim).filter(|line| !line.starts_with("option ")) {
        if let Some(text) = line.strip_prefix("//") {
            comment += text;
        } else if let Some((value, _)) = line.split_once(" = ") {
            let words = comment.split(|letter: char| !(letter == '_' || letter.is_alphanumeric()));
            let named: Vec<_> =
                words.filter(|word| codes.iter().any(|code| code == word)).collect();
            promised.insert(value.to_owned(), named.join(" "));
            comment.clear();
        } else {
            comment.clear();
        }
    }
    promised.remove("syntax");
    assert_eq!(promised.remove("ERROR_REASON_UNSPECIFIED").as_deref(), Some(""), "never sent");
    let sent = grids::reasons().skip(1);
    let sent =
        sent.map(|reason| (reason.as_str_name().to_owned(), code_word(status::code(reason))));
    assert_eq!(promised, sent.collect());
}

#[test]
fn a_refusal_is_a_reason_of_the_same_name() {
    for refusal in Refusal::ALL {
        let reason = Failure::from(*refusal).reason;
        assert_eq!(status::reason_name(reason), refusal.word());
    }
}

#[test]
fn states() {
    marked("README.md", &[("states", states_diagram())]);
}

/// Where each verb leads, in any privacy; a verb that needs one names it.
fn arrows(verb: Verb) -> BTreeMap<(Status, Status), String> {
    let mut arrows: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for privacy in Privacy::ALL {
        for from in Status::ALL {
            // An answer leaves the status as it is.
            let moved = transition(verb, *privacy, *from, Offer::Member);
            if let Move::To(to, _) = moved
                && to != *from
            {
                arrows.entry((*from, to)).or_default().push(privacy.word());
            }
        }
    }
    let label = |privacies: Vec<&str>| match privacies.as_slice() {
        [only] => format!("{verb} ({only})"),
        _ => verb.to_string(),
    };
    arrows.into_iter().map(|(arrow, privacies)| (arrow, label(privacies))).collect()
}

fn is_role(verb: Verb) -> bool {
    matches!(verb, Verb::Add | Verb::MakeManager | Verb::MakeMember | Verb::MakeNone)
}

/// Blocking is one arrow from everywhere, and roles given to those without a seat are words below:
/// drawn one by one they would hide the rest.
fn states_diagram() -> String {
    let mut labels: BTreeMap<(Status, Status), Vec<String>> = BTreeMap::new();
    let mut undrawn = String::new();
    for verb in Verb::ALL.iter().filter(|verb| **verb != Verb::Block) {
        let between_seats = |(from, to): &(Status, Status)| from.is_seated() && to.is_seated();
        let (drawn, rest): (Vec<_>, Vec<_>) = arrows(*verb)
            .into_iter()
            .partition(|(arrow, _)| !is_role(*verb) || between_seats(arrow));
        drawn.into_iter().for_each(|(arrow, label)| labels.entry(arrow).or_default().push(label));
        if let Some(((_, to), _)) = rest.first() {
            let from: Vec<_> = rest.iter().map(|((from, _), _)| upper(*from)).collect();
            undrawn += &format!("- `{verb}`: {} → {}\n", from.join(", "), upper(*to));
        }
    }
    let old_creator = (Status::Creator, Status::Manager);
    labels.entry(old_creator).or_default().push("transfer to another".into());
    let blockable: Vec<_> = arrows(Verb::Block).into_keys().map(|(from, _)| upper(from)).collect();
    let mut diagram = String::from("```mermaid\nstateDiagram-v2\n    [*] --> ABSENT\n");
    for ((from, to), verbs) in labels {
        diagram += &format!("    {} --> {}: {}\n", upper(from), upper(to), verbs.join(", "));
    }
    let anybody = blockable.join(", ");
    diagram +=
        &format!("    state \"{anybody}\" as ANYBODY\n    ANYBODY --> BLOCKED: block\n```\n");
    format!("{diagram}\nNot drawn, to keep the picture readable:\n\n{undrawn}")
}

#[test]
fn configuration() {
    marked("docs/operations.md", &[("configuration", settings().markdown())]);
}

fn settings() -> Grid {
    let mut grid = Grid::new(["flag", "variable", "key in the file", "meaning", "default"]);
    let flags = Flags::augment_args(clap::Command::new("roster"));
    for flag in flags.get_arguments() {
        let name = flag.get_long().unwrap();
        let variable = flag.get_env().unwrap().to_str().unwrap();
        let help = flag.get_help().unwrap().to_string();
        let (meaning, default) = match help.split_once(" [default: ") {
            Some((meaning, rest)) => (meaning, format!("`{}`", rest.trim_end_matches(']'))),
            None => (help.as_str(), String::new()),
        };
        let values = flag.get_possible_values();
        let values: Vec<_> = values.iter().map(|value| format!("`{}`", value.get_name())).collect();
        let choice = if values.is_empty() { "" } else { &format!(": {}", values.join(" or ")) };
        let key = if name == "config" { String::new() } else { code(&name.replace('-', "_")) };
        let (name, variable) = (code(&format!("--{name}")), code(variable));
        grid.row([name, variable, key, format!("{meaning}{choice}"), default]);
    }
    let secret = "The secret itself, in place of a file that holds it";
    grid.row(["", &code(SECRET_VARIABLE), "`token_secret`", secret, ""]);
    grid
}

/// The help names each default by hand; here is what holds when nothing is said.
#[test]
fn defaults() {
    let shown = Config::default().to_string();
    let in_force: BTreeMap<_, _> =
        shown.lines().filter_map(|line| line.split_once(" = ")).collect();
    let flags = Flags::augment_args(clap::Command::new("roster"));
    let mut told = 0;
    for flag in flags.get_arguments() {
        let name = flag.get_long().unwrap().replace('-', "_");
        let value = in_force.get(name.as_str()).filter(|value| **value != "None");
        let help = flag.get_help().unwrap().to_string();
        let Some(value) = value else { continue };
        let default = format!("[default: {}]", value.trim_matches('"').to_lowercase());
        assert!(help.ends_with(&default), "{help} {default}");
        told += 1;
    }
    assert_eq!(told, 26);
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

/// The pages, each with its folder.
fn pages() -> Vec<(String, String, String)> {
    let top = ["README.md", "CONTRIBUTING.md", "SECURITY.md"];
    let mut pages: Vec<_> = top.map(|name| (name.to_owned(), ".".to_owned())).into();
    for entry in fs::read_dir(repository("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".md") {
            pages.push((format!("docs/{name}"), "docs".to_owned()));
        }
    }
    let text = |path: &String| fs::read_to_string(repository(path)).unwrap();
    pages.into_iter().map(|(path, folder)| (text(&path), path, folder)).collect()
}

/// A heading as links name it.
fn anchor(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
    words.chars().filter(|c| c.is_alphanumeric() || *c == '-' || *c == '_').collect()
}

#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    for (text, path, folder) in pages() {
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.contains("://") {
                continue;
            }
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { path.clone() } else { format!("{folder}/{file}") };
            let linked = fs::read_to_string(repository(&file));
            let has_heading = |text: String| {
                let headings = text.lines().filter(|line| line.starts_with('#')).map(anchor);
                heading.is_empty() || headings.collect::<BTreeSet<_>>().contains(heading)
            };
            if !repository(&file).exists() || !linked.map_or(heading.is_empty(), has_heading) {
                broken.push(format!("{path}: {target}"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn paths_that_are_named_exist() {
    let roots = ["src/", "tests/", "docs/", "deploy/", "proto/", "migrations/", "benches/", ".ci/"];
    let mut missing = Vec::new();
    for (text, path, _) in pages() {
        let words =
            text.split(|letter: char| letter.is_whitespace() || "`()[]\",;#".contains(letter));
        for word in words.filter(|word| roots.iter().any(|root| word.starts_with(root))) {
            let named = word.split('#').next().unwrap_or(word).trim_end_matches(['.', ':']);
            if !repository(named).exists() {
                missing.push(format!("{path}: {named}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
