//! Tools that misbehave, each in the way that its name says, and some that show what the host gave them.
use std::time::Duration;

use tidemill_sdk::bus::{self, NewEvent};
use tidemill_sdk::resources::{Completions, Question, Suggestions};
use tidemill_sdk::tools::{Answer, Call, Failure, Tool, Tools};
use tidemill_sdk::{Manifest, NoConfig, Plugin, call, log, manifest};

tidemill_sdk::export!(Hostile: tools, completions);

struct Hostile {
    /// Calls of this instance before this one.
    calls: u32,
}

impl Plugin for Hostile {
    type Config = NoConfig;

    fn manifest() -> Manifest {
        manifest! { name: "hostile-tools", summary: "Tools that misbehave" }
    }

    fn configure(_: NoConfig) -> Result<Self, String> {
        Ok(Self { calls: 0 })
    }
}

const NAMES: [&str; 16] = [
    "count",
    "trap",
    "spin",
    "sleep",
    "nap",
    "stubborn",
    "grow",
    "flood-logs",
    "flood-progress",
    "flood-output",
    "flood-events",
    "nonsense",
    "wrong-result",
    "tidy",
    "state",
    "echo",
];

impl Tools for Hostile {
    fn tools(&self) -> Vec<Tool> {
        let range = r#"{"type":"object","properties":{"n":{"type":"integer","minimum":1,"maximum":60}}}"#;
        NAMES
            .iter()
            .map(|name| match *name {
                "wrong-result" => Tool::new(*name, "Answers what its schema forbids").output_schema(range),
                "echo" => Tool::new(*name, "Says what it was given").input_schema(range).permission("echoes"),
                name => Tool::new(name, name),
            })
            .collect()
    }

    fn call(&mut self, invoked: &Call) -> Result<Answer, Failure> {
        self.calls += 1;
        match invoked.name.as_str() {
            "count" => return Ok(Answer::text(self.calls.to_string())),
            "trap" => panic!("on purpose"),
            "spin" => loop {
                std::hint::black_box(self.calls);
            },
            "sleep" => std::thread::sleep(Duration::from_secs(100_000)),
            "nap" => std::thread::sleep(Duration::from_millis(300)),
            // Looks whether it was cancelled, and goes on all the same.
            "stubborn" => loop {
                std::hint::black_box(call::cancelled());
            },
            "grow" => {
                let mut all = Vec::new();
                loop {
                    all.push(vec![1_u8; 1 << 20]);
                }
            }
            "flood-logs" => (0..100_000).for_each(|n| log::info!("line {n}")),
            "flood-progress" => (0..100_000_u32).for_each(|n| call::progress(n.into(), None, Some("on"))),
            "flood-output" => return Ok(Answer::text("x".repeat(32 << 20))),
            "flood-events" => {
                for n in 0..100_000_u32 {
                    if let Err(reason) = bus::publish(&[NewEvent::new("flood", n.to_string())]) {
                        return Ok(Answer::error(format!("{n}: {reason}")));
                    }
                }
            }
            "nonsense" => return Ok(Answer::ask(tidemill_sdk::content::InputRequired::new())),
            "wrong-result" => return Answer::text("61").structured(&serde_json::json!({"n": 61})),
            // Says a last word when it is cancelled.
            "tidy" => {
                if call::sleep(Duration::from_secs(100_000)).is_err() {
                    log::info!("tidied up");
                }
            }
            "state" => {
                return Ok(Answer::text(format!("{:?}", tidemill_sdk::state::get("key"))));
            }
            "echo" => {
                let caller = invoked.caller.as_deref().unwrap_or("nobody");
                return Ok(Answer::text(format!("{caller}: {}", invoked.arguments_json)));
            }
            _ => return Err(Failure::UnknownTool),
        }
        Ok(Answer::text("done"))
    }
}

/// Publishes where it may not, and suggests what it is told of that.
impl Completions for Hostile {
    fn complete(&mut self, _: &Question) -> Result<Suggestions, String> {
        let told = bus::publish(&[NewEvent::new("flood", "1")]);
        Ok(Suggestions::all([format!("{told:?}")]))
    }
}
