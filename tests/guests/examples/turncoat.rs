//! Behaves well for a thousand events: then it fails on each, either as its memory tells it or as the events do.
use serde::Deserialize;
use tidemill_sdk::{Event, Failure, Filter, Manifest, NoConfig, Plugin, Verdict, manifest};

tidemill_sdk::export!(Turncoat: filter);

struct Turncoat {
    seen: u64,
}

#[derive(Deserialize)]
struct Numbered {
    n: u64,
}

impl Plugin for Turncoat {
    type Config = NoConfig;

    fn manifest() -> Manifest {
        manifest! { name: "turncoat", summary: "Turns after a thousand events", subscribes: &["turn.*"] }
    }

    fn configure(_: NoConfig) -> Result<Self, String> {
        Ok(Self { seen: 0 })
    }
}

impl Filter for Turncoat {
    fn decide(&mut self, event: &Event<'_>) -> Result<Verdict, Failure> {
        self.seen += 1;
        let turned = match event.kind() {
            "turn.counted" => self.seen > 1000,
            _ => event.json::<Numbered>()?.n >= 1000,
        };
        assert!(!turned, "enough");
        Ok(Verdict::Keep)
    }
}
