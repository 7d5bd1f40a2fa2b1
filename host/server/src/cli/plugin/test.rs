//! `tidemill plugin test`: golden tests and random events, on the real runtime of this machine.

mod property;

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use tidemill_author::golden::{self, Difference, Tested};
use tidemill_author::{Runtime, Target};

use super::target::{TargetArgs, listen, not_run, runtime};
use super::told;
use crate::cli::{Exit, Failure, Output};
use crate::http::simple_event;

/// `tidemill plugin test`
#[derive(Debug, Args)]
#[command(after_help = "\
Each file tests/NAME.jsonl has inputs, one JSON text in each line, and tests/NAME.expected.jsonl what is to become of each.
`--update` writes the expected files; look at what changed before you keep it. \"<any>\" there stands for any value.

Examples:
  tidemill plugin test                            build if sources are newer, and test the plugin that you are in
  tidemill plugin test --update                   take what comes now for what is expected
  tidemill plugin test --property --cases 1000    random events against the schemas of its event types
  tidemill plugin test order.wasm --tests checks  a component by itself

Exit codes: 0 all passed, 1 some did not, 2 something is wrong with the component, the build or a test file.")]
pub(super) struct TestArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Where the test files are; by default `tests` in the folder of the plugin or component
    #[arg(long, value_name = "FOLDER")]
    tests: Option<PathBuf>,
    /// Write the expected files
    #[arg(long, conflicts_with = "property")]
    update: bool,
    /// Try random valid and invalid events of the plugin's event types
    #[arg(long)]
    property: bool,
    /// Valid and invalid events of each type
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000), requires = "property")]
    cases: u32,
    /// Makes the same events again
    #[arg(long, requires = "property")]
    seed: Option<u64>,
    /// Print the results as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &TestArgs, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let ear = listen();
    let target = args.target.open()?;
    let runtime = runtime(ear, output)?;
    if args.property {
        return property::run(args, target, runtime, output).await;
    }
    let all = golden(&target, &runtime, args.tests.clone(), args.update).await?;
    if args.json {
        writeln!(output.out, "{:#}", to_json(&all))?;
    } else {
        show(&all, output)?;
    }
    Ok(exit(&all))
}

/// Runs the golden tests of a target.
pub(super) async fn golden(
    target: &Target,
    runtime: &Runtime,
    folder: Option<PathBuf>,
    update: bool,
) -> Result<Vec<Tested>, Failure> {
    let beside = || target.generated().parent().map(|home| home.join("tests")).unwrap_or_default();
    let folder = folder.unwrap_or_else(beside);
    let unread = |error| Failure::new(Exit::Usage, format!("cannot read {}: {error}", folder.display()));
    let files = golden::files(&folder).map_err(unread)?;
    if files.is_empty() {
        return Err(Failure::new(
            Exit::Usage,
            format!(
                "there are no tests in {}; write events into first.jsonl there, one in each line, and run `tidemill \
                 plugin test --update`",
                folder.display()
            ),
        ));
    }
    let bytes = target.bytes().map_err(|error| not_run(&error))?;
    let mut all = Vec::with_capacity(files.len());
    for file in files {
        let tested = golden::test(target, runtime, &bytes, &near(file), update, simple_event).await;
        all.push(tested.map_err(|error| not_run(&error))?);
    }
    Ok(all)
}

/// A path as people say it: from where they are.
fn near(path: PathBuf) -> PathBuf {
    let here = std::env::current_dir().ok();
    here.and_then(|here| Some(path.strip_prefix(here).ok()?.to_owned())).unwrap_or(path)
}

pub(super) fn exit(all: &[Tested]) -> Exit {
    if all.iter().any(|tested| tested.mistake.is_some()) {
        Exit::Usage
    } else if all.iter().all(Tested::is_good) {
        Exit::Success
    } else {
        Exit::Failed
    }
}

/// Tells each file, and below it what is not as expected.
pub(super) fn show(all: &[Tested], output: &mut Output<'_>) -> Result<(), Failure> {
    let (mut passed, mut failed) = (0, 0);
    for tested in all {
        (passed, failed) = (passed + tested.passed, failed + tested.failed.len());
        let file = tested.file.display();
        if let Some(mistake) = &tested.mistake {
            writeln!(output.out, "ERROR  {mistake}")?;
            continue;
        }
        let word = if tested.updated {
            "WROTE"
        } else if tested.is_good() {
            "ok"
        } else {
            "FAILED"
        };
        writeln!(output.out, "{word:<6} {file}: {} passed, {} failed", tested.passed, tested.failed.len())?;
        for difference in &tested.failed {
            difference_of(tested, difference, output)?;
        }
    }
    let mistakes = all.iter().filter(|tested| tested.mistake.is_some()).count();
    let unread = if mistakes > 0 { format!(", {mistakes} not tested") } else { String::new() };
    writeln!(output.out, "{passed} passed, {failed} failed{unread}")?;
    Ok(())
}

fn difference_of(tested: &Tested, difference: &Difference, output: &mut Output<'_>) -> Result<(), Failure> {
    let line = difference.line.map(|line| format!(":{line}")).unwrap_or_default();
    writeln!(output.out, "  {}{line}: {}", tested.file.display(), told::short(&difference.input))?;
    if difference.expected.is_none() {
        writeln!(output.out, "    nothing is expected for this input; `--update` writes what came")?;
    }
    for line in difference.diff.lines() {
        writeln!(output.out, "    {line}")?;
    }
    if let Some(ran) = &difference.ran {
        if ran.outcome.fault().is_some() {
            told::outcome(output.out, &ran.outcome)?;
        }
        told::log(output.out, &ran.log)?;
    }
    if let Some(rerun) = &difference.rerun {
        writeln!(output.out, "    again: {rerun}")?;
    }
    Ok(())
}

fn to_json(all: &[Tested]) -> Value {
    let difference = |difference: &Difference| {
        json!({
            "line": difference.line, "expected": difference.expected, "found": difference.found,
            "backtrace": difference.ran.as_ref().and_then(|ran| ran.outcome.fault()).map(|fault| &fault.backtrace),
            "rerun": difference.rerun,
        })
    };
    let file = |tested: &Tested| {
        json!({
            "file": tested.file.to_string_lossy(), "passed": tested.passed, "updated": tested.updated,
            "error": tested.mistake,
            "failed": tested.failed.iter().map(difference).collect::<Vec<_>>(),
        })
    };
    let passed: usize = all.iter().map(|tested| tested.passed).sum();
    let failed: usize = all.iter().map(|tested| tested.failed.len()).sum();
    json!({"passed": passed, "failed": failed, "files": all.iter().map(file).collect::<Vec<_>>()})
}
