//! The arguments of `tidemill-bench tools`, and the head of its report.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Args;

use tidemill_bench::cpu::{self, Cores};
use tidemill_bench::hub::{Setup, absolute};
use tidemill_bench::report;
use tidemill_bench::tools::{Plan, Start, beside, run};

#[derive(Debug, Args)]
pub(super) struct ToolsArguments {
    /// How often everything is measured; medians are reported.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    reps: u64,
    /// Calls that go on while events are published.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=256))]
    calls: u64,
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
    /// Where built plugins are.
    #[arg(long, value_name = "DIR", default_value = "plugins")]
    plugins: PathBuf,
}

/// Measures and prints the report.
pub(super) fn measure(arguments: &ToolsArguments) -> Result<()> {
    ensure!(arguments.tidemill.exists(), "{} is not there: cargo xtask build makes it", arguments.tidemill.display());
    let quick = arguments.quick;
    let plan = Plan {
        setup: Setup {
            bench: std::env::current_exe()?,
            tidemill: absolute(&arguments.tidemill)?,
            plugins: absolute(&arguments.plugins)?,
            cores: if arguments.no_pin { None } else { Cores::choose() },
            open_files: cpu::raise_open_files(),
            ..Setup::default()
        },
        repetitions: if quick { 1 } else { arguments.reps as usize },
        requests: if quick { 200 } else { 5_000 },
        calls: arguments.calls as usize,
        duration: Duration::from_secs(if quick { 2 } else { 10 }),
        json: arguments.json.clone(),
    };
    let machine = cpu::describe();
    let pinning = plan.setup.cores.as_ref().map_or("not pinned".to_owned(), ToString::to_string);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let records = run(&plan)?;
    let note = if quick { " Quick run: the figures say nothing." } else { "" };
    let (runs, load) = (plan.repetitions, load.split(' ').next().unwrap_or_default());
    let table = report::tools_table(&records, &beside(0, Start::Apart));
    write!(std::io::stdout(), "{machine}; {pinning}; load {load} before; medians of {runs} runs.{note}\n{table}")?;
    Ok(())
}
