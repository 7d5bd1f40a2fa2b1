//! A transform whose outputs are odd in one way for each type `out.…`; everything else is kept.
use tidemill_sdk::{Event, Outcome, Output, Problem};

tidemill_sdk::transform!(odd, name: "outputs", summary: "Emits odd outputs", subscribes: &["*"]);

fn odd(event: &Event<'_>) -> Outcome {
    match event.kind() {
        "out.split" => Outcome::Emit(["out.a", "out.b", "out.c"].map(|kind| Output::new().kind(kind)).into()),
        "out.badtype" => Outcome::change(Output::new().kind("not a type\n")),
        "out.reserved" => Outcome::change(Output::new().kind("tidemill.fake")),
        "out.badjson" => Outcome::change(Output::new().data("{oops")),
        "out.huge" => Outcome::change(Output::new().data(format!("\"{}\"", "x".repeat((8 << 20) - 2)))),
        "out.many" => Outcome::Emit(vec![Output::new(); 10_000]),
        "out.retry" => Outcome::Retry("come back later".into()),
        "out.drop" => Outcome::Drop,
        "out.reject" => {
            Outcome::Reject(vec![Problem::new("/a", "expected a number"), Problem::new("subject", "expected a name")])
        }
        "out.owned" => Outcome::change(Output::new().kind(tidemill_guests::CLAIMED).data(r#"{"ok":false}"#)),
        _ => Outcome::Keep,
    }
}
