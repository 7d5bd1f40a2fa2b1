//! What every test needs: a server on a free port, a subscriber, components.

mod abrupt;
mod canned;
mod chunked;
mod client;
mod guests;
mod http2;
mod lane;
mod origin;
mod process;
mod registry;
mod server;
mod tls;
mod toolchain;
mod wire;

pub(crate) use abrupt::Abrupt;
pub(crate) use canned::Canned;
pub(crate) use client::{Message, Subscriber, publish_lines};
pub(crate) use guests::{guest, ready_made};
pub(crate) use http2::{Http2, request};
pub(crate) use lane::Lane;
pub(crate) use origin::Origin;
pub(crate) use process::{descriptors, hang_up, processor_time, resident_bytes, sleeps, terminate};
pub(crate) use registry::Registry;
pub(crate) use server::{PATIENCE, Server, eventually, prepare, tidemill};
pub(crate) use tls::{Secure, certificate, trusts};
pub(crate) use toolchain::toolchain;
pub(crate) use wire::Wire;
