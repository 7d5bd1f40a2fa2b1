//! The compilation target of plugins: there, or added now.

use std::{
    io::ErrorKind,
    path::PathBuf,
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{cargo::Workspace, say};

/// What plugins are compiled to.
pub(crate) const TARGET: &str = "wasm32-wasip2";

/// Adds the target to the toolchain of the checkout unless it has it.
pub(crate) fn ensure_installed(workspace: &Workspace) -> Result<()> {
    if library(workspace)?.is_dir() {
        return Ok(());
    }
    say::line(&format!("adding the compilation target {TARGET}, once: rustup target add {TARGET} (about 25 MB)"));
    let started = Instant::now();
    let mut rustup = Command::new("rustup");
    rustup.current_dir(&workspace.root).args(["target", "add", TARGET]);
    match rustup.status() {
        Ok(status) if status.success() => {}
        Ok(status) => bail!(
            "rustup target add {TARGET} failed ({status}): plugins cannot be built without this target; \
             rustup downloads it, so check the network connection"
        ),
        Err(error) if error.kind() == ErrorKind::NotFound => bail!(
            "this Rust toolchain has no target {TARGET}, and there is no rustup to add it: \
             install rustup (https://rustup.rs), or the package of your distribution that holds the target"
        ),
        Err(error) => return Err(error).context("starting rustup"),
    }
    ensure!(library(workspace)?.is_dir(), "rustup added {TARGET}, but not to the toolchain that rustc belongs to");
    say::line(&format!("added {TARGET} in {:.1} s", started.elapsed().as_secs_f32()));
    Ok(())
}

/// Where the target's standard library stands, with or without rustup.
fn library(workspace: &Workspace) -> Result<PathBuf> {
    let mut rustc = Command::new(std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into()));
    rustc.current_dir(&workspace.root).args(["--print", "target-libdir", "--target", TARGET]).stderr(Stdio::inherit());
    let output = rustc.output().context("starting rustc")?;
    ensure!(output.status.success(), "this rustc does not know the target {TARGET}; the checkout needs Rust 1.95");
    Ok(String::from_utf8_lossy(&output.stdout).trim().into())
}
