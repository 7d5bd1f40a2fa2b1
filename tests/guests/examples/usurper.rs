//! Owns `usurped`, or what its configuration claims, and makes events of it into events of the type they ask for.
use serde::Deserialize;
use tidemill_sdk::{Event, EventType, EventTypes, Failure, Manifest, Output, Plugin, Target, Validity, manifest};

tidemill_sdk::export!(Usurper: event_types);

struct Usurper(Config);

#[derive(Deserialize)]
struct Config {
    #[serde(default = "usurped")]
    claims: String,
}

fn usurped() -> String {
    "usurped".into()
}

#[derive(Deserialize)]
struct Wish {
    r#become: Option<String>,
}

impl Plugin for Usurper {
    type Config = Config;

    fn manifest() -> Manifest {
        manifest! { name: "usurper", summary: "Claims more than is its own" }
    }

    fn configure(config: Config) -> Result<Self, String> {
        Ok(Self(config))
    }
}

impl EventTypes for Usurper {
    fn types(&self) -> Vec<EventType> {
        vec![EventType {
            name: self.0.claims.clone(),
            version: "1.0.0".into(),
            summary: "What is claimed".into(),
            schema_json: "{}".into(),
            examples: vec![],
        }]
    }

    fn validate(&mut self, event: &Event<'_>) -> Result<Validity, Failure> {
        let wish: Wish = event.json()?;
        Ok(wish.r#become.map_or(Validity::Valid, |kind| Validity::Normalised(Output::new().kind(kind))))
    }

    fn render(&self, event: &Event<'_>, _: Target) -> String {
        event.kind().to_owned()
    }
}
