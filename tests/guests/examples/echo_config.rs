//! Shows the configuration it was given, compact, as the extension `config` of each event.
use serde_json::value::RawValue;
use tidemill_sdk::{Event, Failure, Manifest, Outcome, Output, Plugin, Transform, manifest};

tidemill_sdk::export!(EchoConfig: transform);

struct EchoConfig(Box<RawValue>);

impl Plugin for EchoConfig {
    type Config = Box<RawValue>;

    fn manifest() -> Manifest {
        manifest! { name: "echo-config", summary: "Shows its configuration", subscribes: &["*"], needs_data: false }
    }

    fn configure(config: Box<RawValue>) -> Result<Self, String> {
        Ok(Self(config))
    }
}

impl Transform for EchoConfig {
    fn apply(&mut self, _: &Event<'_>) -> Result<Outcome, Failure> {
        Ok(Outcome::change(Output::new().extension("config", self.0.get())))
    }
}
