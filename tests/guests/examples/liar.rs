//! Owns `lie`, and does not keep to its schema: it fails on numbers from 7 on, and takes texts for numbers.
use serde_json::Value;
use tidemill_sdk::{
    Event, EventType, EventTypes, Failure, Manifest, NoConfig, Plugin, Problem, Target, Validity, manifest,
};

tidemill_sdk::export!(Liar: event_types);

struct Liar;

impl Plugin for Liar {
    type Config = NoConfig;

    fn manifest() -> Manifest {
        manifest! { name: "liar", summary: "Owns lie" }
    }

    fn configure(_: NoConfig) -> Result<Self, String> {
        Ok(Self)
    }
}

impl EventTypes for Liar {
    fn types(&self) -> Vec<EventType> {
        let schema =
            r#"{"type":"object","required":["n"],"properties":{"n":{"type":"integer","minimum":0,"maximum":1000}}}"#;
        vec![EventType {
            name: "lie".into(),
            version: "1.0.0".into(),
            summary: "A number".into(),
            schema_json: schema.into(),
            examples: vec![],
        }]
    }

    fn validate(&mut self, event: &Event<'_>) -> Result<Validity, Failure> {
        let data: Value = event.json()?;
        match &data["n"] {
            Value::Number(number) => {
                assert!(number.as_f64().unwrap_or_default() < 7.0, "{number} is too much");
                match number.as_u64() {
                    Some(_) => Ok(Validity::Valid),
                    None => Err(Problem::new("/n", "expected a whole number").into()),
                }
            }
            Value::String(_) => Ok(Validity::Valid),
            _ => Err(Problem::new("/n", "expected a number").into()),
        }
    }

    fn render(&self, event: &Event<'_>, _: Target) -> String {
        event.id().to_owned()
    }
}
