//! The bus: what happens to an event between the publisher's request and the subscribers' sockets.
//!
//! Owns the ingress queue, the pipeline (the spine: routing, plugins and log meet in `pipeline.rs` and nowhere else),
//! the encoded frames, and subscribers, which are cursors over the log.
//! Must not know: HTTP, sockets, configuration files, wasmtime.

mod archive;
mod async_lane;
mod bus;
mod chain;
mod chunk;
mod coding;
mod cursor;
mod encoding;
mod figures;
mod forms;
mod frame;
mod gap;
mod health;
mod inbox;
mod ingress;
mod interest;
mod kinds;
pub mod limits;
mod outcome;
mod pace;
mod parking;
mod pipeline;
mod progress;
mod projection;
mod published;
mod queue;
mod receipts;
mod ring;
mod selection;
#[cfg(test)]
mod simulation;
mod tail;
mod thinning;
mod trail;
mod view;
mod waiting;
mod wanted;
mod wish;
mod worker;

pub use bus::{Bus, BusOptions};
pub use chunk::AtHand;
pub use coding::{Coder, Coding, Sum};
pub use cursor::{Cursor, Delivery, End, Start, Subscription};
pub use encoding::{Encoding, Envelope, Framing};
pub use figures::{Fate, Figures, Origin, QueueUsage};
pub use frame::{cloudevents_json, host_frames, write_record};
pub use gap::{Gap, Skip};
pub use health::Health;
pub use ingress::PublishError;
pub use outcome::Outcome;
pub use progress::Progress;
pub use projection::{Project, Projection, Shown};
pub use published::Published;
pub use selection::{Selection, Watch};
pub use thinning::{ConflateKey, SlowPolicy};
pub use trail::{Did, Step, Trail, TurnTaken, Way};
pub use view::{NoView, View};
pub use wanted::Wanted;
