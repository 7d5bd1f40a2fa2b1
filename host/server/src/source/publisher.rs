//! Lines of a shared process as events: they pass the pipeline like any others. While it has no room, the process waits.

use std::sync::Arc;
use std::time::Instant;

use serde_json::Map;
use tidemill_bus::{Outcome, PublishError, Published};
use tidemill_event::{Attributes, Data, Event, JsonText, Problem};
use uuid::Uuid;

use super::figures::Figures;
use super::queue::Receiver;
use crate::app::App;
use crate::clock;
use crate::config::{Form, PublishLines};
use crate::http::simple_event;
use crate::limits::{SOURCE_PUBLISH_BATCH_MAX, SOURCE_PUBLISH_PAUSE, SOURCE_REFUSED_PAUSE};

/// Who publishes lines.
pub(super) struct Publisher<'a> {
    pub(super) name: &'a str,
    pub(super) publish: &'a PublishLines,
    pub(super) app: &'a Arc<App>,
    pub(super) figures: &'a Figures,
}

impl Publisher<'_> {
    /// Publishes until there are no more lines.
    pub(super) async fn run(self, mut lines: Receiver<JsonText>) {
        let mut said: Option<Instant> = None;
        while let Some(first) = lines.take().await {
            let mut batch = vec![first];
            while let Some(line) = (batch.len() < SOURCE_PUBLISH_BATCH_MAX).then(|| lines.take_now()).flatten() {
                batch.push(line);
            }
            let (mut events, mut refused) = (Vec::with_capacity(batch.len()), Vec::new());
            for line in batch {
                match event(&line, self.publish) {
                    Ok(event) => events.extend(event),
                    Err(why) => refused.push(why),
                }
            }
            let stored = self.store(events, &mut refused).await;
            self.figures.published(stored, refused.len() as u64);
            if let Some(why) = refused.first()
                && said.is_none_or(|said| said.elapsed() > SOURCE_REFUSED_PAUSE)
            {
                let lines = refused.len();
                tracing::warn!(source = self.name, lines, "lines were not published; the first one: {why}");
                said = Some(Instant::now());
            }
        }
    }

    /// How many were stored; of the others, why not.
    async fn store(&self, events: Vec<Published>, refused: &mut Vec<String>) -> u64 {
        if events.is_empty() {
            return 0;
        }
        let outcomes = loop {
            match self.app.bus.publish(events.clone()).await {
                Ok(outcomes) => break outcomes,
                Err(PublishError::Busy(_)) => tokio::time::sleep(SOURCE_PUBLISH_PAUSE).await,
                Err(error @ PublishError::Closed) => {
                    refused.extend(events.iter().map(|_| error.to_string()));
                    return 0;
                }
            }
        };
        let mut stored = 0;
        for outcome in outcomes {
            match outcome {
                Outcome::Stored { .. } | Outcome::Dropped { .. } => stored += 1,
                other => refused.push(format!("{other:?}").chars().take(500).collect()),
            }
        }
        stored
    }
}

/// The event of a line, if it has one.
fn event(line: &JsonText, publish: &PublishLines) -> Result<Option<Published>, String> {
    match &publish.form {
        Form::Typed(event_type) => typed(line, event_type, &publish.source).map(Some).map_err(|wrong| said(&wrong)),
        Form::Program(program) => {
            let Some(text) = program.first(line.as_bytes())? else { return Ok(None) };
            let text = std::str::from_utf8(&text).map_err(|error| error.to_string())?;
            simple_event(text, &publish.source).map(Some).map_err(|wrong| said(&wrong))
        }
    }
}

fn typed(line: &JsonText, event_type: &str, source: &str) -> Result<Published, Vec<Problem>> {
    let (id, none) = (Uuid::now_v7().to_string(), Map::new());
    let attributes = Attributes {
        id: &id,
        source,
        event_type,
        subject: None,
        content_type: None,
        data_schema: None,
        extensions: &none,
    };
    let event = Event::new(&attributes, clock::now(), Data::Json(line.clone()))?;
    Ok(Published { event, id_given: false, hops: 0, trail: None })
}

fn said(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("`{}` {}", problem.at, problem.detail)).collect::<Vec<_>>().join("; ")
}
