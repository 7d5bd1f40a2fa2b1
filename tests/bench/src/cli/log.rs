//! The arguments of `tidemill-bench log`, and the head of its report.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum as _};

use tidemill_bench::cpu::{self, Cores};
use tidemill_bench::hub::{Setup, absolute};
use tidemill_bench::log::{Bench, Case, Plan, Sizes, run};
use tidemill_bench::report;

/// What the system calls a file system in memory.
const TMPFS: i64 = 0x0102_1994;

#[derive(Debug, Args)]
pub(super) struct LogArguments {
    /// Only these cases.
    #[arg(long, value_enum, value_delimiter = ',')]
    cases: Vec<Case>,
    /// How often everything is measured; medians are reported.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    reps: u64,
    /// Events in the largest log of `resume`; in `reconnect` everybody has missed a hundredth of it.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(100..=100_000_000))]
    events: u64,
    /// One short repetition: shows that everything works, not how fast it is.
    #[arg(long)]
    quick: bool,
    /// Append one JSON line per run to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// The host's `subscribe.ring-max` in `resume` and `reconnect`.
    #[arg(long, value_name = "SIZE", default_value = "1MiB")]
    ring_max: String,
    /// The host's `subscribe.replay-rate` in `resume` (otherwise unlimited) and `reconnect` (otherwise its default).
    #[arg(long, value_name = "SIZE")]
    replay_rate: Option<String>,
    /// Cores of the host and of the bare writer: two, when nothing else is said.
    #[arg(long, value_name = "CORES", value_delimiter = ',', requires = "generator_cores")]
    server_cores: Vec<usize>,
    /// Cores of the load generator: all others.
    #[arg(long, value_name = "CORES", value_delimiter = ',', requires = "server_cores")]
    generator_cores: Vec<usize>,
    /// Leave it to the system which cores are used.
    #[arg(long, conflicts_with = "server_cores")]
    no_pin: bool,
    /// The host's binary.
    #[arg(long, value_name = "FILE", default_value = "target/release/tidemill")]
    tidemill: PathBuf,
}

/// Measures and prints the report.
pub(super) fn measure(arguments: &LogArguments) -> Result<()> {
    ensure!(arguments.tidemill.exists(), "{} is not there: cargo xtask build makes it", arguments.tidemill.display());
    let setup = Setup {
        bench: std::env::current_exe()?,
        tidemill: absolute(&arguments.tidemill)?,
        cores: arguments.cores(),
        open_files: cpu::raise_open_files(),
        ..Setup::default()
    };
    let bench = Bench {
        setup,
        sizes: if arguments.quick { Sizes::quick() } else { Sizes::full(arguments.events) },
        ring_max: arguments.ring_max.clone(),
        replay_rate: arguments.replay_rate.clone(),
    };
    let plan = Plan {
        cases: if arguments.cases.is_empty() { Case::value_variants().to_vec() } else { arguments.cases.clone() },
        repetitions: if arguments.quick { 1 } else { arguments.reps as usize },
        json: arguments.json.clone(),
    };
    let machine = cpu::describe();
    let records = run(&plan, &bench)?;
    let pinning = bench.setup.cores.as_ref().map_or("not pinned".to_owned(), ToString::to_string);
    let place = place(&std::env::temp_dir());
    let note = if arguments.quick { " Quick run: the figures say nothing." } else { "" };
    writeln!(
        std::io::stdout(),
        "`{}`\n\n{machine}; {pinning}; {place}; medians of {} runs.{note}\n\n{}",
        std::env::args().collect::<Vec<_>>().join(" "),
        plan.repetitions,
        report::log_table(&records).trim_end()
    )?;
    Ok(())
}

/// Where the data go.
fn place(directory: &Path) -> String {
    let in_memory = rustix::fs::statfs(directory).is_ok_and(|system| system.f_type == TMPFS);
    let note = if in_memory { " (in memory: fsync costs nothing there; TMPDIR=… takes another place)" } else { "" };
    format!("data in {}{note}", directory.display())
}

impl LogArguments {
    fn cores(&self) -> Option<Cores> {
        if self.no_pin {
            None
        } else if self.server_cores.is_empty() {
            Cores::halve()
        } else {
            Some(Cores { server: self.server_cores.clone(), generator: self.generator_cores.clone() })
        }
    }
}
