//! Plugins: sandboxed WebAssembly components, loaded, checked, called in batches and replaced while events flow.
//!
//! Owns everything about wasmtime; no other crate names it (invariant I9). The doors are [`Plugins`], which holds the
//! current [`Generation`] and replaces it, [`Directory`], which keeps it in step with a folder of `.wasm` files, and
//! [`Lane`], through which one pipeline worker calls plugins.
//! Must not know: the log, HTTP, subscribers.

mod answer;
mod arguments;
mod batch;
mod bindings;
mod bounds;
mod breaker;
mod call;
mod call_time;
mod calls;
mod clock;
mod component;
mod config_schema;
mod delivery;
mod directory;
mod engine;
mod error;
mod fault;
mod figures;
mod generation;
mod grants;
mod host;
mod http;
mod instance;
mod lane;
pub mod limits;
mod loader;
mod meter;
mod offer;
mod plugin;
mod plugins;
mod prompt;
mod rate;
mod resource;
mod scan;
mod settings;
mod source_lines;
mod state;
mod tool;
mod transaction;
mod trips;
mod verdict;
mod versions;
mod view;
mod voice;
mod waiting;
mod warm;

pub use arguments::ToolSchema;
pub use breaker::{BreakerSettings, BreakerState, Then};
pub use call::{CallContext, CallLog, Listing, Platform};
pub use calls::CallFailure;
pub use component::{Kind, kinds_of};
pub use delivery::{Delivery, Draft, Received};
pub use directory::{Directory, Expected, Incoming, Order, OrderError, Orders, UploadError, Uploaded, WatchOptions};
pub use engine::{Engine, EngineError};
pub use error::LoadError;
pub use figures::{CallEnd, Distribution, Figures, Histogram};
pub use generation::{Generation, Stage};
pub use grants::{Capability, Grants};
pub use http::{Destination, DestinationError, HttpFigures, HttpOutcome, RootsError, TrustedRoots};
pub use lane::Lane;
pub use limits::Limits;
pub use meter::{Meter, Reading};
pub use offer::{Offer, OfferedTool};
pub use plugin::{EventTypeInfo, Plugin, Version};
pub use plugins::{Notice, PluginReport, PluginState, Plugins};
pub use prompt::{
    PromptArgument, PromptCall, PromptInfo, PromptMessage, PromptOutcome, Question, Role, Subject, Suggestions,
};
pub use resource::{ResourceAbout, ResourceInfo, TemplateInfo};
pub use settings::{BreakerChoices, GrantSettings, LimitSettings, OnFault, PluginSettings};
pub use state::{Conflict, Receipt, StateUsage, States};
pub use tool::{
    Content, InputRequest, ResourceBody, ResourceContent, ToolCall, ToolHints, ToolInfo, ToolOutcome, ToolProgress,
    ToolResult,
};
pub use transaction::{Committed, NewEvent, Outlet, Written};
pub use verdict::{Fault, FaultKind, Verdict};
pub use view::{Classified, Subscriber, Unjudged};
