//! The hostile corpus: plugins that mean harm. Each is a real component; each test shows what it did to the host, which
//! is nothing, and to the other events, which is nothing either.
//!
//! Those that merely fail on an event stand in `faults.rs`; files that are no plugins, what was not granted (invariant
//! I5), two owners of one type and floods of lines in `plugins.rs`; the breaker in `taken_out.rs`; plugins that publish for
//! ever on account of each other in `bus.rs`.

mod answers;
mod assembled;
mod forging;
mod harm;
mod hoarding;
mod keeping;
mod loading;
mod long;
mod patient;
mod random;
mod schemas;
mod waiting;
