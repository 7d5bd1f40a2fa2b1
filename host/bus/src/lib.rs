//! The bus: what happens to an event between the publisher's request and the subscribers' sockets.
//!
//! Owns the ingress queue, the pipeline (the spine: routing, plugins and log meet in `pipeline.rs` and nowhere else),
//! the encoded frames, and subscribers, which are cursors over the log.
//! Must not know: HTTP, sockets, configuration files, wasmtime.

mod bus;
mod chain;
mod cursor;
mod encoding;
mod frame;
mod ingress;
pub mod limits;
mod outcome;
mod pipeline;
mod ring;
mod selection;
mod tail;
mod wakers;

pub use bus::{Bus, BusOptions, Health};
pub use cursor::{Cursor, Start};
pub use encoding::{Encoding, Envelope, Framing};
pub use frame::{cloudevents_json, host_frame};
pub use ingress::PublishError;
pub use outcome::Outcome;
pub use selection::Selection;
