//! Many type patterns, compiled: one look-up per dot of the type that is asked about, whatever the number of patterns.

use hashbrown::HashMap;

use crate::TypePattern;

/// Values filed under type patterns. Asking which values a type matches costs one hash look-up for the type itself and
/// one for each of its dots; patterns that do not match cost nothing.
#[derive(Debug, Clone)]
pub struct TypeMatcher<T> {
    all: Vec<T>,
    exact: HashMap<Box<str>, Vec<T>>,
    prefix: HashMap<Box<str>, Vec<T>>,
}

impl<T> Default for TypeMatcher<T> {
    fn default() -> Self {
        Self { all: Vec::new(), exact: HashMap::new(), prefix: HashMap::new() }
    }
}

impl<T> TypeMatcher<T> {
    /// Files a value under a pattern. A value filed under several patterns can be found several times.
    pub fn insert(&mut self, pattern: &TypePattern, value: T) {
        match pattern {
            TypePattern::All => self.all.push(value),
            TypePattern::Prefix(prefix) => self.prefix.entry(prefix.clone()).or_default().push(value),
            TypePattern::Exact(name) => self.exact.entry(name.clone()).or_default().push(value),
        }
    }

    /// Takes a value away from a pattern that it was filed under.
    pub fn remove(&mut self, pattern: &TypePattern, value: &T)
    where
        T: PartialEq,
    {
        match pattern {
            TypePattern::All => take(&mut self.all, value),
            TypePattern::Prefix(prefix) => take_from(&mut self.prefix, prefix, value),
            TypePattern::Exact(name) => take_from(&mut self.exact, name, value),
        }
    }

    /// All values whose pattern matches the type, in no particular order.
    pub fn find<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a T> {
        let under = self.stems(name).filter_map(|stem| self.prefix.get(stem)).flatten();
        self.all.iter().chain(self.exact.get(name).into_iter().flatten()).chain(under)
    }

    /// Whether any pattern matches the type.
    pub fn matches(&self, name: &str) -> bool {
        !self.all.is_empty()
            || self.exact.contains_key(name)
            || self.stems(name).any(|stem| self.prefix.contains_key(stem))
    }

    /// The prefixes, each with its final dot, that the type goes on after.
    fn stems<'a>(&self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let name = if self.prefix.is_empty() { "" } else { name };
        let last = name.len().saturating_sub(1);
        memchr::memchr_iter(b'.', &name.as_bytes()[..last]).map(|dot| &name[..=dot])
    }

    /// Whether nothing was filed.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty() && self.exact.is_empty() && self.prefix.is_empty()
    }
}

fn take<T: PartialEq>(values: &mut Vec<T>, value: &T) {
    if let Some(place) = values.iter().position(|own| own == value) {
        values.swap_remove(place);
    }
}

fn take_from<T: PartialEq>(filed: &mut HashMap<Box<str>, Vec<T>>, name: &str, value: &T) {
    if let Some(values) = filed.get_mut(name) {
        take(values, value);
        if values.is_empty() {
            filed.remove(name);
        }
    }
}

impl<'a> FromIterator<&'a TypePattern> for TypeMatcher<()> {
    fn from_iter<I: IntoIterator<Item = &'a TypePattern>>(patterns: I) -> Self {
        let mut matcher = Self::default();
        patterns.into_iter().for_each(|pattern| matcher.insert(pattern, ()));
        matcher
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_finds_what_the_single_patterns_match(
            patterns in prop::collection::vec("(\\*|[ab](\\.[ab]){0,2}(\\.\\*)?)", 0..8),
            name in "[ab](\\.[ab]){0,3}\\.?",
        ) {
            let patterns: Vec<TypePattern> = patterns.iter().map(|p| p.parse().unwrap()).collect();
            let mut matcher = TypeMatcher::default();
            patterns.iter().enumerate().for_each(|(i, p)| matcher.insert(p, i));
            let mut found: Vec<usize> = matcher.find(&name).copied().collect();
            found.sort_unstable();
            let expected: Vec<usize> = (0..patterns.len()).filter(|i| patterns[*i].matches(&name)).collect();
            prop_assert_eq!(matcher.matches(&name), !expected.is_empty());
            prop_assert_eq!(found, expected);
        }
    }
}
