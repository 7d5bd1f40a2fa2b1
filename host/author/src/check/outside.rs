//! What a component imports and exports, by name, without compiling it.

use wasmparser::{Parser, Payload};

/// Names of one kind that are read. A component with more is refused by every server.
const NAMES_MAX: usize = 1000;

#[derive(Debug, Default)]
pub(super) struct Outside {
    pub(super) imports: Vec<String>,
    pub(super) exports: Vec<String>,
}

/// What is readable of it: nothing of what is no component.
pub(super) fn look(bytes: &[u8]) -> Outside {
    let mut outside = Outside::default();
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes).map_while(Result::ok) {
        match payload {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 1 => {
                let names = section.into_iter().map_while(Result::ok).map(|import| import.name.name.to_owned());
                outside.imports.extend(names.take(NAMES_MAX));
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                let names = section.into_iter().map_while(Result::ok).map(|export| export.name.name.to_owned());
                outside.exports.extend(names.take(NAMES_MAX));
            }
            _ => {}
        }
    }
    outside
}
