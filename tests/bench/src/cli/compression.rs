//! The arguments of `tidemill-bench compression`, and the head of its report.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;

use tidemill_bench::compression::{Plan, run};
use tidemill_bench::cpu::{self, Cores};
use tidemill_bench::hub::{Setup, absolute};
use tidemill_bench::report;

#[derive(Debug, Args)]
pub(super) struct CompressionArguments {
    /// How often everything is measured; medians are reported.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    reps: u64,
    /// How many subscribers there are, one load after the other.
    #[arg(long, value_delimiter = ',', default_value = "1,10,1000", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    subscribers: Vec<u64>,
    /// One short repetition: shows that everything works, not how fast it is.
    #[arg(long)]
    quick: bool,
    /// Append one JSON line per figure to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Leave it to the system which cores are used.
    #[arg(long)]
    no_pin: bool,
    /// The host's binary.
    #[arg(long, value_name = "FILE", default_value = "target/release/tidemill")]
    tidemill: PathBuf,
    /// Real deliveries, one event per line.
    #[arg(long, value_name = "FILE", default_value = "examples/github/deliveries.ndjson")]
    deliveries: PathBuf,
}

/// Measures and prints the report.
pub(super) fn measure(arguments: &CompressionArguments) -> Result<()> {
    ensure!(arguments.tidemill.exists(), "{} is not there: cargo xtask build makes it", arguments.tidemill.display());
    let plan = Plan {
        setup: Setup {
            bench: std::env::current_exe()?,
            tidemill: absolute(&arguments.tidemill)?,
            cores: if arguments.no_pin { None } else { Cores::choose() },
            open_files: cpu::raise_open_files(),
            ..Setup::default()
        },
        repetitions: if arguments.quick { 1 } else { arguments.reps as usize },
        subscribers: arguments.subscribers.iter().map(|count| *count as usize).collect(),
        deliveries_max: if arguments.quick { 1_000 } else { 100_000 },
        deliveries: arguments.deliveries.clone(),
        json: arguments.json.clone(),
    };
    let machine = cpu::describe();
    let pinning = plan.setup.cores.as_ref().map_or("not pinned".to_owned(), ToString::to_string);
    let records = run(&plan)?;
    let note = if arguments.quick { " Quick run: the figures say nothing." } else { "" };
    let (runs, tables) = (plan.repetitions, report::compression_tables(&records));
    write!(std::io::stdout(), "{machine}; {pinning}; medians of {runs} runs.{note}\n{tables}")?;
    Ok(())
}
