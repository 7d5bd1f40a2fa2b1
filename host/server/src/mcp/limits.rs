//! Bounds of the MCP server, each with its reason.

use std::time::Duration;

/// Sessions in total. Each has a task, a queue and a copy of what its client said of itself.
pub(super) const SESSIONS_MAX: usize = 4096;
/// Sessions of one principal; whoever begins ever new ones must not take the others' room. All without a token count as one.
pub(super) const SESSIONS_OF_ONE_MAX: usize = 512;
/// Requests and streams of one session, or of one principal without sessions, that are open at a time. Each is a connection.
pub(super) const OPEN_OF_ONE_MAX: usize = 64;
/// Requests and streams that are open at a time.
pub(super) const OPEN_MAX: usize = 8192;
/// Those of one principal in all of its sessions: ever new sessions must not take the others' room.
pub(super) const OPEN_OF_PRINCIPAL_MAX: usize = OPEN_MAX / 8;
/// Bytes of a request's body.
pub(super) const BODY_BYTES_MAX: usize = 1 << 20;
/// Bytes of bodies that are being read, and of arguments of calls that go on: many calls that wait for a plugin, or for a
/// client's answer, would fill the memory.
pub(super) const BYTES_MAX: usize = 256 << 20;
/// Those of one principal.
pub(super) const BYTES_OF_ONE_MAX: usize = 64 << 20;
/// How often a call has its arguments: to be made again, for its schema, for its tool.
pub(super) const ARGUMENTS_COPIES: usize = 3;
/// Calls of tools, prompts and resources that go on. They do not end with the connection that they came on.
pub(super) const CALLS_MAX: usize = 1024;
/// Those of one principal: fewer than wait for one plugin, so that it has room for others.
pub(super) const CALLS_OF_ONE_MAX: usize = 128;
/// Those of one session.
pub(super) const CALLS_OF_SESSION_MAX: usize = 64;
/// Resources that one session, or one request to listen, is told of. Each is a cursor of its own.
pub(super) const SUBSCRIPTIONS_MAX: usize = 64;
/// Those of all sessions and requests.
pub(super) const WATCHES_MAX: usize = 16_384;
/// Those of one principal in all of its sessions and requests.
pub(super) const WATCHES_OF_ONE_MAX: usize = 2048;
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
/// Requests of one stream of the older transport whose answers its client has not taken: a client that sends and does not read
/// would have the server keep answers of megabytes.
pub(super) const LEGACY_UNANSWERED_MAX: usize = 64;
/// Those of all streams.
pub(super) const UNANSWERED_MAX: usize = 1024;
/// Those of one principal.
pub(super) const UNANSWERED_OF_ONE_MAX: usize = 128;
/// For how long lists and resources are fresh. They change when plugins or events come.
pub(super) const LIST_FRESH: Duration = Duration::from_secs(5);
/// Bytes of a name in a request that a log line takes over.
pub(super) const NAME_BYTES_MAX: usize = 128;
