//! Tells others, by an event, that a client of a mount came or went, where the mount says so. Waits for nobody.

use std::sync::Arc;

use serde_json::{Map, json};
use tidemill_bus::Published;
use tidemill_event::{Attributes, Data, Event, JsonText};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::notice::Notice;
use crate::announce::HOST_SOURCE;
use crate::app::App;
use crate::clock;
use crate::connections::{Connection, Use};
use crate::limits::CHANGES_WAITING_MAX;
use crate::mount::profile::Change;

/// What happened.
#[derive(Debug, Clone, Copy)]
pub(crate) enum What {
    Came,
    Went,
}

/// Places for those that wait for the pipeline.
static WAITING: Semaphore = Semaphore::const_new(CHANGES_WAITING_MAX);

/// Publishes the mount's event, which passes plugins as any other does.
pub(crate) fn tell(app: &Arc<App>, connection: &Connection, what: What) {
    let profile = connection.terms.mount.profile();
    let Some(change) = profile.on_change.as_ref().filter(|_| connection.terms.usage == Use::Stream) else { return };
    let (Ok(place), Ok(runtime)) = (WAITING.try_acquire(), Handle::try_current()) else {
        return profile.failures.note("on-change", "too many wait to be told of");
    };
    let event = match event(app, connection, what, change) {
        Ok(event) => event,
        Err(error) => return profile.failures.note("on-change", &error),
    };
    let Some(event) = event else { return };
    let published = Published { id_given: false, ..Published::from(event) };
    let app = Arc::clone(app);
    runtime.spawn(async move {
        // Nobody waits for the outcome; figures count it.
        let _ = app.bus.publish(vec![published]).await;
        drop(place);
    });
}

fn event(app: &App, connection: &Connection, what: What, change: &Change) -> Result<Option<Event>, String> {
    let mut input = Notice { app, connection, position: app.bus.last() }.facts();
    input["change"] = json!(match what {
        What::Came => "connected",
        What::Went => "disconnected",
    });
    let Some(data) = change.data.first(input.to_string().as_bytes())? else { return Ok(None) };
    let data = JsonText::parse(&data.into()).map_err(|error| error.to_string())?;
    let attributes = Attributes {
        id: &Uuid::now_v7().to_string(),
        source: HOST_SOURCE,
        event_type: &change.event_type,
        subject: Some(connection.terms.mount.path()),
        content_type: None,
        data_schema: None,
        extensions: &Map::new(),
    };
    let event = Event::new(&attributes, clock::now(), Data::Json(data));
    event.map(Some).map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}
