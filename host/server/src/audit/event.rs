//! Lines of the audit log as events, for whoever follows them like any others. The log must not grow without a bound for
//! what strangers try: of all there are, only so many a second become events, and only so many wait for the log.

use std::sync::Arc;

use serde_json::{Map, json};
use tidemill_event::{Attributes, Audience, Data, Event, JsonText};
use uuid::Uuid;

use crate::announce::HOST_SOURCE;
use crate::app::App;
use crate::audit::Line;
use crate::clock;
use crate::limits::AUDIT_EVENTS_WAITING_MAX;

const TYPE: &str = "tidemill.audit";
/// Whoever has this permission: others are not to see who tries what.
const AUDIENCE: &str = "{\"permissions\":[\"admin\"]}";

/// Stores a line as an event, if that is wanted. Waits for nobody.
pub(super) fn tell(app: &App, line: &Line<'_>) {
    if !app.config().audit.events || app.audit.events.check().is_err() {
        return;
    }
    match event(line) {
        Ok(event) => drop(app.bus.try_announce(event, AUDIT_EVENTS_WAITING_MAX)),
        Err(problems) => tracing::error!(?problems, "a line of the audit log is no event"),
    }
}

fn event(line: &Line<'_>) -> Result<Event, Vec<tidemill_event::Problem>> {
    let data = json!({
        "action": line.action,
        "object": line.object,
        "outcome": line.outcome,
        "status": line.status,
        "reason": line.reason,
        "principal": line.by.map(ToString::to_string),
        "remote": line.remote.address.to_string(),
        "requestId": line.id,
    });
    let (id, none) = (Uuid::now_v7().to_string(), Map::new());
    let attributes = Attributes {
        id: &id,
        source: HOST_SOURCE,
        event_type: TYPE,
        // Not the object: a client may have chosen it.
        subject: Some(line.action),
        content_type: None,
        data_schema: None,
        extensions: &none,
    };
    let audience = Audience::parse("audience", AUDIENCE)?;
    let event = Event::new(&attributes, clock::now(), Data::Json(JsonText::from(&data)))?;
    Ok(event.with_audience(Some(Arc::new(audience))))
}
