//! One table of a list (`[[…]]`), read key by key like the configuration itself: a key that was asked for is a known key, and
//! everything that is wrong is said at once. Must not know which keys there are.

use super::kind::Kind;
use super::nearest::nearest_key;
use super::source::Raw;

/// A key of a table, and what is wrong with its value.
pub(super) type Wrong = (String, String);

/// A table that is being read.
pub(super) struct TableReader<'a> {
    table: &'a toml::Table,
    /// What keys are called in messages, before their own name: `restart.`, or nothing.
    within: &'static str,
    known: Vec<&'static str>,
    wrong: Vec<Wrong>,
}

impl<'a> TableReader<'a> {
    pub(super) fn new(table: &'a toml::Table) -> Self {
        Self::within(table, "")
    }

    /// A table in another one.
    pub(super) fn within(table: &'a toml::Table, within: &'static str) -> Self {
        Self { table, within, known: Vec::new(), wrong: Vec::new() }
    }

    /// The value of a key as it is written, if it is.
    pub(super) fn value(&mut self, key: &'static str) -> Option<&'a toml::Value> {
        self.known.push(key);
        self.table.get(key)
    }

    /// The value of a key, or its default.
    pub(super) fn read<K: Kind>(&mut self, key: &'static str, default: &str, kind: &K) -> K::Value {
        let written = self.value(key).map(raw);
        if let Some(raw) = written {
            match kind.parse(&raw) {
                Some(value) => return value,
                None => self.wrong(key, format!("is {raw}: expected {}", kind.allowed())),
            }
        }
        let default = Raw::Untyped(default.to_owned());
        // Caught by every test that reads such a table.
        kind.parse(&default).unwrap_or_else(|| panic!("the default of `{key}` is not {}", kind.allowed()))
    }

    /// A text that fits, if there is one. `expected` stands after "expected".
    pub(super) fn text(&mut self, key: &'static str, expected: &str, fits: impl Fn(&str) -> bool) -> Option<String> {
        let value = self.value(key)?;
        match value.as_str().filter(|text| fits(text)) {
            Some(text) => Some(text.to_owned()),
            None => {
                self.wrong(key, format!("is {}: expected {expected}", raw(value)));
                None
            }
        }
    }

    /// A list of texts that all fit, if there is one.
    pub(super) fn texts(
        &mut self,
        key: &'static str,
        expected: &str,
        fits: impl Fn(&str) -> bool,
    ) -> Option<Vec<String>> {
        let value = self.value(key)?;
        let one = |item: &toml::Value| item.as_str().filter(|text| fits(text)).map(str::to_owned);
        let list = value.as_array().and_then(|list| list.iter().map(one).collect::<Option<Vec<_>>>());
        if list.is_none() {
            self.wrong(key, format!("is {}: expected {expected}", raw(value)));
        }
        list
    }

    /// Notes what is wrong with a key.
    pub(super) fn wrong(&mut self, key: &str, detail: impl Into<String>) {
        self.wrong.push((format!("{}{key}", self.within), detail.into()));
    }

    /// Takes over what is wrong with a table in this one.
    pub(super) fn also(&mut self, wrong: Vec<Wrong>) {
        self.wrong.extend(wrong);
    }

    /// Everything that is wrong, keys included that nobody asked for.
    pub(super) fn finish(mut self) -> Vec<Wrong> {
        for key in self.table.keys().filter(|key| !self.known.contains(&key.as_str())) {
            let detail = match nearest_key(key, self.known.iter().copied()) {
                Some(nearest) => format!("is not a known key: did you mean `{nearest}`?"),
                None => format!("is not a known key: there are {}", self.known.join(", ")),
            };
            self.wrong.push((format!("{}{key}", self.within), detail));
        }
        self.wrong
    }
}

fn raw(value: &toml::Value) -> Raw {
    match value {
        toml::Value::String(text) => Raw::Text(text.clone()),
        toml::Value::Integer(number) => Raw::Integer(number.to_string()),
        toml::Value::Boolean(value) => Raw::Boolean(*value),
        toml::Value::Array(list) => {
            let texts = list.iter().map(|item| item.as_str().map(str::to_owned));
            texts.collect::<Option<_>>().map_or(Raw::Other("array"), Raw::List)
        }
        other => Raw::Other(other.type_str()),
    }
}
