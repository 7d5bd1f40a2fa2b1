//! Bounds of connections, by protocol, each with the harm that it prevents.

use std::time::Duration;

/// Streams that one HTTP/2 connection may have open. Each may hold a request's body and an answer.
pub(super) const HTTP2_STREAMS_MAX: u32 = 100;
/// Streams that were opened and given up before anybody looked at them ("rapid reset", CVE-2023-44487). Beyond that the
/// connection is ended.
pub(super) const HTTP2_RESETS_PENDING_MAX: usize = 20;
/// Streams that were ended for mistakes of the client. Beyond that the connection is ended.
pub(super) const HTTP2_MISTAKES_MAX: usize = 100;
/// Bytes of one stream, and of all of one connection, that a client may send before somebody reads them.
pub(super) const HTTP2_STREAM_WINDOW: u32 = 256 << 10;
/// See [`HTTP2_STREAM_WINDOW`].
pub(super) const HTTP2_CONNECTION_WINDOW: u32 = 1 << 20;
/// Bytes of one stream that wait for a client to read, beside the chunk that is being sent.
pub(super) const HTTP2_SEND_BUFFER: usize = 64 << 10;
/// Between pings to a client, and how long it may take for the answer: one that is gone without a word would hold its
/// streams until the kernel notices.
pub(super) const HTTP2_PING_PAUSE: Duration = Duration::from_secs(20);
/// See [`HTTP2_PING_PAUSE`].
pub(super) const HTTP2_PING_TIME_MAX: Duration = Duration::from_secs(20);
/// Bytes with which a connection says that it speaks HTTP/2 (RFC 9113, section 3.4).
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Shortest time that an answer over HTTP/2 has until its last byte is read, however short `subscribe.write-timeout` is.
pub(super) const HTTP2_ANSWER_TIME_MIN: Duration = Duration::from_secs(10);
/// Pieces of the stream that shows whether something buffers, and the pause between them: long enough to be seen, and not
/// long enough to hold a connection for nothing.
pub(super) const DIAGNOSTIC_PIECES: u32 = 10;
/// See [`DIAGNOSTIC_PIECES`].
pub(super) const DIAGNOSTIC_PAUSE: Duration = Duration::from_millis(200);
