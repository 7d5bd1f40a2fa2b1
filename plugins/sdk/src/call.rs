//! A call by a client, from within: how far it is, whether somebody still waits, sleeping, and what changed for clients.
//!
//! Outside of calls by clients all of it does nothing. In native tests reports go to [`crate::testing::reported`], nobody
//! cancels, and sleeping takes no time.

use std::time::Duration;

pub use crate::bindings::imports::tidemill::plugin::call::Listing;

/// How long a call sleeps before it looks whether somebody still waits.
const SLICE: Duration = Duration::from_millis(50);

/// The call was cancelled; there is a second to tidy up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled;

impl std::fmt::Display for Cancelled {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("the call was cancelled")
    }
}

impl std::error::Error for Cancelled {}

/// How far the call is. `done` has to increase from report to report.
pub fn progress(done: f64, total: Option<f64>, message: Option<&str>) {
    #[cfg(target_arch = "wasm32")]
    crate::bindings::imports::tidemill::plugin::call::report(done, total, message);
    #[cfg(not(target_arch = "wasm32"))]
    crate::testing::report(done, total, message);
}

/// Whether nobody waits for the call any more.
pub fn cancelled() -> bool {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::imports::tidemill::plugin::call::cancelled();
    #[cfg(not(target_arch = "wasm32"))]
    false
}

/// Sleeps, unless the call is cancelled meanwhile.
///
/// # Errors
///
/// It was cancelled: `?` ends the call.
pub fn sleep(time: Duration) -> Result<(), Cancelled> {
    let mut left = time;
    while !cancelled() {
        if left.is_zero() {
            return Ok(());
        }
        let slice = left.min(SLICE);
        #[cfg(target_arch = "wasm32")]
        std::thread::sleep(slice);
        left -= slice;
    }
    Err(Cancelled)
}

/// Tells clients that what they know of a list may not be so any more.
pub fn changed(what: Listing) {
    #[cfg(target_arch = "wasm32")]
    crate::bindings::imports::tidemill::plugin::call::changed(what);
    #[cfg(not(target_arch = "wasm32"))]
    let _ = what;
}

/// Tells those who follow a resource that its content changed.
pub fn updated(uri: &str) {
    #[cfg(target_arch = "wasm32")]
    crate::bindings::imports::tidemill::plugin::call::updated(uri);
    #[cfg(not(target_arch = "wasm32"))]
    let _ = uri;
}
