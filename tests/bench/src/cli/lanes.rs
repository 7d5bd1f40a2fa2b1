//! The arguments of `tidemill-bench lanes`, and the head of its report.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum as _};

use tidemill_bench::cases::Chain;
use tidemill_bench::hub::Setup;
use tidemill_bench::lanes::cases::{Case, named};
use tidemill_bench::lanes::who::Who;
use tidemill_bench::lanes::{Plan, run};
use tidemill_bench::{cpu, report};

#[derive(Debug, Args)]
pub(super) struct LanesArguments {
    /// Only these cases; a name that ends in * means all that begin like it.
    #[arg(long, value_delimiter = ',')]
    cases: Vec<String>,
    /// Only these hubs.
    #[arg(long, value_enum, value_delimiter = ',')]
    hubs: Vec<Who>,
    /// How often everything is measured; medians are reported.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    reps: u64,
    /// One short repetition with a tenth of the subscribers: shows that everything works, not how fast it is.
    #[arg(long)]
    quick: bool,
    /// Append one JSON line per run to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// The host's plugins, instead of github+redact.
    #[arg(long, value_enum)]
    chain: Option<Chain>,
    /// The host's binary.
    #[arg(long, value_name = "FILE", default_value = "target/release/tidemill")]
    tidemill: PathBuf,
    /// The directory with the plugins' .wasm files.
    #[arg(long, value_name = "DIR", default_value = "plugins")]
    plugins: PathBuf,
    /// The nginx binary.
    #[arg(long, value_name = "FILE", default_value = "/usr/sbin/nginx")]
    nginx: PathBuf,
}

/// Measures and prints the report.
pub(super) fn measure(arguments: &LanesArguments) -> Result<()> {
    let mut cases = named(&arguments.cases)?;
    if arguments.quick {
        cases = cases.into_iter().map(Case::quick).collect();
    }
    let setup = Setup {
        bench: std::env::current_exe()?,
        tidemill: arguments.tidemill.clone(),
        plugins: arguments.plugins.clone(),
        chain: arguments.chain,
        nginx: arguments.nginx.clone(),
        open_files: cpu::raise_open_files(),
        ..Setup::default()
    };
    let plan = Plan {
        cases,
        hubs: if arguments.hubs.is_empty() { Who::value_variants().to_vec() } else { arguments.hubs.clone() },
        repetitions: if arguments.quick { 1 } else { arguments.reps as usize },
        json: arguments.json.clone(),
    };
    let (machine, cores) = (cpu::describe(), cpu::allowed().len());
    let records = run(&plan, &setup)?;
    let note = if arguments.quick { " Quick run: the figures say nothing." } else { "" };
    write!(
        std::io::stdout(),
        "{machine}; one core serves, the others generate; medians of {} runs.{note}\n{}",
        plan.repetitions,
        report::lanes_tables(&plan.cases, &records, cores)
    )?;
    Ok(())
}
