//! What a stream looks like to its clients: which events, in which frames and shapes, what is said at the beginning, in
//! between and of gaps. Plugins and the bus know nothing of it. Must not know any system by name, nor connections.

mod keys;
mod said;
mod shape;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tidemill_bus::{Encoding, Envelope, Framing, Projection};
use tidemill_event::TypePattern;
use tidemill_jq_program::Program;

use keys::Keys;
pub(crate) use said::{Change, Form, Heartbeat, Hello};
pub(crate) use shape::Failures;
use shape::Shape;

use crate::limits::{HELLOS_MAX, HISTORY_EVENTS_MAX, SELECTED_MAX};

/// How a stream looks. The default is that of `/events`.
#[derive(Debug, Clone)]
pub(crate) struct Profile {
    /// What was written, which tells it from others.
    written: toml::Table,
    /// Types for those who ask for none.
    pub(crate) types: Vec<TypePattern>,
    /// Sources for those who ask for none.
    pub(crate) sources: Vec<String>,
    /// Subjects for those who ask for none.
    pub(crate) subjects: Vec<String>,
    /// Frames for those who ask for none.
    pub(crate) framing: Framing,
    /// What stands in them for those who ask for nothing else.
    pub(crate) envelope: Envelope,
    /// Frames have an `id:`.
    pub(crate) ids: bool,
    /// Who comes back resumes, and everybody may begin in the past.
    pub(crate) replay: bool,
    /// How many of the newest events those are shown first who begin now.
    pub(crate) history: u64,
    /// What is said first.
    pub(crate) hello: Vec<Hello>,
    /// What is said when there is nothing else.
    pub(crate) heartbeat: Heartbeat,
    /// The shape of what is said of events that cannot be had.
    pub(crate) gap: Option<Arc<Program>>,
    /// The shape of what is said at the end, where there is a reason.
    pub(crate) farewell: Option<Arc<Program>>,
    /// How soon to reconnect, in place of the server's.
    pub(crate) retry: Option<Duration>,
    /// Each connection has a mailbox.
    pub(crate) private: bool,
    /// The source whose words go there.
    pub(crate) source: Option<String>,
    /// What is announced of clients that come and go.
    pub(crate) on_change: Option<Change>,
    /// What programs failed on.
    pub(crate) failures: Arc<Failures>,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            written: toml::Table::new(),
            types: Vec::new(),
            sources: Vec::new(),
            subjects: Vec::new(),
            framing: Framing::default(),
            envelope: Envelope::default(),
            ids: true,
            replay: true,
            history: 0,
            hello: Vec::new(),
            heartbeat: Heartbeat::default(),
            gap: None,
            farewell: None,
            retry: None,
            private: false,
            source: None,
            on_change: None,
            failures: Arc::default(),
        }
    }
}

/// Two are equal that were written alike.
impl PartialEq for Profile {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Profile {
    /// Takes the keys of a stream out of a mount's table. Each mistake says what is wrong, with its key, and what to do.
    pub(crate) fn take(table: &mut toml::Table) -> Result<Self, Vec<String>> {
        let mut keys = Keys::of(table);
        let failures: Arc<Failures> = Arc::default();
        let ids = keys.choice("ids", &[("events", true), ("none", false)]).unwrap_or(true);
        let replay = keys.flag("replay");
        if replay == Some(true) && !ids {
            keys.wrong("replay", "needs ids: leave `ids = \"none\"` out, or say `replay = false`");
        }
        let source = keys.text("source");
        let profile = Self {
            types: keys.types("types"),
            sources: keys.texts("sources", SELECTED_MAX),
            subjects: keys.texts("subjects", SELECTED_MAX),
            framing: keys.choice("framing", &FRAMINGS).unwrap_or_default(),
            envelope: envelope(&mut keys, &failures),
            ids,
            replay: replay.unwrap_or(ids),
            history: keys.number("history", HISTORY_EVENTS_MAX).unwrap_or(0),
            hello: keys.tables("hello", HELLOS_MAX, Hello::take()),
            heartbeat: keys.table("heartbeat", Heartbeat::take()).unwrap_or_default(),
            gap: keys.program("gap").map(Arc::new),
            farewell: keys.program("farewell").map(Arc::new),
            retry: keys.span("retry", Duration::ZERO..=Duration::from_secs(3600)),
            private: keys.flag("private").unwrap_or(false) || source.is_some(),
            source,
            on_change: keys.table("on-change", Change::take()),
            failures,
            written: toml::Table::new(),
        };
        Ok(Self { written: keys.done()?, ..profile })
    }

    /// The form of its events for those who ask for no other.
    pub(crate) fn encoding(&self) -> Encoding {
        Encoding { envelope: self.envelope.clone(), framing: self.framing, without_ids: !self.ids }
    }
}

const FRAMINGS: [(&str, Framing); 3] =
    [("named", Framing::Named), ("message", Framing::Message), ("both", Framing::Both)];

/// The data of events: their own, the whole of them, or what programs make of that.
fn envelope(keys: &mut Keys<'_>, failures: &Arc<Failures>) -> Envelope {
    let plain = keys.choice("envelope", &[("data", Envelope::Data), ("cloudevents", Envelope::CloudEvents)]);
    let (projection, name) = (keys.program("projection"), keys.program("name"));
    if plain.is_some() && projection.is_some() {
        keys.wrong("envelope", "does not go with `projection`, which makes all of the data: leave one of them out");
    }
    let plain = plain.unwrap_or_default();
    if projection.is_none() && name.is_none() {
        return plain;
    }
    Envelope::Projected(Projection::new(Shape::new(projection, &plain, name, Arc::clone(failures))))
}
