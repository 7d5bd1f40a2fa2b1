//! Where a trace comes from: the headers of W3C Trace Context, and the extension attributes of the same names that
//! CloudEvents has for it (Distributed Tracing). What an event says itself wins, as it may have come a long way.

use axum::http::HeaderMap;
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use serde_json::{Map, Value};
use tidemill_bus::Published;
use tidemill_event::{Change, Event};

const PARENT: &str = "traceparent";
const STATE: &str = "tracestate";

/// Writes down in an event which trace its request belongs to, unless it says so itself. A header that is none is passed over,
/// as the standard wants it.
pub(crate) fn carry(headers: &HeaderMap, published: &mut Published) {
    if !headers.contains_key(PARENT) || has_parent(&published.event) || !is_valid(&Headers(headers)) {
        return;
    }
    let text = |name: &str| Headers(headers).get(name).map(|value| (name.to_owned(), value.to_owned()));
    let extensions = [PARENT, STATE].into_iter().filter_map(text).collect();
    // More than an event can hold is not worth refusing it.
    if let Ok(event) = (Change { extensions, ..Change::default() }).apply(&published.event, 0) {
        published.event = event;
    }
}

/// What an event's first span belongs to.
pub(super) fn of(event: &Event) -> Context {
    if !has_parent(event) {
        return Context::new();
    }
    TraceContextPropagator::new().extract_with_context(&Context::new(), &Extensions(event.extensions()))
}

fn is_valid(from: &dyn Extractor) -> bool {
    TraceContextPropagator::new().extract_with_context(&Context::new(), from).span().span_context().is_valid()
}

/// Without decoding anything, for all those that have none.
fn has_parent(event: &Event) -> bool {
    event.extensions_json().is_some_and(|json| json.contains("\"traceparent\":"))
}

struct Headers<'h>(&'h HeaderMap);

struct Extensions(Map<String, Value>);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        vec![PARENT, STATE]
    }
}

impl Extractor for Extensions {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.as_str()
    }

    fn keys(&self) -> Vec<&str> {
        vec![PARENT, STATE]
    }
}
