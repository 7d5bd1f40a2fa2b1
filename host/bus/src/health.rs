//! Whether publishing works, and if not, why.

use std::time::Duration;

use tidemill_log::AppendError;

/// Whether publishing works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It does.
    Ready,
    /// The log does not take events.
    LogFails(AppendError),
    /// The log's writer has been at one thing for so long.
    LogStuck(Duration),
    /// A worker has been at one turn for so long.
    WorkerStuck(Duration),
    /// A worker is gone.
    WorkerGone,
    /// The queue has been full for so long, and nobody got in.
    QueueFull(Duration),
    /// The bus is stopping.
    Stopping,
}

impl Health {
    /// The name used in answers and metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::LogFails(_) => "log-fails",
            Self::LogStuck(_) => "log-stuck",
            Self::WorkerStuck(_) => "worker-stuck",
            Self::WorkerGone => "worker-gone",
            Self::QueueFull(_) => "queue-full",
            Self::Stopping => "stopping",
        }
    }

    /// How long that has been so, if it is known.
    pub const fn lasting(&self) -> Option<Duration> {
        match self {
            Self::LogStuck(time) | Self::WorkerStuck(time) | Self::QueueFull(time) => Some(*time),
            Self::Ready | Self::LogFails(_) | Self::WorkerGone | Self::Stopping => None,
        }
    }
}
