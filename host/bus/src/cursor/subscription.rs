//! What a subscriber asks for, what it is handed, and why that ends.

use std::sync::Arc;

use bytes::Bytes;
use tidemill_event::{Position, Timestamp};

use crate::{Gap, Selection, Skip};

/// Where a subscriber begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With the next event.
    Latest,
    /// With the oldest event that the log still has.
    Earliest,
    /// After this position, as `Last-Event-ID` says.
    After(Position),
    /// With the first event that was stored at this time or later.
    At(Timestamp),
}

/// What a subscriber asks for.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// What it wants to see, and what becomes of it when it is behind.
    pub selection: Arc<Selection>,
    /// Where it begins.
    pub start: Start,
    /// After how many events it ends by itself.
    pub limit: Option<u64>,
}

/// What a subscriber is handed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// Whole frames.
    Frames {
        /// The frames' bytes.
        bytes: Bytes,
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
}
