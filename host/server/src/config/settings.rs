//! Reading keys from the layers default < file < environment < flags, and keeping count of everything that is wrong.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::Path,
};

use tidemill_log::Rule;

use super::expand::Env;
use super::fields::Wrong;
use super::kind::Kind;
use super::nearest::{nearest_key, nearest_variable, split};
use super::problem::{ConfigError, ConfigProblem};
use super::source::{FileSource, Raw, bare_or_quoted};
use super::{Config, ENV_PREFIX};

/// One key: what it is and what it was set to.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The dotted key.
    pub(crate) key: &'static str,
    /// The value in force, as TOML.
    pub(crate) value: String,
    /// The default, as TOML.
    pub(crate) default: String,
    /// What may be written.
    pub(crate) allowed: String,
    /// What it means.
    pub(crate) meaning: &'static str,
    /// Who set it.
    pub(crate) origin: Origin,
}

/// Who set a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nobody.
    Default,
    /// The file, at this place.
    File(String),
    /// This environment variable.
    Env(String),
    /// This flag.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(place) => write!(f, "file ({place})"),
            Self::Env(name) => write!(f, "environment ({name})"),
            Self::Flag(flag) => write!(f, "flag ({flag})"),
        }
    }
}

/// Variables with our prefix that belong to commands, not to the configuration.
const COMMAND_VARIABLES: [&str; 9] = [
    "TIDEMILL_CONFIG",
    "TIDEMILL_URL",
    "TIDEMILL_TOKEN",
    "TIDEMILL_CA",
    "TIDEMILL_TOOLS",
    "TIDEMILL_REGISTRY_USER",
    "TIDEMILL_REGISTRY_PASSWORD",
    "TIDEMILL_REGISTRY_CA",
    "TIDEMILL_SIGN_PASSWORD",
];

/// The layers, and what was found out about them so far.
pub(super) struct Settings {
    file: FileSource,
    env: BTreeMap<String, String>,
    flags: Vec<(&'static str, &'static str, String)>,
    entries: Vec<Entry>,
    problems: Vec<ConfigProblem>,
}

impl Settings {
    pub(super) fn new(mut file: FileSource, env: Env, flags: Vec<(&'static str, &'static str, String)>) -> Self {
        Self {
            problems: std::mem::take(&mut file.problems),
            file,
            env: env.into_iter().filter(|(name, value)| is_ours(name, value)).collect(),
            flags,
            entries: Vec::new(),
        }
    }

    /// The value of a key. Values of all layers are checked, the highest valid one is taken, and a key that was asked for
    /// is a known key.
    pub(super) fn read<K: Kind>(
        &mut self,
        key: &'static str,
        default: &str,
        kind: &K,
        meaning: &'static str,
    ) -> K::Value {
        let Some(mut value) = kind.parse(&Raw::Untyped(default.to_owned())) else {
            // Caught by every test that loads anything.
            panic!("the default {default:?} of `{key}` is not {}", kind.allowed());
        };
        let default = kind.to_toml(&value);
        let mut origin = Origin::Default;
        for (raw, from) in self.layers(key) {
            match kind.parse(&raw) {
                Some(found) => (value, origin) = (found, from),
                None => self.problems.push(ConfigProblem {
                    place: place(&from),
                    key: key.to_owned(),
                    detail: format!("is {raw}: expected {}", kind.allowed()),
                }),
            }
        }
        self.entries.push(Entry {
            key,
            value: kind.to_toml(&value),
            default,
            allowed: kind.allowed(),
            meaning,
            origin,
        });
        value
    }

    /// The plugins' tables, with names that can be plugins' names.
    pub(super) fn plugin_tables(&mut self) -> BTreeMap<String, toml::Table> {
        let mut tables = BTreeMap::new();
        for (name, (table, line)) in &self.file.plugins {
            let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
            if name.is_empty() || name.starts_with('.') || !name.bytes().all(plain) {
                self.problems.push(ConfigProblem {
                    place: self.file.place(*line),
                    key: format!("plugins.{}", bare_or_quoted(name)),
                    detail: "is not a plugin's name: a plugin is called like its file without `.wasm`, \
                        in ASCII letters, digits, `-`, `_` and `.`"
                        .into(),
                });
            }
            tables.insert(name.clone(), table.clone());
        }
        tables
    }

    /// The bounds for types of events, checked.
    pub(super) fn retention_rules(&mut self) -> Vec<Rule> {
        let rules = self.keyed_tables("retention", usize::MAX, |table, _| super::retention::rule(table));
        // They are shown as they are read.
        self.file.tables.remove("retention");
        rules
    }

    /// A list of tables of the file, each read as a whole.
    pub(super) fn tables<T>(
        &mut self,
        key: &'static str,
        max: usize,
        read: impl Fn(&toml::Table) -> Result<T, String>,
    ) -> Vec<T> {
        let tables = self.file.tables.get(key).map(Vec::as_slice).unwrap_or_default();
        let mut found = Vec::with_capacity(tables.len());
        for (table, line) in tables {
            match read(table) {
                Ok(one) if found.len() < max => found.push(one),
                read => {
                    let detail = read.err().unwrap_or_else(|| format!("are more than {max}, which is the most"));
                    self.problems.push(ConfigProblem { place: self.file.place(*line), key: key.to_owned(), detail });
                }
            }
        }
        found
    }

    /// A list of tables of the file, whose keys are checked one by one; `read` is also told the directory of the file.
    pub(super) fn keyed_tables<T>(
        &mut self,
        key: &'static str,
        max: usize,
        read: impl Fn(&toml::Table, &Path) -> Result<T, Vec<Wrong>>,
    ) -> Vec<T> {
        let beside = Path::new(&self.file.name).parent().unwrap_or(Path::new(""));
        let tables = self.file.tables.get(key).map(Vec::as_slice).unwrap_or_default();
        let mut found = Vec::with_capacity(tables.len().min(max));
        for (table, line) in tables {
            let place = self.file.place(*line);
            match read(table, beside) {
                Ok(one) if found.len() < max => found.push(one),
                Ok(_) => {
                    let detail = format!("are more than {max}, which is the most");
                    self.problems.push(ConfigProblem { place, key: key.to_owned(), detail });
                }
                Err(wrong) => self.problems.extend(wrong.into_iter().map(|(name, detail)| ConfigProblem {
                    place: place.clone(),
                    key: format!("{key}.{name}"),
                    detail,
                })),
            }
        }
        found
    }

    /// Notes what is wrong with lists of tables.
    pub(super) fn contradiction(&mut self, key: &'static str, detail: String) {
        let line = self.file.tables.get(key).and_then(|tables| tables.first()).map_or(1, |(_, line)| *line);
        self.problems.push(ConfigProblem { place: self.file.place(line), key: key.to_owned(), detail });
    }

    /// Notes that a value does not fit the others, at the place where it was set.
    pub(super) fn conflict(&mut self, key: &'static str, detail: &str) {
        let entry = self.entries.iter().find(|entry| entry.key == key);
        let (place, value) = entry.map_or_else(Default::default, |entry| (place(&entry.origin), entry.value.clone()));
        self.problems.push(ConfigProblem { place, key: key.to_owned(), detail: format!("is {value}: it {detail}") });
    }

    /// The configuration, if nothing is wrong and nothing is left over.
    pub(super) fn into_result(mut self, config: Config) -> Result<Config, ConfigError> {
        self.find_unknown_keys();
        self.find_unknown_variables();
        if !self.problems.is_empty() {
            return Err(ConfigError::Invalid { problems: self.problems });
        }
        let places = self.file.plugins.iter().map(|(name, (_, line))| (name.clone(), self.file.place(*line)));
        let plugin_places = places.collect();
        let written = self.file.tables.keys().flat_map(|key| tables_at(&self.file.as_written, key)).collect();
        let plugins = self.file.as_written.get("plugins").and_then(toml::Value::as_table);
        let plugins_written = plugins.cloned().unwrap_or_default();
        Ok(Config { plugin_places, entries: self.entries, written, plugins_written, ..config })
    }

    /// What the layers say about a key, lowest first.
    fn layers(&self, key: &'static str) -> Vec<(Raw, Origin)> {
        let file = self.file.nodes.get(key);
        let file = file.map(|node| (node.raw.clone(), Origin::File(self.file.place(node.line))));
        let name = variable(key);
        let env = self.env.get(&name).map(|text| (Raw::Untyped(text.clone()), Origin::Env(name)));
        let flag = self.flags.iter().find(|(flag_key, _, _)| *flag_key == key);
        let flag = flag.map(|(_, flag, text)| (Raw::Untyped(text.clone()), Origin::Flag(flag)));
        file.into_iter().chain(env).chain(flag).collect()
    }

    fn find_unknown_keys(&mut self) {
        let keys: Vec<&'static str> = self.entries.iter().map(|entry| entry.key).collect();
        let sections: BTreeSet<&str> = keys.iter().map(|key| split(key).0).filter(|s| !s.is_empty()).collect();
        let mut found: Vec<(usize, ConfigProblem)> = Vec::new();
        for (path, node) in &self.file.nodes {
            let below_key = keys.iter().any(|key| path.strip_prefix(key).is_some_and(|rest| rest.starts_with('.')));
            let detail = match node.raw {
                _ if keys.contains(&&**path) || below_key => continue,
                Raw::Table(_) if sections.contains(&**path) => continue,
                // What is in an unknown table is reported, not the table.
                Raw::Table(true) => continue,
                _ if sections.contains(&**path) => format!("is {}: it is a section, write `[{path}]`", node.raw),
                _ => unknown(path, &keys, &sections),
            };
            let problem = ConfigProblem { place: self.file.place(node.line), key: path.clone(), detail };
            found.push((node.line, problem));
        }
        found.sort_by_key(|(line, _)| *line);
        self.problems.extend(found.into_iter().map(|(_, problem)| problem));
    }

    fn find_unknown_variables(&mut self) {
        let names: Vec<String> = self.entries.iter().map(|entry| variable(entry.key)).collect();
        for name in self.env.keys().filter(|name| !names.contains(name)) {
            let nearest = nearest_variable(name, names.iter().map(String::as_str));
            let detail = match nearest {
                Some(nearest) => format!("sets no known key: did you mean `{nearest}`?"),
                None if name.starts_with("TIDEMILL_PLUGINS_") => {
                    "sets no known key: settings of single plugins stand in the file, under `[plugins.<name>]`".into()
                }
                None => "sets no known key: `tidemill config show` lists all keys".into(),
            };
            self.problems.push(ConfigProblem { place: "environment".into(), key: name.clone(), detail });
        }
    }
}

/// The list of tables at a dotted key.
fn tables_at<'t>(file: &'t toml::Table, key: &'static str) -> impl Iterator<Item = (&'static str, toml::Table)> + 't {
    let mut parts = key.split('.');
    let first = parts.next().and_then(|part| file.get(part));
    let list = parts.fold(first, |value, part| value.and_then(|value| value.get(part))).and_then(toml::Value::as_array);
    list.into_iter().flatten().filter_map(move |table| Some((key, table.as_table()?.clone())))
}

/// The environment variable of a key: `publish.body-max` is `TIDEMILL_PUBLISH_BODY_MAX`.
pub(super) fn variable(key: &str) -> String {
    let name: String = key.chars().map(|c| if matches!(c, '.' | '-') { '_' } else { c.to_ascii_uppercase() }).collect();
    format!("{ENV_PREFIX}{name}")
}

fn unknown(path: &str, keys: &[&'static str], sections: &BTreeSet<&str>) -> String {
    if let Some(nearest) = nearest_key(path, keys.iter().copied()) {
        return format!("is not a known key: did you mean `{nearest}`?");
    }
    let list = |names: &mut dyn Iterator<Item = &str>| names.collect::<Vec<_>>().join(", ");
    let (section, _) = split(path);
    if sections.contains(section) {
        let known = list(&mut keys.iter().filter(|key| split(key).0 == section).map(|key| split(key).1));
        return format!("is not a known key: the keys of `[{section}]` are {known}");
    }
    let top = list(&mut keys.iter().copied().filter(|key| !key.contains('.')));
    let known = list(&mut sections.iter().copied());
    format!("is not a known key: the keys are {top}, the sections {known} and plugins")
}

fn place(origin: &Origin) -> String {
    match origin {
        Origin::Default => "default".into(),
        Origin::File(place) => place.clone(),
        Origin::Env(name) => format!("environment ({name})"),
        Origin::Flag(flag) => (*flag).to_owned(),
    }
}

/// Whether a variable is meant for the configuration. Container orchestrators describe a service called `tidemill` to its
/// neighbours in variables like `TIDEMILL_SERVICE_HOST` and `TIDEMILL_PORT=tcp://10.0.0.7:3000`; nobody wrote those.
fn is_ours(name: &str, value: &str) -> bool {
    let service = name.contains("_SERVICE_HOST") || name.contains("_SERVICE_PORT");
    let link = name.contains("_PORT") && (value.contains("://") || name.contains("_TCP") || name.contains("_UDP"));
    name.starts_with(ENV_PREFIX) && !COMMAND_VARIABLES.contains(&name) && !service && !link
}
