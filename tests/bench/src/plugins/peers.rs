//! Others that do the same work, measured by a program of their own that is built apart (`tests/peers`): what it is told,
//! and what it answers. Must not know who they are.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use tempfile::NamedTempFile;

use super::cases::{self, Case};
use super::sample::Sample;

/// A program, and the events that it is given.
pub(super) struct Peers {
    program: PathBuf,
    case: Case,
    events: NamedTempFile,
}

/// What it says of one of them.
#[derive(Debug, Deserialize)]
pub(super) struct Figure {
    pub(super) load: String,
    pub(super) who: String,
    /// Nanoseconds for one event.
    pub(super) wall: f64,
    /// The same in time of the processor.
    pub(super) cpu: f64,
}

impl Peers {
    /// Writes the events down: a line for each, with the load that it belongs to.
    pub(super) fn new(program: &Path, case: Case, deliveries: &Path) -> Result<Self> {
        let mut lines = String::new();
        for sample in Sample::all(deliveries)? {
            let load = cases::load(sample.size, 64);
            for event in &sample.events {
                let data = str::from_utf8(event.data())?;
                writeln!(lines, "{{\"load\":\"{load}\",\"type\":\"{}\",\"data\":{data}}}", event.event_type())?;
            }
        }
        let events = NamedTempFile::new()?;
        fs::write(events.path(), lines)?;
        Ok(Self { program: program.to_owned(), case, events })
    }

    /// Has everybody measured once, on the core that this thread keeps to.
    pub(super) fn measure(&self, time: Duration) -> Result<Vec<Figure>> {
        let mut command = Command::new(&self.program);
        command.arg(self.case.name()).arg(self.events.path()).arg(time.as_millis().to_string());
        let output = command.output().with_context(|| format!("starting {}", self.program.display()))?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{} failed: {}", self.program.display(), said.trim());
        let lines = str::from_utf8(&output.stdout)?.lines();
        lines.map(|line| serde_json::from_str(line).with_context(|| format!("{line} is no figure"))).collect()
    }
}
