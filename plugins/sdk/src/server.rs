//! Figures of the host: `server::streams(None)`. Only where the operator grants it (`[grants] figures = true`). In native
//! tests there are none.

/// How many streams are open: all of them, or those of the mount at a path. None if there is no mount for streams at it.
pub fn streams(path: Option<&str>) -> Option<u32> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::imports::tidemill::plugin::server::streams(path);
    #[cfg(not(target_arch = "wasm32"))]
    {
        let _ = path;
        None
    }
}
