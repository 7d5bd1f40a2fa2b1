//! A backlog of projects: `list_projects`, `create_project` for those who may write, and `long_report`, which tells how far it
//! is. What is created is the event `project.created`, a type of this plugin's.
//!
//! Calls share nothing, so the backlog is what the operator configured; a client adds what it is told of by events.
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use tidemill_sdk::bus::{self, NewEvent};
use tidemill_sdk::tools::{Answer, Call, Failure, Tool, Tools};
use tidemill_sdk::{
    Event, EventType, EventTypes, Failure as EventFailure, Manifest, Plugin, Target, Validity, call, html, manifest,
};

tidemill_sdk::export!(Projects: tools, event_types);

/// The plugin.
#[derive(Debug)]
pub struct Projects(Backlog);

/// What an operator sets.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Backlog {
    /// The projects that there are.
    pub projects: Vec<Project>,
}

/// One of them.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Project {
    /// How it is called.
    pub name: String,
    /// Who looks after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

const CREATED: &str = "project.created";

const BACKLOG: &str = r#"{"type":"object","additionalProperties":false,"properties":{
    "projects":{"type":"array","maxItems":1000,"items":{"type":"object","required":["name"],"properties":{
        "name":{"type":"string"},"owner":{"type":"string"}}}}}}"#;

const PROJECT: &str = r#"{"type":"object","required":["name"],"additionalProperties":false,"properties":{
    "name":{"type":"string","minLength":1,"maxLength":100,"description":"How it is called"},
    "owner":{"type":"string","minLength":1,"maxLength":100,"description":"Who looks after it"}}}"#;

const REPORT: &str = r#"{"type":"object","properties":{
    "steps":{"type":"integer","minimum":1,"maximum":100,"default":5,"description":"How many parts it has"},
    "seconds":{"type":"number","minimum":0,"maximum":60,"default":5,"description":"How long it takes"}}}"#;

#[derive(Debug, Deserialize)]
struct Report {
    #[serde(default = "five")]
    steps: f64,
    #[serde(default = "five")]
    seconds: f64,
}

fn five() -> f64 {
    5.0
}

impl Plugin for Projects {
    type Config = Backlog;

    fn manifest() -> Manifest {
        manifest! { name: "projects", summary: "A backlog of projects", config_schema: Some(BACKLOG) }
    }

    fn configure(backlog: Backlog) -> Result<Self, String> {
        Ok(Self(backlog))
    }
}

impl Tools for Projects {
    fn tools(&self) -> Vec<Tool> {
        vec![
            Tool::new("list_projects", "Lists the projects of the backlog").read_only(),
            Tool::new("create_project", "Creates a project, and tells everybody who listens")
                .input_schema(PROJECT)
                .permission("write"),
            Tool::new("long_report", "Reports on the backlog part by part, which takes a while")
                .input_schema(REPORT)
                .read_only(),
        ]
    }

    fn call(&mut self, invoked: &Call) -> Result<Answer, Failure> {
        match invoked.name.as_str() {
            "list_projects" => json_text(&json!({"projects": self.0.projects})),
            "create_project" => {
                let project: Project = invoked.arguments()?;
                let text = serde_json::to_string(&project).map_err(|error| Failure::Failed(error.to_string()))?;
                bus::publish(&[NewEvent::new(CREATED, text)]).map_err(Failure::Failed)?;
                json_text(&json!({"created": project}))
            }
            "long_report" => self.report(&invoked.arguments()?),
            _ => Err(Failure::UnknownTool),
        }
    }
}

impl Projects {
    fn report(&self, report: &Report) -> Result<Answer, Failure> {
        // The host checked the ranges; JSON writes whole numbers as `5.0`, too.
        let steps = report.steps.clamp(1.0, 100.0) as u32;
        let pause = Duration::from_secs_f64(report.seconds.clamp(0.0, 60.0) / f64::from(steps));
        for step in 1..=steps {
            call::sleep(pause)?;
            call::progress(step.into(), Some(steps.into()), Some(&format!("part {step} of {steps}")));
        }
        json_text(&json!({"parts": steps, "projects": self.0.projects.len()}))
    }
}

/// For programs as `structuredContent`, and as text for those that only read texts.
fn json_text(value: &serde_json::Value) -> Result<Answer, Failure> {
    Answer::text(value.to_string()).structured(value)
}

impl EventTypes for Projects {
    fn types(&self) -> Vec<EventType> {
        vec![EventType {
            name: CREATED.into(),
            version: "1.0.0".into(),
            summary: "Somebody created a project".into(),
            schema_json: PROJECT.into(),
            examples: vec![r#"{"name":"tide tables","owner":"ann"}"#.into()],
        }]
    }

    fn validate(&mut self, event: &Event<'_>) -> Result<Validity, EventFailure> {
        event.json::<Project>()?;
        Ok(Validity::Valid)
    }

    fn render(&self, event: &Event<'_>, target: Target) -> String {
        let line = match event.json::<Project>() {
            Ok(Project { name, owner: Some(owner) }) => format!("{owner} created {name}"),
            Ok(Project { name, owner: None }) => format!("{name} was created"),
            Err(error) => error.to_string(),
        };
        match target {
            Target::Text => line,
            Target::Html => html::escape(&line).into_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use tidemill_sdk::testing;

    use super::*;

    fn backlog() -> Projects {
        Projects(Backlog { projects: vec![Project { name: "tide tables".into(), owner: None }] })
    }

    #[test]
    fn the_backlog_is_listed_as_configured() {
        let listed = backlog().call(&Call::new("list_projects", &json!({}))).expect("listed");
        let expected = json!({"projects": [{"name": "tide tables"}]});
        assert_eq!(
            format!("{:?}", listed.content()[0]),
            format!("{:?}", Answer::text(expected.to_string()).content()[0])
        );
        assert!(matches!(backlog().call(&Call::new("nothing", &json!({}))), Err(Failure::UnknownTool)));
    }

    #[test]
    fn creating_is_for_those_who_may_write() {
        let needing: Vec<String> =
            backlog().tools().into_iter().filter(|tool| tool.permission.is_some()).map(|tool| tool.name).collect();
        assert_eq!(needing, ["create_project"]);
    }

    #[test]
    fn a_project_has_a_name_and_is_told_in_a_line() {
        let sample = testing::event(CREATED).data(r#"{"name":"tide tables","owner":"ann"}"#);
        assert!(backlog().validate(&sample.event()).is_ok());
        assert_eq!(backlog().render(&sample.event(), Target::Text), "ann created tide tables");
        assert!(backlog().validate(&testing::event(CREATED).data(r#"{"owner":"ann"}"#).event()).is_err());
    }
}
