//! Bounds of the MCP server, each with its reason.

use std::time::Duration;

/// Sessions in total. Each has a task, a queue and a copy of what its client said of itself.
pub(super) const SESSIONS_MAX: usize = 4096;
/// Sessions of one principal; whoever begins ever new ones must not take the others' room. All without a token count as one.
pub(super) const SESSIONS_OF_ONE_MAX: usize = 512;
/// Requests and streams of one session, or of one principal without sessions, that are open at a time. Each call may hold
/// an instance of a plugin.
pub(super) const OPEN_OF_ONE_MAX: usize = 64;
/// Requests and streams that are open at a time.
pub(super) const OPEN_MAX: usize = 8192;
/// Bytes of a request's body.
pub(super) const BODY_BYTES_MAX: usize = 4 << 20;
/// Resources that one session, or one request to listen, is told of. Each is a cursor of its own.
pub(super) const SUBSCRIPTIONS_MAX: usize = 64;
/// Bytes of a resource's address. It is kept as long as somebody is told of it.
pub(super) const URI_BYTES_MAX: usize = 1024;
/// Between two notices that the same resource has changed: a client is told that it did, not how often.
pub(super) const UPDATE_PAUSE: Duration = Duration::from_millis(100);
/// Reports of progress that wait for the client. One that takes nothing misses some; they are not what the call waits for.
pub(super) const PROGRESS_MAX: usize = 64;
/// How often a tool may ask for something within one call, so that it ends.
pub(super) const ROUNDS_MAX: usize = 10;
/// How long a client may take to answer what a tool asks for: people type.
pub(super) const INPUT_TIME_MAX: Duration = Duration::from_secs(600);
/// How long what a tool wants back may be brought back.
pub(super) const STATE_LIFE: Duration = Duration::from_secs(3600);
/// Messages of one stream of the older transport that wait for its client; more make their sender wait.
pub(super) const LEGACY_QUEUE_MAX: usize = 64;
/// For how long lists and resources are fresh. They change when plugins or events come.
pub(super) const LIST_FRESH: Duration = Duration::from_secs(5);
/// Bytes of a name in a request that a log line takes over.
pub(super) const NAME_BYTES_MAX: usize = 128;
