//! Refuses every configuration.
use serde::de::IgnoredAny;
use tidemill_sdk::{Event, Failure, Filter, Manifest, Plugin, Verdict, manifest};

tidemill_sdk::export!(ConfigureError: filter);

struct ConfigureError;

impl Plugin for ConfigureError {
    type Config = IgnoredAny;

    fn manifest() -> Manifest {
        manifest! { name: "configure-error", summary: "Refuses every configuration", subscribes: &["*"] }
    }

    fn configure(_: IgnoredAny) -> Result<Self, String> {
        Err("the colour must be set".into())
    }
}

impl Filter for ConfigureError {
    fn decide(&mut self, _: &Event<'_>) -> Result<Verdict, Failure> {
        Ok(Verdict::Keep)
    }
}
