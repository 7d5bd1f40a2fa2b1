//! Bounds on what a plugin may take and give. Each names the harm it prevents.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Largest component that is loaded. CPython guests have 18 MB, StarlingMonkey guests 12 MB; much larger files are
/// mistakes (a debug build, another file type) and would take minutes to compile.
pub const COMPONENT_BYTES_MAX: u64 = 64 << 20;
/// Compiled code that is kept in a folder, compressed. It is about as large as the component, and for each version of each there
/// is one; those that were not used for longest go first.
pub const COMPILED_BYTES_MAX: u64 = 512 << 20;
/// Largest sidecar file.
pub const SIDECAR_BYTES_MAX: u64 = 1 << 20;
/// After this time a part of an upload in the plugins directory counts as left behind by a host that was killed, and is
/// removed at the next start. Whoever uploads is given up much sooner.
pub const UPLOAD_AGE_MAX: Duration = Duration::from_secs(3600);
/// Plugins in one directory. Each keeps compiled code and one instance per worker in memory.
pub const PLUGINS_MAX: usize = 1024;
/// Imports or exports that a component may have. Inspecting ten thousand of them is an attack on the loader.
pub const EXTERNS_MAX: usize = 1000;
/// Components in one component, itself included. Composed ones have a few; the compiler takes 400 KB for each that is
/// nested deeper, so that a small file of nothing else would take all memory.
pub const COMPONENTS_MAX: usize = 100;
/// Time for one call while a component is loaded (`describe`, `configure`, `types`). Interpreters start slowly.
pub const LOAD_CALL_TIME_MAX: Duration = Duration::from_secs(5);
/// Types that one plugin may own.
pub const TYPES_MAX: usize = 1024;
/// Bytes of one JSON Schema that a plugin declares.
pub const SCHEMA_BYTES_MAX: usize = 256 << 10;
/// Values in a configuration's schema with its references followed. A schema that doubles at each would never end.
pub const SCHEMA_VALUES_MAX: usize = 100_000;
/// Levels of it, likewise: it is read with recursion.
pub const SCHEMA_LEVELS_MAX: usize = 256;
/// Bytes of other texts that a plugin says about itself.
pub const TEXT_BYTES_MAX: usize = 1024;
/// What `output-events` may be set to: the parts of an event are told apart by a `u16`.
pub const OUTPUT_EVENTS_RANGE: RangeInclusive<usize> = 1..=10_000;
/// Problems that a plugin may report for one event.
pub const PROBLEMS_PER_EVENT_MAX: usize = 64;
/// Bytes of the class that a view sorts a subscriber into. It is kept with all that is remembered of it.
pub const CLASS_BYTES_MAX: usize = 1024;
/// Events in one call; more makes no call cheaper (measured: 64 and 256 are alike).
pub const BATCH_EVENTS_MAX: usize = 64;
/// Bytes of arena in one call, unless a single event is larger. 2 MiB batches fall out of the processor's cache.
pub const BATCH_BYTES_MAX: usize = 256 << 10;
/// Figures of its own that one plugin may have: each is a line that a monitoring system keeps for years.
pub const METER_NAMES_MAX: usize = 64;
/// Bytes of the name of one.
pub const METER_NAME_BYTES_MAX: usize = 64;
/// Classes of a view that are remembered because it failed on them.
pub const FAILING_CLASSES_MAX: usize = 1024;
/// Bytes of a key of a plugin's state.
pub const STATE_KEY_BYTES_MAX: usize = 256;
/// Bytes of its value.
pub const STATE_VALUE_BYTES_MAX: usize = 1 << 20;
/// What a key counts for beside its own bytes and those of its value: about what memory and the log need for it.
pub const STATE_KEY_COST: usize = 64;
/// Keys that one call of `state` asks for or lists. It is done in the host, where the time limit does not reach.
pub const STATE_KEYS_MAX: usize = 1_000;
/// Keys that a plugin may write in one of its calls. What they were is remembered until it is over.
pub const STATE_WRITES_MAX: usize = 10_000;
/// Keys whose time is over that are cleared with one turn.
pub const STATE_EXPIRED_MAX: usize = 256;
/// Bytes of state on the way to the log; more waits before it is made. The log writes slower than memory is copied.
pub const STATE_OPEN_BYTES_MAX: usize = 64 << 20;
/// How long is waited for that at a time.
pub const STATE_ROOM_PAUSE: Duration = Duration::from_millis(100);
/// What `hops` may be set to.
pub const HOPS_RANGE: RangeInclusive<u8> = 0..=16;
/// Bytes of debug information that are read out of one component, to name lines of its source when it traps. A debug
/// build of a Rust plugin has a few MiB; reading it takes about as long as compiling.
pub const DEBUG_BYTES_MAX: usize = 16 << 20;
/// How long an instance serves at least before it is made anew, so that one that needs a lot of memory is not made
/// anew all the time.
pub const RECYCLE_REST: Duration = Duration::from_secs(1);
/// Calls that are named when a plugin traps, from the innermost.
pub const BACKTRACE_FRAMES_MAX: usize = 20;
/// Bytes of the text for one of them; names of generic functions are long.
pub const FRAME_BYTES_MAX: usize = 300;
/// Bytes of stack for one call, on the worker's own. The same for all plugins: it is a setting of the engine.
pub const STACK_BYTES_MAX: usize = 512 << 10;
/// Things of the host that one instance may hold: streams, and what it waits for. They are kept in the host's memory,
/// which no limit on the guest's sees.
pub const RESOURCES_MAX: usize = 1000;
/// Random bytes that one call gives. They are made in the host, where the time limit does not reach.
pub const RANDOM_BYTES_MAX: u64 = 1 << 20;
/// Hosts that one plugin may be granted, or may name. Each request is compared with all of them.
pub const HTTP_HOSTS_MAX: usize = 256;
/// Bytes of the head of an answer to a plugin's request. It is kept beside the guest's memory, for each answer that the
/// guest holds.
pub const HTTP_HEAD_BYTES_MAX: usize = 32 << 10;
/// Fields in it.
pub const HTTP_HEADERS_MAX: usize = 100;
/// Bytes of the fields of a request, likewise.
pub const HTTP_FIELD_BYTES_MAX: usize = 32 << 10;
/// Bytes of a request's method, of its host and port, and of its path with the query, likewise.
pub const HTTP_METHOD_BYTES_MAX: usize = 32;
/// See [`HTTP_METHOD_BYTES_MAX`].
pub const HTTP_AUTHORITY_BYTES_MAX: usize = 512;
/// See [`HTTP_METHOD_BYTES_MAX`].
pub const HTTP_TARGET_BYTES_MAX: usize = 8 << 10;
/// Bytes of a request's body that the guest hands over at once; two such pieces wait to be sent.
pub const HTTP_CHUNK_BYTES_MAX: usize = 16 << 10;
/// What `http-time` may be set to: waiting calls hold threads.
pub const HTTP_TIME_RANGE: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(60);
/// What `http-bytes` may be set to: as many are kept for each request that goes on.
pub const HTTP_BYTES_RANGE: RangeInclusive<usize> = 1 << 10..=64 << 20;
/// What `http-concurrency` may be set to: each is a socket, and a buffer of `http-bytes`.
pub const HTTP_CONCURRENCY_RANGE: RangeInclusive<usize> = 1..=256;
/// What `clock` may be set to.
pub const CLOCK_RANGE: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(3600);
/// How long looking up a name may take. The thread that does it cannot be stopped.
pub const HTTP_LOOKUP_TIME_MAX: Duration = Duration::from_secs(2);
/// Addresses of a name that are tried. Each that does not answer takes time.
pub const HTTP_ADDRESSES_MAX: usize = 16;
/// How long a connection is kept for the next request to the same host. Each is a socket.
pub const HTTP_IDLE_TIME: Duration = Duration::from_secs(10);
/// Lines per second about requests of one plugin that were denied. A loop of them would fill the host's log.
pub const HTTP_DENIED_LINES_PER_SECOND_MAX: u32 = 5;
/// What a call may wait beside the time of one request, so that the end of the request is told to the guest.
pub const PATIENCE_MARGIN: Duration = Duration::from_millis(250);
/// Events in one call of a plugin that may wait: each may cost a request, and the call's patience is for all of them.
pub const WAITING_BATCH_EVENTS_MAX: usize = 8;
/// What `tool-time` may be set to: each call holds a thread and an instance.
pub const TOOL_TIME_RANGE: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(24 * 3600);
/// What `tool-compute` may be set to: each call that computes takes a processor.
pub const TOOL_COMPUTE_RANGE: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(600);
/// What `tool-concurrency` may be set to: each is a thread, and up to `memory` of memory.
pub const TOOL_CONCURRENCY_RANGE: RangeInclusive<usize> = 1..=1024;
/// How far threads of calls stand back for those of events (`nice`): beside one that computes they have a tenth of a core.
pub const TOOL_NICENESS: i32 = 10;
/// Calls of one plugin that wait for their turn. Each holds its arguments in memory.
pub const TOOL_CALLS_WAITING_MAX: usize = 256;
/// Instances of one plugin that are kept for further calls. Each holds its memory.
pub const TOOL_INSTANCES_KEPT_MAX: usize = 8;
/// Bytes of what a call is named by in failures and the log. Clients choose addresses and names that are as long as they like.
pub const CALL_NAME_BYTES_MAX: usize = 128;
/// Lines about calls of one plugin that failed, in a second. Clients decide how many there are.
pub const CALL_FAILURE_LINES_PER_SECOND_MAX: u32 = 5;
/// How long a call that was cancelled may tidy up; it holds its thread meanwhile.
pub const CANCEL_GRACE: Duration = Duration::from_secs(1);
/// How long a call may go on whose plugin was replaced or taken out. It keeps the old version in memory.
pub const RETIRED_CALL_TIME_MAX: Duration = Duration::from_secs(30);
/// How often a call that computes is asked whether it was cancelled.
pub const CANCEL_LOOK: Duration = Duration::from_millis(5);
/// Tools that one plugin may have, prompts and templates of resources likewise. Clients get the whole list, and models read it.
pub const TOOLS_MAX: usize = 256;
/// Resources that one plugin may list.
pub const RESOURCES_LISTED_MAX: usize = 1000;
/// Arguments of a prompt.
pub const PROMPT_ARGUMENTS_MAX: usize = 64;
/// Bytes of the name of a tool, a prompt, or an argument of one; the protocol's own bound.
pub const TOOL_NAME_BYTES_MAX: usize = 64;
/// Bytes of a description, which is sent with every list.
pub const DESCRIPTION_BYTES_MAX: usize = 16 << 10;
/// Bytes of a URI.
pub const URI_BYTES_MAX: usize = 1024;
/// Parts of a result. Each is many times as large here as in the guest.
pub const TOOL_PARTS_MAX: usize = 1000;
/// What one call may ask of the client's side at once, and values that it may suggest: both are shown to people.
pub const INPUT_REQUESTS_MAX: usize = 32;
/// See [`INPUT_REQUESTS_MAX`].
pub const SUGGESTIONS_MAX: usize = 100;
/// Bytes of the state that a call wants back; it travels to the client and back with each answer.
pub const CALL_STATE_BYTES_MAX: usize = 64 << 10;
/// Reports of progress of one call in a second. Each is an event and a frame for whoever listens; of more the newest is sent.
pub const REPORTS_PER_SECOND_MAX: u32 = 50;
/// How often a plugin's calls may say in a second that a list changed: all clients then ask for it again.
pub const CHANGES_PER_SECOND_MAX: u32 = 10;
/// How often that a resource changed: all who follow it are told.
pub const UPDATES_PER_SECOND_MAX: u32 = 100;
/// Events that the calls of one plugin may publish in a second. They go through the pipeline beside everybody else's.
pub const CALL_EVENTS_PER_SECOND_MAX: u32 = 1_000;
/// Events that one call may publish in all.
pub const CALL_EVENTS_MAX: usize = 10_000;
/// Bytes of a pattern's program in a tool's schema, which is checked in the host.
pub const PATTERN_BYTES_MAX: usize = 1 << 20;
/// Mistakes in arguments that are told at once.
pub const ARGUMENT_PROBLEMS_MAX: usize = 8;
/// Bytes of the text for one of them; it quotes what was sent.
pub const ARGUMENT_PROBLEM_BYTES_MAX: usize = 300;
/// Bytes of a plugin's name.
pub const PLUGIN_NAME_BYTES_MAX: usize = 64;
/// Bytes of an import's or an export's name, as far as an error repeats it.
pub const EXTERN_SHOWN_BYTES_MAX: usize = 200;
/// Bytes of one line in the host's log.
pub const LOG_LINE_BYTES_MAX: usize = 4096;

/// What one plugin may take; set per plugin, with these defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Time for one call with a batch. A plugin that takes longer is stopped, at the next tick of a millisecond.
    pub time: Duration,
    /// Time for each event of a batch, so that a call with few events ends sooner than one with many. By default no less
    /// than for a whole batch.
    pub event_time: Duration,
    /// Bytes of all linear memories of an instance. The default admits interpreters (13 MiB) and C guests with a 16 MiB stack.
    pub memory: usize,
    /// Elements in all its tables.
    pub table_elements: usize,
    /// Core instances, tables and memories, of each so many. CPython guests have about ten.
    pub instances: usize,
    /// Bytes that the host takes out of it in one call: answers, and what it hands to imports.
    pub output_bytes: usize,
    /// Events that it may make of one.
    pub output_events: usize,
    /// Lines in the host's log per second; further ones are counted.
    pub log_lines: u32,
    /// Calls after which an instance is made anew; 0: never.
    pub recycle_calls: u64,
    /// Bytes of memory above which an instance is made anew: what a guest's memory grew to it never gives back.
    pub recycle_memory: usize,
    /// Bytes that it may keep as its state, keys included.
    pub state: usize,
    /// How often events may be published on account of each other before it may publish no more on theirs.
    pub hops: u8,
    /// Time of one request of a plugin with outbound HTTP, from its turn to its last byte; waiting for its turn included.
    pub http_time: Duration,
    /// Bytes of the body of a request, and of an answer.
    pub http_bytes: usize,
    /// Requests of one plugin at once, over all its instances; further ones wait within their time.
    pub http_concurrency: usize,
    /// The smallest step of the clocks that it sees; zero: as WASI gives them.
    pub clock: Duration,
    /// Time of one call by a client, sleeping included.
    pub tool_time: Duration,
    /// The same without what it waits.
    pub tool_compute: Duration,
    /// Calls by clients at once, each with a thread and an instance; further ones wait.
    pub tool_concurrency: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time: Duration::from_millis(50),
            event_time: Duration::from_secs(10),
            memory: 64 << 20,
            table_elements: 100_000,
            instances: 100,
            output_bytes: 16 << 20,
            output_events: 64,
            log_lines: 100,
            recycle_calls: 0,
            recycle_memory: 32 << 20,
            state: 16 << 20,
            hops: 4,
            http_time: Duration::from_secs(5),
            http_bytes: 1 << 20,
            http_concurrency: 8,
            clock: Duration::ZERO,
            tool_time: Duration::from_secs(300),
            tool_compute: Duration::from_secs(10),
            tool_concurrency: 16,
        }
    }
}

impl Limits {
    /// How long a call may wait beside its time, if the plugin may wait.
    pub(crate) fn patience(&self) -> Duration {
        self.http_time + PATIENCE_MARGIN
    }

    /// The time that a call with so many events has.
    pub(crate) fn call_time(&self, events: usize) -> Duration {
        self.time.min(self.event_time.saturating_mul(u32::try_from(events).unwrap_or(u32::MAX)))
    }
}

const _: () = assert!(BATCH_BYTES_MAX < u32::MAX as usize);
