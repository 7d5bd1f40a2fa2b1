//! The keys of `[telemetry]`: log lines and traces.

use axum::http::Uri;

use crate::config::kind::{Choice, Directives, Kind, quoted};
use crate::config::settings::Settings;
use crate::config::source::Raw;
use crate::config::{LogFormat, Telemetry};

/// Where something is sent to over HTTP, or nowhere.
struct Endpoint;
/// A part of all, from none to every one.
struct Part;

pub(super) fn read(s: &mut Settings) -> Telemetry {
    Telemetry {
        format: s.read(
            "telemetry.format",
            "text",
            &Choice(&[("text", LogFormat::Text), ("json", LogFormat::Json)]),
            "How log lines are written to standard error.",
        ),
        filter: s.read(
            "telemetry.filter",
            "info",
            &Directives,
            "Which log lines are written: a level, or directives such as `info,tidemill_bus=debug`.",
        ),
        otlp_endpoint: s.read(
            "telemetry.otlp-endpoint",
            "",
            &Endpoint,
            "Collector of OpenTelemetry that traces are sent to (OTLP over HTTP, to `/v1/traces` there). Empty: none are made.",
        ),
        trace_sample: s.read(
            "telemetry.trace-sample",
            "0.01",
            &Part,
            "Which part of the events is traced whose publishers say nothing of it; `traceparent` of a request or event decides otherwise.",
        ),
    }
}

impl Kind for Endpoint {
    type Value = Option<Uri>;

    fn parse(&self, raw: &Raw) -> Option<Option<Uri>> {
        let text = raw.text()?;
        if text.is_empty() {
            return Some(None);
        }
        let address: Uri = text.trim_end_matches('/').parse().ok()?;
        let fits = matches!(address.scheme_str(), Some("http" | "https")) && address.query().is_none();
        (fits && address.host().is_some_and(|host| !host.is_empty())).then_some(Some(address))
    }

    fn allowed(&self) -> String {
        "an address such as \"http://127.0.0.1:4318\", or \"\" for none".into()
    }

    fn to_toml(&self, value: &Option<Uri>) -> String {
        quoted(value.as_ref().map(|address| address.to_string()).unwrap_or_default().trim_end_matches('/'))
    }
}

impl Kind for Part {
    type Value = f64;

    fn parse(&self, raw: &Raw) -> Option<f64> {
        raw.text()?.parse().ok().filter(|part| (0.0..=1.0).contains(part))
    }

    fn allowed(&self) -> String {
        "a part from \"0\" to \"1\", such as \"0.01\"".into()
    }

    fn to_toml(&self, value: &f64) -> String {
        quoted(&value.to_string())
    }
}
