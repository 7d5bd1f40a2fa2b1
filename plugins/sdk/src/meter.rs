//! Figures of the plugin's own, shown in the host's `GET /metrics`: `meter::add("orders", 1)`.
//!
//! Names are 1 to 64 characters of `a` to `z`, `0` to `9` and `_`, and begin with a letter; at most 64 of them. In native
//! tests nothing is kept.

/// Adds to a counter.
pub fn add(name: &str, delta: u64) {
    #[cfg(target_arch = "wasm32")]
    crate::bindings::imports::tidemill::plugin::meter::add(name, delta);
    #[cfg(not(target_arch = "wasm32"))]
    let _ = (name, delta);
}

/// Puts a value into a histogram.
pub fn record(name: &str, value: f64) {
    #[cfg(target_arch = "wasm32")]
    crate::bindings::imports::tidemill::plugin::meter::record(name, value);
    #[cfg(not(target_arch = "wasm32"))]
    let _ = (name, value);
}
