//! Bounds of the server that no operator has to set, each with its reason.

use std::time::Duration;

/// How long a client may take to send a request's head, and how long an idle connection is kept for the next one.
/// A client that sends a byte now and then would otherwise hold a connection for ever.
pub(crate) const HEAD_TIME_MAX: Duration = Duration::from_secs(30);
/// How long a client may take to send a request's body.
pub(crate) const BODY_TIME_MAX: Duration = Duration::from_secs(30);
/// How long the body of an upload may take, which may be large and come over a slow line, and how long nothing of it may
/// come. Meanwhile it holds one of few places.
pub(crate) const UPLOAD_TIME_MAX: Duration = Duration::from_secs(600);
/// See [`UPLOAD_TIME_MAX`].
pub(crate) const UPLOAD_PIECE_TIME_MAX: Duration = Duration::from_secs(10);
/// Uploads at once. Each is a file in the plugins directory.
pub(crate) const UPLOADS_MAX: usize = 4;
/// How long an upload is waited for while it is checked and taken in, which may mean compiling. It is answered then, whatever
/// comes of it.
pub(crate) const UPLOAD_CHECK_TIME_MAX: Duration = Duration::from_secs(120);
/// Versions that `If-Match` names; each is compared.
pub(crate) const MATCHES_MAX: usize = 16;
/// Bytes of a request's head, and of what is read ahead on one connection. Of headers hyper takes 100; more are answered 431.
pub(crate) const HEAD_BYTES_MAX: usize = 64 << 10;
/// Bytes of a request's path and query. Queries are kept while their streams last, and taken apart for each request.
pub(crate) const TARGET_BYTES_MAX: usize = 32 << 10;
/// Connections that are not event streams: publishers, probes, people looking at plugins. Counted on top of the
/// operator's limit for streams.
pub(crate) const OTHER_CONNECTIONS_MAX: usize = 1024;
/// What a subscriber that comes back is told to wait when there are too many of them, in place of an error: `EventSource`
/// gives up for ever after one. New ones are told so by `Retry-After`.
pub(crate) const BUSY_RETRY: Duration = Duration::from_secs(30);
/// They come back spread over so much more, so that they are not too many again.
pub(crate) const BUSY_SPREAD: Duration = Duration::from_secs(30);
/// Shortest and longest heartbeat that a subscriber may ask for.
pub(crate) const HEARTBEAT_MIN: Duration = Duration::from_secs(1);
/// See [`HEARTBEAT_MIN`].
pub(crate) const HEARTBEAT_MAX: Duration = Duration::from_secs(600);
/// Deliveries that plugins look at at once; further ones wait. Each has instances of its own.
pub(crate) const HOOK_LANES_MAX: usize = 8;
/// Bytes of a JSON Pointer by which events replace each other.
pub(crate) const POINTER_BYTES_MAX: usize = 256;
/// Bytes of a request's own name that are taken over into the audit log. Longer ones would fill it.
pub(crate) const REQUEST_ID_BYTES_MAX: usize = 128;

/// Refused requests that are written to the audit log, each second: whoever tries tokens must not fill the disk. All are
/// counted in the figures.
pub(crate) const REFUSALS_WRITTEN_MAX: u32 = 100;
/// Lines of the audit log that become events, each second, if they do at all: what strangers try must not push out what
/// the log keeps.
pub(crate) const AUDIT_EVENTS_MAX: u32 = 20;
/// Such events that wait for the log. One that stands still must not fill the memory with them.
pub(crate) const AUDIT_EVENTS_WAITING_MAX: usize = 1000;
/// Reports of progress that become events in a second, of all calls together. They are stored, and each goes to all who listen.
pub(crate) const TOOL_PROGRESS_EVENTS_MAX: u32 = 1_000;
/// Those that wait for the log; while there are more they are left out.
pub(crate) const TOOL_PROGRESS_EVENTS_WAITING_MAX: usize = 1000;
/// Changes of resources that are kept for those who are behind. They miss older ones, and read again.
pub(crate) const RESOURCE_UPDATES_KEPT_MAX: usize = 1024;
/// Mounts of a configuration. Each request is compared with all of them.
pub(crate) const MOUNTS_MAX: usize = 64;
/// Headers that one mount sets. Each of its answers has all of them.
pub(crate) const MOUNT_HEADERS_MAX: usize = 16;
/// Bytes of a file that a mount serves. It is read as a whole for each who asks.
pub(crate) const FILE_BYTES_MAX: usize = 4 << 20;
/// Events that figures of a mount may have, and that are looked at to find as many that whoever asks may see: each is read
/// from the log.
pub(crate) const FIGURES_HISTORY_MAX: u64 = 100;
/// See [`FIGURES_HISTORY_MAX`].
pub(crate) const FIGURES_LOOKED_MAX: u64 = 1000;
/// Events that are read at once for it, and are in memory until they were looked at.
pub(crate) const FIGURES_READ_AT_ONCE: u64 = 32;
/// Connections that one list has.
pub(crate) const LISTED_MAX: usize = 1000;
/// Events in the answer to one poll: unless the client says how many, and at most.
pub(crate) const POLL_EVENTS: u64 = 100;
/// See [`POLL_EVENTS`].
pub(crate) const POLL_EVENTS_MAX: u64 = 1000;
/// Bytes of frames in the answer to one poll, from which on nothing is added; clients read them as a whole.
pub(crate) const POLL_BYTES_MAX: usize = 1 << 20;
/// Hellos of one mount; every stream begins with all of them.
pub(crate) const HELLOS_MAX: usize = 16;
/// Events that new clients of a mount may be shown from before. They are found for each, and sent to each.
pub(crate) const HISTORY_EVENTS_MAX: u64 = 1000;
/// Between two lines about programs of one mount that fail: whoever publishes what they fail on must not fill the disk.
pub(crate) const FAILURES_TOLD_PAUSE: Duration = Duration::from_secs(10);
/// Mounts whose figures are kept, those included that are gone by now. A configuration that changes all the time must not
/// fill the memory.
pub(crate) const MOUNTS_SEEN_MAX: usize = 256;
/// Events about clients that come and go which wait for the pipeline; further ones are left out, and counted.
pub(crate) const CHANGES_WAITING_MAX: usize = 1000;
/// Between two of them, which bounds them to 200 a second: each is stored and goes to all who want it, and clients come and go
/// as fast as they like.
pub(crate) const CHANGE_PAUSE: Duration = Duration::from_millis(5);
/// Messages that wait in one mailbox: a client that does not read must not have its process, or its calls, fill the memory.
pub(crate) const MAILBOX_MESSAGES_MAX: usize = 1024;
/// Bytes of them. One that is longer waits alone.
pub(crate) const MAILBOX_BYTES_MAX: usize = 64 << 10;
/// Bytes of one message for one client.
pub(crate) const MESSAGE_BYTES_MAX: usize = 8 << 20;
/// Answers that one connection waits for at a time. Each is a task, and may hold an instance of a plugin.
pub(crate) const SEND_ASKS_MAX: usize = 16;
/// Reports of progress that wait for a connection's mailbox. Further ones are left out; they are not what is waited for.
pub(crate) const SEND_PROGRESS_MAX: usize = 64;
/// Longest time that a poll may wait; proxies give up after one minute.
pub(crate) const POLL_WAIT_MAX: Duration = Duration::from_secs(55);
/// Parameters of its own that a view is told.
pub(crate) const VIEW_PARAMETERS_MAX: usize = 32;
/// Bytes of their names and values.
pub(crate) const VIEW_PARAMETER_BYTES_MAX: usize = 8 << 10;
/// How often a view is looked for that is replaced while it is asked.
pub(crate) const VIEW_REPLACED_MAX: usize = 3;
/// How long a poll waits for what is there to be judged by a view, or to be read from the disk.
pub(crate) const POLL_JUDGED_MAX: Duration = Duration::from_secs(2);
/// Origins, and names of hosts, that a configuration lists. Each request is compared with all of them.
pub(crate) const NAMES_MAX: usize = 100;
/// Tokens that a configuration knows by their hash. Each token that comes is compared with all of them.
pub(crate) const TOKENS_MAX: usize = 1000;
/// Issuers whose tokens are taken.
pub(crate) const ISSUERS_MAX: usize = 64;
/// By how much an issuer's clock may differ: tokens are taken for so much longer than they say.
pub(crate) const LEEWAY_MAX: Duration = Duration::from_secs(600);
/// Bytes of a token. Longer ones are not looked at: hashing and decoding them would be work for nothing.
pub(crate) const TOKEN_BYTES_MAX: usize = 8 << 10;
/// Permissions, and groups, of one token; they are kept for as long as its streams last.
pub(crate) const RIGHTS_MAX: usize = 256;
/// Bytes of a file with keys, so that a wrong path does not fill the memory.
pub(crate) const KEY_FILE_BYTES_MAX: u64 = 1 << 20;
/// A set of keys is not read again sooner, whatever keys tokens name: whoever makes them up would have us read all the time.
pub(crate) const KEYS_REREAD_PAUSE: Duration = Duration::from_secs(1);
/// A set of keys is read again after this time, so that one that was taken out of it is not trusted for ever.
pub(crate) const KEYS_AGE_MAX: Duration = Duration::from_secs(60);
/// A set of keys behind an address is fetched again after this time, for the same reason.
pub(crate) const KEYS_FETCH_AGE: Duration = Duration::from_secs(300);
/// Between two fetches, whatever keys tokens name, and however the last one ended: whoever makes up names would have us
/// fall upon the issuer.
pub(crate) const KEYS_FETCH_PAUSE: Duration = Duration::from_secs(5);
/// How long a fetch may take. Whoever has a token with a key that is not known waits for it, and holds a connection.
pub(crate) const KEYS_FETCH_TIME_MAX: Duration = Duration::from_secs(5);
/// Keys in a set behind an address. Issuers have a handful; each is kept, and looked at for each token.
pub(crate) const KEYS_MAX: usize = 100;
/// Tokens that are taken back and have not expired. Each is kept in memory, and in a file that is written as a whole.
pub(crate) const REVOKED_MAX: usize = 10_000;
/// Signed tokens that need no other look at their signature when they come again. Only issuers' own tokens take room.
pub(crate) const VERIFIED_MAX: usize = 10_000;
/// Bytes of what tells a token from others (`jti`), where it is kept.
pub(crate) const TOKEN_ID_BYTES_MAX: usize = 256;
/// How long a ticket may wait for its stream. Addresses are logged: until somebody reads that, it is worth nothing.
pub(crate) const TICKET_LIFE: Duration = Duration::from_secs(30);
/// Tickets that wait for their streams; whoever asks for more of them than they use would fill the memory.
pub(crate) const TICKETS_MAX: usize = 10_000;
/// Publishers without a token whose sending is counted each for itself; further ones share one count. Whoever has many
/// addresses would fill the memory.
pub(crate) const QUOTA_KEYS_MAX: usize = 10_000;
/// Spans that wait to be sent to a collector. Beyond it they are dropped: one that is slow must not fill the memory.
pub(crate) const TRACE_QUEUE_MAX: usize = 8192;
/// Spans in one request to a collector.
pub(crate) const TRACE_BATCH_MAX: usize = 512;
/// How long spans wait for others before they are sent, so that a collector is not asked for each.
pub(crate) const TRACE_PAUSE: Duration = Duration::from_millis(500);
/// How long a collector may take for one request.
pub(crate) const TRACE_TIME_MAX: Duration = Duration::from_secs(5);
/// Bytes of its answer.
pub(crate) const TRACE_ANSWER_BYTES_MAX: u64 = 64 << 10;
/// How long a server that stops waits for a collector.
pub(crate) const TRACE_FINISH_MAX: Duration = Duration::from_secs(2);
/// Events of one request that are traced: whoever says that all are to be must not have us trace ten thousand.
pub(crate) const TRACED_MAX: usize = 100;
/// Traced events of which it is awaited that somebody gets them first; deliveries are compared with all of them.
pub(crate) const FIRSTS_AWAITED_MAX: usize = 64;
/// How long. Perhaps nobody wants them.
pub(crate) const FIRST_AWAITED_MAX: Duration = Duration::from_secs(10);
/// Deliveries that are kept for one of them, before it is known where it stands.
pub(crate) const DELIVERIES_SEEN_MAX: usize = 32;
/// Between looks at connections and at the age of events.
pub(crate) const SWEEP_PAUSE: Duration = Duration::from_secs(1);
/// Sources or subjects in one subscription.
pub(crate) const SELECTED_MAX: usize = 256;
/// Bytes of a body that is too large which are still read and thrown away, so that its sender sees the answer instead of
/// a broken connection. Beyond that the connection is closed.
pub(crate) const DISCARDED_BYTES_MAX: usize = 16 << 20;
/// Bytes of a subscriber's frames that the kernel may hold (`SO_SNDBUF`, of which it uses half as much again for itself).
/// Without it loopback and fast networks let it grow to megabytes, which a subscriber that stopped reading then holds.
pub(crate) const LANE_SEND_BUFFER: usize = 256 << 10;
/// Bytes that one subscriber of the light lane gets before others have their turn.
pub(crate) const LANE_TURN_BYTES: usize = 256 << 10;
/// Bytes that a subscriber of the light lane may send after its request. They are thrown away; nobody has to send any.
pub(crate) const LANE_DISCARDED_MAX: u16 = 32 << 10;
/// Bytes of a chunk that is kept with its framing; for larger ones it makes no difference.
pub(crate) const LANE_FRAMED_BYTES_MAX: usize = 16 << 10;
/// Such chunks that one thread of the light lane keeps. Subscribers stand at a few neighbouring places.
pub(crate) const LANE_FRAMED_MAX: usize = 4;
/// Turns after which a thread of the light lane lets other threads run, if some want to.
pub(crate) const LANE_TURNS_MAX: u64 = 32;
/// How long the files of a certificate must be left alone before they are read: the certificate may be there and its key not
/// yet.
pub(crate) const CERTIFICATE_SETTLE: Duration = Duration::from_millis(200);
/// After this time they are read in any case: a directory that is written to all the time must not keep a new one away.
pub(crate) const CERTIFICATE_SETTLE_MAX: Duration = Duration::from_secs(2);
/// Between looks at them without being told to, for file systems that report no changes.
pub(crate) const CERTIFICATE_LOOK_PAUSE: Duration = Duration::from_secs(60);
/// Sources of a configuration, of which the shared ones run all the time.
pub(crate) const SOURCES_MAX: usize = 64;
/// Bytes of a source's name, which is in figures and log lines.
pub(crate) const SOURCE_NAME_BYTES_MAX: usize = 64;
/// Parts of a command; a configuration that has more is a mistake.
pub(crate) const SOURCE_ARGUMENTS_MAX: usize = 256;
/// Processes of one source at once, at most what an operator may set. Each has memory and descriptors of its own.
pub(crate) const SOURCE_PROCESSES_MAX: usize = 10_000;
/// Bytes of one line, at most what an operator may set. Lines are kept as a whole, for each reader.
pub(crate) const SOURCE_LINE_MAX: usize = 64 << 20;
/// Bytes of output that wait for one reader, at most what an operator may set.
pub(crate) const SOURCE_OUTPUT_MAX: usize = 256 << 20;
/// Bytes of a shared process that wait for one reader. Those who attach and do not read cost no more than this each.
pub(crate) const SOURCE_SHARED_OUTPUT_MAX: usize = 256 << 10;
/// Messages that wait for one reader, however short: each costs more than its bytes.
pub(crate) const SOURCE_MESSAGES_MAX: usize = 1024;
/// Bytes that one message counts for beside its own, so that empty ones are not free.
pub(crate) const SOURCE_MESSAGE_OVERHEAD: usize = 64;
/// Lines that wait for one process to read them. One that does not read must not fill the memory.
pub(crate) const SOURCE_INPUT_LINES_MAX: usize = 64;
/// How long a process may take to stop, at most what an operator may set: a server that stops waits for it.
pub(crate) const SOURCE_STOP_MAX: Duration = Duration::from_secs(600);
/// Longest pause before a process is started again, at most what an operator may set.
pub(crate) const SOURCE_RESTART_MAX: Duration = Duration::from_secs(24 * 3600);
/// Bytes that are read at once.
pub(crate) const SOURCE_READ_BYTES: usize = 8 << 10;
/// Bytes that are still read once the group of a process is gone. Pipes hold 64 KiB; one that fled from its group could
/// write for ever.
pub(crate) const SOURCE_LEFT_OVER_BYTES: usize = 1 << 20;
/// How long such output is waited for.
pub(crate) const SOURCE_LEFT_OVER_PAUSE: Duration = Duration::from_millis(100);
/// First and longest pause between looks whether a group is gone; nobody tells us.
pub(crate) const SOURCE_LOOK_PAUSE: Duration = Duration::from_millis(5);
/// See [`SOURCE_LOOK_PAUSE`].
pub(crate) const SOURCE_LOOK_PAUSE_MAX: Duration = Duration::from_millis(100);
/// Characters of the last line on a process's standard error that the log has when it ends.
pub(crate) const SOURCE_LAST_WORDS_MAX: usize = 200;
/// Lines that are published at once; the next wait meanwhile.
pub(crate) const SOURCE_PUBLISH_BATCH_MAX: usize = 100;
/// Pause before lines are published again for which the pipeline had no room.
pub(crate) const SOURCE_PUBLISH_PAUSE: Duration = Duration::from_secs(1);
/// Between log lines about lines that are no events: a program that writes nothing else must not fill the disk.
pub(crate) const SOURCE_REFUSED_PAUSE: Duration = Duration::from_secs(10);
/// Events in one page that a tool or a resource reads: unless somebody says how many, and at most. Models read them whole.
pub(crate) const PAGE_EVENTS: usize = 100;
/// See [`PAGE_EVENTS`].
pub(crate) const PAGE_EVENTS_MAX: usize = 1000;
/// Of how many stored events the newest ones of some types are looked for: seldom ones must not have the whole log read.
pub(crate) const RECENT_SCANNED_MAX: u64 = 1000;
/// Bytes of the outcome of an event that a tool published.
pub(crate) const ANSWER_BYTES_MAX: usize = 1 << 20;
