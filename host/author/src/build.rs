//! `plugin build`: from an author's folder to a component.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::{Project, embedded, toolchain};

/// How a build is to be done.
#[derive(Debug, Clone, Default)]
pub struct BuildOptions {
    /// Leaves out what only backtraces need (lines of the source), for a smaller component.
    pub release: bool,
}

/// Hears how a build goes on.
pub trait Progress {
    /// Something begins: a short text such as `Compiling`.
    fn step(&mut self, what: &str);
    /// A line that a tool wrote.
    fn line(&mut self, text: &str) {
        let _ = text;
    }
    /// Who ends the tools that run if this process is gone. With one, each runs in a process group of its own; without, in that
    /// of this process, where Ctrl-C reaches it.
    fn keeper(&self) -> Option<Arc<dyn Keep>> {
        None
    }
}

/// Ends process groups that are left behind.
pub trait Keep: Send + Sync {
    /// There is a group, of the process with this id and all that it starts.
    fn begin(&self, group: u32);
    /// Its process ended by itself.
    fn end(&self, group: u32);
}

/// What came of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The component.
    pub component: PathBuf,
    /// Its bytes.
    pub size: u64,
    /// How long it took.
    pub time: Duration,
}

/// Why there is no component.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A program is not installed.
    #[error("{tool} was not found, or does not run; {install}")]
    MissingTool {
        /// Which.
        tool: String,
        /// What to type to install it.
        install: String,
    },
    /// A program is there, and is not new enough.
    #[error("{} is {tool} {found}, which is too old; {install}", path.display())]
    OldTool {
        /// Which.
        tool: String,
        /// Where it was found.
        path: PathBuf,
        /// Its version.
        found: String,
        /// What to type to install a newer one.
        install: String,
    },
    /// A program failed: its own words, the last lines.
    #[error("{step} failed:\n{output}")]
    Failed {
        /// What it was doing.
        step: String,
        /// What it said.
        output: String,
    },
    /// Something about the project is wrong.
    #[error("{file}{}: {detail}", line.map(|line| format!(":{line}")).unwrap_or_default())]
    Project {
        /// Which file, as seen from the project's folder.
        file: String,
        /// Where in it.
        line: Option<u32>,
        /// What is wrong and what to do.
        detail: String,
    },
    /// A file cannot be written or read.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl BuildError {
    /// A file cannot be written or read.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |error| Self::File { path, error }
    }
}

/// Builds the component of a project.
///
/// # Errors
///
/// A tool is missing, the compiler refuses the source, or the project's files are wrong.
pub fn build(project: &Project, options: &BuildOptions, progress: &mut dyn Progress) -> Result<Built, BuildError> {
    let began = Instant::now();
    toolchain::missing(project)?;
    embedded::unpack(project.language(), &project.generated()).map_err(BuildError::file(project.generated()))?;
    let component = project.component();
    if let Some(folder) = component.parent() {
        fs::create_dir_all(folder).map_err(BuildError::file(folder))?;
    }
    toolchain::of(project.language()).build(project, options, progress)?;
    let size = fs::metadata(&component).map_err(BuildError::file(&component))?.len();
    Ok(Built { component, size, time: began.elapsed() })
}
