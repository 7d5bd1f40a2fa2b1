//! The import `state`, for the plugin that is called (`wit/v0.1/state.wit`).

use tidemill_event::StateEntry;
use wasmtime::{Result, bail};

use super::Host;
use crate::bindings::state;
use crate::limits::STATE_KEYS_MAX;
use crate::transaction::{WriteError, lock};

impl state::Host for Host {
    fn get_many(&mut self, keys: Vec<String>) -> Result<Vec<Option<state::Entry>>> {
        if keys.len() > STATE_KEYS_MAX {
            bail!("`state.get-many` was asked for {} keys, at most {STATE_KEYS_MAX} are possible", keys.len());
        }
        let found = lock(&self.desk).keys(&self.plugin, |overlay, kept| {
            keys.iter().map(|key| overlay.read(kept, key)).collect::<Vec<Option<StateEntry>>>()
        })?;
        // Values are shared until here; the guest gets copies.
        let bytes: usize = found.iter().flatten().map(|entry| entry.value.len()).sum();
        if bytes > self.output_bytes {
            bail!("`state.get-many` was asked for {bytes} bytes; the limit `output-bytes` is {}", self.output_bytes);
        }
        Ok(found.into_iter().map(|entry| entry.map(Into::into)).collect())
    }

    fn put(
        &mut self,
        key: String,
        value: Vec<u8>,
        if_version: Option<u64>,
        ttl_ms: Option<u64>,
    ) -> Result<Result<u64, state::WriteError>> {
        let put = lock(&self.desk)
            .keys(&self.plugin, |overlay, kept| overlay.put(kept, key, value.into(), if_version, ttl_ms))?;
        Ok(put.map_err(Into::into))
    }

    fn increment(&mut self, key: String, by: i64, ttl_ms: Option<u64>) -> Result<Result<i64, state::WriteError>> {
        let sum = lock(&self.desk).keys(&self.plugin, |overlay, kept| overlay.increment(kept, key, by, ttl_ms))?;
        Ok(sum.map_err(Into::into))
    }

    fn delete(&mut self, key: String) -> Result<bool> {
        Ok(lock(&self.desk).keys(&self.plugin, |overlay, kept| overlay.delete(kept, &key))?)
    }

    fn keys(&mut self, prefix: String, after: String, limit: u32) -> Result<Vec<String>> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).min(STATE_KEYS_MAX);
        Ok(lock(&self.desk).keys(&self.plugin, |overlay, kept| overlay.list(kept, &prefix, &after, limit))?)
    }
}

impl From<StateEntry> for state::Entry {
    fn from(entry: StateEntry) -> Self {
        Self { value: entry.value.into(), version: entry.version }
    }
}

impl From<WriteError> for state::WriteError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Stale(current) => Self::Stale(current.map(Into::into)),
            WriteError::Quota => Self::Quota,
            WriteError::Other(reason) => Self::Other(reason),
        }
    }
}
