//! Which component a command is about, and that it is built.

use std::path::PathBuf;

use clap::Args;
use tidemill_author::build::{BuildError, BuildOptions, build};
use tidemill_author::{Ear, Runtime, Target, TargetError, cache};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::steps::Steps;
use crate::cli::{Exit, Failure, Output};

#[derive(Debug, Clone, Args)]
pub(super) struct TargetArgs {
    /// A component (`order.wasm`), or the folder of a plugin; by default the one that you are in
    #[arg(value_name = "FILE|FOLDER", default_value = ".")]
    pub(super) path: PathBuf,
    /// What the plugin runs with; by default `settings.toml` of the folder, or what lies beside the component (`order.toml`)
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Take the component as it is, also if its sources are newer
    #[arg(long)]
    no_build: bool,
}

impl TargetArgs {
    /// Finds it.
    pub(super) fn find(&self) -> Result<Target, Failure> {
        Target::find(&self.path, self.settings.as_deref()).map_err(|error| not_run(&error))
    }

    /// Finds it, and builds it if it is older than its sources.
    pub(super) fn open(&self) -> Result<Target, Failure> {
        let target = self.find()?;
        if let Some(project) = target.project()
            && !self.no_build
            && target.is_stale()
        {
            build(project, &BuildOptions::default(), &mut Steps::of_build(true)?).map_err(|error| not_built(&error))?;
        }
        Ok(target)
    }
}

/// What runs components. Those that were compiled before are taken from the user's cache.
pub(super) fn runtime(ear: Ear, output: &mut Output<'_>) -> Result<Runtime, Failure> {
    let cache = cache::compiled();
    if let Err(why) = &cache {
        writeln!(output.err, "compiled components are not kept: {why}")?;
    }
    Runtime::new(cache.ok().as_deref(), ear).map_err(|error| Failure::new(Exit::Failed, error.to_string()))
}

/// Why a component does not run: nothing was done.
pub(super) fn not_run(error: &TargetError) -> Failure {
    Failure::new(Exit::Usage, error.to_string())
}

/// Why there is no component that could be run.
pub(super) fn not_built(error: &BuildError) -> Failure {
    Failure::new(Exit::Usage, error.to_string())
}

/// Hears what plugins log, from here to the end of the process.
pub(super) fn listen() -> Ear {
    let ear = Ear::default();
    // There is one subscriber in a process. Without it, what plugins log is not shown.
    let _ = tracing_subscriber::registry().with(ear.clone()).try_init();
    ear
}
