//! Owns what unit tests of a plugin need: events to give it, its configuration, and the lines it logged.
//!
//! Works natively: `cargo test` needs no component and no host.
use std::cell::RefCell;

use crate::{Batch, Event, Plugin, batch::ROW, bus::NewEvent, component, log::Level, view::Subscriber};

/// Starts a sample event of this type, with id `1`, source `/test`, and nothing else.
pub fn event(kind: impl Into<String>) -> Sample {
    let mut sample = Sample { id: "1".into(), source: "/test".into(), kind: kind.into(), ..Sample::default() };
    sample.encode();
    sample
}

/// Starts a subscriber without a token, who asks for nothing in particular.
pub fn subscriber() -> Someone {
    Someone(Subscriber { principal: String::new(), claims: Vec::new(), parameters: Vec::new() })
}

/// Makes a plugin from a configuration in JSON, as the host does.
///
/// # Errors
///
/// What the plugin or serde says about the configuration, word by word what an operator would see.
pub fn configured<P: Plugin>(config_json: &str) -> Result<P, String> {
    component::configure(config_json)
}

/// Rows and arena of several samples, for tests that want a [`Batch`].
pub fn encode(samples: &[Sample]) -> (Vec<u8>, Vec<u8>) {
    let (mut rows, mut arena) = (Vec::new(), Vec::new());
    for sample in samples {
        sample.append(&mut rows, &mut arena);
    }
    (rows, arena)
}

/// Takes the lines that this thread logged since the last call.
pub fn logged() -> Vec<Line> {
    LINES.take()
}

/// Takes the events that this thread published beside others since the last call.
pub fn published() -> Vec<NewEvent> {
    PUBLISHED.take()
}

/// Takes the reports of progress of this thread since the last call: done, total, message.
pub fn reported() -> Vec<Reported> {
    REPORTED.take()
}

/// One line in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How important it is.
    pub level: Level,
    /// What it says.
    pub message: String,
    /// Names and values that belong to it.
    pub fields: Vec<(String, String)>,
}

/// An event that owns its bytes; [`Sample::event`] is what a plugin gets.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    id: String,
    source: String,
    kind: String,
    subject: String,
    content_type: String,
    extensions: serde_json::Map<String, serde_json::Value>,
    data: Vec<u8>,
    time_ms: u64,
    rows: Vec<u8>,
    arena: Vec<u8>,
}

impl Sample {
    /// Sets the id.
    #[must_use]
    pub fn id(self, id: impl Into<String>) -> Self {
        self.with(|sample| sample.id = id.into())
    }

    /// Sets the source.
    #[must_use]
    pub fn source(self, source: impl Into<String>) -> Self {
        self.with(|sample| sample.source = source.into())
    }

    /// Sets the subject.
    #[must_use]
    pub fn subject(self, subject: impl Into<String>) -> Self {
        self.with(|sample| sample.subject = subject.into())
    }

    /// Sets the media type of the data.
    #[must_use]
    pub fn content_type(self, content_type: impl Into<String>) -> Self {
        self.with(|sample| sample.content_type = content_type.into())
    }

    /// Sets an extension attribute: a text, a whole number or a boolean.
    #[must_use]
    pub fn extension(self, name: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
        self.with(|sample| {
            sample.extensions.insert(name.into(), value.into());
        })
    }

    /// Sets the time in milliseconds since 1970.
    #[must_use]
    pub fn time_ms(self, time_ms: u64) -> Self {
        self.with(|sample| sample.time_ms = time_ms)
    }

    /// Sets the data as it is; a host would send JSON compact.
    #[must_use]
    pub fn data(self, data: impl Into<Vec<u8>>) -> Self {
        self.with(|sample| sample.data = data.into())
    }

    /// The event as a plugin sees it.
    pub fn event(&self) -> Event<'_> {
        let batch = Batch::decode(&self.rows, &self.arena).expect("samples are encoded by this module");
        batch.iter().next().expect("a sample is one row")
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self.encode();
        self
    }

    fn encode(&mut self) {
        let (mut rows, mut arena) = (Vec::with_capacity(ROW), Vec::new());
        self.append(&mut rows, &mut arena);
        (self.rows, self.arena) = (rows, arena);
    }

    fn append(&self, rows: &mut Vec<u8>, arena: &mut Vec<u8>) {
        let extensions = match self.extensions.is_empty() {
            true => String::new(),
            false => serde_json::Value::Object(self.extensions.clone()).to_string(),
        };
        let texts = [&self.id, &self.source, &self.kind, &self.subject, &self.content_type, &extensions];
        for bytes in texts.map(String::as_bytes).into_iter().chain([self.data.as_slice()]) {
            for number in [arena.len(), bytes.len()] {
                rows.extend(u32::try_from(number).expect("samples are small").to_le_bytes());
            }
            arena.extend_from_slice(bytes);
        }
        rows.extend(self.time_ms.to_le_bytes());
    }
}

/// A subscriber that is being made up; [`Someone::who`] is what a view gets.
#[derive(Clone, Debug)]
pub struct Someone(Subscriber);

impl Someone {
    /// Sets who a token says they are.
    #[must_use]
    pub fn principal(mut self, principal: impl Into<String>) -> Self {
        self.0.principal = principal.into();
        self
    }

    /// Adds a claim of the token.
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.claims.push((name.into(), value.into()));
        self
    }

    /// Adds a parameter, `view.<name>` in the query.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.parameters.push((name.into(), value.into()));
        self
    }

    /// The subscriber as a view sees it.
    pub fn who(self) -> Subscriber {
        self.0
    }
}

#[cfg_attr(target_arch = "wasm32", allow(dead_code, reason = "a component logs to its host"))]
pub(crate) fn record(level: Level, message: &str, fields: &[(&str, &str)]) {
    let fields = fields.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    let line = Line { level, message: message.to_owned(), fields };
    LINES.with_borrow_mut(|lines| lines.push(line));
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn report(done: f64, total: Option<f64>, message: Option<&str>) {
    REPORTED.with_borrow_mut(|reported| reported.push((done, total, message.map(str::to_owned))));
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn publish(events: &[NewEvent]) {
    PUBLISHED.with_borrow_mut(|published| published.extend_from_slice(events));
}

/// What was done, of how much, and what was said.
pub type Reported = (f64, Option<f64>, Option<String>);

thread_local! {
    static REPORTED: RefCell<Vec<Reported>> = const { RefCell::new(Vec::new()) };
    static PUBLISHED: RefCell<Vec<NewEvent>> = const { RefCell::new(Vec::new()) };
    static LINES: RefCell<Vec<Line>> = const { RefCell::new(Vec::new()) };
}
