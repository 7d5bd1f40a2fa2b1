//! What happens to plugins, as events: `tidemill.plugin.loaded`, `.replaced`, `.removed`, `.failed`,
//! `.breaker`.

use serde_json::{Map, json};
use tidemill_event::{Attributes, Data, Event, JsonText};
use tidemill_plugin::Notice;
use uuid::Uuid;

use crate::clock;

/// The source of all events that the host makes.
pub(crate) const HOST_SOURCE: &str = "tidemill";

/// The event that tells a notice.
pub(crate) fn event(notice: &Notice) -> Option<Event> {
    let (event_type, name, data) = match notice {
        Notice::Loaded(plugin) => {
            let kinds: Vec<&str> = plugin.kinds().iter().map(|kind| kind.name()).collect();
            let data = json!({"plugin": &**plugin.name(), "version": plugin.version().to_string(), "kinds": kinds});
            ("tidemill.plugin.loaded", &**plugin.name(), data)
        }
        Notice::Replaced { plugin, before } => {
            let (version, before) = (plugin.version().to_string(), before.to_string());
            let data = json!({"plugin": &**plugin.name(), "version": version, "before": before});
            ("tidemill.plugin.replaced", &**plugin.name(), data)
        }
        Notice::Breaker { plugin, state } => {
            let (version, then) = (plugin.version().to_string(), plugin.breaker_settings().then.name());
            let data = json!({"plugin": &**plugin.name(), "version": version, "state": state.name(), "then": then});
            ("tidemill.plugin.breaker", &**plugin.name(), data)
        }
        Notice::Removed { name } => ("tidemill.plugin.removed", name.as_str(), json!({"plugin": name})),
        Notice::Failed { name, error, still } => {
            let data = json!({"plugin": name, "error": error, "running": still.map(|version| version.to_string())});
            ("tidemill.plugin.failed", name.as_str(), data)
        }
    };
    let (id, none) = (Uuid::now_v7().to_string(), Map::new());
    let attributes = Attributes {
        id: &id,
        source: HOST_SOURCE,
        event_type,
        subject: Some(name),
        content_type: None,
        data_schema: None,
        extensions: &none,
    };
    let event = Event::new(&attributes, clock::now(), Data::Json(JsonText::from(&data)));
    event.inspect_err(|problems| tracing::error!(?problems, "an announcement is no event")).ok()
}
