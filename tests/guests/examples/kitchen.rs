//! The example of docs/tools.md.
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tidemill_sdk::bus::{self, NewEvent};
use tidemill_sdk::tools::{Answer, Call, Failure, Tool, Tools};
use tidemill_sdk::{Manifest, NoConfig, Plugin, call, manifest};

tidemill_sdk::export!(Kitchen: tools);

struct Kitchen;

#[derive(Deserialize)]
struct Eggs {
    minutes: u32,
}

impl Plugin for Kitchen {
    type Config = NoConfig;
    fn manifest() -> Manifest {
        manifest! { name: "kitchen", summary: "Boils eggs" }
    }
    fn configure(_: NoConfig) -> Result<Self, String> {
        Ok(Self)
    }
}

impl Tools for Kitchen {
    fn tools(&self) -> Vec<Tool> {
        let schema = json!({
            "type": "object", "required": ["minutes"],
            "properties": {"minutes": {"type": "integer", "minimum": 3, "maximum": 10}},
        });
        vec![Tool::new("boil_eggs", "Boils eggs").input_schema(schema.to_string())]
    }

    fn call(&mut self, invoked: &Call) -> Result<Answer, Failure> {
        let Eggs { minutes } = invoked.arguments()?;
        for minute in 1..=minutes {
            // Ends the call when nobody waits for it any more.
            call::sleep(Duration::from_secs(60))?;
            call::progress(minute.into(), Some(minutes.into()), Some("they boil"));
        }
        bus::publish(&[NewEvent::new("kitchen.ready", r#"{"what":"eggs"}"#)]).map_err(Failure::Failed)?;
        Answer::text("They are ready").structured(&json!({"minutes": minutes}))
    }
}
