//! The arguments of `tidemill-bench plugins`, and the head of its report.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum as _};

use tidemill_bench::plugins::cases::Case;
use tidemill_bench::plugins::{Plan, run};
use tidemill_bench::{cpu, report};

#[derive(Debug, Args)]
pub(super) struct PluginsArguments {
    /// Only these cases.
    #[arg(long, value_enum, value_delimiter = ',')]
    cases: Vec<Case>,
    /// How often everything is measured; medians are reported.
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u64).range(1..))]
    reps: u64,
    /// Milliseconds that one measurement takes.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    millis: u64,
    /// One short repetition: shows that everything works, not how fast it is.
    #[arg(long)]
    quick: bool,
    /// Append one JSON line per figure to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// The core to measure on: the last one that may be used.
    #[arg(long, value_name = "CORE", conflicts_with = "no_pin")]
    core: Option<usize>,
    /// Leave it to the system which core is used.
    #[arg(long)]
    no_pin: bool,
    /// Measure others as well, with this program. `cargo xtask bench plugins --peers` builds it and names it.
    #[arg(long, value_name = "FILE")]
    peers: Option<PathBuf>,
    /// The directory with the bench's own guests: `bench-guests` of the target directory.
    #[arg(long, value_name = "DIR")]
    guests: Option<PathBuf>,
    /// The directory with the ready-made plugins' .wasm files.
    #[arg(long, value_name = "DIR", default_value = "plugins")]
    plugins: PathBuf,
    /// Real deliveries for 1 KB and 10 KB, one event per line.
    #[arg(long, value_name = "FILE", default_value = "examples/github/deliveries.ndjson")]
    deliveries: PathBuf,
}

/// Measures and prints the report.
pub(super) fn measure(arguments: &PluginsArguments) -> Result<()> {
    let guests = match &arguments.guests {
        Some(directory) => directory.clone(),
        // Beside the directory of the profile that this program was built with.
        None => std::env::current_exe()?.parent().context("no directory")?.join("../bench-guests"),
    };
    let last = cpu::allowed().last().copied();
    let plan = Plan {
        cases: if arguments.cases.is_empty() { Case::value_variants().to_vec() } else { arguments.cases.clone() },
        repetitions: if arguments.quick { 1 } else { arguments.reps as usize },
        time: Duration::from_millis(if arguments.quick { 5 } else { arguments.millis }),
        core: if arguments.no_pin { None } else { arguments.core.or(last) },
        guests,
        plugins: arguments.plugins.clone(),
        deliveries: arguments.deliveries.clone(),
        peers: arguments.peers.clone(),
        json: arguments.json.clone(),
    };
    let machine = cpu::describe();
    let outcome = run(&plan)?;
    let core = plan.core.map_or("not pinned".to_owned(), |core| format!("on core {core}"));
    let time = plan.time.as_millis();
    let note = if arguments.quick { " Quick run: the figures say nothing." } else { "" };
    write!(
        std::io::stdout(),
        "{machine}; {core}; medians of {} runs of {time} ms.{note}\n{}",
        plan.repetitions,
        report::plugins_tables(&plan.cases, &outcome)
    )?;
    Ok(())
}
