//! How far a build is: one line that changes on a terminal, a line for each step otherwise, or nothing.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tidemill_author::{Keep, Progress};

use crate::cli::{Exit, Failure};
use crate::keeper::Keeper;

/// Between movements of a step that says nothing.
const TICK: Duration = Duration::from_millis(120);

pub(super) struct Steps {
    shown: Shown,
    keeper: Option<Arc<Keeper>>,
}

enum Shown {
    Nothing,
    Bar(ProgressBar),
    Lines,
}

impl Steps {
    pub(super) fn new(wanted: bool) -> Self {
        let shown = match (wanted, io::stderr().is_terminal()) {
            (false, _) => Shown::Nothing,
            (true, false) => Shown::Lines,
            (true, true) => {
                let bar = ProgressBar::new_spinner();
                let style = ProgressStyle::with_template("{spinner} {prefix} {elapsed} {wide_msg:.dim}");
                bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
                bar.enable_steady_tick(TICK);
                Shown::Bar(bar)
            }
        };
        Self { shown, keeper: None }
    }

    /// Those of one build, whose tools end with this process, whatever ends it.
    pub(super) fn of_build(wanted: bool) -> Result<Self, Failure> {
        Ok(Self::new(wanted).kept_by(&keeper()?))
    }

    /// Tools are ended by this one if nobody waits for them any more.
    pub(super) fn kept_by(mut self, keeper: &Arc<Keeper>) -> Self {
        self.keeper = Some(Arc::clone(keeper));
        self
    }
}

/// What ends the tools that this process leaves behind.
pub(super) fn keeper() -> Result<Arc<Keeper>, Failure> {
    let unkept = |error| Failure::new(Exit::Failed, format!("no process can be started beside this one: {error}"));
    Keeper::start().map(Arc::new).map_err(unkept)
}

impl Progress for Steps {
    fn step(&mut self, what: &str) {
        match &self.shown {
            Shown::Nothing => {}
            Shown::Bar(bar) => {
                bar.set_prefix(what.to_owned());
                bar.set_message("");
            }
            // The build goes on if nobody reads about it.
            Shown::Lines => drop(writeln!(io::stderr(), "{what}")),
        }
    }

    fn line(&mut self, text: &str) {
        if let Shown::Bar(bar) = &self.shown {
            bar.set_message(text.trim().to_owned());
        }
    }

    fn keeper(&self) -> Option<Arc<dyn Keep>> {
        self.keeper.clone().map(|keeper| keeper as Arc<dyn Keep>)
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}
