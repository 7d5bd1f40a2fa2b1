//! Filters written as core modules, for what no compiler would write: each is a good one with some places replaced.
//!
//! Owns the frame of such a filter and its way into a component. Must not know what is replaced.

use std::fmt::Write as _;
use std::path::Path;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// What a plugin may import, as far as these do.
const WASI: &str = r#"
    package hostile:filter;
    package wasi:io@0.2.6 {
        interface poll {
            resource pollable { ready: func() -> bool; block: func(); }
            poll: func(in: list<borrow<pollable>>) -> list<u32>;
        }
    }
    package wasi:clocks@0.2.6 {
        interface monotonic-clock {
            use wasi:io/poll@0.2.6.{pollable};
            subscribe-duration: func(when: u64) -> pollable;
        }
    }
    package wasi:random@0.2.6 {
        interface random { get-random-bytes: func(len: u64) -> list<u8>; }
    }
    interface things { resource thing; }
    world filter {
        import tidemill:plugin/log@0.1.0;
        import wasi:io/poll@0.2.6;
        import wasi:clocks/monotonic-clock@0.2.6;
        import wasi:random/random@0.2.6;
        export tidemill:plugin/manifest@0.1.0;
        export tidemill:plugin/filter@0.1.0;
        export things;
    }
"#;

/// Where a filter differs from a good one: instructions that run first in a function, or further parts of the module.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Parts<'a> {
    /// Beside the functions: memories, a start function.
    pub(super) module: &'a str,
    pub(super) describe: &'a str,
    pub(super) configure: &'a str,
    /// In each call with a batch.
    pub(super) decide: &'a str,
    /// In calls with a batch in whose data there is a `!`.
    pub(super) poisoned: &'a str,
    /// In the function that the host calls after each call with a batch.
    pub(super) after: &'a str,
    pub(super) realloc: &'a str,
    /// In the destructor of a thing of its own, which `$new` makes and `$discard` destroys.
    pub(super) destructor: &'a str,
}

/// The component for such a filter. It keeps every event.
pub(super) fn filter(parts: Parts<'_>) -> Vec<u8> {
    component(&wat::parse_str(text(parts)).unwrap_or_else(|e| panic!("{e}: {parts:?}"))).unwrap()
}

/// A component of any core module that exports what a filter exports, if it can be one.
pub(super) fn component(core: &[u8]) -> Option<Vec<u8>> {
    let mut resolve = Resolve::default();
    resolve.push_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/v0.1")).unwrap();
    let package = resolve.push_str("hostile.wit", WASI).unwrap();
    let world = resolve.select_world(&[package], Some("filter")).unwrap();
    let mut core = core.to_vec();
    embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&core).ok()?.encode().ok()
}

/// The exports that a filter has, without anything in them.
pub(super) fn shape() -> Vec<u8> {
    let text = format!(
        r#"(module (memory (export "memory") 1 1000)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
            (func (export "{MANIFEST}#describe") (result i32) unreachable)
            (func (export "{MANIFEST}#configure") (param i32 i32) (result i32) unreachable)
            (func (export "{FILTER}#decide") (param i32 i32 i32 i32) (result i32) unreachable))"#
    );
    wat::parse_str(text).unwrap()
}

const MANIFEST: &str = "tidemill:plugin/manifest@0.1.0";
const FILTER: &str = "tidemill:plugin/filter@0.1.0";

/// Memory: 16 the text `*`, 32 a list with it, 64 what `describe` answers, 256 `configure`'s, 512 `decide`'s; verdicts
/// from 1024 on; what the host hands in from 64 KiB on. All zeros mean: nothing, good, keep.
fn text(parts: Parts<'_>) -> String {
    let Parts { module, describe, configure, decide, poisoned, after, realloc, destructor } = parts;
    let mut text = String::from("(module\n");
    let imports = [
        ("tidemill:plugin/log@0.1.0", "log", "$log (param i32 i32 i32 i32 i32)"),
        ("wasi:clocks/monotonic-clock@0.2.6", "subscribe-duration", "$subscribe (param i64) (result i32)"),
        ("wasi:io/poll@0.2.6", "[method]pollable.block", "$block (param i32)"),
        ("wasi:io/poll@0.2.6", "[method]pollable.ready", "$ready (param i32) (result i32)"),
        ("wasi:io/poll@0.2.6", "[resource-drop]pollable", "$drop (param i32)"),
        ("wasi:io/poll@0.2.6", "poll", "$poll (param i32 i32 i32)"),
        ("[export]hostile:filter/things", "[resource-new]thing", "$new (param i32) (result i32)"),
        ("[export]hostile:filter/things", "[resource-drop]thing", "$discard (param i32)"),
        ("wasi:random/random@0.2.6", "get-random-bytes", "$random (param i64 i32)"),
    ];
    for (interface, function, signature) in imports {
        // Writing to a string cannot fail.
        let _ = writeln!(text, r#"(import "{interface}" "{function}" (func {signature}))"#);
    }
    let _ = write!(
        text,
        r#"
        (memory (export "memory") 32)
        (data (i32.const 16) "*")
        (data (i32.const 32) "\10\00\00\00\01\00\00\00")
        (data (i32.const 88) "\20\00\00\00\01\00\00\00\01")
        (global $heap (mut i32) (i32.const 65536))
        {module}
        (func (export "cabi_realloc") (param i32 i32 i32) (param $size i32) (result i32) (local $at i32)
            {realloc}
            (local.set $at (global.get $heap))
            (global.set $heap (i32.and (i32.const -8)
                (i32.add (i32.const 7) (i32.add (local.get $at) (local.get $size)))))
            (local.get $at))
        (func (export "hostile:filter/things#[dtor]thing") (param i32) {destructor})
        (func (export "{MANIFEST}#describe") (result i32) {describe} (i32.const 64))
        (func (export "{MANIFEST}#configure") (param i32 i32) (result i32) {configure} (i32.const 256))
        (func $is_poisoned (param $at i32) (param $length i32) (result i32)
            (local.set $length (i32.add (local.get $at) (local.get $length)))
            (loop $next
                (if (i32.lt_u (local.get $at) (local.get $length)) (then
                    (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 33)) (then (return (i32.const 1))))
                    (local.set $at (i32.add (local.get $at) (i32.const 1)))
                    (br $next))))
            (i32.const 0))
        (func (export "{FILTER}#decide") (param $rows i32) (param $rows_length i32) (param $arena i32)
            (param $arena_length i32) (result i32)
            (global.set $heap (i32.const 65536))
            (i32.store (i32.const 516) (i32.const 1024))
            (i32.store (i32.const 520) (i32.div_u (local.get $rows_length) (i32.const 64)))
            {decide}
            (if (call $is_poisoned (local.get $arena) (local.get $arena_length)) (then {poisoned}))
            (i32.const 512))
        (func (export "cabi_post_{FILTER}#decide") (param i32) {after}))"#
    );
    text
}
