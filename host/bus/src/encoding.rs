//! The forms in which a subscriber may want its events.

/// What stands in the `data:` lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Envelope {
    /// The event's own data.
    #[default]
    Data,
    /// The whole event in the CloudEvents JSON format.
    CloudEvents,
}

/// Whether events reach a browser's `addEventListener(type)`, its `onmessage`, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Framing {
    /// With an `event:` line that has the event's type.
    #[default]
    Named,
    /// Without an `event:` line.
    Message,
    /// Each event twice, first named and then as a message.
    Both,
    /// No frames: items of a JSON array, each `{"position": …, "event": …}` followed by a comma. For clients that ask
    /// again and again instead of streaming; the envelope does not matter.
    Json,
}

/// How events are written for a subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Encoding {
    /// What stands in the `data:` lines.
    pub envelope: Envelope,
    /// Which frames an event has.
    pub framing: Framing,
}

impl Encoding {
    /// How many there are; encoded frames are kept in arrays of this length.
    pub(crate) const COUNT: usize = 8;

    pub(crate) const fn index(self) -> usize {
        self.envelope as usize * 4 + self.framing as usize
    }
}
