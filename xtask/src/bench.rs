//! `cargo xtask bench`: builds everything that is measured, and runs the bench with the arguments that it is given.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::cargo::{Workspace, succeed};
use crate::{guests, host};

/// Peers that are measured beside plugins: a workspace of its own, because of what it depends on.
const PEERS: &str = "tests/peers";

/// Builds and runs.
pub(crate) fn run(workspace: &Workspace, mut arguments: Vec<String>) -> Result<()> {
    guests::build_plugins(workspace)?;
    guests::build_bench_guests(workspace)?;
    host::build(workspace, host::Profile::Release)?;
    let bench = host::build_binary(workspace, host::Profile::Release, "tidemill-bench")?;
    // The bench wants a file after `--peers`; without one it is built here.
    if let Some(at) = arguments.iter().position(|argument| argument == "--peers")
        && arguments.get(at + 1).is_none_or(|next| next.starts_with("--"))
    {
        let peers = build_peers(workspace)?;
        arguments.insert(at + 1, peers.display().to_string());
    }
    let mut run = Command::new(bench);
    succeed(run.current_dir(&workspace.root).args(arguments), "the benchmark")
}

/// Builds the peers; the path of the program that measures them.
fn build_peers(workspace: &Workspace) -> Result<PathBuf> {
    let target = workspace.target.join("peers");
    let mut build = workspace.cargo();
    build.current_dir(workspace.root.join(PEERS)).args(["build", "--release", "--locked", "--target-dir"]).arg(&target);
    succeed(&mut build, "building the peers")?;
    Ok(target.join("release").join("tidemill-bench-peers"))
}
