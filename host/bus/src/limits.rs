//! Every bound of the bus that is not set by the operator, with its reason.

use std::time::Duration;

/// Events in one turn of a pipeline worker. Larger turns make appends cheaper and the first event of a turn later;
/// plugins see at most 64 at a time anyway.
pub const TURN_EVENTS_MAX: usize = 512;
/// Bytes of events in one turn.
pub const TURN_BYTES_MAX: usize = 2 << 20;
/// Events that one publisher's request puts into the queue at a time, so that a request with ten thousand events shares
/// the worker with others.
pub const SUBMISSION_EVENTS_MAX: usize = 256;
/// Submissions that wait for one worker, beside the bound in bytes.
pub const SUBMISSIONS_MAX: usize = 4096;
/// The unit in which the queue's bytes are counted.
pub const QUEUE_UNIT_BYTES: usize = 1024;
/// Bytes handed to a socket at a time. More makes no write cheaper and is what a stuck subscriber holds on to.
pub const CHUNK_BYTES_MAX: usize = 64 << 10;
/// Bytes of joined chunks that are kept for others who want the same and stand at the same place. Subscribers who read
/// stand at a few neighbouring places, so that this is enough for hundreds of wishes at a time.
pub const CHUNKS_BYTES_MAX: u64 = 32 << 20;
/// Types of events in a segment that are compared with what each subscriber asks for, to find those who want all of it. With
/// more, looking would cost what it saves.
pub(crate) const KINDS_MAX: usize = 8;
/// Forms beside the usual ones, such as projections, in which a segment keeps its frames. The ring's bound in bytes counts
/// one form of each event; without this one, as many mounts as there are would make it hold as many.
pub(crate) const FORMS_MAX: usize = 16;
/// Chunks that one thread that asks for many subscribers has at hand.
pub const CHUNKS_AT_HAND_MAX: usize = 8;
/// Bytes from which on compressing frames is worth its time: heartbeats and the like are written as they are.
pub const COMPRESSED_BYTES_MIN: usize = 128;
/// Records of one page read from the log. Readers in the same page share it; a longer one would delay the first byte.
pub const PAGE_EVENTS: u64 = 256;
/// Bytes of one page read from the log (but one event always fits).
pub const PAGE_BYTES_MAX: usize = 1 << 20;
/// Bytes of pages, with their frames, that are kept for others who read the same.
pub const ARCHIVE_BYTES_MAX: u64 = 32 << 20;
/// Pages of the log that are looked through for the newest events that a new subscriber wants. Somebody who wants few of them
/// would otherwise have the whole log read each time.
pub(crate) const HISTORY_PAGES_MAX: usize = 16;
/// A subscriber is behind when more events than this, of any type, are newer than the last it was handed. Two turns of
/// a worker may come at once to a subscriber that is not slow.
pub const BEHIND_EVENTS: u64 = 2 * TURN_EVENTS_MAX as u64;
/// Events that a sample of what a subscriber missed is aimed to have.
pub const SAMPLE_EVENTS: u64 = 256;
/// Events that are held for one subscriber while they are thinned out.
pub const THINNED_EVENTS_MAX: usize = 4096;
/// Bytes of these events.
pub const THINNED_BYTES_MAX: usize = 1 << 20;
/// Subscribers to classify, and places to judge events at, that wait for one view. Each subscriber waits for one at a time,
/// and those in one class and place wait together; with more of them, streams end and come back.
pub const VIEW_JOBS_MAX: usize = 16 << 10;
/// Bytes of judgements that are kept for others in the same class.
pub const JUDGEMENTS_BYTES_MAX: u64 = 16 << 20;
/// How long a subscriber waits to be classified. Shorter than most clients wait for an answer.
pub const CLASSIFY_TIME_MAX: Duration = Duration::from_secs(10);
/// How long events wait at first that a plugin asked for again later.
pub const RETRY_PAUSE: Duration = Duration::from_millis(50);
/// Each further wait is twice as long, up to this.
pub const RETRY_PAUSE_MAX: Duration = Duration::from_secs(1);
/// After this long their publishers are told to send them again. Shorter than most clients wait for an answer.
pub const RETRY_TIME_MAX: Duration = Duration::from_secs(10);
/// Bytes of events that plugins published and that were not processed yet. Plugins are told when there is no room.
pub const NEW_EVENTS_BYTES_MAX: usize = 16 << 20;
/// Types of events that are remembered because they belong to the async lane in the end.
pub const STRAYS_MAX: usize = 1024;
/// Threads for one plugin that may wait long; no more than it may have requests at once. Each has an instance of every
/// plugin that its turns meet.
pub const ASYNC_THREADS_MAX: usize = 32;
/// How long such a thread waits for the next turn before it ends.
pub const ASYNC_IDLE_TIME: Duration = Duration::from_secs(5);
/// Dead letters that one look at them returns.
pub const DEAD_LETTERS_MAX: usize = 100;
const _: () = assert!(BEHIND_EVENTS >= SUBMISSION_EVENTS_MAX as u64);
const _: () = assert!(SUBMISSION_EVENTS_MAX <= TURN_EVENTS_MAX);
const _: () = assert!(TURN_BYTES_MAX >= tidemill_event::limits::DATA_BYTES_MAX);
