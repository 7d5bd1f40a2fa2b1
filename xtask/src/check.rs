//! `cargo xtask check`: what can be said about the code without running it.

use anyhow::Result;

use crate::cargo::{Workspace, has_subcommand, succeed};
use crate::wasm_target::{TARGET, ensure_installed};
use crate::{book, guests, say};

/// Format, lints, the documentation, and which dependencies come from where under which licence.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    succeed(
        workspace.cargo().args(["fmt", "--all", "--check"]),
        "checking the format (cargo fmt --all puts it right)",
    )?;

    let lints = ["--all-targets", "--", "-D", "warnings"];
    succeed(workspace.cargo().args(["clippy", "--workspace"]).args(lints), "checking the lints")?;

    // What only tests depend on brings features with it that programs then lack where they are built alone.
    succeed(
        workspace.cargo().args(["check", "--workspace", "--bins", "--quiet"]),
        "building programs without their tests",
    )?;

    // Guests have code that only exists on their own target.
    ensure_installed(workspace)?;
    let mut clippy = workspace.cargo();
    clippy.args(["clippy", "--target", TARGET]);
    clippy.args(guests::plugins(workspace).flat_map(|(package, _)| ["-p", package]));
    succeed(clippy.args(["--", "-D", "warnings"]), "checking the lints of the plugins")?;

    book::check(workspace)?;

    if has_subcommand("deny") {
        let mut deny = workspace.cargo();
        succeed(deny.args(["deny", "check", "bans", "licenses", "sources"]), "checking the dependencies (deny.toml)")?;
    } else {
        say::line("dependencies were not checked: cargo install --locked cargo-deny");
    }
    Ok(())
}
