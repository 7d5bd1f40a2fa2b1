//! A view by teams: subscribers name theirs, and see the events whose subject it is. Misbehaves where events or classes
//! ask for it.
use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use tidemill_sdk::view::{Subscriber, View};
use tidemill_sdk::{Batch, Event, Failure, Fault, Manifest, Plugin, manifest};

tidemill_sdk::export!(Team: view);

struct Team {
    everything: bool,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Everybody sees everything.
    #[serde(default)]
    everything: bool,
}

/// How often it was asked about `bad.later`.
static ASKED: AtomicU32 = AtomicU32::new(0);

impl Plugin for Team {
    type Config = Config;

    fn manifest() -> Manifest {
        manifest! { name: "team-view", summary: "Shows teams their events", needs_data: false }
    }

    fn configure(config: Config) -> Result<Self, String> {
        Ok(Self { everything: config.everything })
    }
}

impl View for Team {
    fn classify(&mut self, who: &Subscriber) -> Result<String, String> {
        match who.parameter("team") {
            None => Err("view.team is missing: name your team".into()),
            Some("trap") => panic!("a poison subscriber"),
            Some("long") => Ok("x".repeat(1025)),
            Some("echo") => Ok(format!("{who:?}")),
            Some(team) => Ok(team.to_owned()),
        }
    }

    fn visible(&mut self, class: &str, event: &Event<'_>) -> Result<bool, Failure> {
        match event.kind() {
            "bad.trap" => panic!("a poison event"),
            "bad.loop" if class == "loop" => loop {
                black_box(());
            },
            "bad.later" if ASKED.fetch_add(1, Relaxed) < 2 => return Err(Fault::retry("not yet").into()),
            "bad.never" => return Err(Fault::retry("come back later").into()),
            _ => {}
        }
        Ok(self.everything || event.subject() == Some(class))
    }

    fn visible_batch(&mut self, class: &str, batch: &Batch<'_>) -> Result<Vec<bool>, Fault> {
        let mut seen = Vec::new();
        for event in batch.iter() {
            match self.visible(class, &event) {
                Ok(visible) => seen.push(visible),
                Err(Failure::Fault(fault)) => return Err(fault),
                Err(Failure::Problems(_)) => seen.push(false),
            }
        }
        if batch.iter().any(|event| event.kind() == "bad.length") {
            seen.push(true);
        }
        Ok(seen)
    }
}
