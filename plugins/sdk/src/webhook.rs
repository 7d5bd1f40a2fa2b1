//! Deliveries of other systems, as an author sees them: what came, what it means, why it is not taken.
//!
//! ```
//! use tidemill_sdk::webhook::{Delivery, Draft, Refusal, Webhook};
//! # use tidemill_sdk::{Manifest, NoConfig, Plugin, manifest};
//! # struct Sensors;
//! # impl Plugin for Sensors {
//! #     type Config = NoConfig;
//! #     fn manifest() -> Manifest { manifest! { summary: "Sensors" } }
//! #     fn configure(_: NoConfig) -> Result<Self, String> { Ok(Self) }
//! # }
//!
//! impl Webhook for Sensors {
//!     fn receive(&mut self, delivery: &Delivery) -> Result<Vec<Draft>, Refusal> {
//!         let sensor = delivery.header("x-sensor").ok_or_else(|| Refusal::new(400, "the header X-Sensor is missing"))?;
//!         Ok(vec![Draft::new("sensor.reading", delivery.body.clone()).subject(sensor)])
//!     }
//! }
//! ```

use crate::Plugin;

pub use crate::bindings::webhook::exports::tidemill::plugin::webhook::{Delivery, Draft, Refusal};

/// Turns deliveries of another system into events.
pub trait Webhook: Plugin {
    /// Checks who sent it and says which events it is: none if it is of no interest, at most 64.
    ///
    /// # Errors
    ///
    /// A refusal, which its sender is told.
    fn receive(&mut self, delivery: &Delivery) -> Result<Vec<Draft>, Refusal>;
}

impl Delivery {
    /// The value of a header field; of several, the first. The name is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

impl Draft {
    /// An event with JSON data, with everything else left to the host.
    pub fn new(event_type: impl Into<String>, data: impl Into<Vec<u8>>) -> Self {
        Self {
            type_: event_type.into(),
            id: None,
            source: None,
            subject: None,
            time_ms: None,
            content_type: None,
            extensions: Vec::new(),
            data: data.into(),
        }
    }
}

crate::macros::event_parts!(Draft);

impl Refusal {
    /// With a status of 400 to 499, or 503, and what is wrong.
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into() }
    }
}
