//! Programs as a projection, and what they fail on. Must not know frames.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tidemill_bus::{Envelope, Project, Shown, cloudevents_json};
use tidemill_jq_program::{Program, Value};
use tidemill_log::Record;

use crate::limits::FAILURES_TOLD_PAUSE;

/// What programs make of events.
#[derive(Debug)]
pub(super) struct Shape {
    data: Program,
    name: Option<Program>,
    failures: Arc<Failures>,
}

/// What the programs of one mount failed on.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    mount: OnceLock<String>,
    count: AtomicU64,
    told: Mutex<Option<Instant>>,
}

impl Shape {
    /// Of data that one program makes, or else are those of an envelope, and a name that another makes, or else is the type.
    pub(super) fn new(
        projection: Option<Program>,
        plain: &Envelope,
        name: Option<Program>,
        failures: Arc<Failures>,
    ) -> Self {
        let plain = if *plain == Envelope::CloudEvents { "del(.position)" } else { ".data" };
        let plain = || Program::compile(plain, &[]).unwrap_or_else(|error| unreachable!("{error}"));
        Self { data: projection.unwrap_or_else(plain), name, failures }
    }

    fn shown(&self, record: &Record) -> Result<Option<Shown>, String> {
        let event = Value::json(&event_json(record))?;
        let Some(data) = self.data.first_of(&event)? else { return Ok(None) };
        let name = match &self.name {
            None => None,
            Some(program) => match program.first_of(&event)? {
                None => return Ok(None),
                Some(name) => {
                    let text = serde_json::from_slice::<String>(&name);
                    Some(text.map_err(|_| format!("the name is no text: {}", String::from_utf8_lossy(&name)))?)
                }
            },
        };
        Shown::new(name, data).map(Some)
    }
}

impl Project for Shape {
    fn project(&self, record: &Record) -> Option<Shown> {
        self.shown(record).unwrap_or_else(|error| {
            self.failures.note(&format!("event {}", record.position), &error);
            None
        })
    }
}

/// The event in CloudEvents JSON, with its position.
fn event_json(record: &Record) -> Vec<u8> {
    let mut json = cloudevents_json(&record.event);
    json.pop();
    json.extend_from_slice(format!(",\"position\":\"{}\"}}", record.position).as_bytes());
    json
}

impl Failures {
    /// Says whose they are.
    pub(crate) fn at(&self, mount: &str) {
        let _ = self.mount.set(mount.to_owned());
    }

    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Relaxed)
    }

    /// Counts one, and tells of it now and then.
    pub(crate) fn note(&self, what: &str, error: &str) {
        let count = self.count.fetch_add(1, Relaxed) + 1;
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_none_or(|told| told.elapsed() >= FAILURES_TOLD_PAUSE) {
            *told = Some(Instant::now());
            let mount = self.mount.get().map_or("?", String::as_str);
            let error: String = error.chars().take(200).collect();
            tracing::warn!(mount, count, "a program of the configuration fails on {what}, which is left out");
            // It may quote what only some may see.
            tracing::debug!(mount, error, "why the program failed");
        }
    }
}
