//! What becomes of requests, as it is counted.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use wasmtime_wasi_http::Error;

/// What became of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpOutcome {
    /// It was answered, whatever the status.
    Ok,
    /// It would have gone to a host or an address that was not granted.
    Denied,
    /// It could not be sent or answered, or was given up by the plugin.
    Failed,
    /// Its time was over.
    TimedOut,
    /// The request or its answer was too large.
    TooLarge,
}

impl HttpOutcome {
    /// All outcomes.
    pub const ALL: [Self; 5] = [Self::Ok, Self::Denied, Self::Failed, Self::TimedOut, Self::TooLarge];

    /// The name used in answers and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Denied => "denied",
            Self::Failed => "failed",
            Self::TimedOut => "timed-out",
            Self::TooLarge => "too-large",
        }
    }

    pub(super) const fn of(error: &Error) -> Self {
        match error {
            Error::HttpRequestDenied | Error::DestinationIpProhibited => Self::Denied,
            Error::DnsTimeout | Error::ConnectionTimeout | Error::HttpResponseTimeout => Self::TimedOut,
            Error::HttpRequestBodySize(_)
            | Error::HttpResponseBodySize(_)
            | Error::HttpResponseHeaderSectionSize(_) => Self::TooLarge,
            _ => Self::Failed,
        }
    }
}

/// Requests of one plugin by outcome.
#[derive(Debug, Default)]
pub struct HttpFigures {
    counts: [AtomicU64; HttpOutcome::ALL.len()],
}

impl HttpFigures {
    pub(super) fn note(&self, outcome: HttpOutcome) {
        self.counts[outcome as usize].fetch_add(1, Relaxed);
    }

    /// Requests by outcome.
    pub fn read(&self) -> impl Iterator<Item = (HttpOutcome, u64)> {
        HttpOutcome::ALL.into_iter().zip(self.counts.iter().map(|count| count.load(Relaxed)))
    }
}
