//! Source files as the laws of the house read them: roughly, but without comments and texts.

use std::fs;
use std::path::Path;

use crate::golden::repository;

/// One file of Rust.
pub struct Source {
    /// Its path in the repository, as in `src/store/mod.rs`.
    pub path: String,
    /// What stands in it.
    pub text: String,
    /// The same without comments, texts, and the tests at its end.
    pub code: String,
}

/// Every file below these folders.
pub fn sources(folders: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    folders.iter().for_each(|folder| collect(&repository(folder), &mut found));
    assert!(found.len() > 10, "the folders are where they were");
    found
}

fn collect(folder: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let tested = text.split("#[cfg(test)]\nmod ").next().unwrap_or(&text);
            let code = without_comments_and_texts(tested);
            let path = path.strip_prefix(repository(".")).unwrap().to_str().unwrap().to_owned();
            found.push(Source { path, text, code });
        }
    }
}

/// Keeps every line where it was.
pub fn without_comments_and_texts(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if letter == '"' {
            end_of_text(rest)
        } else if rest.starts_with("r\"") || rest.starts_with("r#") {
            end_of_raw_text(rest)
        } else if letter == '\'' {
            end_of_letter(rest)
        } else {
            0
        };
        if skipped == 0 {
            code.push(letter);
            rest = &rest[letter.len_utf8()..];
        } else {
            code.extend(rest[..skipped].chars().filter(|letter| *letter == '\n'));
            rest = &rest[skipped..];
        }
    }
    code
}

fn end_of_text(text: &str) -> usize {
    let mut escaped = false;
    let end = text[1..].find(|letter| {
        let ends = letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 2)
}

fn end_of_raw_text(text: &str) -> usize {
    let hashes = text[1..].chars().take_while(|letter| *letter == '#').count();
    if !text[1 + hashes..].starts_with('"') {
        return 0;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    let begin = hashes + 2;
    text[begin..].find(&close).map_or(text.len(), |end| begin + end + close.len())
}

/// `'a'` is a letter, `'a` a lifetime.
fn end_of_letter(text: &str) -> usize {
    let mut letters = text.char_indices().skip(1);
    let Some((_, first)) = letters.next() else { return 0 };
    if first == '\\' {
        return text[3..].find('\'').map_or(0, |end| end + 4);
    }
    letters.next().filter(|(_, second)| *second == '\'').map_or(0, |(at, _)| at + 1)
}

impl Source {
    /// The top-level module that the file belongs to: `store` of `src/store/mod.rs`.
    pub fn module(&self) -> &str {
        let inner = self.path.strip_prefix("src/").unwrap_or(&self.path);
        inner.split('/').next().unwrap_or(inner).trim_end_matches(".rs")
    }

    /// How many `super` lead from the file to the root of the crate.
    fn depth(&self) -> usize {
        self.path.matches('/').count() - usize::from(self.path.ends_with("/mod.rs"))
    }

    /// Every path that the file names, as in `std::fs::read` or `crate::domain::Status`. What
    /// `super` reaches beyond the file's own top-level module is written as `crate`.
    pub fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        let mut words = words(&self.code).into_iter().peekable();
        let mut before = String::new();
        let mut prefixes = Vec::new();
        let mut path = String::new();
        while let Some(word) = words.next() {
            let is_name = word.starts_with(|c: char| c.is_alphabetic() || c == '_');
            if is_name {
                let inherited = prefixes.last().cloned().unwrap_or_default();
                path = if before == "::" {
                    format!("{path}::{word}")
                } else {
                    inherited + word.as_str()
                };
                if words.peek().is_none_or(|next| next != "::") {
                    paths.push(self.absolute(&path));
                }
            } else if word == "{" {
                let group = if before == "::" { format!("{path}::") } else { String::new() };
                prefixes.push(group);
            } else if word == "}" {
                prefixes.pop();
            }
            before = word;
        }
        paths
    }

    fn absolute(&self, path: &str) -> String {
        let inside = path.trim_start_matches("super::");
        let climbed = (path.len() - inside.len()) / "super::".len();
        if climbed > 0 && climbed >= self.depth() {
            format!("crate::{inside}")
        } else {
            path.into()
        }
    }

    /// Every function with the number of its lines, from its name to its closing brace.
    pub fn functions(&self) -> Vec<(String, usize)> {
        let code = without_comments_and_texts(&self.text);
        let lines: Vec<_> = code.lines().collect();
        let begins = lines.iter().enumerate().filter_map(|(at, line)| Some((at, name(line)?)));
        begins.map(|(at, name)| (name, length(&lines[at..]))).collect()
    }
}

fn name(line: &str) -> Option<String> {
    let (before, after) = line.trim().split_once("fn ")?;
    let is_declaration = before.is_empty() || before.ends_with(' ');
    let name = after.split(['(', '<']).next()?;
    (is_declaration && !name.is_empty()).then(|| name.to_owned())
}

fn length(lines: &[&str]) -> usize {
    let mut depth = 0_i32;
    for (at, line) in lines.iter().enumerate() {
        for letter in line.chars() {
            match letter {
                '{' => depth += 1,
                '}' => depth -= 1,
                ';' if depth == 0 && line.ends_with(';') => return at + 1,
                _ => continue,
            }
            if letter == '}' && depth == 0 {
                return at + 1;
            }
        }
    }
    lines.len()
}

/// Names, `::`, and everything else letter by letter.
fn words(code: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = code;
    while let Some(letter) = rest.chars().next() {
        let is_of_name = |c: char| c.is_alphanumeric() || c == '_';
        let length = if rest.starts_with("::") {
            2
        } else if is_of_name(letter) {
            rest.find(|c| !is_of_name(c)).unwrap_or(rest.len())
        } else {
            letter.len_utf8()
        };
        if !letter.is_whitespace() {
            words.push(rest[..length].to_owned());
        }
        rest = &rest[length..];
    }
    words
}
