//! From a core module to a component, in process: the type of the world goes into the module, what the module wants of WASI
//! preview 1 is adapted to WASI 0.2, and the result is checked.
//!
//! A pure function of bytes. Who made the core module, and how, is the toolchain's.

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wasmparser::{Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

use crate::world::World;

/// The namespace of WASI.
pub(crate) const WASI: &str = "wasi:";
/// What stands for it while an interpreter becomes a component: all of WASI that the interpreter itself asks for is cut off
/// then, and only what an author asked for is to stay. As long as the other, so that names can be replaced in place.
pub(crate) const STAND_IN: &str = "host:";

/// Makes a component of a core module. `world` is `None` where the module holds its type already, as those do that were linked
/// with the object file of `wit-bindgen c`.
///
/// # Errors
///
/// The module does not export what the world says, or imports what nobody has.
pub(crate) fn encode(mut module: Vec<u8>, world: Option<&World>) -> Result<Vec<u8>, String> {
    let told = |error| format!("{error:#}");
    if let Some(world) = world {
        embed_component_metadata(&mut module, &world.resolve, world.id, StringEncoding::UTF8).map_err(told)?;
    }
    // Modules that import nothing of preview 1 get nothing of the adapter.
    ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|encoder| {
            encoder.adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)
        })
        .and_then(ComponentEncoder::encode)
        .map_err(told)
}

/// Gives what the component imports under [`STAND_IN`] the names of WASI.
pub(crate) fn ask_for_wasi(component: &mut [u8]) {
    let mut places = Vec::new();
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(component).map_while(Result::ok) {
        match payload {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 1 => {
                let imports = section.into_iter_with_offsets().map_while(Result::ok);
                // An import begins with its name.
                let stand_ins = imports.filter(|(_, import)| import.name.name.starts_with(STAND_IN));
                places.extend(stand_ins.filter_map(|(at, _)| usize::try_from(at).ok()));
            }
            _ => {}
        }
    }
    for place in places {
        let name = component[place..].windows(STAND_IN.len()).position(|bytes| bytes == STAND_IN.as_bytes());
        if let Some(at) = name.map(|at| place + at) {
            component[at..at + WASI.len()].copy_from_slice(WASI.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    /// A core module with what a webhook exports; `more` is anything else.
    fn webhook(more: &str) -> Vec<u8> {
        let text = format!(
            r#"(module
                {more}
                (memory (export "memory") 1)
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
                (func (export "tidemill:plugin/manifest@0.1.0#describe") (result i32) unreachable)
                (func (export "tidemill:plugin/manifest@0.1.0#configure") (param i32 i32) (result i32) unreachable)
                (func (export "tidemill:plugin/webhook@0.1.0#receive") (param i32 i32 i32 i32 i32 i32) (result i32)
                    unreachable))"#
        );
        wat::parse_str(text).unwrap()
    }

    /// What a component imports.
    fn imports(component: &[u8]) -> Vec<String> {
        let mut names = Vec::new();
        let mut depth = 0;
        for payload in wasmparser::Parser::new(0).parse_all(component) {
            match payload.unwrap() {
                wasmparser::Payload::Version { .. } => depth += 1,
                wasmparser::Payload::End(_) => depth -= 1,
                wasmparser::Payload::ComponentImportSection(section) if depth == 1 => {
                    names.extend(section.into_iter().map(|import| import.unwrap().name.name.to_owned()));
                }
                _ => {}
            }
        }
        names
    }

    #[test]
    fn a_core_module_becomes_a_component_that_imports_only_what_it_uses() {
        let world = World::of(&[Kind::Webhook], &[]).unwrap();
        let component = encode(webhook(""), Some(&world)).unwrap();
        assert_eq!(imports(&component), [""; 0]);
        let random = r#"(import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32)))"#;
        let component = encode(webhook(random), Some(&world)).unwrap();
        let imports = imports(&component);
        assert!(!imports.is_empty() && imports.iter().all(|name| name.starts_with("wasi:")), "{imports:?}");
    }

    #[test]
    fn what_stood_for_wasi_is_asked_of_it_and_nothing_else_is_touched() {
        let text = r#"(component
            (import "host:http/types@0.2.0" (instance))
            (import "tidemill:plugin/log@0.1.0" (instance))
            (component (import "host:io/poll@0.2.0" (instance))))"#;
        let mut component = wat::parse_str(text).unwrap();
        ask_for_wasi(&mut component);
        assert_eq!(imports(&component), ["wasi:http/types@0.2.0", "tidemill:plugin/log@0.1.0"]);
        assert!(component.windows(5).any(|bytes| bytes == b"host:"), "what is within is its own affair");
    }

    #[test]
    fn what_is_missing_is_named() {
        let both = World::of(&[Kind::Webhook, Kind::Filter], &[]).unwrap();
        let told = encode(webhook(""), Some(&both)).unwrap_err();
        assert!(told.contains("tidemill:plugin/filter@0.1.0"), "{told}");
        let foreign = r#"(import "env" "host" (func))"#;
        let world = World::of(&[Kind::Webhook], &[]).unwrap();
        let told = encode(webhook(foreign), Some(&world)).unwrap_err();
        assert!(told.contains("env"), "{told}");
    }
}
