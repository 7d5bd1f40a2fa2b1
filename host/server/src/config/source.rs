//! Where raw values come from: a TOML file taken apart into dotted keys with their lines, and texts without a type.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::expand::{self, Env, expand};
use super::problem::ConfigProblem;

/// A value before it is checked.
#[derive(Debug, Clone)]
pub(super) enum Raw {
    /// From the environment (also by way of the file), the command line or a default: it may stand for a text or a number.
    Untyped(String),
    /// A string of the file.
    Text(String),
    /// An integer of the file.
    Integer(String),
    /// A list of strings of the file.
    List(Vec<String>),
    /// A boolean of the file.
    Boolean(bool),
    /// Another value of the file; no key takes one.
    Other(&'static str),
    /// A table of the file; `true` if there is anything in it.
    Table(bool),
}

impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A mistyped value can be a whole document; a message shows its beginning.
        let short = |text: &str| text.chars().take(80).collect::<String>();
        match self {
            Self::Untyped(text) | Self::Text(text) => write!(f, "{:?}", short(text)),
            Self::Integer(digits) => write!(f, "{}", short(digits)),
            Self::List(_) => f.write_str("a value of type array"),
            Self::Boolean(_) => f.write_str("a value of type boolean"),
            Self::Other(kind) => write!(f, "a value of type {kind}"),
            Self::Table(_) => f.write_str("a table"),
        }
    }
}

/// One value of the file.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) raw: Raw,
    pub(super) line: usize,
}

/// The configuration file.
#[derive(Debug, Default)]
pub(super) struct FileSource {
    pub(super) name: String,
    /// Everything outside `[plugins]`, tables included, by dotted key.
    pub(super) nodes: BTreeMap<String, Node>,
    /// `[plugins.<name>]` with the line it begins on.
    pub(super) plugins: BTreeMap<String, (toml::Table, usize)>,
    /// `[[retention]]`, `[[source]]`, `[[mount]]`, `[[auth.tokens]]` and `[[auth.issuers]]`, each table with the line it begins on.
    pub(super) tables: BTreeMap<&'static str, Vec<(toml::Table, usize)>>,
    /// All of it, with its variables.
    pub(super) as_written: toml::Table,
    pub(super) problems: Vec<ConfigProblem>,
}

impl FileSource {
    /// Takes a text apart. Of a text that is not TOML only its mistakes are kept.
    pub(super) fn parse(name: &str, text: &str, env: &Env) -> Self {
        let mut file = Self { name: name.to_owned(), ..Self::default() };
        let (document, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            file.problem(line, "", format!("not valid TOML: {}", error.message().trim()));
        }
        // The tree has lines, the table has owned values of every type: plugins get the latter.
        let mut table: toml::Table = match text.parse() {
            Ok(table) if file.problems.is_empty() => table,
            Ok(_) => return file,
            Err(error) => {
                if file.problems.is_empty() {
                    let line = error.span().map_or(1, |span| line_of(text, span.start));
                    file.problem(line, "", format!("not valid TOML: {}", error.message().trim()));
                }
                return file;
            }
        };
        for (key, value) in document.get_ref() {
            expand::problems(&bare_or_quoted(key.get_ref()), value, env, &mut |at, key, detail| {
                file.problem(line_of(text, at), key, detail);
            });
        }
        if !file.problems.is_empty() {
            return file;
        }
        file.as_written = table.clone();
        expand::expand_table(&mut table, env);
        let text = Source { text, env };
        for (key, value) in document.get_ref() {
            if key.get_ref() == "plugins" {
                file.take_plugins(text, key, value, table.get("plugins"));
            } else if key.get_ref() == "retention" {
                let hint = "holds bounds for some types of events: write `[[retention]]`, with two brackets, and \
                    `types` and `max-age`, `max-bytes` or `max-events` below it; those of the whole log are in `[log]`";
                file.take_tables(text, "retention", key, value, table.get("retention"), hint);
            } else if key.get_ref() == "source" {
                let hint = "holds programs whose output is sent: write `[[source]]`, with two brackets, and `name` and \
                    `command` below it";
                file.take_tables(text, "source", key, value, table.get("source"), hint);
            } else if key.get_ref() == "mount" {
                let hint =
                    "holds what is at paths: write `[[mount]]`, with two brackets, and `path` and `kind` below it";
                file.take_tables(text, "mount", key, value, table.get("mount"), hint);
            } else if let ("auth", DeValue::Table(tree)) = (&**key.get_ref(), value.get_ref()) {
                file.take_auth(text, key, tree, table.get("auth"));
            } else {
                file.take(text, bare_or_quoted(key.get_ref()), key, value);
            }
        }
        file
    }

    /// Where a line of this file is.
    pub(super) fn place(&self, line: usize) -> String {
        format!("{}:{line}", self.name)
    }

    fn take(&mut self, text: Source<'_>, path: String, key: &Spanned<impl Sized>, value: &Spanned<DeValue<'_>>) {
        let raw = match value.get_ref() {
            DeValue::String(string) => match expand(string, text.env) {
                Ok(Cow::Owned(expanded)) => Raw::Untyped(expanded),
                _ => Raw::Text(string.to_string()),
            },
            DeValue::Integer(integer) => Raw::Integer(integer.to_string()),
            DeValue::Array(list) => {
                let expanded = |item: &str| expand(item, text.env).map_or_else(|_| item.to_owned(), Cow::into_owned);
                let texts = list.iter().map(|item| item.get_ref().as_str().map(expanded));
                texts.collect::<Option<_>>().map_or(Raw::Other("array"), Raw::List)
            }
            DeValue::Table(table) => {
                for (key, value) in table {
                    self.take(text, format!("{path}.{}", bare_or_quoted(key.get_ref())), key, value);
                }
                Raw::Table(!table.is_empty())
            }
            DeValue::Boolean(value) => Raw::Boolean(*value),
            other => Raw::Other(other.type_str()),
        };
        let line = text.line_of(key.span().start);
        self.nodes.insert(path, Node { raw, line });
    }

    fn take_plugins(
        &mut self,
        text: Source<'_>,
        key: &Spanned<impl Sized>,
        value: &Spanned<DeValue<'_>>,
        owned: Option<&toml::Value>,
    ) {
        let (DeValue::Table(tree), Some(toml::Value::Table(owned))) = (value.get_ref(), owned) else {
            let line = text.line_of(key.span().start);
            let detail = "holds the settings of single plugins, as tables `[plugins.<name>]`; \
                the directory of the plugins is `plugins-dir`";
            return self.problem(line, "plugins", detail.to_owned());
        };
        for (name, _) in tree {
            let line = text.line_of(name.span().start);
            let name: &str = name.get_ref();
            match owned.get(name) {
                Some(toml::Value::Table(table)) => {
                    self.plugins.insert(name.to_owned(), (table.clone(), line));
                }
                _ => self.problem(
                    line,
                    &format!("plugins.{}", bare_or_quoted(name)),
                    format!("must be a table: write `[plugins.{}]` and the settings below it", bare_or_quoted(name)),
                ),
            }
        }
    }

    /// `[auth]` has keys of its own beside lists of tables.
    fn take_auth(
        &mut self,
        text: Source<'_>,
        key: &Spanned<impl Sized>,
        tree: &DeTable<'_>,
        owned: Option<&toml::Value>,
    ) {
        for (name, value) in tree {
            let owned = owned.and_then(|auth| auth.get(&**name.get_ref()));
            match &**name.get_ref() {
                "tokens" => {
                    let hint = "holds tokens: write `[[auth.tokens]]`, with two brackets, and `name`, `sha256` and \
                        `type` below it";
                    self.take_tables(text, "auth.tokens", name, value, owned, hint);
                }
                "issuers" => {
                    let hint = "holds issuers of tokens: write `[[auth.issuers]]`, with two brackets, and `issuer`, \
                        `audience` and `algorithms` below it";
                    self.take_tables(text, "auth.issuers", name, value, owned, hint);
                }
                other => self.take(text, format!("auth.{}", bare_or_quoted(other)), name, value),
            }
        }
        let line = text.line_of(key.span().start);
        self.nodes.insert("auth".to_owned(), Node { raw: Raw::Table(!tree.is_empty()), line });
    }

    fn take_tables(
        &mut self,
        text: Source<'_>,
        path: &'static str,
        key: &Spanned<impl Sized>,
        value: &Spanned<DeValue<'_>>,
        owned: Option<&toml::Value>,
        hint: &str,
    ) {
        let (DeValue::Array(tree), Some(toml::Value::Array(owned))) = (value.get_ref(), owned) else {
            return self.problem(text.line_of(key.span().start), path, hint.to_owned());
        };
        for (node, value) in tree.iter().zip(owned) {
            let line = text.line_of(node.span().start);
            match value {
                toml::Value::Table(table) => self.tables.entry(path).or_default().push((table.clone(), line)),
                _ => self.problem(line, path, format!("must be tables: write `[[{path}]]`")),
            }
        }
    }

    fn problem(&mut self, line: usize, key: &str, detail: String) {
        self.problems.push(ConfigProblem { place: self.place(line), key: key.to_owned(), detail });
    }
}

/// A key as TOML writes it, so that `"a.b"` is not taken for `b` in the section `a`.
pub(super) fn bare_or_quoted(key: &str) -> String {
    let bare = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if bare { key.to_owned() } else { toml::Value::from(key).to_string() }
}

/// A file's text, and what its variables stand for.
#[derive(Clone, Copy)]
struct Source<'a> {
    text: &'a str,
    env: &'a Env,
}

impl Source<'_> {
    fn line_of(self, offset: usize) -> usize {
        line_of(self.text, offset)
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    let before = &text.as_bytes()[..offset.min(text.len())];
    1 + before.iter().filter(|b| **b == b'\n').count()
}
