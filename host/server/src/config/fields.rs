//! A table of a list of tables, taken apart key by key. What is wrong is kept with its key, and what nobody took is unknown.

use tidemill_jq_program::Program;

use super::kind::Kind;
use super::nearest::nearest_key;
use super::source::Raw;

/// A key of a table, and what is wrong with its value.
pub(super) type Wrong = (String, String);

/// What is left of a table, and what was wrong with the rest.
#[derive(Debug)]
pub(super) struct Fields {
    pub(super) table: toml::Table,
    /// What stands before each key, with a dot if there is something.
    within: &'static str,
    known: Vec<&'static str>,
    problems: Vec<Wrong>,
}

impl Fields {
    pub(super) const fn new(table: toml::Table, within: &'static str) -> Self {
        Self { table, within, known: Vec::new(), problems: Vec::new() }
    }

    /// A value, if the key is there and the value is one of the kind.
    pub(super) fn take<K: Kind>(&mut self, key: &'static str, kind: &K) -> Option<K::Value> {
        let raw = raw(&self.value(key)?);
        let value = kind.parse(&raw);
        if value.is_none() {
            self.wrong(key, format!("is {raw}: expected {}", kind.allowed()));
        }
        value
    }

    /// A value, or its default.
    pub(super) fn read<K: Kind>(&mut self, key: &'static str, default: &str, kind: &K) -> K::Value {
        let default = || kind.parse(&Raw::Untyped(default.to_owned()));
        // Caught by every test that reads such a table.
        self.take(key, kind)
            .or_else(default)
            .unwrap_or_else(|| panic!("the default of `{key}` is not {}", kind.allowed()))
    }

    /// A text that fits, if there is one. `expected` stands after "expected".
    pub(super) fn text(&mut self, key: &'static str, expected: &str, fits: impl Fn(&str) -> bool) -> Option<String> {
        let value = self.value(key)?;
        let text = value.as_str().filter(|text| fits(text)).map(str::to_owned);
        if text.is_none() {
            self.wrong(key, format!("is {}: expected {expected}", raw(&value)));
        }
        text
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
            self.wrong(key, format!("is {}: expected {expected}", raw(&value)));
        }
        list
    }

    /// A jq program.
    pub(super) fn program(&mut self, key: &'static str) -> Option<Program> {
        let toml::Value::String(text) = self.value(key)? else {
            self.wrong(key, "must be a program of jq, as a text");
            return None;
        };
        match Program::compile(&text, &[]) {
            Ok(program) => Some(program),
            Err(error) => {
                self.wrong(key, format!("is no program of jq: {error}"));
                None
            }
        }
    }

    /// A table within, to be given back with [`ended`](Self::ended).
    pub(super) fn table(&mut self, key: &'static str, within: &'static str) -> Option<Self> {
        match self.value(key)? {
            toml::Value::Table(table) => Some(Self::new(table, within)),
            other => {
                self.wrong(key, format!("is a value of type {}: expected a table, `{{ … }}`", other.type_str()));
                None
            }
        }
    }

    /// Takes over what was wrong with a table within.
    pub(super) fn ended(&mut self, within: Self) {
        self.also(within.end(&[]));
    }

    /// The same, of what was wrong.
    pub(super) fn also(&mut self, wrong: Vec<Wrong>) {
        self.problems.extend(wrong);
    }

    /// The value itself.
    pub(super) fn value(&mut self, key: &'static str) -> Option<toml::Value> {
        self.known.push(key);
        self.table.remove(key)
    }

    /// Notes what is wrong with a key.
    pub(super) fn wrong(&mut self, key: &str, detail: impl Into<String>) {
        self.problems.push((format!("{}{key}", self.within), detail.into()));
    }

    /// Everything that is wrong. Whatever is left is known to nobody; `others` have taken these.
    pub(super) fn end(mut self, others: &[&'static str]) -> Vec<Wrong> {
        self.known.extend(others);
        for key in std::mem::take(&mut self.table).keys() {
            let detail = match nearest_key(key, self.known.iter().copied()) {
                Some(nearest) => format!("is not a known key here: did you mean `{nearest}`?"),
                None => format!("is not a known key here: there are {}", self.known.join(", ")),
            };
            self.wrong(key, detail);
        }
        self.problems
    }
}

/// Texts may stand for numbers: variables are texts.
fn raw(value: &toml::Value) -> Raw {
    match value {
        toml::Value::String(text) => Raw::Untyped(text.clone()),
        toml::Value::Integer(number) => Raw::Integer(number.to_string()),
        toml::Value::Boolean(value) => Raw::Boolean(*value),
        toml::Value::Array(list) => {
            let texts = list.iter().map(|item| item.as_str().map(str::to_owned));
            texts.collect::<Option<_>>().map_or(Raw::Other("array"), Raw::List)
        }
        other => Raw::Other(other.type_str()),
    }
}
