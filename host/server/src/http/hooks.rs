//! `POST /hooks/{plugin}`: deliveries of other systems. The plugin checks who sent them and says which events they are;
//! these are then published like any others. Must not know what senders there are.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use tidemill_bus::{Outcome, Published};
use tidemill_event::Problem as EventProblem;
use tidemill_plugin::{Delivery, Draft, Fault, Kind as PluginKind, Lane, Plugin, Plugins, Received};
use uuid::Uuid;

use crate::app::App;
use crate::clock;
use crate::http::extract::Path;
use crate::http::{body, outcome, publish, registry};
use crate::limits::HOOK_LANES_MAX;
use crate::problem::{Kind, Problem};

/// Instances for deliveries, apart from those that events pass through.
#[derive(Debug)]
pub(crate) struct Hooks {
    plugins: Arc<Plugins>,
    idle: Mutex<Vec<Lane>>,
    busy: Arc<tokio::sync::Semaphore>,
}

impl Hooks {
    pub(crate) fn new(plugins: Arc<Plugins>) -> Self {
        let busy = Arc::new(tokio::sync::Semaphore::new(HOOK_LANES_MAX));
        Self { plugins, idle: Mutex::default(), busy }
    }

    /// Lets go of instances of plugins that run no more.
    pub(crate) fn plugins_changed(&self) {
        let current = self.plugins.current();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).iter_mut().for_each(|lane| lane.enter(&current));
    }

    /// Hands a delivery to a plugin. Blocks.
    fn receive(&self, plugin: &Arc<Plugin>, delivery: Delivery) -> Result<Received, Fault> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lane = idle().pop().unwrap_or_else(|| Lane::new(self.plugins.engine().clone()));
        lane.enter(&self.plugins.current());
        let received = lane.receive(plugin, delivery);
        idle().push(lane);
        received
    }
}

/// Takes a delivery and answers what became of its events.
pub(super) async fn receive(State(app): State<Arc<App>>, Path(name): Path<String>, request: Request) -> Response {
    let answer = deliver(Arc::clone(&app), name, request).await.unwrap_or_else(IntoResponse::into_response);
    app.figures.hooks.note(answer.status());
    answer
}

async fn deliver(app: Arc<App>, name: String, request: Request) -> Result<Response, Problem> {
    let plugin = registry::find(&app, &name)?.running;
    let plugin = plugin.filter(|plugin| plugin.kinds().contains(&PluginKind::Webhook)).ok_or_else(|| {
        let detail =
            format!("the plugin `{name}` takes no deliveries, or does not run; GET /plugins/{name} says which");
        Problem::new(Kind::NotFound, detail)
    })?;
    let (Parts { headers, uri, .. }, body) = request.into_parts();
    let body = body::read(&headers, body, app.config().publish.body_max).await?;
    let query = uri.query().unwrap_or_default().to_owned();
    let delivery = Delivery { headers: readable(&headers), query, body: body.into() };
    let place = Arc::clone(&app.hooks.busy).acquire_owned().await;
    let (hooks, asked) = (Arc::clone(&app), Arc::clone(&plugin));
    let received = tokio::task::spawn_blocking(move || {
        // Kept until the plugin is done: a sender that goes away does not make room for another one.
        let _place = place;
        hooks.hooks.receive(&asked, delivery)
    })
    .await;
    let received = received.map_err(|error| Problem::new(Kind::Unavailable, error.to_string()))?;
    match received {
        Ok(Received::Events(drafts)) => publish_all(&app, &name, drafts).await,
        Ok(Received::Refused { status, detail }) => Err(Problem::of_hook(status, detail)),
        Err(fault) => {
            let detail = format!("plugin `{name}` failed on the delivery: {fault}; nothing of it was stored");
            Err(Problem::new(Kind::PluginFailed, detail))
        }
    }
}

async fn publish_all(app: &App, name: &str, drafts: Vec<Draft>) -> Result<Response, Problem> {
    let mut events = Vec::with_capacity(drafts.len());
    let items: Vec<Result<String, Outcome>> = drafts
        .into_iter()
        .map(|draft| match event(name, draft) {
            Ok(published) => {
                let id = published.event.id().to_owned();
                events.push(published);
                Ok(id)
            }
            Err(problems) => Err(Outcome::Rejected { by: Some(Arc::from(name)), problems }),
        })
        .collect();
    let outcomes = match events.is_empty() {
        true => Vec::new(),
        false => app.bus.publish(events).await.map_err(|error| publish::refused(&error))?,
    };
    if let ([Ok(id)], [outcome]) = (&items[..], &outcomes[..]) {
        return Ok(outcome::single(id, Some(outcome), None, app.durability));
    }
    Ok(outcome::several(&items, &outcomes, &[], app.durability))
}

/// A draft as an event, or what is wrong with it.
fn event(name: &str, draft: Draft) -> Result<Published, Vec<EventProblem>> {
    let (event, id_given) = draft.into_event(name, || Uuid::now_v7().to_string(), clock::now())?;
    Ok(Published { event, id_given, hops: 0, trail: None })
}

/// Header fields as texts; what is none is left out.
fn readable(headers: &HeaderMap) -> Vec<(String, String)> {
    let fields =
        headers.iter().filter_map(|(name, value)| Some((name.as_str(), std::str::from_utf8(value.as_bytes()).ok()?)));
    fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
