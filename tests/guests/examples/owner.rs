//! Owns `claimed.thing`: the data must have `ok: true`; `seen` is filled in; `print` makes it speak, `trap` makes it fail.
use serde::Deserialize;
use serde_json::{Map, Value};
use tidemill_sdk::{
    Event, EventType, EventTypes, Failure, Manifest, NoConfig, Output, Plugin, Problem, Target, Validity, html,
    manifest,
};

tidemill_sdk::export!(Owner: event_types);

struct Owner;

#[derive(Deserialize)]
struct Thing {
    #[serde(default)]
    ok: bool,
    #[serde(default)]
    trap: bool,
    #[serde(default)]
    print: bool,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Plugin for Owner {
    type Config = NoConfig;

    fn manifest() -> Manifest {
        manifest! { name: "owner", summary: "Owns claimed.thing" }
    }

    fn configure(_: NoConfig) -> Result<Self, String> {
        Ok(Self)
    }
}

impl EventTypes for Owner {
    fn types(&self) -> Vec<EventType> {
        tidemill_guests::claimed()
    }

    #[allow(clippy::print_stdout, clippy::print_stderr, reason = "the host must catch what a plugin prints")]
    fn validate(&mut self, event: &Event<'_>) -> Result<Validity, Failure> {
        let thing: Thing = event.json()?;
        assert!(!thing.trap, "a poison event");
        if !thing.ok {
            return Err(Problem::new("/ok", "expected true").into());
        }
        if thing.print {
            println!("owner prints {}", event.id());
            eprintln!("owner complains about {}", event.id());
        }
        if thing.rest.contains_key("seen") {
            return Ok(Validity::Valid);
        }
        let mut data: Map<String, Value> = event.json()?;
        data.insert("seen".into(), true.into());
        Ok(Validity::Normalised(Output::new().json(&data)?))
    }

    fn render(&self, event: &Event<'_>, target: Target) -> String {
        match target {
            Target::Text => format!("thing {}", event.id()),
            Target::Html => format!("<b>thing</b> {}<script>alert(1)</script>", html::escape(event.id())),
        }
    }
}
