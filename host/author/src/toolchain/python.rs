//! Python: componentize-py takes a snapshot of CPython with the author's module and the SDK loaded.
//!
//! Owns the module that is handed to it, where modules are searched, and what becomes of its complaints.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use super::{Need, Toolchain, bindings, tool};
use crate::world::{self, World};
use crate::{BuildError, BuildOptions, Named, Progress, Project, project};

/// The version that is known to work.
const COMPONENTIZE: &str = "componentize-py==0.25.1";
/// The author's module.
const SOURCE: &str = "plugin.py";
/// The module that exports it, without its ending. Its name is known to the SDK, which leaves it out of stacks.
const APP: &str = "tidemill_app";

pub(super) struct Python;

impl Toolchain for Python {
    fn needs(&self, _: &Project) -> Vec<Need> {
        let install = format!(
            "type `python3 -m venv .venv && .venv/bin/pip install {COMPONENTIZE}` in the plugin's folder, or `pip install {COMPONENTIZE}`"
        );
        vec![Need { tool: "componentize-py", version: &["--version"], install }]
    }

    fn build(&self, project: &Project, _: &BuildOptions, progress: &mut dyn Progress) -> Result<(), BuildError> {
        if let Some(option) = project.options().keys().next() {
            let detail = format!("`build.{option}` is not known; there are no options for Python");
            return Err(BuildError::Project { file: project::MANIFEST.to_owned(), line: None, detail });
        }
        let folder = project.folder();
        let sources = if folder.join("src").join(SOURCE).is_file() { folder.join("src") } else { folder.to_owned() };
        if !sources.join(SOURCE).is_file() {
            let detail = "the file is missing; write the plugin there, or begin with `tidemill plugin new`".to_owned();
            return Err(BuildError::Project { file: SOURCE.to_owned(), line: None, detail });
        }
        let wit = World::of_project(project)?.write(project)?;
        let build = project.generated().join("build");
        let app = app(project)?;
        let path = build.join(format!("{APP}.py"));
        crate::embedded::write(&path, app.as_bytes()).map_err(BuildError::file(path))?;
        let mut componentize: Command = tool::command(project, "componentize-py");
        componentize.arg("-d").arg(wit).args(["-w", world::NAME, "componentize", APP, "--stub-wasi"]);
        for place in [&build, &sources, &project.generated().join("sdk/src")] {
            componentize.arg("-p").arg(place);
        }
        let own = folder.join(".venv");
        if own.is_dir() {
            // Packages that the author installed there.
            componentize.env("VIRTUAL_ENV", own);
        }
        componentize.arg("-o").arg(project.component());
        match tool::run("Making the component", &mut componentize, progress) {
            Err(BuildError::Failed { step, output }) => Err(complaint(&sources, folder, step, &output)),
            done => done.and_then(|_| bindings::ask_for_wasi(project)),
        }
    }
}

/// The module whose classes are the component's exports.
fn app(project: &Project) -> Result<String, BuildError> {
    let kinds: Vec<_> = project.kinds().iter().map(|kind| kind.name()).collect();
    // Texts without quotes and backslashes are the same in JSON and in Python.
    let (name, kinds) = (serde_json::json!(project.name()), serde_json::json!(kinds));
    let version = serde_json::json!(version(project)?);
    Ok(format!(
        "# Made by `tidemill plugin build`.\nfrom tidemill_sdk.component import component\nimport plugin\n\n\
         globals().update(component(plugin, name={name}, version={version}, kinds={kinds}))\n"
    ))
}

#[derive(Deserialize)]
struct PyProject {
    project: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    version: Option<String>,
}

/// The author's version, from `pyproject.toml`.
fn version(project: &Project) -> Result<String, BuildError> {
    let path = project.folder().join("pyproject.toml");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(BuildError::File { path, error }),
    };
    let read: PyProject = toml::from_str(&text).map_err(|error| BuildError::Project {
        file: "pyproject.toml".to_owned(),
        line: None,
        detail: error.message().to_owned(),
    })?;
    Ok(read.project.and_then(|project| project.version).unwrap_or_else(|| "0.1.0".to_owned()))
}

/// The exception of the author's module that ended the build: the innermost line of a traceback that lies in their files.
fn complaint(sources: &Path, folder: &Path, step: String, output: &str) -> BuildError {
    // After this come calls of the tool itself.
    let output = output.split("\nCaused by:").next().unwrap_or_default().trim_end().to_owned();
    let place = output.lines().rev().find_map(|line| {
        let (path, rest) = line.trim().strip_prefix("File \"")?.split_once("\", line ")?;
        let number: u32 = rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
        // Folders are mounted under numbers: `/1/plugin.py`.
        let mut parts = path.trim_start_matches('/').splitn(2, '/');
        let (mount, within) = (parts.next()?, parts.next()?);
        let file = sources.join(within);
        (mount.parse::<u32>().is_ok() && file.is_file() && !within.starts_with("tidemill_sdk/")).then(|| {
            let shown = file.strip_prefix(folder).unwrap_or(&file).display().to_string();
            (shown, number)
        })
    });
    // `TypeError: …`, with `module.` before it where it is no built-in one.
    let said = output.lines().rev().find(|line| {
        let name = line.split(':').next().unwrap_or_default();
        (name.ends_with("Error") || name.ends_with("Exception")) && !name.contains(' ')
    });
    match (place, said) {
        (Some((file, line)), Some(said)) => {
            BuildError::Project { file, line: Some(line), detail: said.trim().to_owned() }
        }
        (None, Some(said)) => {
            BuildError::Project { file: SOURCE.to_owned(), line: None, detail: said.trim().to_owned() }
        }
        _ => BuildError::Failed { step, output },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(output: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(SOURCE), "").unwrap();
        complaint(folder.path(), folder.path(), "Making the component".to_owned(), output).to_string()
    }

    #[test]
    fn an_exception_is_told_at_the_line_of_the_author() {
        let said = "AssertionError: Traceback (most recent call last):\n  File \"/0/tidemill_app.py\", line 1, in <module>\n    \
             import plugin\n  File \"/1/plugin.py\", line 4, in <module>\n    x = nothing\n        ^^^^^^^\n  File \
             \"/2/tidemill_sdk/log.py\", line 9, in x\nNameError: name 'nothing' is not defined\n\n\nCaused by:\n    NameError: x";
        assert_eq!(told(said), "plugin.py:4: NameError: name 'nothing' is not defined");
    }

    #[test]
    fn what_the_sdk_misses_is_told_of_the_module() {
        let said = "  File \"/2/tidemill_sdk/component.py\", line 30, in component\nTypeError: manifest is missing";
        assert_eq!(told(said), "plugin.py: TypeError: manifest is missing");
        assert!(told("no space left").starts_with("Making the component failed:\nno space left"));
    }
}
