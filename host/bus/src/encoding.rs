//! The forms in which a subscriber may want its events.

use crate::Projection;

/// What stands in the `data:` lines.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Envelope {
    /// The event's own data.
    #[default]
    Data,
    /// The whole event in the CloudEvents JSON format.
    CloudEvents,
    /// What a projection makes of it; events of which it makes nothing have no frames.
    Projected(Projection),
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
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Encoding {
    /// What stands in the `data:` lines.
    pub envelope: Envelope,
    /// Which frames an event has.
    pub framing: Framing,
    /// Frames have no `id:`, so that nobody can resume after them.
    pub without_ids: bool,
}

impl Encoding {
    /// How many usual ones there are; their frames are kept in arrays of this length.
    pub(crate) const USUAL: usize = 8;

    /// Of a usual one the place in such an array. Others are kept only where somebody wants them.
    pub(crate) const fn index(&self) -> Option<usize> {
        match (&self.envelope, self.without_ids) {
            (Envelope::Data, false) => Some(self.framing as usize),
            (Envelope::CloudEvents, false) => Some(4 + self.framing as usize),
            _ => None,
        }
    }

    /// What tells it from all others.
    pub(crate) fn number(&self) -> u64 {
        let envelope = match &self.envelope {
            Envelope::Data => 0,
            Envelope::CloudEvents => 1,
            Envelope::Projected(projection) => 1 + projection.number(),
        };
        envelope * 8 + self.framing as u64 * 2 + u64::from(self.without_ids)
    }

    /// Whether there may be events of which it shows nothing.
    pub(crate) const fn hides(&self) -> bool {
        matches!(self.envelope, Envelope::Projected(_))
    }
}
