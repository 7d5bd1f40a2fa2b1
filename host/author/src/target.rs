//! What is run, tested or measured: a component with its settings, of a project or by itself.
//!
//! Owns where both lie, and whether a component is older than what it is made of.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tidemill_plugin::limits::COMPONENT_BYTES_MAX;
use tidemill_plugin::{LoadError, PluginSettings};

use crate::{Project, ProjectError, RunError, Runner, Runtime};

/// Files that are looked at to find a newer one. Folders that tools fill are left out; this is for those nobody thought of.
pub(crate) const SOURCES_MAX: usize = 10_000;
/// Folders and files that no component is made of.
const NO_SOURCES: [&str; 9] =
    ["dist", "target", "node_modules", "tests", "__pycache__", "zig-out", "settings.toml", "README.md", "LICENSE"];

/// A component with its settings.
#[derive(Debug, Clone)]
pub struct Target {
    name: String,
    component: PathBuf,
    settings: PluginSettings,
    project: Option<Project>,
}

/// Why nothing can be run.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The folder.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// The component is not there.
    #[error("there is no {}; build it with `tidemill plugin build`", .0.display())]
    NotBuilt(PathBuf),
    /// A file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The settings are wrong.
    #[error("{}: {detail}", path.display())]
    Settings {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// The component does not run.
    #[error("{}: {error}", path.display())]
    Run {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: RunError,
    },
}

impl Target {
    /// A component by its file, or the project of a folder. The settings are those that lie there: `settings.toml` of a
    /// project, the sidecar of a component by itself; unless another file is named.
    pub fn find(path: &Path, settings: Option<&Path>) -> Result<Self, TargetError> {
        let own = if path.is_dir() { None } else { Some(path.with_extension("toml")).filter(|file| file.is_file()) };
        let settings = settings.map(Path::to_owned).or(own);
        let said = settings.map(|path| read_settings(&path)).transpose()?;
        if path.is_dir() {
            let project = Project::open(path)?;
            let (name, component) = (project.name().to_owned(), project.component());
            let settings = said.map_or_else(|| own_settings(&project), Ok)?;
            return Ok(Self { name, component, settings, project: Some(project) });
        }
        Ok(Self::by_itself(path, said.unwrap_or_default()))
    }

    /// A component with these settings, whatever lies beside it.
    pub fn by_itself(component: &Path, settings: PluginSettings) -> Self {
        let name = component.file_stem().and_then(|stem| stem.to_str()).unwrap_or("plugin").to_owned();
        Self { name, component: component.to_owned(), settings, project: None }
    }

    /// The plugin's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The component's file.
    pub fn component(&self) -> &Path {
        &self.component
    }

    /// Where this program keeps what it makes of it: `.tidemill`, in the project or beside the component.
    pub fn generated(&self) -> PathBuf {
        match &self.project {
            Some(project) => project.generated(),
            None => self.component.parent().unwrap_or(Path::new("")).join(".tidemill"),
        }
    }

    /// Its project, if it is not by itself.
    pub const fn project(&self) -> Option<&Project> {
        self.project.as_ref()
    }

    /// Whether the component is not there, or older than a file of its project.
    pub fn is_stale(&self) -> bool {
        let Some(project) = &self.project else { return false };
        let Ok(built) = fs::metadata(&self.component).and_then(|found| found.modified()) else { return true };
        let mut left = SOURCES_MAX;
        has_newer(project.folder(), built, &mut left)
    }

    /// Reads the settings again, which may have changed since.
    pub fn reread(&mut self) -> Result<(), TargetError> {
        if let Some(project) = &self.project {
            self.settings = own_settings(project)?;
        }
        Ok(())
    }

    /// What it runs with.
    pub const fn settings(&self) -> &PluginSettings {
        &self.settings
    }

    /// The component's bytes.
    pub fn bytes(&self) -> Result<Vec<u8>, TargetError> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => TargetError::NotBuilt(self.component.clone()),
            _ => TargetError::Read { path: self.component.clone(), error },
        };
        // A file that is too large is not read whole: the loader would refuse it by its length, and so does this.
        let size = fs::metadata(&self.component).map_err(failed)?.len();
        if size > COMPONENT_BYTES_MAX {
            return Err(self.run_error(RunError::Load { error: LoadError::TooLarge(size), heard: Vec::new() }));
        }
        fs::read(&self.component).map_err(failed)
    }

    /// Has it run, with a log and state of its own.
    pub fn load(&self, on: &Runtime, bytes: &[u8]) -> Result<Runner, TargetError> {
        Runner::load(on, &self.name, bytes, &self.settings).map_err(|error| self.run_error(error))
    }

    fn run_error(&self, error: RunError) -> TargetError {
        TargetError::Run { path: self.component.clone(), error }
    }
}

/// Those of a project. What they say wrong is not what makes a folder no project.
fn own_settings(project: &Project) -> Result<PluginSettings, TargetError> {
    project.settings().map_err(|error| match error {
        ProjectError::Manifest { path, detail } => TargetError::Settings { path, detail },
        other => other.into(),
    })
}

fn read_settings(path: &Path) -> Result<PluginSettings, TargetError> {
    let text = fs::read_to_string(path).map_err(|error| TargetError::Read { path: path.to_owned(), error })?;
    PluginSettings::from_toml(&text)
        .map_err(|problems| TargetError::Settings { path: path.to_owned(), detail: problems.join("; ") })
}

/// Whether a folder's sources have one that is newer.
fn has_newer(folder: &Path, than: SystemTime, left: &mut usize) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        if !is_source(&entry.path()) {
            continue;
        }
        if *left == 0 {
            return true;
        }
        *left -= 1;
        let Ok(found) = entry.metadata() else { continue };
        if found.is_dir() && has_newer(&entry.path(), than, left) {
            return true;
        }
        if found.is_file() && found.modified().is_ok_and(|written| written > than) {
            return true;
        }
    }
    false
}

/// Whether components may be made of a file or folder, by its name. What is hidden is made by tools, and logs by whoever
/// looks on: `tidemill plugin dev | tee dev.log` would build for its own lines.
pub(crate) fn is_source(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    !name.starts_with('.') && !name.ends_with(".log") && !NO_SOURCES.contains(&name)
}
