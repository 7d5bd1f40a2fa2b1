//! Write Tidemill plugins in Rust.
//!
//! A filter or a transform is one function and one macro line:
//!
//! ```
//! use tidemill_sdk::{Event, Verdict};
//!
//! tidemill_sdk::filter!(no_drafts, subscribes: &["article.*"], summary: "Drops drafts");
//!
//! fn no_drafts(event: &Event) -> Verdict {
//!     Verdict::keep_if(event.subject() != Some("draft"))
//! }
//! # fn main() {}
//! ```
//!
//! in a crate with `crate-type = ["cdylib", "rlib"]`, built by `cargo build --release --target wasm32-wasip2`. A plugin
//! with configuration, state, event types, or several kinds implements [`Plugin`] and [`Filter`], [`Transform`],
//! [`EventTypes`], [`Webhook`], [`View`], [`Tools`], [`Prompts`] or [`Resources`], and names itself once in [`export!`]. With the feature `http` a plugin sends
//! requests to hosts that it was granted. [`testing`] gives unit tests their events.
//!
//! What stands here reads the host's rows and writes its answers; what a plugin may rely on is said in `wit/v0.1`.

mod answer;
mod batch;
mod bindings;
pub mod bus;
pub mod call;
mod component;
pub mod content;
mod cursor;
mod event;
mod extensions;
pub mod html;
#[cfg(feature = "http")]
pub mod http;
pub mod json;
pub mod log;
mod macros;
pub mod meter;
mod plugin;
pub mod prompts;
pub mod resources;
pub mod rewrite;
pub mod schema;
pub mod server;
pub mod state;
pub mod testing;
pub mod tools;
pub mod view;
mod wants;
pub mod webhook;

pub use answer::{EventType, Failure, Fault, Outcome, Output, Problem, Validity, Verdict};
pub use batch::Batch;
pub use event::Event;
pub use plugin::{EventTypes, Filter, Manifest, NoConfig, Plugin, Target, Transform};
pub use prompts::Prompts;
pub use resources::{Completions, Resources};
pub use tools::Tools;
pub use view::View;
pub use wants::Wants;
pub use webhook::Webhook;

/// What the macros expand to; not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use crate::{
        bindings::{
            completions, event_types, filter, manifest, prompts, resources, tools, transform, view, wants, webhook,
        },
        component::{Component, Slot},
        plugin::short_name,
    };
}
