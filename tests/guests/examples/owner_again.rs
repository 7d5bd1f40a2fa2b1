//! Claims the type that `owner` owns.
use tidemill_sdk::{Event, EventType, EventTypes, Failure, Manifest, NoConfig, Plugin, Target, Validity, manifest};

tidemill_sdk::export!(OwnerAgain: event_types);

struct OwnerAgain;

impl Plugin for OwnerAgain {
    type Config = NoConfig;

    fn manifest() -> Manifest {
        manifest! { name: "owner-again", summary: "Claims claimed.thing too" }
    }

    fn configure(_: NoConfig) -> Result<Self, String> {
        Ok(Self)
    }
}

impl EventTypes for OwnerAgain {
    fn types(&self) -> Vec<EventType> {
        tidemill_guests::claimed()
    }

    fn validate(&mut self, _: &Event<'_>) -> Result<Validity, Failure> {
        Ok(Validity::Valid)
    }

    fn render(&self, event: &Event<'_>, _: Target) -> String {
        event.kind().to_owned()
    }
}
