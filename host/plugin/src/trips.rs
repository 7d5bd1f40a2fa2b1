//! Plugins that are to go back to the version before, because they kept failing. Workers add to it, the thread that
//! watches the directory takes from it: going back may mean compiling, which no worker has the time for.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, OnceLock, PoisonError};

/// Names, each once, and who is to be told that there are some.
#[derive(Default)]
pub(crate) struct Trips {
    names: Mutex<BTreeSet<String>>,
    wake: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl fmt::Debug for Trips {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trips").field("names", &self.names).finish_non_exhaustive()
    }
}

impl Trips {
    /// Calls this from now on when a name is added.
    pub(crate) fn wake_by(&self, wake: impl Fn() + Send + Sync + 'static) {
        // One directory for all plugins: whoever came first is the one.
        let _ = self.wake.set(Box::new(wake));
    }

    pub(crate) fn add(&self, name: &str) {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
        if let Some(wake) = self.wake.get() {
            wake();
        }
    }

    pub(crate) fn take(&self) -> BTreeSet<String> {
        std::mem::take(&mut *self.names.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
