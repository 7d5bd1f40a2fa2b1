//! What the server counts itself; everything else is counted by whoever does it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use axum::http::StatusCode;
use axum::response::Response;

use crate::problem::Reason;

/// Requests, by the class of their answer's status.
#[derive(Debug, Default)]
pub(crate) struct Answers([AtomicU64; 5]);

/// Requests of people who may not, by the kind of problem that they were told: there are only so many kinds.
#[derive(Debug, Default)]
pub(crate) struct Refused(Mutex<BTreeMap<&'static str, u64>>);

/// What was turned away because there was too much of it, by the setting that bounds it.
#[derive(Debug, Default)]
pub(crate) struct Limited(Mutex<BTreeMap<&'static str, u64>>);

/// Counters of the server.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    /// `POST /events`.
    pub(crate) publish: Answers,
    /// `POST /hooks/{plugin}`.
    pub(crate) hooks: Answers,
    pub(crate) refused: Refused,
    pub(crate) limited: Limited,
}

impl Answers {
    const CLASSES: [&'static str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

    pub(crate) fn note(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).clamp(1, 5);
        self.0[class - 1].fetch_add(1, Relaxed);
    }

    pub(crate) fn read(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Self::CLASSES.into_iter().zip(self.0.iter().map(|count| count.load(Relaxed)))
    }
}

impl Refused {
    pub(crate) fn note(&self, answer: &Response) {
        let reason = answer.extensions().get().map_or("other", |Reason(name)| *name);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(reason).or_default() += 1;
    }

    /// One that was told this, before anybody asked who it is.
    pub(crate) fn note_kind(&self, reason: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(reason).or_default() += 1;
    }

    pub(crate) fn read(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Limited {
    pub(crate) fn note(&self, limit: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(limit).or_default() += 1;
    }

    pub(crate) fn read(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
