//! The arguments of `tidemill-bench authors`, and the head of its report.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;

use tidemill_bench::authors::{Plan, named, run};
use tidemill_bench::hub::absolute;
use tidemill_bench::{cpu, report};

#[derive(Debug, Args)]
pub(super) struct AuthorsArguments {
    /// Only these: rust, c, cpp, zig, go, js, ts, starlingmonkey, python.
    #[arg(long, value_delimiter = ',')]
    lang: Vec<String>,
    /// How often the source is changed and saved; the median is reported.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=99))]
    saves: u64,
    /// How often each component is measured, in turns; the median is reported.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=99))]
    passes: u64,
    /// One change and one pass each: shows that everything works, not how fast it is.
    #[arg(long)]
    quick: bool,
    /// Append one JSON line per language to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// The host's binary.
    #[arg(long, value_name = "FILE", default_value = "target/release/tidemill")]
    tidemill: PathBuf,
    /// Where the tests have installed toolchains.
    #[arg(long, value_name = "DIR", default_value = "target/toolchains")]
    toolchains: PathBuf,
}

/// Measures and prints the report.
pub(super) fn measure(arguments: &AuthorsArguments) -> Result<()> {
    ensure!(arguments.tidemill.exists(), "{} is not there: cargo xtask build makes it", arguments.tidemill.display());
    let plan = Plan {
        languages: named(&arguments.lang)?,
        tidemill: absolute(&arguments.tidemill)?,
        toolchains: absolute(&arguments.toolchains)?,
        saves: if arguments.quick { 1 } else { arguments.saves as usize },
        passes: if arguments.quick { 1 } else { arguments.passes as usize },
        json: arguments.json.clone(),
    };
    let machine = cpu::describe();
    let records = run(&plan)?;
    let note = if arguments.quick { " Quick run: the figures say nothing." } else { "" };
    let tables = report::authors_tables(&records);
    write!(
        std::io::stdout(),
        "{machine}; medians of {} saves and {} passes.{note}\n{tables}",
        plan.saves,
        plan.passes
    )?;
    Ok(())
}
