//! Event types that a team declares by JSON Schemas in its configuration.
//!
//! Owns what happens to events of those types: checked and shown. What the types are is known to the configuration only.
mod configuration;

use std::collections::BTreeMap;

use serde_json::Value;
use tidemill_sdk::{
    Event, EventType, EventTypes, Failure, Fault, Manifest, Plugin, Problem, Target, Validity, html, manifest,
    schema::{Schema, Template},
};

pub use self::configuration::{Configuration, Declaration};

tidemill_sdk::export!(JsonSchema: event_types);

/// The most types that a plugin may own, and the longest schema in bytes: the contract's bounds.
const MAX_TYPES: usize = 1024;
const MAX_SCHEMA: usize = 256 * 1024;

/// The plugin.
#[derive(Debug)]
pub struct JsonSchema {
    types: BTreeMap<String, Type>,
}

#[derive(Debug)]
struct Type {
    declaration: Declaration,
    schema: Schema,
    render: Option<Template>,
}

impl Plugin for JsonSchema {
    type Config = Configuration;

    fn manifest() -> Manifest {
        manifest! {
            summary: "Event types declared by JSON Schemas in the configuration",
            config_schema: Some(configuration::SCHEMA),
        }
    }

    fn configure(configuration: Configuration) -> Result<Self, String> {
        let count = configuration.types.len();
        if count > MAX_TYPES {
            return Err(format!(
                "config.types: {count} types are more than {MAX_TYPES}: use a second copy of this plugin"
            ));
        }
        let types = configuration.types.into_iter().map(|(name, declaration)| {
            let declared = compile(declaration).map_err(|error| format!("config.types.\"{name}\".{error}"))?;
            Ok((name, declared))
        });
        Ok(Self { types: types.collect::<Result<_, String>>()? })
    }
}

fn compile(declaration: Declaration) -> Result<Type, String> {
    let length = declaration.schema.to_string().len();
    if length > MAX_SCHEMA {
        return Err(format!("schema: {length} bytes are more than {MAX_SCHEMA}"));
    }
    let schema = Schema::compile(&declaration.schema).map_err(|error| format!("schema {error}"))?;
    for (number, example) in declaration.examples.iter().enumerate() {
        if let Err(problems) = schema.check(example.to_string().as_bytes()) {
            let problem = problems.into_iter().next().unwrap_or_else(|| Problem::new("", "does not fit the schema"));
            return Err(format!("examples[{number}]{}: {}", problem.at, problem.detail));
        }
    }
    let render = declaration.render.as_deref().map(Template::parse).transpose();
    let render = render.map_err(|error| format!("render {error}"))?;
    Ok(Type { declaration, schema, render })
}

impl EventTypes for JsonSchema {
    fn types(&self) -> Vec<EventType> {
        let types = self.types.iter().map(|(name, Type { declaration, .. })| EventType {
            name: name.clone(),
            version: declaration.version.clone(),
            summary: declaration.summary.clone(),
            schema_json: declaration.schema.to_string(),
            examples: declaration.examples.iter().map(Value::to_string).collect(),
        });
        types.collect()
    }

    fn validate(&mut self, event: &Event<'_>) -> Result<Validity, Failure> {
        let Some(declared) = self.types.get(event.kind()) else {
            return Err(Fault::broken(format!("asked to validate {}, which is not declared", event.kind())).into());
        };
        if !event.is_json() {
            return Err(Problem::new("datacontenttype", "expected application/json, or none").into());
        }
        declared.schema.check(event.data())?;
        Ok(Validity::Valid)
    }

    fn render(&self, event: &Event<'_>, target: Target) -> String {
        let template = self.types.get(event.kind()).and_then(|declared| declared.render.as_ref());
        let line = match template {
            Some(template) => template.render(&event.json().unwrap_or_default()),
            None => [event.kind(), event.subject().unwrap_or_default()].join(" ").trim_end().to_owned(),
        };
        match target {
            Target::Text => line,
            Target::Html => html::escape(&line).into_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
