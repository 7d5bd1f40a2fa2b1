//! A table of a list of tables, taken apart key by key. What is wrong is kept with its key, and what nobody took is unknown.

use tidemill_jq_program::Program;

use super::kind::Kind;
use super::nearest::nearest_key;
use super::source::Raw;

/// What is left of a table, and what was wrong with the rest.
#[derive(Debug)]
pub(super) struct Fields {
    pub(super) table: toml::Table,
    /// What stands before each key, with a dot if there is something.
    within: &'static str,
    known: Vec<&'static str>,
    problems: Vec<(String, String)>,
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

    /// A jq program.
    pub(super) fn program(&mut self, key: &'static str) -> Option<Program> {
        let toml::Value::String(text) = self.value(key)? else {
            self.wrong(key, "must be a program of jq, as a text".into());
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
        self.problems.extend(within.end(&[]));
    }

    /// The value itself.
    pub(super) fn value(&mut self, key: &'static str) -> Option<toml::Value> {
        self.known.push(key);
        self.table.remove(key)
    }

    pub(super) fn wrong(&mut self, key: &str, detail: String) {
        self.problems.push((format!("{}{key}", self.within), detail));
    }

    /// Everything that is wrong. Whatever is left is known to nobody; `others` have taken these.
    pub(super) fn end(mut self, others: &[&'static str]) -> Vec<(String, String)> {
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
