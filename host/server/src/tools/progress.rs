//! How far calls are, as events: `tidemill.tool.progress`, for whoever calls. Only so many a second become events, and only so
//! many wait for the log.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use serde_json::{Map, json};
use tidemill_event::{Attributes, Audience, Data, Event, JsonText, Problem};
use tidemill_plugin::{Plugin, ToolProgress};
use uuid::Uuid;

use super::Call;
use crate::announce::HOST_SOURCE;
use crate::app::App;
use crate::clock;
use crate::limits::{TOOL_PROGRESS_EVENTS_MAX, TOOL_PROGRESS_EVENTS_WAITING_MAX};

const TYPE: &str = "tidemill.tool.progress";

/// Reports of all calls, on their way to the log.
pub(super) struct ProgressEvents(Arc<DefaultDirectRateLimiter>);

impl Default for ProgressEvents {
    fn default() -> Self {
        Self(Arc::new(RateLimiter::direct(Quota::per_second(
            NonZeroU32::new(TOOL_PROGRESS_EVENTS_MAX).unwrap_or(NonZeroU32::MIN),
        ))))
    }
}

impl fmt::Debug for ProgressEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProgressEvents").finish_non_exhaustive()
    }
}

impl ProgressEvents {
    /// Tells whoever calls, and the bus.
    pub(super) fn of(
        &self,
        app: &Arc<App>,
        plugin: &Plugin,
        call: &Call,
    ) -> Arc<dyn Fn(ToolProgress) + Send + Sync + 'static> {
        let (rate, app, told) = (Arc::clone(&self.0), Arc::downgrade(app), call.progress.clone());
        let about = About {
            call: Uuid::now_v7().to_string(),
            tool: call.name.clone(),
            plugin: Arc::clone(plugin.name()),
            caller: call.who.reader().client.clone(),
        };
        Arc::new(move |report| {
            if let Some(app) = app.upgrade()
                && rate.check().is_ok()
            {
                match about.event(&report) {
                    Ok(event) => drop(app.bus.try_announce(event, TOOL_PROGRESS_EVENTS_WAITING_MAX)),
                    Err(problems) => tracing::error!(?problems, "a report of progress is no event"),
                }
            }
            if let Some(told) = &told {
                told(report);
            }
        })
    }
}

/// Which call is reported about.
struct About {
    call: String,
    tool: String,
    plugin: Arc<str>,
    /// None for somebody without a token: then everybody sees it.
    caller: Option<String>,
}

impl About {
    fn event(&self, report: &ToolProgress) -> Result<Event, Vec<Problem>> {
        let percent = report.total.filter(|total| *total > 0.0).map(|total| report.done / total * 100.0);
        let data = json!({
            "callId": self.call,
            "tool": self.tool,
            "plugin": &*self.plugin,
            "done": report.done,
            "total": report.total,
            "percent": percent,
            "message": report.message,
        });
        let (id, none) = (Uuid::now_v7().to_string(), Map::new());
        let attributes = Attributes {
            id: &id,
            source: HOST_SOURCE,
            event_type: TYPE,
            subject: Some(&self.tool),
            content_type: None,
            data_schema: None,
            extensions: &none,
        };
        let audience =
            self.caller.as_ref().map(|name| Audience::parse("audience", &json!({"clients": [name]}).to_string()));
        let event = Event::new(&attributes, clock::now(), Data::Json(JsonText::from(&data)))?;
        Ok(event.with_audience(audience.transpose()?.map(Arc::new)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_an_event_for_whoever_calls() {
        let about =
            About { call: "1".into(), tool: "boil".into(), plugin: "kitchen".into(), caller: Some("ann".into()) };
        let report = ToolProgress { done: 3.0, total: Some(12.0), message: None };
        let event = about.event(&report).unwrap();
        let data: serde_json::Value = serde_json::from_slice(event.data()).unwrap();
        assert_eq!((&data["percent"], &data["tool"]), (&json!(25.0), &json!("boil")));
        assert_eq!(event.audience().unwrap().json(), r#"{"clients":["ann"]}"#);
        let open = About { caller: None, ..about };
        assert!(open.event(&report).unwrap().audience().is_none());
    }
}
