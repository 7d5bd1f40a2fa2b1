//! Everything that `cargo xtask bench` needs: the load generator, the floor, the peers, and the runner that compares
//! them with the host on this machine, in this run.
//!
//! Figures of one machine say little about another, so results are **ratios**: to the [`floor`] (the least a server
//! has to do to deliver the same bytes) and to other hubs, measured alternately in the same run.
//!
//! What the log costs has a run of its own: [`log`]; so have the ways in which the host carries connections: [`lanes`], what a
//! plugin costs: [`plugins`], the same fan-out over plain and secure connections of each version of HTTP: [`transport`],
//! compressed streams: [`compression`], tools: [`tools`], and the languages that plugins are written in: [`authors`].
//!
//! Reading order: [`cases`] (what is measured), [`runner`] (in which order), [`hub`] (who is measured), [`load`] (how),
//! [`report`] (what is printed). Linux only: it counts on epoll and on `/proc`.
#![cfg(target_os = "linux")]

pub mod authors;
pub mod axum_naive;
pub mod axum_sse;
pub mod cases;
pub mod clock;
pub mod compression;
pub mod cpu;
pub mod floor;
pub mod hub;
pub mod lanes;
pub mod launch;
pub mod load;
pub mod log;
pub mod payload;
pub mod plugins;
pub mod process;
pub mod report;
pub mod runner;
pub mod tools;
pub mod transport;
pub mod unit;
pub mod wire;
