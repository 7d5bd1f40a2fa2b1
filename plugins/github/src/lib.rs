//! GitHub webhook deliveries as event types: `github.<event>` and `github.<event>.<action>`.
//!
//! Owns what happens to one event: checked by the schema of its type, its subject set, its noise removed, shown to
//! people. What GitHub sends stands in `events.json`; how deliveries arrive in `delivery.rs`.
mod catalog;
mod configuration;
mod delivery;
mod render;
mod trim;

use tidemill_sdk::webhook::{Delivery, Draft, Refusal, Webhook};
use tidemill_sdk::{
    Event, EventType, EventTypes, Failure, Manifest, Output, Plugin, Problem, Target, Validity, log, manifest, rewrite,
};

pub use self::configuration::Configuration;
use self::{catalog::Catalog, trim::Hypermedia};

tidemill_sdk::export!(GitHub: event_types, webhook);

/// The plugin.
#[derive(Debug)]
pub struct GitHub {
    catalog: Catalog,
    configuration: Configuration,
}

/// The longest subject that an event may have, in bytes; longer names do not become one.
const MAX_SUBJECT: usize = 1024;

impl Plugin for GitHub {
    type Config = Configuration;

    fn manifest() -> Manifest {
        manifest! {
            summary: "GitHub webhook deliveries: checked by their event and action, subject set to the repository",
            config_schema: Some(configuration::SCHEMA),
        }
    }

    fn configure(configuration: Configuration) -> Result<Self, String> {
        let catalog = Catalog::load().map_err(|error| format!("events.json: {error}"))?;
        Ok(Self { catalog, configuration })
    }
}

impl EventTypes for GitHub {
    fn types(&self) -> Vec<EventType> {
        self.catalog.types()
    }

    fn validate(&mut self, event: &Event<'_>) -> Result<Validity, Failure> {
        if !event.is_json() {
            return Err(Problem::new("datacontenttype", "expected application/json, as GitHub sends it").into());
        }
        let captures = self.catalog.check(event.kind(), event.data())?;
        let mut output = Output::new();
        let mut changed = false;
        if event.subject().is_none()
            && let Some(subject) = captures.into_iter().flatten().next()
            && (1..=MAX_SUBJECT).contains(&subject.len())
        {
            output = output.subject(subject);
            changed = true;
        }
        if self.configuration.trim {
            match rewrite::rewrite(event.data(), &mut Hypermedia) {
                Ok(None) => {}
                Ok(Some(data)) => {
                    output = output.data(data);
                    changed = true;
                }
                // Valid, only nested deeper than can be trimmed: trimming is a convenience, so it stays as it is.
                Err(error) => log::debug!("not trimmed: {error}"; "id" => event.id()),
            }
        }
        Ok(if changed { Validity::Normalised(output) } else { Validity::Valid })
    }

    fn render(&self, event: &Event<'_>, target: Target) -> String {
        render::render(&self.catalog, event, target)
    }
}

impl Webhook for GitHub {
    fn receive(&mut self, delivery: &Delivery) -> Result<Vec<Draft>, Refusal> {
        delivery::receive(&self.catalog, delivery, self.configuration.secret.as_deref())
    }
}

#[cfg(test)]
mod tests;
