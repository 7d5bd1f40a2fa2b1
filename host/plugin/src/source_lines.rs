//! Which line of its source a plugin was at, from the DWARF debug information that it carries if it was built with it.
//!
//! Read once, when the plugin is loaded, and not by wasmtime: that reads all of it again for every frame of every trap,
//! on the thread that carries events. Must not know traps.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use addr2line::Context;
use gimli::{Dwarf, EndianArcSlice, LittleEndian, SectionId};
use hashbrown::HashMap;
use wasmparser::{Parser, Payload};

use crate::limits::DEBUG_BYTES_MAX;

type Slice = EndianArcSlice<LittleEndian>;

/// The lines of all modules of one component.
#[derive(Default)]
pub(crate) struct SourceLines {
    modules: Vec<Module>,
}

struct Module {
    /// Where its code lies in the component's file.
    code: Range<u64>,
    /// Looking things up fills tables, so that one at a time may.
    lines: Mutex<Context<Slice>>,
}

/// A core module as it is passed by.
#[derive(Default)]
struct Passed<'a> {
    code: Range<u64>,
    sections: HashMap<&'a str, &'a [u8]>,
}

impl SourceLines {
    /// Those of a component, none if it carries none, or so much that it would only be a burden.
    pub(crate) fn of(component: &[u8]) -> Self {
        let mut found = Self::default();
        let (mut open, mut bytes): (Vec<Passed<'_>>, usize) = (Vec::new(), 0);
        for payload in Parser::new(0).parse_all(component) {
            match payload {
                Ok(Payload::Version { .. }) => open.push(Passed::default()),
                Ok(Payload::CodeSectionStart { range, .. }) => {
                    if let Some(module) = open.last_mut() {
                        module.code = range;
                    }
                }
                Ok(Payload::CustomSection(section)) if section.name().starts_with(".debug_") => {
                    bytes += section.data().len();
                    if bytes > DEBUG_BYTES_MAX {
                        return Self::default();
                    }
                    if let Some(module) = open.last_mut() {
                        module.sections.insert(section.name(), section.data());
                    }
                }
                Ok(Payload::End(_)) => found.modules.extend(open.pop().and_then(Module::new)),
                Ok(_) => {}
                // Lines are a convenience; whether the component can be read is found out elsewhere.
                Err(_) => break,
            }
        }
        found
    }

    /// File, line and column of what stands at an offset of the component's file.
    pub(crate) fn at(&self, offset: u64) -> Option<String> {
        let module = self.modules.iter().find(|module| module.code.contains(&offset))?;
        let lines = module.lines.lock().unwrap_or_else(PoisonError::into_inner);
        // DWARF for WebAssembly counts from the beginning of the code section.
        let location = lines.find_location(offset - module.code.start).ok()??;
        let file = location.file?;
        Some(match (location.line, location.column) {
            (Some(line), Some(column)) => format!("{file}:{line}:{column}"),
            (Some(line), None) => format!("{file}:{line}"),
            (None, _) => file.to_owned(),
        })
    }
}

impl Module {
    fn new(passed: Passed<'_>) -> Option<Self> {
        if passed.sections.is_empty() {
            return None;
        }
        let load = |id: SectionId| Ok::<_, gimli::Error>(slice(passed.sections.get(id.name()).copied().unwrap_or(&[])));
        let lines = Context::from_dwarf(Dwarf::load(load).ok()?).ok()?;
        Some(Self { code: passed.code, lines: Mutex::new(lines) })
    }
}

fn slice(bytes: &[u8]) -> Slice {
    EndianArcSlice::new(Arc::from(bytes), LittleEndian)
}
