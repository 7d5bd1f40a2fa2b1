//! What plugins reach of the server while clients call them: the bus, figures, and those who follow lists and resources.

use std::sync::{Arc, OnceLock, Weak};

use async_trait::async_trait;
use tidemill_bus::{Outcome, Published};
use tidemill_event::Event;
use tidemill_plugin::{Listing, Platform};

use super::Changes;
use crate::app::App;

/// The server, once it is built.
pub(crate) struct ServerPlatform {
    pub(crate) app: Arc<OnceLock<Weak<App>>>,
    pub(crate) changes: Arc<Changes>,
}

impl ServerPlatform {
    fn app(&self) -> Option<Arc<App>> {
        self.app.get().and_then(Weak::upgrade)
    }
}

#[async_trait]
impl Platform for ServerPlatform {
    async fn publish(&self, caller: Option<&str>, events: Vec<(Event, bool)>) -> Result<(), String> {
        let app = self.app().ok_or("the host is starting or stopping")?;
        let bytes = events.iter().map(|(event, _)| event.data().len()).sum();
        let quotas = Arc::clone(&app.admission.load().quotas);
        quotas.call(caller, events.len(), bytes, &app.figures.limited).map_err(|problem| problem.to_string())?;
        // On account of no event, but of a plugin.
        let published = |(event, id_given)| Published { event, id_given, hops: 1, trail: None };
        let events = events.into_iter().map(published).collect();
        let outcomes = app.bus.publish(events).await.map_err(|error| error.to_string())?;
        let mut refused = outcomes.iter().enumerate().filter_map(|(at, outcome)| Some((at, refusal(outcome)?)));
        refused.next().map_or(Ok(()), |(at, reason)| Err(format!("event {}: {reason}", at + 1)))
    }

    fn streams(&self, path: Option<&str>) -> Option<u32> {
        let mounts = self.app()?.connections.mounts();
        let streams = match path {
            None => mounts.iter().map(|(_, streams, _)| streams).sum(),
            Some(path) => mounts.iter().find(|(own, ..)| own == path)?.1,
        };
        Some(u32::try_from(streams).unwrap_or(u32::MAX))
    }

    fn changed(&self, listing: Listing) {
        self.changes.one(listing);
    }

    fn updated(&self, uri: &str) {
        self.changes.updated(uri);
    }
}

/// Why an event is not in the log, though it should be.
fn refusal(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Stored { .. } | Outcome::Dropped { .. } => None,
        Outcome::Rejected { problems, .. } => {
            Some(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
        }
        Outcome::Retry { by, reason } => Some(format!("plugin `{by}` cannot take it now: {reason}")),
        Outcome::Failed { by, fault, .. } => Some(format!("plugin `{by}` failed on it: {fault}")),
        Outcome::Full { reason } | Outcome::Lost { reason } => Some(reason.clone()),
    }
}
