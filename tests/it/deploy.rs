//! What `deploy/` offers fits the program.

use std::collections::BTreeSet;
use std::fs;

use clap::{Arg, Args as _};
use roster::config::{Config, Flags, SECRET_VARIABLE};
use tempfile::TempDir;

use crate::golden::{between, repository};
use crate::harness::{roster, said};

const FILE: &str = "deploy/roster.toml";

/// Values for settings that have no default. Another is shown as its kind of value.
const EXAMPLES: &[(&str, &str)] = &[
    ("token_secret_file", "/etc/roster/token-secret"),
    ("token_key_set", "https://login.example.org/.well-known/jwks.json"),
    ("token_issuer", "https://login.example.org/"),
    ("token_audience", "roster"),
    ("public_url", "https://members.example.org"),
    ("otlp", "http://127.0.0.1:4317"),
];

fn flags() -> Vec<Arg> {
    let command = Flags::augment_args(clap::Command::new("roster"));
    command.get_arguments().filter(|flag| flag.get_long() != Some("config")).cloned().collect()
}

fn key(flag: &Arg) -> String {
    flag.get_long().unwrap().replace('-', "_")
}

/// Whether the program takes this as its file.
fn load(text: &str) -> Result<Config, String> {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("roster.toml");
    fs::write(&path, text).unwrap();
    let flags = Flags { config: Some(path), ..Flags::default() };
    Config::load(&flags, &[]).map_err(|error| error.to_string())
}

/// The setting with its default, or with a value that the program would take.
fn example(flag: &Arg, defaults: &toml::Table) -> String {
    let key = key(flag);
    if let Some(default) = defaults.get(&key) {
        return format!("{key} = {default}");
    }
    let known = EXAMPLES.iter().find(|(name, _)| *name == key).map(|(_, value)| (*value).into());
    let kind = || flag.get_value_names().map_or(String::new(), |names| names[0].to_string());
    let text = toml::Value::String(known.unwrap_or_else(kind));
    let candidates = [text, 1.into(), true.into(), toml::Value::Array(Vec::new())];
    let mut lines = candidates.iter().map(|value| format!("{key} = {value}"));
    lines.find(|line| load(line).is_ok()).unwrap_or_else(|| panic!("an example for {key}"))
}

fn settings() -> String {
    let defaults: toml::Table = Config::default().to_string().parse().unwrap();
    let mut text = String::new();
    for flag in flags() {
        let help = flag.get_help().unwrap().to_string();
        let meaning = help.split(" [default: ").next().unwrap();
        let values = flag.get_possible_values();
        let values: Vec<_> = values.iter().map(|value| value.get_name()).collect();
        let choice =
            if values.is_empty() { String::new() } else { format!(": {}", values.join(" or ")) };
        text += &format!("# {meaning}{choice}\n#{}\n\n", example(&flag, &defaults));
    }
    let secret = format!(
        "# The secret itself, in place of a file that holds it; better in {SECRET_VARIABLE}\n"
    );
    text + &secret + "#token_secret = \"at least 32 bytes\"\n"
}

#[test]
fn the_file_has_every_setting_with_its_default() {
    between(FILE, "# <settings>\n", "# </settings>", &settings());
}

#[test]
fn the_file_is_accepted_as_it_is_and_with_every_setting() {
    let text = fs::read_to_string(repository(FILE)).unwrap();
    assert_eq!(load(&text).unwrap().to_string(), Config::default().to_string());
    let is_setting = |line: &str| line.starts_with(|letter: char| letter.is_ascii_lowercase());
    let all: String = text
        .lines()
        .filter_map(|line| line.strip_prefix('#').filter(|line| is_setting(line)))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(all.lines().count(), flags().len() + 1, "{all}");
    // There is one shared secret, here or in a file of its own.
    for other in ["token_secret =", "token_secret_file ="] {
        let lines = all.lines().filter(|line| !line.starts_with(other));
        load(&lines.map(|line| format!("{line}\n")).collect::<String>()).map(drop).unwrap();
    }
}

/// Each figure of the capacity table is one that was measured.
#[test]
fn capacity() {
    let page = fs::read_to_string(repository("docs/deployment.md")).unwrap();
    let measured = fs::read_to_string(repository("docs/benchmarks.md")).unwrap();
    let measured: BTreeSet<_> = measured.split(|letter: char| " |\n".contains(letter)).collect();
    let (_, rest) = page.split_once("<!-- capacity -->\n").unwrap();
    let rows = rest.split_once("<!-- /capacity -->").unwrap().0.lines().skip(2);
    let figures = rows.flat_map(|row| row.split('|').skip(2)).map(str::trim);
    let figures: Vec<_> = figures.filter_map(|cell| cell.split_whitespace().next()).collect();
    assert!(figures.len() > 10, "{figures:?}");
    for figure in figures {
        assert!(measured.contains(figure), "{figure} is not in docs/benchmarks.md");
    }
}

/// What a person does first: take the file, and name the secret.
#[test]
fn the_program_accepts_the_file() {
    let directory = TempDir::new().unwrap();
    let secret = directory.path().join("secret");
    fs::write(&secret, "a secret of more than thirty-two bytes").unwrap();
    let text = fs::read_to_string(repository(FILE)).unwrap();
    let ours = format!("token_secret_file = {:?}\n", secret.to_str().unwrap());
    let text = text.replace("#token_secret_file = \"/etc/roster/token-secret\"\n", &ours);
    let path = directory.path().join("roster.toml");
    fs::write(&path, text).unwrap();
    let (shown, problem, good) = said(roster(["--check-config"]).env("ROSTER_CONFIG", &path));
    assert!(good && shown.contains(&ours), "{problem}{shown}");
}
