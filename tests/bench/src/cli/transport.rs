//! The arguments of `tidemill-bench transport`, and the head of its report.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, ValueEnum as _};

use tidemill_bench::hub::Setup;
use tidemill_bench::transport::{Plan, Transport, run};
use tidemill_bench::{cpu, report};

#[derive(Debug, Args)]
pub(super) struct TransportArguments {
    /// Only these transports; the first is what others are compared with.
    #[arg(long, value_enum, value_delimiter = ',')]
    transports: Vec<Transport>,
    /// Streams.
    #[arg(long, default_value_t = 1_000)]
    subscribers: usize,
    /// How often everything is measured; medians are reported.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    reps: u64,
    /// One short repetition with a tenth of the subscribers: shows that everything works, not how fast it is.
    #[arg(long)]
    quick: bool,
    /// The host's binary.
    #[arg(long, value_name = "FILE", default_value = "target/release/tidemill")]
    tidemill: PathBuf,
}

/// Measures and prints the report.
pub(super) fn measure(arguments: &TransportArguments) -> Result<()> {
    let setup = Setup {
        bench: std::env::current_exe()?,
        tidemill: arguments.tidemill.clone(),
        open_files: cpu::raise_open_files(),
        ..Setup::default()
    };
    let all = Transport::value_variants();
    let plan = Plan {
        transports: if arguments.transports.is_empty() { all.to_vec() } else { arguments.transports.clone() },
        subscribers: if arguments.quick { arguments.subscribers / 10 } else { arguments.subscribers },
        duration: Duration::from_secs(if arguments.quick { 1 } else { 3 }),
        repetitions: if arguments.quick { 1 } else { arguments.reps as usize },
    };
    let machine = cpu::describe();
    let records = run(&plan, &setup)?;
    let note = if arguments.quick { " Quick run: the figures say nothing." } else { "" };
    write!(
        std::io::stdout(),
        "{machine}; one core serves, the others generate; {} subscribers, medians of {} runs.{note}\n{}",
        plan.subscribers,
        plan.repetitions,
        report::transport_table(&plan.transports, &records)
    )?;
    Ok(())
}
