//! What plugin authors do on their own machine: begin a plugin, build it, check it, run it.
//!
//! Owns an author's folder ([`Project`]), the languages and their toolchains, the templates and SDKs that are part of the
//! binary, and the way from a core module to a component. Must not know: HTTP, the server, how anything is printed.

mod answer;
pub mod bench;
pub mod build;
pub mod check;
mod component;
pub mod embedded;
pub mod golden;
mod import;
mod input;
mod kind;
mod language;
mod named;
pub mod new;
mod outcome;
mod project;
pub mod property;
mod rerun;
mod runner;
mod target;
mod toolchain;
mod watch;
mod world;

pub use answer::Answer;
pub use build::{BuildError, BuildOptions, Built, Progress};
pub use import::Import;
pub use input::{Decode, Input};
pub use kind::Kind;
pub use language::Language;
pub use named::{Named, UnknownName};
pub use outcome::{LogLine, Outcome, Ran};
pub use project::{Project, ProjectError};
pub use rerun::Reruns;
pub use runner::{Ear, RunError, Runner, Runtime};
pub use target::{Target, TargetError};
pub use toolchain::Need;
pub use watch::Watch;
