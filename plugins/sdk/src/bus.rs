//! Events beside those that pass through: `bus::publish(&[NewEvent::new("alert.high", "{}")])`.
//!
//! Only where the operator grants it, with the types that may be published (`[grants] publish = ["alert.*"]`), and only
//! while events are processed. What exactly is promised is said in `wit/v0.1/bus.wit`. In native tests events go to
//! [`crate::testing::published`].

pub use crate::bindings::imports::tidemill::plugin::bus::NewEvent;

/// Publishes events once those of the batch are stored.
///
/// # Errors
///
/// None of them is taken; the text says why.
pub fn publish(events: &[NewEvent]) -> Result<(), String> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::imports::tidemill::plugin::bus::publish(events);
    #[cfg(not(target_arch = "wasm32"))]
    {
        crate::testing::publish(events);
        Ok(())
    }
}

impl NewEvent {
    /// An event with data, which is JSON if nothing else is said.
    pub fn new(kind: impl Into<String>, data: impl Into<Vec<u8>>) -> Self {
        Self {
            type_: kind.into(),
            id: None,
            source: None,
            subject: None,
            content_type: None,
            extensions: Vec::new(),
            data: data.into(),
        }
    }
}

crate::macros::event_parts!(NewEvent);
