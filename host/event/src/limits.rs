//! Every bound on what an event or a list of patterns may be, each with its reason.
//!
//! Owns the numbers. Bounds that an operator may set (queue sizes, body sizes) have their defaults in the configuration
//! and their ceilings here.

/// Bytes of an event's `type`. It becomes an SSE event name, a metrics label and part of URLs; 128 is CloudEvents
/// practice with room to spare.
pub const TYPE_BYTES_MAX: usize = 128;
/// Bytes of an event's `id`. Long enough for a UUID, a hash in hexadecimal or a delivery id with a prefix; it is part of
/// an idempotency key that is kept in memory.
pub const ID_BYTES_MAX: usize = 256;
/// Bytes of an event's `source`. Sources are URI references; longer ones carry data that belongs elsewhere.
pub const SOURCE_BYTES_MAX: usize = 1024;
/// Bytes of an event's `subject`.
pub const SUBJECT_BYTES_MAX: usize = 1024;
/// Bytes of an event's `datacontenttype` (RFC 6838 allows 127 for type and for subtype).
pub const CONTENT_TYPE_BYTES_MAX: usize = 255;
/// Bytes of an event's `dataschema`, a URI.
pub const DATA_SCHEMA_BYTES_MAX: usize = 1024;
/// Characters of an extension attribute's name (CloudEvents 1.0 §3.1 recommends at most 20).
pub const EXTENSION_NAME_BYTES_MAX: usize = 20;
/// Bytes of all extension attributes as one JSON object. They are metadata and are copied into every batch.
pub const EXTENSIONS_BYTES_MAX: usize = 4096;
/// Extension attributes that one change may set or remove: more than fit into an event, whose names and values are at
/// least as long. Each is looked for among the others, so that very many would take very long.
pub const EXTENSION_CHANGES_MAX: usize = 1024;
/// Names in one list of an audience. Each subscriber is looked up in them for each event; more people than this are a
/// group.
pub const AUDIENCE_NAMES_MAX: usize = 256;
/// Bytes of such a name. Names are those of people and services in tokens, where URLs and addresses occur.
pub const AUDIENCE_NAME_BYTES_MAX: usize = 256;
/// Bytes of an audience as JSON. It is kept with the event for as long as that, and read with it.
pub const AUDIENCE_BYTES_MAX: usize = 8192;
/// Bytes of an event's data. The same as the default body limit of `POST /events`.
pub const DATA_BYTES_MAX: usize = 1 << 20;
/// Levels of nesting in JSON data. Readers written with recursion, plugins among them, must survive every event; 127 is
/// what serde_json accepts; others accept more.
pub const JSON_DEPTH_MAX: usize = 127;
/// Patterns in one subscription or one plugin's `subscribes`. Matching does not get slower with more of them, but they
/// are kept per connection.
pub const PATTERNS_MAX: usize = 256;

/// What one event costs in memory beyond its bytes: the structures around it, rounded up. Used to bound queues in bytes.
pub const EVENT_OVERHEAD_BYTES: usize = 256;

const _: () = assert!(TYPE_BYTES_MAX < CONTENT_TYPE_BYTES_MAX + ID_BYTES_MAX);
const _: () = assert!(EXTENSIONS_BYTES_MAX < DATA_BYTES_MAX);
// Stored with a length of 16 bits.
const _: () = assert!(AUDIENCE_BYTES_MAX <= u16::MAX as usize);
// Spans in a batch row are u32 offsets.
const _: () = assert!(DATA_BYTES_MAX < u32::MAX as usize / 2);
