//! What the tasks say about their own progress. It goes to standard error: standard output is the demo's, and the last
//! lines of a test run are the test runner's.

use std::io::{self, Write};

/// One line about what happens.
pub(crate) fn line(text: &str) {
    // Nobody to tell it to is no reason to stop.
    let _ = writeln!(io::stderr().lock(), "xtask: {text}");
}

/// An error with everything that led to it.
pub(crate) fn error(error: &anyhow::Error) {
    line(&format!("error: {error:#}"));
}
