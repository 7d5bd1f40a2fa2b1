//! The imports `call` and `server`, and what `bus` and `log` do in calls by clients, for the plugin that is called
//! (`wit/v0.1/call.wit`, `server.wit`).

use tidemill_event::Event;
use tracing::Level;
use wasmtime::Result;

use super::Host;
use crate::answer::cut;
use crate::bindings::{bus, call, server};
use crate::call::CallLog;
use crate::limits::{CALL_EVENTS_MAX, CALL_EVENTS_PER_SECOND_MAX, LOG_LINE_BYTES_MAX, TEXT_BYTES_MAX, URI_BYTES_MAX};
use crate::{Listing, ToolProgress};

impl call::Host for Host {
    fn report(&mut self, done: f64, total: Option<f64>, message: Option<String>) {
        if let Some(present) = &mut self.call {
            let message = message.map(|text| cut(&text, TEXT_BYTES_MAX));
            present.report(ToolProgress { done, total, message });
        }
    }

    fn cancelled(&mut self) -> bool {
        self.call.as_ref().is_some_and(|present| present.context.cancel.is_cancelled())
    }

    fn changed(&mut self, what: call::Listing) {
        let listing = match what {
            call::Listing::Tools => Listing::Tools,
            call::Listing::Prompts => Listing::Prompts,
            call::Listing::Resources => Listing::Resources,
        };
        if self.call.is_some() && self.rates.changes.admit() {
            self.platform.get().into_iter().for_each(|platform| platform.changed(listing));
        }
    }

    fn updated(&mut self, uri: String) {
        if self.call.is_some() && uri.len() <= URI_BYTES_MAX && self.rates.updates.admit() {
            self.platform.get().into_iter().for_each(|platform| platform.updated(&uri));
        }
    }
}

impl server::Host for Host {
    fn streams(&mut self, path: Option<String>) -> Option<u32> {
        self.platform.get().and_then(|platform| platform.streams(path.as_deref()))
    }
}

impl Host {
    /// Tells whoever called what the plugin logs. Lines over its rate do not come here.
    pub(super) fn tell_caller(&self, level: Level, message: &str) {
        if let Some(logs) = self.call.as_ref().and_then(|present| present.context.logs.as_ref()) {
            logs(CallLog { level, message: cut(message, LOG_LINE_BYTES_MAX) });
        }
    }

    /// Publishes in a call by a client: at once, and the call goes on when they are stored.
    pub(super) fn publish_now(&mut self, new: Vec<bus::NewEvent>) -> Result<Result<(), String>> {
        let count = new.len();
        let caller = self.call.as_ref().and_then(|present| present.context.caller.clone());
        let published = match self.prepare(new) {
            Err(reason) => Err(reason),
            Ok(events) => {
                let platform = self.platform.get().cloned();
                match platform {
                    None => Err("there is nobody to publish for".into()),
                    Some(platform) => self.time.wait(platform.publish(caller.as_deref(), events))?,
                }
            }
        };
        match &published {
            Ok(()) => self.figures.note_published(count),
            Err(_) => self.figures.note_unpublished(count),
        }
        Ok(published)
    }

    fn prepare(&mut self, new: Vec<bus::NewEvent>) -> std::result::Result<Vec<(Event, bool)>, String> {
        let left = self.call.as_ref().and_then(|present| present.events_left);
        let left = left.ok_or("events cannot be published while values are suggested (`completions.complete`)")?;
        if new.len() > left {
            return Err(format!("one call publishes at most {CALL_EVENTS_MAX} events"));
        }
        let mut events = Vec::with_capacity(new.len());
        for event in new {
            if !self.rates.events.admit() {
                return Err(format!("more than {CALL_EVENTS_PER_SECOND_MAX} events in a second; try again later"));
            }
            let id_given = event.id.is_some();
            events.push((self.event(event)?, id_given));
        }
        if let Some(present) = &mut self.call {
            present.events_left = Some(left - events.len());
        }
        Ok(events)
    }
}
