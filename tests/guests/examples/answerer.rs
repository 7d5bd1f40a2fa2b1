//! Publishes an event for each that it sees: `say` so many `times` for every event of type `on`.
use serde::Deserialize;
use tidemill_sdk::bus::{self, NewEvent};
use tidemill_sdk::{Event, Failure, Filter, Manifest, Plugin, Verdict, log, manifest};

tidemill_sdk::export!(Answerer: filter);

#[derive(Deserialize)]
struct Config {
    on: String,
    say: String,
    #[serde(default = "one")]
    times: usize,
    source: Option<String>,
    #[serde(default)]
    drop: bool,
}

struct Answerer(Config);

const fn one() -> usize {
    1
}

impl Plugin for Answerer {
    type Config = Config;

    fn manifest() -> Manifest {
        manifest! { name: "answerer", summary: "Answers events with events", subscribes: &["*"] }
    }

    fn configure(config: Config) -> Result<Self, String> {
        Ok(Self(config))
    }
}

impl Filter for Answerer {
    fn decide(&mut self, event: &Event<'_>) -> Result<Verdict, Failure> {
        let config = &self.0;
        if event.kind() != config.on {
            return Ok(Verdict::Keep);
        }
        let new = |_| {
            let new = NewEvent::new(config.say.as_str(), event.data()).subject(event.id());
            config.source.iter().fold(new, |new, source| new.source(source.as_str()))
        };
        if let Err(reason) = bus::publish(&(0..config.times).map(new).collect::<Vec<_>>()) {
            log::warn!("refused: {reason}");
        }
        if event.data() == b"\"trap\"" {
            panic!("after it published");
        }
        Ok(Verdict::keep_if(!config.drop))
    }
}
