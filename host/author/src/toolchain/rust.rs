//! Rust: cargo makes a core module, which becomes a component in process.

use std::process::Command;

use super::{Need, Toolchain, tool};
use crate::{BuildError, BuildOptions, Progress, Project};

/// The target of plugins that may ask for WASI.
const TARGET: &str = "wasm32-wasip2";

pub(super) struct Rust;

impl Toolchain for Rust {
    fn needs(&self, _: &Project) -> Vec<Need> {
        vec![Need {
            tool: "cargo",
            version: &["--version"],
            install: "install Rust with `curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh`".to_owned(),
        }]
    }

    fn build(&self, project: &Project, _: &BuildOptions, progress: &mut dyn Progress) -> Result<(), BuildError> {
        let mut cargo: Command = tool::command(project, "cargo");
        cargo.args(["build", "--release", "--target", TARGET]);
        tool::run("Compiling", &mut cargo, progress)?;
        let file = format!("{}.wasm", project.name().replace('-', "_"));
        let made = project.folder().join("target").join(TARGET).join("release").join(file);
        std::fs::copy(&made, project.component()).map_err(BuildError::file(made)).map(drop)
    }
}
