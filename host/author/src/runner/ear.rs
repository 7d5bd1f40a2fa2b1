//! Hears what plugins log, and keeps it until somebody asks. Must not know whose lines they are: one plugin runs at a time.

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use crate::LogLine;

/// Lines that are kept until somebody asks. A plugin may log in every call, and nobody may ask for long.
const LINES_MAX: usize = 1_000;

/// Part of the process's subscriber to log lines; takes those of plugins.
#[derive(Debug, Clone, Default)]
pub struct Ear(Arc<Mutex<Vec<LogLine>>>);

impl Ear {
    /// What was heard since the last time.
    pub(crate) fn take(&self) -> Vec<LogLine> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<S: Subscriber> Layer<S> for Ear {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() != "plugin" {
            return;
        }
        let mut words = Words::default();
        event.record(&mut words);
        let level = event.metadata().level().to_string().to_ascii_lowercase();
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() < LINES_MAX {
            lines.push(LogLine { level, message: words.text() });
        }
    }
}

/// The parts of a line.
#[derive(Default)]
struct Words {
    message: String,
    fields: String,
}

impl Words {
    fn text(self) -> String {
        if self.fields.is_empty() { self.message } else { format!("{} {}", self.message, self.fields) }
    }
}

impl Visit for Words {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "plugin" => {}
            "fields" => value.clone_into(&mut self.fields),
            "message" => value.clone_into(&mut self.message),
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => {
                // Writing to a string cannot fail.
                let _ = write!(self.message, "{value:?}");
            }
            "suppressed" => self.fields = format!("({value:?} lines)"),
            _ => {}
        }
    }
}
