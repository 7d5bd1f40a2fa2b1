//! `tidemill plugin bench`: what a component costs on this machine, and what it cost the last time.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value, json};
use tidemill_author::Progress as _;
use tidemill_author::bench::{BenchError, LastRuns, Load, Measured, measure};
use tidemill_author::golden;

use super::steps::Steps;
use super::target::{TargetArgs, listen, runtime};
use super::{table, trimmed};
use crate::cli::lines::Lines;
use crate::cli::{Exit, Failure, Output};
use crate::http::simple_event;

/// Lines of files that are measured with. More only take longer to read.
const LINES_MAX: usize = 10_000;

/// `tidemill plugin bench`
#[derive(Debug, Args)]
#[command(after_help = "\
Measured is the plugin alone: calls with 1 and with 64 events, deliveries, calls of tools, prompts and resources one by one,
without queue, log and subscribers. Each figure is the median of 11 rounds. The inputs are those of the plugin's tests, or of --events; without both,
examples of its event types. The last run is kept in .tidemill/bench.json.

Examples:
  tidemill plugin bench
  tidemill plugin bench redact.wasm --events events.jsonl --json

Exit codes: 0 measured, 1 the plugin failed on an event, 2 there is nothing to measure.")]
pub(super) struct BenchArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Events, deliveries, calls, prompts and resources to measure with, one in each line
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &BenchArgs, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let ear = listen();
    let target = args.target.open()?;
    let files = match &args.events {
        Some(file) => vec![file.clone()],
        None => golden::files(&target.generated().with_file_name("tests")).unwrap_or_default(),
    };
    let mut load = Load::default();
    let mut left = LINES_MAX;
    for file in files {
        let mut lines = Lines::open(&file)?;
        while left > 0
            && let Some((number, line)) = lines.next_line()?
        {
            left -= 1;
            let taken = load.take(&String::from_utf8_lossy(&line), number, simple_event);
            taken.map_err(|detail| Failure::new(Exit::Usage, format!("{}:{number}: {detail}", file.display())))?;
        }
    }
    let runtime = runtime(ear, output)?;
    let mut steps = Steps::new(!args.json);
    let measured = measure(&target, &runtime, load, simple_event, &mut |what| steps.step(what)).await;
    drop(steps);
    let measured = measured.map_err(|error| {
        let exit = if matches!(error, BenchError::Failed { .. }) { Exit::Failed } else { Exit::Usage };
        Failure::new(exit, error.to_string())
    })?;
    let unkept = |error| Failure::new(Exit::Failed, format!("the run cannot be kept in .tidemill/bench.json: {error}"));
    let last = LastRuns::of(&target).replace(&target, measured.clone()).map_err(unkept)?;
    match args.json {
        true => writeln!(
            output.out,
            "{:#}",
            json!({"run": measured, "last": last, "ratio": ratios(&measured, last.as_ref())})
        )?,
        false => show(&measured, last.as_ref(), output)?,
    }
    Ok(Exit::Success)
}

fn show(measured: &Measured, last: Option<&Measured>, output: &mut Output<'_>) -> Result<(), Failure> {
    let ratio = |now: f64, before: Option<f64>| before.map_or(String::new(), |before| format!("{:.2}x", now / before));
    let mut table = table();
    table.set_header(["KIND", "EVENTS IN A CALL", "PER EVENT", "AGAINST LAST"]);
    for (kind, times) in &measured.us {
        for (size, us) in times {
            let before = last.and_then(|last| last.us.get(kind)?.get(size).copied());
            table.add_row([kind.clone(), size.to_string(), format!("{us:.2} µs"), ratio(*us, before)]);
        }
    }
    writeln!(output.out, "{}", trimmed(&table))?;
    let size = |bytes: u64| bytesize::ByteSize(bytes).to_string();
    let against = |now: u64, before: Option<u64>| match before.filter(|before| *before > 0) {
        Some(before) => format!(" ({})", ratio(now as f64, Some(before as f64))),
        None => String::new(),
    };
    writeln!(
        output.out,
        "size {}{}, memory {}{}, loaded in {:.0} ms; median of {} rounds, {} of data on average",
        size(measured.size),
        against(measured.size, last.map(|last| last.size)),
        size(measured.memory),
        against(measured.memory, last.map(|last| last.memory)),
        measured.load_ms,
        measured.rounds,
        size(measured.data_bytes),
    )?;
    Ok(())
}

/// How many times as long as the last time.
fn ratios(measured: &Measured, last: Option<&Measured>) -> Value {
    let Some(last) = last else { return Value::Null };
    let of_kind = |(kind, times): (&String, &std::collections::BTreeMap<usize, f64>)| {
        let ratio = |(size, us): (&usize, &f64)| Some((size.to_string(), json!(us / last.us.get(kind)?.get(size)?)));
        (kind.clone(), Value::Object(times.iter().filter_map(ratio).collect::<Map<_, _>>()))
    };
    Value::Object(measured.us.iter().map(of_kind).collect())
}
