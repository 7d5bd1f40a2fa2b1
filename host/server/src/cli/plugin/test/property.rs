//! `tidemill plugin test --property`: random events of the plugin's own types.

use serde_json::{Value, json};
use tidemill_author::property::{self, Broken, PropertyOptions, TypeTested};
use tidemill_author::{Runtime, Target};

use super::super::target::not_run;
use super::super::told;
use super::TestArgs;
use crate::cli::{Exit, Failure, Output};
use crate::http::simple_event;

pub(super) async fn run(
    args: &TestArgs,
    target: Target,
    runtime: Runtime,
    output: &mut Output<'_>,
) -> Result<Exit, Failure> {
    let seed = args.seed.unwrap_or_else(|| u64::from(uuid::Uuid::new_v4().as_fields().0));
    let options = PropertyOptions { cases: args.cases, seed };
    let bytes = target.bytes().map_err(|error| not_run(&error))?;
    let work = move || property::check(&target, &runtime, &bytes, options, simple_event);
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|error| Failure::new(Exit::Failed, format!("the test was given up: {error}")))?;
    let all = done.map_err(|error| not_run(&error))?;
    if all.is_empty() {
        let message = "the plugin has no event types, whose schemas this mode is about; test it without --property";
        return Err(Failure::new(Exit::Usage, message));
    }
    // A test that tried nothing has not passed.
    let broken = all.iter().any(|tested| !tested.broken.is_empty() || tested.valid == 0);
    if args.json {
        writeln!(output.out, "{:#}", json!({"seed": seed, "types": all.iter().map(to_json).collect::<Vec<_>>()}))?;
    } else {
        all.iter().try_for_each(|tested| show(tested, output))?;
        writeln!(output.out, "seed {seed} (`--seed {seed}` makes the same events)")?;
    }
    Ok(if broken { Exit::Failed } else { Exit::Success })
}

fn show(tested: &TypeTested, output: &mut Output<'_>) -> Result<(), Failure> {
    let TypeTested { event_type, valid, invalid, broken, skipped } = tested;
    let word = if broken.is_empty() && *valid > 0 { "ok" } else { "FAILED" };
    writeln!(output.out, "{word:<6} {event_type}: {valid} valid accepted, {invalid} invalid rejected")?;
    skipped.iter().try_for_each(|why| writeln!(output.out, "  not tried: {why}"))?;
    for Broken { is_valid, input, why, ran, rerun } in broken {
        let kind = if *is_valid { "valid" } else { "invalid" };
        writeln!(output.out, "  {kind} event: {why}")?;
        writeln!(output.out, "    {}", told::short(input))?;
        told::outcome(output.out, &ran.outcome)?;
        told::log(output.out, &ran.log)?;
        rerun.iter().try_for_each(|rerun| writeln!(output.out, "    again: {rerun}"))?;
    }
    Ok(())
}

fn to_json(tested: &TypeTested) -> Value {
    let broken = |broken: &Broken| {
        let input: Value = serde_json::from_str(&broken.input).unwrap_or_default();
        json!({"valid": broken.is_valid, "why": broken.why, "input": input, "outcome": broken.ran.full(), "rerun": broken.rerun})
    };
    json!({
        "type": tested.event_type, "valid": tested.valid, "invalid": tested.invalid, "skipped": tested.skipped,
        "broken": tested.broken.iter().map(broken).collect::<Vec<_>>(),
    })
}
