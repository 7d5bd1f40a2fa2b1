//! `[[source]]`: programs of the operator whose output becomes messages of streams, or events. Checks what can be checked
//! without starting them. Must not know how they run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tidemill_event::check_type;
use tidemill_jq_program::Program;

use super::fields::{Fields, Wrong};
use super::kind::{Choice, Count, Kind, Size, Source as SourceKind, Span};
use super::source::Raw;
use crate::limits::{
    SOURCE_ARGUMENTS_MAX, SOURCE_LINE_MAX, SOURCE_NAME_BYTES_MAX, SOURCE_OUTPUT_MAX, SOURCE_PROCESSES_MAX,
    SOURCE_RESTART_MAX, SOURCE_STOP_MAX,
};

/// A program, and how it is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// By which mounts, figures and log lines know it.
    pub(crate) name: String,
    /// The program, then its arguments; no shell.
    pub(crate) command: Vec<String>,
    /// Where it runs.
    pub(crate) directory: PathBuf,
    /// Variables that are handed on if the server has them.
    pub(crate) environment: Vec<String>,
    /// Variables with their values.
    pub(crate) set: BTreeMap<String, String>,
    /// Bytes of a line; longer ones are left out.
    pub(crate) line_max: usize,
    /// Bytes of output that wait for one reader.
    pub(crate) output_max: usize,
    /// From the request to stop until it is killed.
    pub(crate) stop_after: Duration,
    /// How many processes there are.
    pub(crate) mode: Mode,
}

/// How many processes of a source there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mode {
    /// One for each connection.
    PerConnection {
        /// At once.
        processes_max: usize,
    },
    /// One for all, which is started again when it ends.
    Shared {
        /// When.
        restart: Restart,
        /// What becomes of its lines beside messages.
        publish: Option<Publish>,
    },
}

/// Pauses before a shared process is started again: the first, and the longest. Each is twice the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Restart {
    pub(crate) first: Duration,
    pub(crate) most: Duration,
}

/// How lines become events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Publish {
    /// `source` of events that name none.
    pub(crate) source: String,
    /// What they are.
    pub(crate) form: Form,
}

/// What the event of a line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    /// One of this type with the line as its data.
    Typed(String),
    /// What a program makes of it, in the simple form.
    Program(Arc<Program>),
}

const NAME: &str = "a name in lower case letters, digits, `-`, `_` and `.`, such as \"mcp-server\"";
const VARIABLES: &str = "a list of names of environment variables, such as [\"PATH\", \"API_KEY\"]";

/// One table, or everything that is wrong with it. `beside` is the directory of the file it stands in.
pub(super) fn source(table: &toml::Table, beside: &Path) -> Result<Source, Vec<Wrong>> {
    let mut t = Fields::new(table.clone(), "");
    let name = t.text("name", NAME, is_name);
    t.read("kind", "process", &Choice(&[("process", ())]));
    let command = t.texts("command", "a list of texts: the program, then its arguments; no shell reads it", |part| {
        !part.contains('\0')
    });
    if !table.contains_key("command")
        || command.as_ref().is_some_and(|parts| parts.first().is_none_or(String::is_empty))
    {
        t.wrong("command", "is empty: write the program and its arguments, such as [\"node\", \"index.js\"]");
    }
    let command = command.unwrap_or_default();
    if command.len() > SOURCE_ARGUMENTS_MAX {
        t.wrong("command", format!("has more than {SOURCE_ARGUMENTS_MAX} parts"));
    }
    let directory = t.text("directory", "the path of a directory", |path| !path.is_empty() && !path.contains('\0'));
    let directory = beside.join(directory.as_deref().unwrap_or("."));
    // The file may stand in the working directory, whose path is empty.
    let directory = if directory.as_os_str().is_empty() { PathBuf::from(".") } else { directory };
    if table.contains_key("directory") && !directory.is_dir() {
        t.wrong("directory", format!("is {}, which is no directory; it is relative to this file", directory.display()));
    }
    let environment = t.texts("environment", VARIABLES, is_variable).unwrap_or_default();
    let set = variables(&mut t);
    let (line_max, output_max) = (
        t.read("line-max", "1MiB", &Size(1 << 10..=SOURCE_LINE_MAX)),
        t.read("output-max", "4MiB", &Size(1 << 10..=SOURCE_OUTPUT_MAX)),
    );
    if output_max < line_max {
        t.wrong("output-max", "is less than `line-max`: a line of the largest size could never wait; raise it");
    }
    let stop_after = t.read("stop-after", "5s", &Span(Duration::ZERO..=SOURCE_STOP_MAX));
    let mode = mode(&mut t, table, name.as_deref().unwrap_or_default());
    if !table.contains_key("name") {
        t.wrong("name", "is missing: write a name by which mounts refer to it, such as `name = \"mcp-server\"`");
    }
    let wrong = t.end(&[]);
    match name {
        Some(name) if wrong.is_empty() => {
            Ok(Source { name, command, directory, environment, set, line_max, output_max, stop_after, mode })
        }
        _ => Err(wrong),
    }
}

/// What two tables contradict each other in.
pub(super) fn contradictions(sources: &[Source]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let twice = sources.iter().filter(|source| !seen.insert(&source.name));
    twice.map(|source| format!("has two sources with the name {:?}; each needs its own", source.name)).collect()
}

fn mode(t: &mut Fields, table: &toml::Table, name: &str) -> Mode {
    let shared = t.read("mode", "per-connection", &Choice(&[("per-connection", false), ("shared", true)]));
    let processes_max = t.read("processes-max", "64", &Count(1..=SOURCE_PROCESSES_MAX));
    let restart = sub_table(t, "restart", restart);
    let publish = sub_table(t, "publish", |table| publish(table, name));
    let of_other: &[&str] = if shared { &["processes-max"] } else { &["restart", "publish"] };
    for key in of_other.iter().filter(|key| table.contains_key(**key)) {
        let (has, other) = if shared { ("shared", "per-connection") } else { ("per-connection", "shared") };
        t.wrong(key, format!("is for `mode = \"{other}\"`, and this source is {has}; take it out"));
    }
    if shared {
        let usual = Restart { first: Duration::from_secs(1), most: Duration::from_secs(60) };
        Mode::Shared { restart: restart.unwrap_or(usual), publish }
    } else {
        Mode::PerConnection { processes_max }
    }
}

/// A table in the table, if it is there.
fn sub_table<T>(
    t: &mut Fields,
    key: &'static str,
    read: impl FnOnce(&toml::Table) -> Result<T, Vec<Wrong>>,
) -> Option<T> {
    let value = t.value(key)?;
    let Some(table) = value.as_table() else {
        t.wrong(key, format!("is {value}: expected a table, `{key} = {{ … }}`"));
        return None;
    };
    read(table).map_err(|wrong| t.also(wrong)).ok()
}

fn restart(table: &toml::Table) -> Result<Restart, Vec<Wrong>> {
    let mut t = Fields::new(table.clone(), "restart.");
    let pause = Span(Duration::from_millis(10)..=SOURCE_RESTART_MAX);
    let (first, most) = (t.read("first", "1s", &pause), t.read("most", "1m", &pause));
    if most < first {
        t.wrong("most", "is less than `restart.first`; raise it");
    }
    let wrong = t.end(&[]);
    if wrong.is_empty() { Ok(Restart { first, most }) } else { Err(wrong) }
}

fn publish(table: &toml::Table, name: &str) -> Result<Publish, Vec<Wrong>> {
    let mut t = Fields::new(table.clone(), "publish.");
    let event_type = t.text("type", "an event's type, such as \"build.line\"", |text| check_type(text).is_ok());
    let program = t.text("event", "a jq program that makes an event of a line", |_| true);
    let source =
        t.text("source", &SourceKind.allowed(), |text| SourceKind.parse(&Raw::Text(text.to_owned())).is_some());
    let program = program.map(|text| Program::compile(&text, &[]));
    let form = match (event_type, program) {
        (Some(event_type), None) => Some(Form::Typed(event_type)),
        (None, Some(Ok(program))) => Some(Form::Program(Arc::new(program))),
        (None, Some(Err(error))) => {
            t.wrong("event", format!("is not a jq program: {error}"));
            None
        }
        (Some(_), Some(_)) => {
            t.wrong("type", "and `publish.event` do not go together: the program says of which type its events are");
            None
        }
        (None, None) => {
            if !table.contains_key("type") && !table.contains_key("event") {
                t.wrong(
                    "type",
                    "is missing: write the type of the events, or with `event` a jq program that makes them",
                );
            }
            None
        }
    };
    let wrong = t.end(&[]);
    match form {
        Some(form) if wrong.is_empty() => {
            Ok(Publish { source: source.unwrap_or_else(|| format!("/sources/{name}")), form })
        }
        _ => Err(wrong),
    }
}

fn variables(t: &mut Fields) -> BTreeMap<String, String> {
    let mut set = BTreeMap::new();
    let Some(value) = t.value("set") else { return set };
    let Some(table) = value.as_table() else {
        t.wrong("set", "must be a table of environment variables, such as `set = { NODE_ENV = \"production\" }`");
        return set;
    };
    for (name, value) in table {
        match value.as_str().filter(|value| is_variable(name) && !value.contains('\0')) {
            Some(value) => drop(set.insert(name.clone(), value.to_owned())),
            None => t.wrong(
                &format!("set.{name}"),
                "must be a variable's name (letters, digits and `_`, no digit first) with a text as its value",
            ),
        }
    }
    set
}

fn is_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.');
    (1..=SOURCE_NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(plain)
}

/// As POSIX has them.
fn is_variable(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    !text.is_empty() && text.bytes().all(plain) && !text.as_bytes()[0].is_ascii_digit()
}
