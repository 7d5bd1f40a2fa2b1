//! Tells others, by an event, that a client of a mount came or went, where the mount says so. Waits for nobody: the events
//! stand in one queue, in the order of what happened, and one task publishes them, only so many a second.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, json};
use tidemill_bus::Published;
use tidemill_event::{Attributes, Data, Event, JsonText};
use tokio::runtime::Handle;
use tokio::time::sleep;
use uuid::Uuid;

use super::notice::Notice;
use crate::announce::HOST_SOURCE;
use crate::app::App;
use crate::clock;
use crate::connections::{Connection, Use};
use crate::limits::{CHANGE_PAUSE, CHANGES_WAITING_MAX};
use crate::mount::profile::Change;

/// What happened.
#[derive(Debug, Clone, Copy)]
pub(crate) enum What {
    Came,
    Went,
}

/// The events that wait for the pipeline.
#[derive(Debug, Default)]
pub(crate) struct Changes(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    events: VecDeque<Event>,
    /// A task takes them out.
    is_drained: bool,
}

impl Changes {
    /// The next one; none: nobody takes them out from now on.
    fn next(&self) -> Option<Event> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = waiting.events.pop_front();
        waiting.is_drained = next.is_some();
        next
    }
}

/// Publishes the mount's event, which passes plugins as any other does.
pub(crate) fn tell(app: &Arc<App>, connection: &Connection, what: What) {
    let profile = connection.terms.mount.profile();
    let Some(change) = profile.on_change.as_ref().filter(|_| connection.terms.usage == Use::Stream) else { return };
    let Ok(runtime) = Handle::try_current() else { return };
    // Held while the event is made, so that what is counted in it has the order of the events.
    let mut waiting = app.changes.0.lock().unwrap_or_else(PoisonError::into_inner);
    if waiting.events.len() >= CHANGES_WAITING_MAX {
        return profile.failures.note("on-change", "too many wait to be told of");
    }
    let event = match event(app, connection, what, change) {
        Ok(event) => event,
        Err(error) => return profile.failures.note("on-change", &error),
    };
    waiting.events.extend(event);
    if !waiting.is_drained && !waiting.events.is_empty() {
        waiting.is_drained = true;
        runtime.spawn(drain(Arc::clone(app)));
    }
}

/// Publishes what waits, one after the other.
async fn drain(app: Arc<App>) {
    while let Some(event) = app.changes.next() {
        let published = Published { id_given: false, ..Published::from(event) };
        // Nobody waits for the outcome; figures count it.
        let _ = app.bus.publish(vec![published]).await;
        sleep(CHANGE_PAUSE).await;
    }
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
