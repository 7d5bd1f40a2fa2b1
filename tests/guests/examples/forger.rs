//! A transform that claims what is not its own: other events' attributes, the host's time and memory.
use serde::Deserialize;
use tidemill_sdk::{Event, Failure, Manifest, NoConfig, Outcome, Output, Plugin, Transform, manifest};

tidemill_sdk::export!(Forger: transform);

struct Forger;

#[derive(Deserialize)]
struct Wish {
    name: String,
}

impl Plugin for Forger {
    type Config = NoConfig;

    fn manifest() -> Manifest {
        manifest! { name: "forger", summary: "Forges", subscribes: &["*"] }
    }

    fn configure(_: NoConfig) -> Result<Self, String> {
        Ok(Self)
    }
}

impl Transform for Forger {
    fn apply(&mut self, event: &Event<'_>) -> Result<Outcome, Failure> {
        Ok(match event.kind() {
            "forge.name" => Outcome::change(Output::new().extension(event.json::<Wish>()?.name, "forged")),
            "forge.twins" => Outcome::Emit(vec![Output::new(), Output::new()]),
            "forge.outputs" => Outcome::Emit(vec![Output::new(); 400_000]),
            // As much as fits: each part has the largest data that there may be.
            "forge.gigabytes" => Outcome::Emit(vec![Output::new().data(vec![b'1'; 1 << 20]); 40]),
            "forge.extensions" => Outcome::change(many()),
            _ => Outcome::Keep,
        })
    }
}

/// Sets very many attributes, and takes each of them away again from the first on.
fn many() -> Output {
    let names = || (0..80_000_u32).map(|n| format!("x{n}"));
    let set = names().fold(Output::new(), |output, name| output.extension(name, "1"));
    names().fold(set, |output, name| output.extension(name, ""))
}
