//! `tidemill plugin build`: makes a project's component with its language's toolchain.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use tidemill_author::build::{BuildError, BuildOptions, Built, build};
use tidemill_author::{Named, Project};

use super::steps::Steps;
use crate::cli::{Exit, Failure, Output};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidemill plugin build                 the plugin of this folder, to dist/<name>.wasm
  tidemill plugin build ../redact --release

Programs are searched in the project (node_modules/.bin, .venv/bin), in $TIDEMILL_TOOLS/bin, and in PATH.

Exit codes: 0 the component is there, 1 the source was refused, 2 this is no plugin's folder, or a tool is missing or too old.")]
pub(super) struct BuildArgs {
    /// The plugin's folder
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Leave out what only backtraces need, for a smaller component
    #[arg(long)]
    release: bool,
    /// Print what was built as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &BuildArgs, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let project = Project::open(&args.folder).map_err(|error| Failure::new(Exit::Usage, error.to_string()))?;
    let mut steps = Steps::of_build(!args.json)?;
    let result = build(&project, &BuildOptions { release: args.release }, &mut steps);
    drop(steps);
    let Built { component, size, time } = result.map_err(|error| refused(&error))?;
    if args.json {
        let about = json!({
            "name": project.name(),
            "language": project.language().name(),
            "component": component.to_string_lossy(),
            "size": size,
            "seconds": time.as_secs_f64(),
        });
        writeln!(output.out, "{about:#}")?;
    } else {
        let size = bytesize::ByteSize(size);
        writeln!(output.out, "{} ({size}, {:.1} s)", component.display(), time.as_secs_f64())?;
    }
    Ok(Exit::Success)
}

/// Why nothing was built: by the source, or for want of a tool.
pub(super) fn refused(error: &BuildError) -> Failure {
    let exit = match error {
        BuildError::MissingTool { .. } | BuildError::OldTool { .. } => Exit::Usage,
        _ => Exit::Failed,
    };
    Failure::new(exit, error.to_string())
}
