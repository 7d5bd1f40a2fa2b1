//! The keys of a table, taken out one by one, with a sentence about each that is wrong. Must not know what they are for.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use tidemill_event::{TypePattern, check_type, limits::PATTERNS_MAX};
use tidemill_jq_program::Program;
use toml::{Table, Value};

/// The keys of a table.
pub(super) struct Keys<'t> {
    table: &'t mut Table,
    taken: Table,
    problems: Vec<String>,
}

impl<'t> Keys<'t> {
    pub(super) fn of(table: &'t mut Table) -> Self {
        Self { table, taken: Table::new(), problems: Vec::new() }
    }

    /// What was taken, if nothing was wrong.
    pub(super) fn done(self) -> Result<Table, Vec<String>> {
        if self.problems.is_empty() { Ok(self.taken) } else { Err(self.problems) }
    }

    /// The same, of a table that has no other keys than these.
    fn all_done(mut self, known: &[&str]) -> Result<(), Vec<String>> {
        for unknown in self.table.keys() {
            let likeness = |known: &&&str| (strsim::jaro_winkler(unknown, known) * 1e6) as u64;
            let near = known.iter().max_by_key(likeness).map_or("", |near| near);
            self.problems.push(format!("`{unknown}` is no key; did you mean `{near}`?"));
        }
        self.done().map(drop)
    }

    pub(super) fn wrong(&mut self, key: &str, what: impl Display) {
        self.problems.push(format!("`{key}` {what}"));
    }

    fn get<V>(&mut self, key: &str, allowed: &str, read: impl FnOnce(&Value) -> Option<V>) -> Option<V> {
        let value = self.table.remove(key)?;
        let read = read(&value);
        if read.is_none() {
            self.wrong(key, format_args!("is {}; {allowed} is possible", short(&value)));
        }
        self.taken.insert(key.to_owned(), value);
        read
    }

    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        self.get(key, "a text", |value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned))
    }

    pub(super) fn flag(&mut self, key: &str) -> Option<bool> {
        self.get(key, "`true` or `false`", Value::as_bool)
    }

    pub(super) fn number(&mut self, key: &str, most: u64) -> Option<u64> {
        let read = |value: &Value| value.as_integer()?.try_into().ok().filter(|number| *number <= most);
        self.get(key, &format!("a number up to {most}"), read)
    }

    pub(super) fn choice<V: Clone>(&mut self, key: &str, words: &[(&str, V)]) -> Option<V> {
        let names: Vec<String> = words.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        let read = |value: &Value| {
            let text = value.as_str()?;
            words.iter().find(|(name, _)| *name == text).map(|(_, word)| word.clone())
        };
        self.get(key, &format!("one of {}", names.join(", ")), read)
    }

    pub(super) fn span(&mut self, key: &str, range: RangeInclusive<Duration>) -> Option<Duration> {
        let (least, most) = (humantime::format_duration(*range.start()), humantime::format_duration(*range.end()));
        let read = |value: &Value| humantime::parse_duration(value.as_str()?).ok().filter(|span| range.contains(span));
        self.get(key, &format!("a time between {least} and {most}, such as \"30s\","), read)
    }

    /// The name of an SSE event.
    pub(super) fn name(&mut self, key: &str) -> Option<String> {
        let name = self.text(key)?;
        match check_type(&name) {
            Ok(()) => return Some(name),
            Err(problem) => self.wrong(key, format_args!("is no name of an event: {}", problem.detail)),
        }
        None
    }

    pub(super) fn program(&mut self, key: &str) -> Option<Program> {
        let text = self.text(key)?;
        match Program::compile(&text, &[]) {
            Ok(program) => return Some(program),
            Err(error) => self.wrong(key, format_args!("is no jq program: {error}")),
        }
        None
    }

    /// Texts, as a list or with commas between.
    pub(super) fn texts(&mut self, key: &str, most: usize) -> Vec<String> {
        let read = |value: &Value| {
            let texts: Vec<String> = match value {
                Value::String(text) => text.split(',').map(|item| item.trim().to_owned()).collect(),
                Value::Array(items) => {
                    items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<_>>()?
                }
                _ => return None,
            };
            (texts.len() <= most && texts.iter().all(|text| !text.is_empty())).then_some(texts)
        };
        self.get(key, &format!("a list of at most {most} texts"), read).unwrap_or_default()
    }

    pub(super) fn types(&mut self, key: &str) -> Vec<TypePattern> {
        let mut types = Vec::new();
        for pattern in self.texts(key, PATTERNS_MAX) {
            match TypePattern::parse_list(&pattern) {
                Ok(patterns) => types.extend(patterns),
                Err(error) => self.wrong(key, format_args!("has the pattern `{pattern}`: {error}")),
            }
        }
        types
    }

    /// What a table of its own says, which has the keys that `take` names and no others.
    pub(super) fn table<V>(&mut self, key: &str, take: Take<V>) -> Option<V> {
        let table = self.get(key, "a table, such as `{ … }`,", |value| value.as_table().cloned())?;
        self.inner(key, table, take)
    }

    /// The same for a list of tables.
    pub(super) fn tables<V>(&mut self, key: &str, most: usize, take: Take<V>) -> Vec<V> {
        let read = |value: &Value| {
            let tables = value.as_array()?.iter().map(|item| item.as_table().cloned());
            tables.collect::<Option<Vec<_>>>().filter(|tables| tables.len() <= most)
        };
        let allowed = format!("a list of at most {most} tables, such as `[{{ … }}]`,");
        let tables = self.get(key, &allowed, read).unwrap_or_default();
        let taken = tables.into_iter().enumerate();
        taken.filter_map(|(index, table)| self.inner(&format!("{key}[{index}]"), table, take)).collect()
    }

    fn inner<V>(&mut self, place: &str, mut table: Table, (known, take): Take<V>) -> Option<V> {
        let mut keys = Keys::of(&mut table);
        let taken = take(&mut keys);
        match keys.all_done(known) {
            Ok(()) => return taken,
            Err(problems) => self.problems.extend(problems.iter().map(|problem| format!("`{place}`: {problem}"))),
        }
        None
    }

    /// What has to be there.
    pub(super) fn needed<V>(&mut self, key: &str, value: Option<V>, why: &str) -> Option<V> {
        // One that is wrong was told of already.
        if value.is_none() && !self.taken.contains_key(key) {
            self.wrong(key, format_args!("is missing: {why}"));
        }
        value
    }
}

/// The keys that a table may have, and what takes them.
pub(super) type Take<V> = (&'static [&'static str], fn(&mut Keys<'_>) -> Option<V>);

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 { text } else { format!("{}…", text.chars().take(60).collect::<String>()) }
}
