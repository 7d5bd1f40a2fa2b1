//! What an operator or a breaker wants of one plugin, and how it is carried out: by noting it, and looking at the
//! directory again with that in mind.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, SyncSender};
use std::time::Duration;

use super::{State, Wake};
use crate::PluginSettings;

/// What an operator wants of a plugin. It is remembered when the host is started anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// What lies in the directory is to run, also if it was switched off or set aside.
    Enable,
    /// It is not to run until it is enabled.
    Disable,
    /// The version that ran before is to run, until another file is put into the directory or the plugin is enabled.
    Rollback,
}

/// An order cannot be carried out.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// There is no such plugin.
    #[error("there is no plugin `{0}` in the plugins directory")]
    Unknown(String),
    /// Its settings say otherwise.
    #[error("its settings say `enabled = false`; change them there")]
    DisabledBySettings,
    /// No version of it runs that could be replaced.
    #[error(
        "it does not run, so that there is nothing to roll back; enable it, or put a working version into the plugins directory"
    )]
    NotRunning,
    /// None is kept.
    #[error("no earlier version of it is kept; put one into the plugins directory")]
    NoEarlier,
    /// It was noted, but the version was refused.
    #[error("{0}")]
    Refused(String),
    /// It cannot be noted.
    #[error("it cannot be noted: {0}")]
    Io(#[from] io::Error),
    /// Nobody carries out orders any more.
    #[error("the host is stopping")]
    Stopping,
}

/// Takes orders to the thread that watches the directory.
#[derive(Debug, Clone)]
pub struct Orders {
    wake: SyncSender<Wake>,
    /// The directory.
    pub(super) path: PathBuf,
}

impl Orders {
    pub(super) fn new(wake: SyncSender<Wake>, path: &Path) -> Self {
        Self { wake, path: path.to_owned() }
    }

    /// Has an order carried out, and waits for it: as long as compiling takes.
    pub fn give(&self, name: &str, order: Order) -> Result<(), OrderError> {
        let name = name.to_owned();
        self.ask(move |state| state.carry_out(&name, order))?
    }

    /// Replaces the settings from the host's configuration, and waits until the plugins that have others now run with
    /// them, or are refused.
    pub fn configure(&self, settings: BTreeMap<String, PluginSettings>) -> Result<(), OrderError> {
        self.ask(move |state| state.configure(settings))
    }

    /// Has something done by the thread that watches, in its turn, and waits for it.
    pub(super) fn ask<T: Send + 'static>(
        &self,
        what: impl FnOnce(&mut State) -> T + Send + 'static,
    ) -> Result<T, OrderError> {
        let (answer, answered) = mpsc::sync_channel(1);
        // Whoever asked may have gone.
        let what = Box::new(move |state: &mut State| drop(answer.send(what(state))));
        self.wake.send(Wake::Do(what)).map_err(|_| OrderError::Stopping)?;
        answered.recv().map_err(|_| OrderError::Stopping)
    }
}

impl State {
    pub(super) fn carry_out(&mut self, name: &str, order: Order) -> Result<(), OrderError> {
        if !self.known.contains_key(name) {
            return Err(OrderError::Unknown(name.to_owned()));
        }
        let mut note = self.versions.note(name);
        match order {
            Order::Enable => (note.disabled, note.set_aside) = (false, None),
            Order::Disable => note.disabled = true,
            Order::Rollback => {
                let report = self.plugins.report(name);
                let running = report.and_then(|report| report.running).ok_or(OrderError::NotRunning)?.version();
                let aside = note.set_aside.unwrap_or(running);
                note.ran.retain(|version| *version != running);
                if note.ran.is_empty() {
                    return Err(OrderError::NoEarlier);
                }
                note.set_aside = Some(aside);
            }
        }
        self.versions.save(name, &note)?;
        if let Some(known) = self.known.get_mut(name) {
            (known.read, known.put) = (None, None);
        }
        self.look(Duration::ZERO);
        let report = self.plugins.report(name).ok_or_else(|| OrderError::Unknown(name.to_owned()))?;
        match (order, report.error, &report.running) {
            (Order::Disable, _, _) => Ok(()),
            (_, Some(error), _) => Err(OrderError::Refused(error)),
            (Order::Enable, None, None) => Err(OrderError::DisabledBySettings),
            _ => Ok(()),
        }
    }
}
