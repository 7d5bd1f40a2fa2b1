//! What a subscriber asks for, where that begins, what it is handed, and why that ends.

use std::sync::Arc;

use bytes::Bytes;
use tidemill_event::{Position, Reader, Timestamp};
use tidemill_log::ReadError;

use crate::{Gap, Selection, Skip, Sum};

/// Where a subscriber begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With the next event.
    Latest,
    /// With the oldest event that the log still has.
    Earliest,
    /// After this position, as `Last-Event-ID` says.
    After(Position),
    /// With the newest so many events that it wants, or with those of them that are found soon.
    Newest(u64),
    /// With the first event that was stored at this time or later.
    At(Timestamp),
}

/// What a subscriber asks for.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// What it wants to see, and what becomes of it when it is behind.
    pub selection: Arc<Selection>,
    /// Who it is: of what it wants it is handed what they are among the audience of.
    pub reader: Arc<Reader>,
    /// Where it begins.
    pub start: Start,
    /// After how many events it ends by itself.
    pub limit: Option<u64>,
}

impl Subscription {
    /// The sequence after which it begins, and what it is to be told first if that is not where it comes from.
    pub(super) async fn begin(&self) -> Result<(u64, Option<Gap>), ReadError> {
        let tail = self.selection.tail();
        let mut after = tail.last();
        let earliest = || tail.log().info().first.saturating_sub(1);
        let reason = match self.start {
            Start::Latest => None,
            Start::Earliest => {
                after = earliest();
                None
            }
            Start::Newest(count) => {
                after = self.before_newest(count).await?;
                None
            }
            Start::At(time) => {
                after = tail.log().position_at(time).await?.sequence;
                None
            }
            Start::After(from) if from.epoch != tail.epoch() => {
                after = earliest();
                Some((from, Skip::Epoch))
            }
            Start::After(from) if from.sequence > after => Some((from, Skip::UnknownPosition)),
            Start::After(from) => {
                after = from.sequence;
                None
            }
        };
        // The log may have stored, and removed, more than subscribers were told of.
        let after = after.min(tail.last());
        let to = Position::new(tail.epoch(), after);
        Ok((after, reason.map(|(from, reason)| Gap { from, to, missed: None, reason })))
    }
}

/// What a subscriber is handed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// Whole frames.
    Frames {
        /// The frames' bytes, coded as they are wanted.
        bytes: Bytes,
        /// What they were before.
        sum: Sum,
        /// How many events they are of.
        events: u64,
        /// How many were left out before these, and why, for a subscriber that is behind and asked for that.
        left_out: Option<(Skip, u64)>,
    },
    /// There are events that it cannot have.
    Gap(Gap),
}

/// Why there is nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The wanted number of events was handed over.
    Limit,
    /// The host is stopping.
    Stopping,
    /// It is behind, and its policy is to be disconnected then.
    Behind,
    /// The log cannot be read.
    Unreadable,
    /// The plugin of its view was replaced or taken out. Whoever comes back is classified anew.
    ViewChanged,
    /// Its view cannot judge events at the moment.
    Unjudged,
}
