//! Owns what an expression sees of an event: its attributes and data, each read when the expression asks for it.
//!
//! `data.customer.name` is looked up in the bytes and nothing else of the data is read. Knows nothing about programs.
use cel::{
    common::{
        types::{CelBytes, CelMap, CelNull, CelString, CelTimestamp},
        value::CowVal,
    },
    context::VariableResolver,
};
use chrono::DateTime;
use tidemill_sdk::{Event, json};

use crate::value;

/// The variables that there are.
pub(crate) const NAMES: [&str; 7] = ["id", "source", "type", "subject", "time", "extensions", "data"];

/// The variables of one event.
pub(crate) struct Variables<'a> {
    event: Event<'a>,
}

impl<'a> Variables<'a> {
    pub(crate) fn new(event: Event<'a>) -> Self {
        Self { event }
    }

    fn data(&self) -> Option<CowVal<'a, 'a>> {
        let data = self.event.data();
        if self.event.is_json() && !data.is_empty() {
            return value::read(data).map(CowVal::Owned);
        }
        Some(match std::str::from_utf8(data) {
            Ok("") => CowVal::owned(CelNull),
            Ok(text) => CowVal::owned(CelString::from(text)),
            Err(_) => CowVal::owned(CelBytes::from(data.to_vec())),
        })
    }

    /// A path as the evaluator asks for it, longest first: `data.customer.name`, then `data.customer`, then `data`.
    fn member(&self, path: &str) -> Option<CowVal<'a, 'a>> {
        let (root, rest) = path.split_once('.')?;
        let text = match root {
            "data" if self.event.is_json() => self.event.data(),
            "extensions" => self.event.extensions_json().as_bytes(),
            _ => return None,
        };
        let names: Vec<_> = rest.split('.').collect();
        value::read(json::find(text, &names).ok()??).map(CowVal::Owned)
    }
}

impl VariableResolver for Variables<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        let text = |text: &'b str| Some(CowVal::owned(CelString::from(text)));
        match variable {
            "type" => text(self.event.kind()),
            "id" => text(self.event.id()),
            "source" => text(self.event.source()),
            "subject" => text(self.event.subject().unwrap_or_default()),
            "time" => {
                let time = DateTime::from_timestamp_millis(i64::try_from(self.event.time_ms()).ok()?)?;
                Some(CowVal::owned(CelTimestamp::from(time.fixed_offset())))
            }
            "data" => self.data(),
            "extensions" => match self.event.extensions_json() {
                "" => Some(CowVal::owned(CelMap::from(std::collections::HashMap::new()))),
                json => value::read(json.as_bytes()).map(CowVal::Owned),
            },
            path => self.member(path),
        }
    }
}
