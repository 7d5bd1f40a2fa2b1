//! How far a build is: one line that changes on a terminal, a line for each step otherwise, or nothing.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tidemill_author::Progress;

/// Between movements of a step that says nothing.
const TICK: Duration = Duration::from_millis(120);

pub(super) enum Steps {
    Nothing,
    Bar(ProgressBar),
    Lines,
}

impl Steps {
    pub(super) fn new(wanted: bool) -> Self {
        match (wanted, io::stderr().is_terminal()) {
            (false, _) => Self::Nothing,
            (true, false) => Self::Lines,
            (true, true) => {
                let bar = ProgressBar::new_spinner();
                let style = ProgressStyle::with_template("{spinner} {prefix} {elapsed} {wide_msg:.dim}");
                bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
                bar.enable_steady_tick(TICK);
                Self::Bar(bar)
            }
        }
    }
}

impl Progress for Steps {
    fn step(&mut self, what: &str) {
        match self {
            Self::Nothing => {}
            Self::Bar(bar) => {
                bar.set_prefix(what.to_owned());
                bar.set_message("");
            }
            // The build goes on if nobody reads about it.
            Self::Lines => drop(writeln!(io::stderr(), "{what}")),
        }
    }

    fn line(&mut self, text: &str) {
        if let Self::Bar(bar) = self {
            bar.set_message(text.trim().to_owned());
        }
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
