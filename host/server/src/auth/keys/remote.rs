//! An issuer's set of keys behind an address: fetched on the side, never twice at once, and kept when that fails.
//! Whoever has a token with a known key waits for nothing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use axum::http::Uri;
use jsonwebtoken::Algorithm;
use tokio::sync::watch;

use super::{Key, set};
use crate::limits::{KEY_FILE_BYTES_MAX, KEYS_FETCH_AGE, KEYS_FETCH_PAUSE, KEYS_FETCH_TIME_MAX};
use crate::outbound::Outbound;

/// Keys behind an address.
#[derive(Debug)]
pub(in crate::auth) struct Remote {
    address: Uri,
    algorithms: Vec<Algorithm>,
    outbound: Outbound,
    known: Mutex<Known>,
    /// How many fetches have ended.
    ended: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Known {
    /// None until a fetch has brought some.
    keys: Option<Arc<[Key]>>,
    /// When the last fetch began.
    tried: Option<Instant>,
    fetching: bool,
}

impl Remote {
    pub(super) fn new(address: Uri, algorithms: Vec<Algorithm>, outbound: Outbound) -> Arc<Self> {
        Arc::new(Self { address, algorithms, outbound, known: Mutex::default(), ended: watch::Sender::new(0) })
    }

    /// The keys as they are known; none if there never were any.
    pub(super) fn known(&self) -> Option<Arc<[Key]>> {
        self.lock().keys.clone()
    }

    /// Has them fetched again if they are old, or not there.
    pub(super) fn refresh(self: &Arc<Self>) {
        let age = if self.lock().keys.is_some() { KEYS_FETCH_AGE } else { KEYS_FETCH_PAUSE };
        self.fetch_after(age);
    }

    /// The keys, fetched anew unless they just were. Waits as long as a fetch may take.
    pub(super) async fn renewed(self: &Arc<Self>) -> Option<Arc<[Key]>> {
        let mut ended = self.ended.subscribe();
        if self.fetch_after(KEYS_FETCH_PAUSE) {
            // The sender is in here.
            let _ = ended.changed().await;
        }
        self.known()
    }

    /// Begins to fetch unless the last time was sooner. Whether a fetch is under way.
    fn fetch_after(self: &Arc<Self>, pause: Duration) -> bool {
        let mut known = self.lock();
        if known.fetching || known.tried.is_some_and(|tried| tried.elapsed() < pause) {
            return known.fetching;
        }
        (known.fetching, known.tried) = (true, Some(Instant::now()));
        drop(known);
        // On its own: whoever asked may go away.
        let remote = Arc::clone(self);
        tokio::spawn(async move {
            let fetched = remote.fetch().await;
            remote.take(fetched);
        });
        true
    }

    async fn fetch(&self) -> anyhow::Result<Arc<[Key]>> {
        let body = self.outbound.get(&self.address, KEYS_FETCH_TIME_MAX, KEY_FILE_BYTES_MAX).await?;
        set::parse_foreign(&body, &self.algorithms).context("what is there is not taken")
    }

    fn take(&self, fetched: anyhow::Result<Arc<[Key]>>) {
        let mut known = self.lock();
        known.fetching = false;
        let address = &self.address;
        match fetched {
            Ok(keys) => {
                tracing::debug!(%address, keys = keys.len(), "keys are fetched");
                known.keys = Some(keys);
            }
            Err(error) if known.keys.is_some() => {
                tracing::warn!(%address, "keys are not fetched again, the old ones stay: {error:#}");
            }
            Err(error) => {
                tracing::warn!(%address, "keys are not fetched, tokens of their issuer cannot be checked: {error:#}");
            }
        }
        drop(known);
        self.ended.send_modify(|ended| *ended += 1);
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
