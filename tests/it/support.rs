//! What every test needs: a server on a free port, a subscriber, components.

mod client;
mod guests;
mod lane;
mod process;
mod server;

pub(crate) use client::{Message, Subscriber, publish_lines};
pub(crate) use guests::{guest, ready_made};
pub(crate) use process::{resident_bytes, terminate};
pub(crate) use server::{PATIENCE, Server, eventually, prepare, tidemill};
