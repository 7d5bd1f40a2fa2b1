//! Bounds on what a plugin may take and give. Each names the harm it prevents.

use std::time::Duration;

/// Largest component that is loaded. CPython guests have 18 MB, StarlingMonkey guests 12 MB; much larger files are
/// mistakes (a debug build, another file type) and would take minutes to compile.
pub const COMPONENT_BYTES_MAX: u64 = 64 << 20;
/// Largest sidecar file.
pub const SIDECAR_BYTES_MAX: u64 = 1 << 20;
/// Plugins in one directory. Each keeps compiled code and one instance per worker in memory.
pub const PLUGINS_MAX: usize = 1024;
/// Imports or exports that a component may have. Inspecting ten thousand of them is an attack on the loader.
pub const EXTERNS_MAX: usize = 1000;
/// Time for one call while a component is loaded (`describe`, `configure`, `types`). Interpreters start slowly.
pub const LOAD_CALL_TIME_MAX: Duration = Duration::from_secs(5);
/// Types that one plugin may own.
pub const TYPES_MAX: usize = 1024;
/// Bytes of one JSON Schema that a plugin declares.
pub const SCHEMA_BYTES_MAX: usize = 256 << 10;
/// Bytes of other texts that a plugin says about itself.
pub const TEXT_BYTES_MAX: usize = 1024;
/// Outputs that a transform may make of one event: a fan-out beyond that floods the log.
pub const OUTPUTS_PER_EVENT_MAX: usize = 64;
/// Problems that a plugin may report for one event.
pub const PROBLEMS_PER_EVENT_MAX: usize = 64;
/// Events in one call; more makes no call cheaper (measured: 64 and 256 are alike).
pub const BATCH_EVENTS_MAX: usize = 64;
/// Bytes of arena in one call, unless a single event is larger. 2 MiB batches fall out of the processor's cache.
pub const BATCH_BYTES_MAX: usize = 256 << 10;
/// Bytes that the host lifts out of a plugin in one call, answers and log lines together: a plugin that answers with
/// a gigabyte would otherwise make the host allocate it.
pub const LIFTED_BYTES_MAX: usize = 16 << 20;
/// Elements in all tables of a plugin.
pub const TABLE_ELEMENTS_MAX: usize = 100_000;
/// Core instances, memories and tables in one component instance; components of CPython have about ten.
pub const CORE_INSTANCES_MAX: usize = 100;
/// Bytes of one line in the host's log.
pub const LOG_LINE_BYTES_MAX: usize = 4096;

/// What one plugin may take; set per plugin, with these defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Time for one call with a batch. A plugin that takes longer is stopped.
    pub time: Duration,
    /// Bytes of each linear memory. The default admits interpreters (13 MiB) and C guests with a 16 MiB stack.
    pub memory: usize,
    /// Lines in the host's log per second; further ones are counted.
    pub log_lines: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { time: Duration::from_millis(50), memory: 64 << 20, log_lines: 100 }
    }
}

const _: () = assert!(LIFTED_BYTES_MAX > tidemill_event::limits::DATA_BYTES_MAX);
const _: () = assert!(BATCH_BYTES_MAX < u32::MAX as usize);
