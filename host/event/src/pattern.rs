//! One event type pattern, as users write them in queries, configuration and manifests.

use std::{fmt, str::FromStr};

use crate::check_type;

/// A pattern over event types: one type exactly, all types under a prefix, or all types.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TypePattern {
    /// `*`: every type.
    All,
    /// `order.*`: every type that begins with `order.` and goes on. Kept with its final dot.
    Prefix(Box<str>),
    /// `order.created`: this type.
    Exact(Box<str>),
}

/// A text is not a type pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a type pattern: {reason}; write an exact type (`order.created`), a prefix (`order.*`) or `*`")]
pub struct PatternError {
    text: String,
    reason: String,
}

impl TypePattern {
    /// Whether a type matches. To test one type against many patterns use [`TypeMatcher`](crate::TypeMatcher).
    pub fn matches(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Prefix(prefix) => name.len() > prefix.len() && name.starts_with(&**prefix),
            Self::Exact(exact) => **exact == *name,
        }
    }

    /// Whether every type that `other` matches is matched by this pattern too.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (_, Self::All) => false,
            (Self::Prefix(outer), Self::Prefix(inner)) => inner.starts_with(&**outer),
            (pattern, Self::Exact(name)) => pattern.matches(name),
            (Self::Exact(_), Self::Prefix(_)) => false,
        }
    }

    /// Reads a comma-separated list, as in `types=order.*,github.push`. Empty items are mistakes, too.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, PatternError> {
        text.split(',').map(|item| item.trim().parse()).collect()
    }
}

impl fmt::Display for TypePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Prefix(prefix) => write!(f, "{prefix}*"),
            Self::Exact(name) => f.write_str(name),
        }
    }
}

impl FromStr for TypePattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let error =
            |reason: &str| PatternError { text: text.chars().take(128).collect(), reason: reason.trim().to_owned() };
        if text == "*" {
            return Ok(Self::All);
        }
        let (name, prefix) = match text.strip_suffix(".*") {
            Some(stem) => (stem, true),
            None => (text, false),
        };
        if name.contains('*') {
            return Err(error("`*` stands alone or after a final dot"));
        }
        if prefix {
            // `error.*` is a fine prefix although `error` is no type.
            let stem = if matches!(name, "error" | "open") { "x" } else { name };
            check_type(stem).map_err(|problem| error(&problem.detail))?;
            Ok(Self::Prefix(format!("{name}.").into()))
        } else {
            check_type(name).map_err(|problem| error(&problem.detail))?;
            Ok(Self::Exact(name.into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> TypePattern {
        text.parse().unwrap()
    }

    #[test]
    fn a_prefix_matches_what_goes_on_after_the_dot() {
        assert!(pattern("order.*").matches("order.created"));
        assert!(pattern("order.*").matches("order.item.added"));
        assert!(!pattern("order.*").matches("order"));
        assert!(!pattern("order.*").matches("order."));
        assert!(!pattern("order.*").matches("orders.created"));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "*.created", "order*", "order.*.x", "**", "a b", "error", "order,", ".*,"] {
            assert!(TypePattern::parse_list(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn covering_agrees_with_matching() {
        let patterns = ["*", "a.*", "a.b.*", "a.b", "b.*"].map(pattern);
        for outer in &patterns {
            for inner in &patterns {
                let all = ["a.b", "a.b.c", "a.c", "b.x", "c"].iter().all(|t| !inner.matches(t) || outer.matches(t));
                assert!(!outer.covers(inner) || all, "{outer} covers {inner}");
            }
        }
        assert!(pattern("a.*").covers(&pattern("a.b.*")) && !pattern("a.b.*").covers(&pattern("a.*")));
    }
}
