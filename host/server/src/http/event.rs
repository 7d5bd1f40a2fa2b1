//! `GET /events/{position}`: one stored event, and how its type's owner shows it to people.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::value::RawValue;
use tidemill_event::{Event, Position};
use tidemill_log::Record;
use tidemill_plugin::{Lane, Plugins};

use crate::app::App;
use crate::auth::Who;
use crate::http::extract::Path;
use crate::problem::{Kind, Problem};

/// Instances for showing events, apart from those that events pass through: nobody who looks slows a publisher.
#[derive(Debug)]
pub(crate) struct Renderer {
    plugins: Arc<Plugins>,
    lane: Mutex<Lane>,
}

impl Renderer {
    pub(crate) fn new(plugins: Arc<Plugins>) -> Self {
        let lane = Mutex::new(Lane::new(plugins.engine().clone()));
        Self { plugins, lane }
    }

    /// Lets go of instances of plugins that run no more.
    pub(crate) fn plugins_changed(&self) {
        // If it is in use, whoever uses it next does that.
        if let Ok(mut lane) = self.lane.try_lock() {
            lane.enter(&self.plugins.current());
        }
    }

    /// The owner's line for an event: none if nobody owns its type, or if the owner failed. Blocks.
    fn text(&self, record: &Record) -> Option<String> {
        let generation = self.plugins.current();
        let owner = generation.owner(record.event.event_type())?;
        let mut lane = self.lane.lock().unwrap_or_else(PoisonError::into_inner);
        lane.enter(&generation);
        let rendered = lane.render(owner, &record.event, "text");
        rendered.inspect_err(|fault| tracing::warn!(plugin = &**owner.name(), "cannot show an event: {fault}")).ok()
    }
}

/// As CloudEvents JSON, digit for digit: not all data that is JSON can be read into a value.
pub(super) fn whole(event: &Event) -> Box<RawValue> {
    serde_json::from_slice(&tidemill_bus::cloudevents_json(event)).unwrap_or_default()
}

#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    position: String,
    text: Option<String>,
    event: Box<RawValue>,
}

/// One event as CloudEvents JSON, with `text` where the owner of its type has something to say.
pub(crate) async fn event(
    State(app): State<Arc<App>>,
    who: Who,
    Path(position): Path<String>,
) -> Result<Json<Shown>, Problem> {
    let position: Position =
        position.parse().map_err(|e| Problem::new(Kind::BadRequest, format!("{e}")).at("position"))?;
    // One that somebody may not see is not there for them.
    let record = app.bus.record(position).await.filter(|record| who.reader().may_see(&record.event));
    let Some(record) = record else {
        let info = app.bus.log_info();
        let detail = format!(
            "there is no event at {position}; the log has {}.{} to {}.{}",
            info.epoch, info.first, info.epoch, info.last
        );
        return Err(Problem::new(Kind::NotFound, detail));
    };
    let event = whole(&record.event);
    let renderer = Arc::clone(&app);
    let text = tokio::task::spawn_blocking(move || renderer.renderer.text(&record)).await.unwrap_or_default();
    Ok(Json(Shown { position: position.to_string(), text, event }))
}
