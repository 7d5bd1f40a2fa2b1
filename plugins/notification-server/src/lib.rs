//! Tools that tell of progress and send notifications, to everybody who listens.
//!
//! Owns the plugin: its configuration, its tools, its event types. What each tool does is in a file of its own.
mod events;
mod notification;
mod progress;
mod status;

use serde::Deserialize;
use tidemill_sdk::tools::{Answer, Call, Failure, Tool, Tools};
use tidemill_sdk::{
    Event, EventType, EventTypes, Failure as EventFailure, Manifest, Plugin, Target, Validity, manifest,
};

use events::Types;

tidemill_sdk::export!(NotificationServer: tools, event_types);

/// The plugin.
#[derive(Debug)]
pub struct NotificationServer {
    configuration: Configuration,
    types: Types,
}

/// What an operator sets.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Configuration {
    /// Path of the mount that clients listen at; without it all streams of the host count.
    pub mount: Option<String>,
    /// What clients are told to connect to.
    pub endpoint: Option<String>,
    /// What it takes to call the tools that publish; without it whoever calls tools may.
    pub permission: Option<String>,
}

const CONFIGURATION: &str = r#"{"type":"object","additionalProperties":false,"properties":{
    "mount":{"type":"string","pattern":"^/","description":"Path of the mount that clients listen at, such as /mcp"},
    "endpoint":{"type":"string","description":"What clients are told to connect to, such as http://127.0.0.1:8005/mcp"},
    "permission":{"type":"string","minLength":1,"description":"What it takes to call the tools that publish, such as notify"}}}"#;

impl Plugin for NotificationServer {
    type Config = Configuration;

    fn manifest() -> Manifest {
        manifest! {
            name: "notification-server",
            summary: "Tools that tell of progress and send notifications",
            config_schema: Some(CONFIGURATION),
        }
    }

    fn configure(configuration: Configuration) -> Result<Self, String> {
        Ok(Self { configuration, types: Types::load()? })
    }
}

impl Tools for NotificationServer {
    fn tools(&self) -> Vec<Tool> {
        let publishing = [progress::tool(), notification::tool()].into_iter().map(|tool| {
            match self.configuration.permission.as_deref() {
                Some(permission) => tool.permission(permission),
                None => tool,
            }
        });
        publishing.chain([status::tool()]).collect()
    }

    fn call(&mut self, invoked: &Call) -> Result<Answer, Failure> {
        match invoked.name.as_str() {
            progress::NAME => progress::run(&invoked.arguments()?),
            notification::NAME => notification::send(invoked.arguments()?),
            status::NAME => status::tell(&self.configuration),
            _ => Err(Failure::UnknownTool),
        }
    }
}

impl EventTypes for NotificationServer {
    fn types(&self) -> Vec<EventType> {
        Types::declared()
    }

    fn validate(&mut self, event: &Event<'_>) -> Result<Validity, EventFailure> {
        self.types.check(event)?;
        Ok(Validity::Valid)
    }

    fn render(&self, event: &Event<'_>, target: Target) -> String {
        events::render(event, target)
    }
}

#[cfg(test)]
mod tests;
