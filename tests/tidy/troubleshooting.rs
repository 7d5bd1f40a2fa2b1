//! The headings of docs/authors/troubleshooting.md are errors as they are printed: each stands in the sources, so that a reader
//! finds what they see. Must not know when an error is told.

use std::collections::BTreeMap;

use super::{files, root};

/// How far a part of a message may stand behind the one before it: what fills a place in between is short.
const REACH: usize = 400;

/// What stands for whatever differs.
const ANY: &str = "…";

/// Letters of the longest part of a message, at least: with fewer it would be found everywhere.
const LETTERS_MIN: usize = 8;

#[test]
fn every_error_with_a_heading_is_told_by_the_program() {
    let page = std::fs::read_to_string(root().join("docs/authors/troubleshooting.md")).unwrap();
    let sources = sources();
    let headings: Vec<&str> = page.lines().filter_map(heading).collect();
    assert_eq!(headings.len(), page.matches("\n### ").count(), "every heading is one text in backticks");
    assert!(headings.len() >= 30, "{} errors have a heading", headings.len());
    for heading in &headings {
        let letters = |part: &str| part.chars().filter(char::is_ascii_alphabetic).count();
        let longest = heading.split(ANY).map(letters).max().unwrap_or_default();
        assert!(longest >= LETTERS_MIN, "`{heading}` may be anything");
    }
    let untold: Vec<&str> =
        headings.into_iter().filter(|heading| !sources.values().any(|text| tells(text, heading))).collect();
    assert!(untold.is_empty(), "no source has these errors:\n{}", untold.join("\n"));
}

#[test]
fn a_text_that_nobody_tells_is_found() {
    let text = plain("format!(\"it has {found} types, at \\\n        most {MAX} are \\\"possible\\\"\")");
    assert!(tells(&text, "it has … types, at most … are \"possible\""));
    assert!(tells(&text, "… types, at most …"));
    assert!(!tells(&text, "it has … kinds, at most … are \"possible\""));
    assert!(!tells(&text, "at most … types"));
}

/// The error of a heading, which has two backticks at each end if there are some in it.
fn heading(line: &str) -> Option<&str> {
    let code = line.strip_prefix("### ")?;
    let long = code.strip_prefix("`` ").and_then(|rest| rest.strip_suffix(" ``"));
    long.or_else(|| code.strip_prefix('`')?.strip_suffix('`').filter(|rest| !rest.contains('`')))
}

/// What is part of the program or of what is built into plugins; tests quote errors, and would keep those that are gone.
fn sources() -> BTreeMap<String, String> {
    let of = |folder| files(folder, &[".rs", ".js", ".mjs", ".py", ".go", ".h", ".zig"]);
    let all = ["host", "plugins"].into_iter().flat_map(of);
    let is_test = |path: &str| ["/tests/", "/test/", "/tests.rs"].iter().any(|part| path.contains(part));
    let own = |text: String| text.split("#[cfg(test)]\nmod tests").next().map(plain).unwrap_or_default();
    all.filter(|(path, _)| !is_test(path)).map(|(path, text)| (path, own(text))).collect()
}

/// A source as its messages are read: without ends of lines within a text, and what is escaped as it is.
fn plain(text: impl AsRef<str>) -> String {
    let mut joined = String::new();
    for (number, part) in text.as_ref().split("\\\n").enumerate() {
        joined += if number == 0 { part } else { part.trim_start() };
    }
    joined.replace("\\\"", "\"").replace("\\`", "`").replace("{{", "{").replace("}}", "}")
}

/// Whether the parts of a message stand in a text, in their order and near each other.
fn tells(text: &str, message: &str) -> bool {
    let mut parts = message.split(ANY).filter(|part| part.chars().any(char::is_alphanumeric));
    let Some(first) = parts.next() else { return false };
    let rest: Vec<&str> = parts.collect();
    text.match_indices(first).any(|(at, _)| follow(&text[at + first.len()..], &rest))
}

fn follow(text: &str, parts: &[&str]) -> bool {
    let Some((first, rest)) = parts.split_first() else { return true };
    let reach = &text[..text.floor_char_boundary(REACH)];
    reach.find(first).is_some_and(|at| follow(&text[at + first.len()..], rest))
}
