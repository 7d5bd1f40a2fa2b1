//! Names of types, and texts that stand in comments.

use std::collections::BTreeSet;

use crate::limits::{ABOUT_MAX, NAME_MAX};

/// Names that are taken.
#[derive(Debug, Default)]
pub(crate) struct Names(BTreeSet<String>);

impl Names {
    /// Names that definitions must not have.
    pub(crate) fn reserved(names: &[&str]) -> Self {
        Self(names.iter().map(|name| (*name).to_owned()).collect())
    }

    /// A name like this one that nothing else has.
    pub(crate) fn take(&mut self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        let mut number = 2;
        while !self.0.insert(name.clone()) {
            name = format!("{wanted}{number}");
            number += 1;
        }
        name
    }
}

/// `order.created` as `OrderCreated`: ASCII letters and digits, never empty, never with a digit first.
pub(crate) fn pascal(parts: &[&str]) -> String {
    let mut name = String::new();
    for word in parts.iter().flat_map(|part| part.split(|c: char| !c.is_ascii_alphanumeric())) {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.extend(letters);
    }
    name.truncate(NAME_MAX);
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) { format!("Type{name}") } else { name }
}

/// A text on one line that ends no comment.
pub(crate) fn comment(text: &str) -> String {
    let line = |c: char| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c };
    let text: String = text.trim().chars().map(line).take(ABOUT_MAX).collect();
    text.replace("*/", "* /")
}
