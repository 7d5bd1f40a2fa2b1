//! `cargo xtask fuzz`: libFuzzer looks for inputs that break a property of the server.
//!
//! Only crates of ours are compiled for it (`fuzz/rustc`); what they depend on is what tests have compiled.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use serde_json::Value;

use crate::cargo::Workspace;
use crate::say;

/// How to run it.
#[derive(Debug, Args)]
pub(crate) struct FuzzArgs {
    /// How long to look, for each target
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Only this one: a folder of fuzz/corpus
    target: Option<String>,
}

/// Bytes of an input: more only make it slower to find something.
const INPUT_BYTES_MAX: usize = 4096;
/// Seconds that one input may take.
const INPUT_TIME_MAX: u32 = 10;
/// MiB that all may take.
const MEMORY_MAX: u32 = 2048;

/// Builds, and runs one target after the other; the first that finds something ends it.
pub(crate) fn run(workspace: &Workspace, args: &FuzzArgs) -> Result<()> {
    let seeds = workspace.root.join("fuzz/corpus");
    let mut targets = Vec::new();
    for entry in fs::read_dir(&seeds).context("reading fuzz/corpus")? {
        targets.push(entry?.file_name().to_string_lossy().into_owned());
    }
    targets.sort();
    if let Some(one) = &args.target {
        ensure!(targets.contains(one), "there is no target `{one}`; there are {}", targets.join(", "));
        targets = vec![one.clone()];
    }
    let program = build(workspace)?;
    let work = workspace.target.join("fuzz");
    for target in targets {
        say::line(&format!("fuzzing {target} for {} s", args.seconds));
        let found = work.join("corpus").join(&target);
        fs::create_dir_all(&found).with_context(|| format!("making {}", found.display()))?;
        let prefix = format!("{}/{target}-", work.display());
        let mut fuzzer = Command::new(&program);
        fuzzer.current_dir(&workspace.root).env("TIDEMILL_FUZZ_TARGET", &target);
        fuzzer.arg(format!("-max_total_time={}", args.seconds)).arg(format!("-artifact_prefix={prefix}"));
        fuzzer.arg(format!("-max_len={INPUT_BYTES_MAX}")).arg(format!("-timeout={INPUT_TIME_MAX}"));
        fuzzer.arg(format!("-rss_limit_mb={MEMORY_MAX}")).args([
            "-print_final_stats=1",
            "-verbosity=0",
            "-print_funcs=0",
        ]);
        // What is found goes into the first folder.
        fuzzer.arg(&found).arg(seeds.join(&target));
        if !fuzzer.status().context("starting the fuzzer")?.success() {
            let kept = workspace.short(&work);
            bail!(
                "{target}: an input breaks its property; it is in {kept}: once mended, keep it in fuzz/corpus/{target}"
            );
        }
    }
    Ok(())
}

/// Builds the fuzzer; its path.
fn build(workspace: &Workspace) -> Result<PathBuf> {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--workspace", "--test", "targets", "--features", "tidemill-fuzz/libfuzzer"]);
    cargo
        .arg("--message-format=json-render-diagnostics")
        .env("RUSTC_WORKSPACE_WRAPPER", workspace.root.join("fuzz/rustc"));
    let mut cargo = cargo.stdout(Stdio::piped()).spawn().context("starting cargo")?;
    let mut program = None;
    for line in BufReader::new(cargo.stdout.take().context("cargo's answers")?).lines() {
        let message: Value = serde_json::from_str(&line?).unwrap_or_default();
        if message["target"]["name"] == "targets"
            && let Some(path) = message["executable"].as_str()
        {
            program = Some(PathBuf::from(path));
        }
    }
    ensure!(cargo.wait()?.success(), "building the fuzzer failed (it needs a C++ compiler: apt install g++)");
    program.context("cargo built no fuzzer")
}
