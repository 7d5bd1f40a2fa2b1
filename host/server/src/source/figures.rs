//! What is counted of a source. Names of sources are the operator's; all else has few values.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::message::Message;

/// Counters of one source.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    running: AtomicU64,
    started: AtomicU64,
    restarts: AtomicU64,
    crowded: AtomicU64,
    success: AtomicU64,
    failure: AtomicU64,
    signal: AtomicU64,
    not_started: AtomicU64,
    json: AtomicU64,
    raw: AtomicU64,
    error: AtomicU64,
    too_long: AtomicU64,
    missed: AtomicU64,
    bytes: AtomicU64,
    published: AtomicU64,
    unpublished: AtomicU64,
}

/// A process that is counted as running for as long as this is there.
pub(super) struct Running<'a>(&'a Figures);

impl Figures {
    pub(super) fn start(&self) -> Running<'_> {
        self.started.fetch_add(1, Relaxed);
        self.running.fetch_add(1, Relaxed);
        Running(self)
    }

    /// Counts a message, and how a process ended.
    pub(super) fn note(&self, message: &Message) {
        let counter = match message {
            Message::Json(_) => &self.json,
            Message::Raw(_) => &self.raw,
            Message::Error(_) => &self.error,
            Message::Close { code: Some(0), .. } => &self.success,
            Message::Close { code: Some(_), .. } => &self.failure,
            Message::Close { signal: Some(_), .. } => &self.signal,
            Message::Close { .. } => &self.not_started,
        };
        counter.fetch_add(1, Relaxed);
        self.bytes.fetch_add(message.len() as u64, Relaxed);
    }

    pub(super) fn restart(&self) {
        self.restarts.fetch_add(1, Relaxed);
    }

    pub(super) fn crowded(&self) {
        self.crowded.fetch_add(1, Relaxed);
    }

    pub(super) fn too_long(&self) {
        self.too_long.fetch_add(1, Relaxed);
    }

    pub(super) fn missed(&self) {
        self.missed.fetch_add(1, Relaxed);
    }

    /// Events that were made of lines, and lines of which none was stored.
    pub(super) fn published(&self, stored: u64, not: u64) {
        self.published.fetch_add(stored, Relaxed);
        self.unpublished.fetch_add(not, Relaxed);
    }

    /// Processes at this moment.
    pub(crate) fn running(&self) -> usize {
        usize::try_from(self.running.load(Relaxed)).unwrap_or(usize::MAX)
    }

    /// Counters without a label of their own: name, what it is, value.
    pub(crate) fn counters(&self) -> [(&'static str, &'static str, u64); 6] {
        let of = |counter: &AtomicU64| counter.load(Relaxed);
        [
            ("started", "Processes that were started", of(&self.started)),
            ("restarts", "How often the shared process was started again", of(&self.restarts)),
            (
                "crowded",
                "Connections that were refused because there were as many processes as may be",
                of(&self.crowded),
            ),
            ("output_bytes", "Bytes of lines that were passed on", of(&self.bytes)),
            ("published", "Lines that were published as events", of(&self.published)),
            ("unpublished", "Lines that could not be published", of(&self.unpublished)),
        ]
    }

    /// Lines by what became of them.
    pub(crate) fn lines(&self) -> [(&'static str, u64); 5] {
        let of = |counter: &AtomicU64| counter.load(Relaxed);
        [
            ("json", of(&self.json)),
            ("raw", of(&self.raw)),
            ("error", of(&self.error)),
            ("too-long", of(&self.too_long)),
            ("missed", of(&self.missed)),
        ]
    }

    /// Processes by how they ended.
    pub(crate) fn ended(&self) -> [(&'static str, u64); 4] {
        let of = |counter: &AtomicU64| counter.load(Relaxed);
        [
            ("success", of(&self.success)),
            ("failure", of(&self.failure)),
            ("signal", of(&self.signal)),
            ("not-started", of(&self.not_started)),
        ]
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Relaxed);
    }
}
