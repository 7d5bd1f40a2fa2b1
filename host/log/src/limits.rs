//! Every bound of the log that is not set by the operator, with its reason.

use std::time::Duration;

/// Appends that wait for the writer of a disk log, beside the bound in bytes that publishers are held to. Whoever
/// appends more waits.
pub const APPENDS_MAX: usize = 256;
/// Events in one commit. Larger commits cost fewer syncs per event and answer their first publisher later.
pub const COMMIT_EVENTS_MAX: usize = 1024;
/// Bytes of events in one commit. A commit is written twice, to the write-ahead log and to the database.
pub const COMMIT_BYTES_MAX: usize = 4 << 20;
/// Threads that read a disk log: one can wait for the disk while another works.
pub const READERS: usize = 2;
/// Reads that wait for these threads; more wait where they come from.
pub const READS_MAX: usize = 1024;
/// Rows that one step of trimming looks at. A step holds up appends for a few milliseconds, and clears faster than one
/// commit can fill.
pub const TRIM_ROWS_MAX: usize = 2 * COMMIT_EVENTS_MAX;
/// Time between looks at retention while nothing is appended.
pub const TRIM_PAUSE: Duration = Duration::from_secs(1);
/// Bytes of the write-ahead log from which on it is copied into the database, off the writer's thread.
pub const CHECKPOINT_BYTES: u64 = 4 << 20;
/// Bytes of the write-ahead log from which on the writer itself waits for that copy, so that it stays bounded.
pub const WAL_BYTES_MAX: u64 = 64 << 20;
/// Bytes of a failure's text in a dead letter. Backtraces are long; the top is what tells.
pub const DETAIL_BYTES_MAX: usize = 16 << 10;
