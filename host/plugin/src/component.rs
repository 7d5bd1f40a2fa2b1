//! Looks at a component before anything of it is compiled or run: what it is, what it offers, what it wants.

use std::collections::BTreeSet;

use wasmparser::{ComponentExternalKind, Encoding, Parser, Payload};

use crate::limits::{COMPONENT_BYTES_MAX, COMPONENTS_MAX, EXTERN_SHOWN_BYTES_MAX, EXTERNS_MAX};
use crate::voice::cut;
use crate::{Capability, LoadError};

/// The version of `tidemill:plugin` that this host speaks.
const VERSION: &str = "0.1.0";
const PACKAGE: &str = "tidemill:plugin/";

/// What a plugin is, by the interfaces that it exports. One plugin may be several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Declares and owns event types.
    EventTypes,
    /// Decides which events go on.
    Filter,
    /// Changes events.
    Transform,
    /// Makes events of what other systems deliver.
    Webhook,
    /// Decides who sees which events.
    View,
    /// Has tools that clients call.
    Tools,
    /// Has prompts.
    Prompts,
    /// Has resources that clients read.
    Resources,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::EventTypes,
        Self::Filter,
        Self::Transform,
        Self::Webhook,
        Self::View,
        Self::Tools,
        Self::Prompts,
        Self::Resources,
    ];

    /// The interface's name, which is the kind's name everywhere.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EventTypes => "event-types",
            Self::Filter => "filter",
            Self::Transform => "transform",
            Self::Webhook => "webhook",
            Self::View => "view",
            Self::Tools => "tools",
            Self::Prompts => "prompts",
            Self::Resources => "resources",
        }
    }

    /// Whether clients call it, beside the pipeline, for as long as it takes.
    pub const fn is_called(self) -> bool {
        matches!(self, Self::Tools | Self::Prompts | Self::Resources)
    }
}

/// Whether a file that is still growing has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wholeness {
    /// Every section is there, or the bytes cannot become WebAssembly whatever follows.
    Complete,
    /// It ends within a section: more is to come, or it was cut off.
    Partial,
}

/// Whether the bytes end where a section ends.
pub(crate) fn wholeness(bytes: &[u8]) -> Wholeness {
    match parse(bytes, |_| Ok(())) {
        Err(Stop::Partial) => Wholeness::Partial,
        _ if bytes.len() < 8 && b"\0asm\x0d\0\x01\0".starts_with(bytes) => Wholeness::Partial,
        _ => Wholeness::Complete,
    }
}

/// What a component is and what it wants, by its exports and imports.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Inspected {
    pub(crate) kinds: Vec<Kind>,
    /// In order, each once.
    pub(crate) wants: Vec<Capability>,
    /// Whether it says which hosts it sends requests to.
    pub(crate) names_hosts: bool,
    /// Whether it suggests values.
    pub(crate) completes: bool,
    /// Whether it can ask if a call was cancelled.
    pub(crate) hears_cancel: bool,
}

/// What a component is, by its exports: nothing of it is compiled or run, and nothing needs to be granted.
///
/// # Errors
///
/// It is no plugin for this host.
pub fn kinds_of(bytes: &[u8]) -> Result<Vec<Kind>, LoadError> {
    if bytes.len() as u64 > COMPONENT_BYTES_MAX {
        return Err(LoadError::TooLarge(bytes.len() as u64));
    }
    // As while loading: a parser that panics on a stranger's bytes ends nothing else.
    std::panic::catch_unwind(|| inspect(bytes)).map_or_else(|_| Err(LoadError::panicked()), |found| Ok(found?.kinds))
}

/// Finds what a component is and wants, or says why it is no plugin for this host. Unknown exports are ignored: interpreters
/// have some of their own.
pub(crate) fn inspect(bytes: &[u8]) -> Result<Inspected, LoadError> {
    if bytes.is_empty() {
        return Err(LoadError::Empty);
    }
    if !bytes.starts_with(b"\0asm") {
        return Err(LoadError::NotWasm);
    }
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let parsed = parse(bytes, |payload| {
        match payload {
            Payload::ComponentImportSection(section) => {
                for import in section {
                    imports.push(import?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section {
                    let export = export?;
                    if export.kind == ComponentExternalKind::Instance {
                        exports.push(export.name.name.to_owned());
                    }
                }
            }
            _ => {}
        }
        Ok(())
    });
    match parsed {
        Ok(()) => {}
        Err(Stop::CoreModule) => return Err(LoadError::CoreModule),
        Err(Stop::Partial) => return Err(LoadError::Malformed("it ends in the middle of a section".into())),
        Err(Stop::Malformed(reason)) => return Err(LoadError::Malformed(reason)),
    }
    if imports.len() + exports.len() > EXTERNS_MAX {
        let count = imports.len() + exports.len();
        return Err(LoadError::NotAPlugin(format!(
            "it has {count} imports and exports, at most {EXTERNS_MAX} are read"
        )));
    }
    let kinds = kinds(&exports)?;
    check_size_of_family(bytes)?;
    let mut wants = BTreeSet::new();
    for import in &imports {
        wants.extend(check_import(import)?);
    }
    let names = |list: &[String], interface: &str| list.contains(&format!("{PACKAGE}{interface}@{VERSION}"));
    Ok(Inspected {
        kinds,
        wants: wants.into_iter().collect(),
        names_hosts: names(&exports, "wants"),
        completes: names(&exports, "completions"),
        hears_cancel: names(&imports, "call"),
    })
}

fn kinds(exports: &[String]) -> Result<Vec<Kind>, LoadError> {
    let has = |interface: &str| exports.iter().any(|name| *name == format!("{PACKAGE}{interface}@{VERSION}"));
    if !has("manifest") {
        let other = exports.iter().find(|name| name.starts_with(PACKAGE));
        return Err(LoadError::NotAPlugin(match other {
            Some(other) => format!(
                "it exports `{}`, but this host speaks `{PACKAGE}…@{VERSION}`; build it with the WIT package of \
                 that version, and export `manifest`",
                shown(other)
            ),
            None if exports.is_empty() => {
                format!("it exports no interface at all; a plugin exports `{PACKAGE}manifest@{VERSION}`")
            }
            None => format!(
                "it was built for another world and exports {}; a plugin exports `{PACKAGE}manifest@{VERSION}`",
                exports.iter().take(4).map(|name| format!("`{}`", shown(name))).collect::<Vec<_>>().join(", ")
            ),
        }));
    }
    let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| has(kind.name())).collect();
    if kinds.is_empty() {
        let names = Kind::ALL.map(Kind::name).join("`, `");
        return Err(LoadError::NotAPlugin(format!("it exports a manifest but none of `{names}`")));
    }
    Ok(kinds)
}

/// A name that a stranger chose, as it may stand in an error: that goes to terminals and logs.
fn shown(name: &str) -> String {
    cut(name, EXTERN_SHOWN_BYTES_MAX)
}

/// Counts the components within a component, at all depths.
fn check_size_of_family(bytes: &[u8]) -> Result<(), LoadError> {
    let begins = |payload: &Result<Payload<'_>, _>| {
        matches!(payload, Ok(Payload::Version { encoding: Encoding::Component, .. }))
    };
    // What is wrong further inside the compiler will tell; it reads no further than this either.
    let payloads = Parser::new(0).parse_all(bytes).take_while(Result::is_ok);
    if payloads.filter(begins).nth(COMPONENTS_MAX).is_some() {
        return Err(LoadError::NotAPlugin(format!("it is made of more than {COMPONENTS_MAX} components")));
    }
    Ok(())
}

/// Whether the host offers an import, and which capability it is if it has to be granted. Only names are looked at here; types are checked when the component is linked.
fn check_import(name: &str) -> Result<Option<Capability>, LoadError> {
    let missing = |advice: String| Err(LoadError::MissingImport { import: shown(name), advice });
    let (path, version) = name.split_once('@').unwrap_or((name, ""));
    let (package, interface) = path.split_once('/').unwrap_or((path, ""));
    match package {
        "tidemill:plugin" if version != VERSION => missing(format!(
            "this host speaks version {VERSION}; build the plugin with that version of the WIT package"
        )),
        "tidemill:plugin" if matches!(interface, "log" | "meter" | "types" | "call" | "content") => Ok(None),
        "tidemill:plugin" if interface == "state" => Ok(Some(Capability::State)),
        "tidemill:plugin" if interface == "bus" => Ok(Some(Capability::Publish)),
        "tidemill:plugin" if interface == "server" => Ok(Some(Capability::Figures)),
        "tidemill:plugin" => {
            missing("this host offers `log`, `meter`, `state`, `bus`, `call` and `server` to plugins".into())
        }
        "wasi:cli" | "wasi:clocks" | "wasi:filesystem" | "wasi:io" | "wasi:random" | "wasi:sockets" => {
            if version.starts_with("0.2.") {
                Ok(None)
            } else {
                missing("this host offers WASI 0.2; build the plugin for `wasm32-wasip2`".into())
            }
        }
        "wasi:http" => match interface {
            _ if !version.starts_with("0.2.") => missing("this host offers `wasi:http` 0.2 to plugins".into()),
            "outgoing-handler" => Ok(Some(Capability::Http)),
            "types" => Ok(None),
            _ => missing("plugins may send requests (`wasi:http/outgoing-handler`) and answer none".into()),
        },
        _ => missing(
            "build the plugin without it; a plugin may import WASI 0.2 and `log`, `meter`, `state`, `bus`, `call` and `server` of `tidemill:plugin`".into(),
        ),
    }
}

/// Why reading stopped.
enum Stop {
    Partial,
    CoreModule,
    Malformed(String),
}

impl From<wasmparser::BinaryReaderError> for Stop {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self::Malformed(shown(&error.to_string()))
    }
}

/// Walks the sections of the outer component only; what is nested in it is skipped.
fn parse<'a>(
    bytes: &'a [u8],
    mut visit: impl FnMut(Payload<'a>) -> Result<(), wasmparser::BinaryReaderError>,
) -> Result<(), Stop> {
    let mut parser = Parser::new(0);
    let mut rest = bytes;
    loop {
        // Only at a section's end may the file end.
        let (consumed, payload) = match parser.parse(rest, rest.is_empty()) {
            Ok(wasmparser::Chunk::Parsed { consumed, payload }) => (consumed, payload),
            Ok(wasmparser::Chunk::NeedMoreData(_)) => return Err(Stop::Partial),
            Err(error) => return Err(error.into()),
        };
        rest = &rest[consumed..];
        match payload {
            Payload::Version { encoding: Encoding::Module, .. } => return Err(Stop::CoreModule),
            // The parser stands behind a nested section already; its bytes are still to be passed over.
            Payload::ModuleSection { unchecked_range, .. } | Payload::ComponentSection { unchecked_range, .. } => {
                let length = usize::try_from(unchecked_range.end - unchecked_range.start).unwrap_or(usize::MAX);
                rest = rest.get(length..).ok_or(Stop::Partial)?;
            }
            Payload::End(_) => return Ok(()),
            payload => visit(payload)?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(text: &str) -> Vec<u8> {
        wat::parse_str(text).unwrap()
    }

    const PLUGIN: &str = r#"(component
        (instance $i)
        (export "tidemill:plugin/manifest@0.1.0" (instance $i))
        (export "tidemill:plugin/filter@0.1.0" (instance $i))
        (export "demo:other/thing" (instance $i)))"#;

    #[test]
    fn kinds_are_found_by_interface_and_unknown_exports_ignored() {
        assert_eq!(inspect(&component(PLUGIN)).unwrap().kinds, [Kind::Filter]);
    }

    #[test]
    fn other_files_are_refused_with_what_to_do() {
        let message = |bytes: &[u8]| inspect(bytes).unwrap_err().to_string();
        assert!(message(b"").contains("empty"));
        assert!(message(b"#!/bin/sh").contains("not a WebAssembly file"));
        assert!(message(&component("(module)")).contains("wasm32-wasip2"));
        assert!(message(&component("(component)")).contains("exports no interface"));
        let other = r#"(component (instance $i) (export "wasi:http/incoming-handler@0.2.3" (instance $i)))"#;
        assert!(message(&component(other)).contains("another world"));
        let newer = r#"(component (instance $i) (export "tidemill:plugin/manifest@0.2.0" (instance $i)))"#;
        assert!(message(&component(newer)).contains("0.1.0"));
        let bare = r#"(component (instance $i) (export "tidemill:plugin/manifest@0.1.0" (instance $i)))"#;
        assert!(message(&component(bare)).contains("none of"));
    }

    #[test]
    fn a_missing_import_is_named_with_advice() {
        let with_import = |name: &str| {
            let text = PLUGIN.replacen("(component", &format!("(component (import \"{name}\" (instance))"), 1);
            inspect(&component(&text))
        };
        for offered in
            ["tidemill:plugin/log@0.1.0", "wasi:cli/stdout@0.2.6", "wasi:io/streams@0.2.12", "wasi:http/types@0.2.3"]
        {
            assert!(with_import(offered).is_ok(), "{offered}");
        }
        for missing in [
            "tidemill:plugin/log@0.3.0",
            "tidemill:plugin/files@0.1.0",
            "wasi:cli/stdout@0.3.0",
            "wasi:http/types@0.3.0",
            "wasi:http/incoming-handler@0.2.3",
            "acme:thing/db@1.0.0",
        ] {
            match with_import(missing).unwrap_err() {
                LoadError::MissingImport { import, advice } => assert!(import == missing && advice.len() > 20),
                other => panic!("{missing}: {other}"),
            }
        }
    }

    #[test]
    fn names_in_errors_are_short_and_do_nothing_to_a_terminal() {
        let evil = format!("evil\\1b]0;\\07{}", "A".repeat(20_000));
        for text in [
            format!("(component (instance $i) (export \"{evil}\" (instance $i)))"),
            format!("(component (instance $i) (export \"tidemill:plugin/{evil}\" (instance $i)))"),
            PLUGIN.replacen("(component", &format!("(component (import \"{evil}\" (instance))"), 1),
        ] {
            let told = inspect(&component(&text)).unwrap_err().to_string();
            assert!(told.contains("evil\u{fffd}]0;") && told.len() < 600, "{told}");
        }
    }

    #[test]
    fn a_file_that_is_still_arriving_is_told_from_a_damaged_one() {
        let whole = component(PLUGIN);
        assert_eq!(wholeness(&whole), Wholeness::Complete);
        for end in 0..whole.len() {
            let partial = wholeness(&whole[..end]);
            // A cut between two sections cannot be told from a complete file.
            let complete =
                inspect(&whole[..end]).is_ok() || !matches!(inspect(&whole[..end]), Err(LoadError::Malformed(_)));
            assert!(partial == Wholeness::Partial || complete || end == 0, "{end}");
        }
        assert_eq!(wholeness(b"\0asm\x01\0\0\0"), Wholeness::Complete);
        assert_eq!(wholeness(b"nonsense"), Wholeness::Complete);
    }
}
