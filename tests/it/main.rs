//! Tests that cross crates: they start the real binary, load real components, and talk real HTTP.
//!
//! One test binary, so that it links once. What every test needs is in `support`; a test says what a user would see.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

mod audience;
mod audit;
mod auth;
mod authors;
mod bad_input;
mod base_path;
mod bus;
mod cli;
mod clients;
mod compression;
mod conformance;
mod crash;
mod crowd;
mod damaged;
mod dead_letters;
mod diagnostics;
mod disk_full;
mod examples;
mod explain;
mod faults;
mod figures;
mod formats;
mod history;
mod hooks;
mod hostile;
mod http2;
mod lanes;
mod later;
mod limits;
mod listeners;
mod log_cli;
mod mcp;
mod mounts;
mod openapi;
mod outbound;
mod pages;
mod plugins;
mod proxy;
mod publishing_again;
mod ready_made;
mod reconfigured;
mod reload;
mod replay;
mod retention;
mod seeds;
mod shutdown;
mod slow;
mod sockets;
mod sources;
mod state;
mod streams;
mod stuck;
mod taken_out;
mod threats;
mod tls;
mod tools;
mod traces;
mod types;
mod uploads;
mod versions;
mod views;
