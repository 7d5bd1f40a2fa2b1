//! JavaScript and TypeScript: the SDK's own build program (`sdk/build/build.mjs`) bundles the author's module and makes the
//! component, in node.
//!
//! Owns where packages come from, the check of types, and what becomes of the program's answers. QuickJS is the engine, or
//! StarlingMonkey with `backend = "starlingmonkey"` under `[build]`, which is larger and faster at long computations.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Need, Toolchain, bindings, tool};
use crate::world::{self, World};
use crate::{BuildError, BuildOptions, Language, Named, Progress, Project, project};

/// The packages that make components, with the versions that are known to work; their dependencies come with them.
const PACKAGES: [(&str, &str); 2] = [("rolldown", "1.3.2"), ("componentize-qjs", "0.4.5")];
/// The same for the other engine.
const PACKAGES_STARLINGMONKEY: [(&str, &str); 2] =
    [("rolldown", "1.3.2"), ("@bytecodealliance/componentize-js", "0.22.0")];
/// The first version of Node.js that those run in.
const OLDEST_NODE: (u32, u32) = (20, 19);
/// Types are checked by it.
const TYPESCRIPT: (&str, &str) = ("typescript", "7.0.2");

pub(super) struct JavaScript;

impl Toolchain for JavaScript {
    fn needs(&self, _: &Project) -> Vec<Need> {
        let install = "install Node.js 20.19 or newer with npm from https://nodejs.org";
        ["node", "npm"].map(|tool| Need { tool, version: &["--version"], install: install.to_owned() }).into()
    }

    fn build(&self, project: &Project, _: &BuildOptions, progress: &mut dyn Progress) -> Result<(), BuildError> {
        node_is_new_enough(project, progress)?;
        let source = source(project)?;
        let backend = Backend::of(project)?;
        let tools = packages(project, backend, progress)?;
        if project.language() == Language::TypeScript {
            check_types(project, source, progress)?;
        }
        let wit = World::of_project(project)?.write(project)?;
        let mut uses: Vec<_> = project.uses().iter().map(|import| import.name()).collect();
        uses.sort_unstable();
        let told = serde_json::json!({
            "project": project.folder(),
            "source": source,
            "world": world::NAME,
            "wit": wit,
            "about": {
                "name": project.name(),
                "kinds": project.kinds().iter().map(|kind| kind.name()).collect::<Vec<_>>(),
            },
            "uses": uses,
            "backend": backend.name(),
            "tools": tools,
            "out": project.component(),
        });
        let mut node = tool::command(project, "node");
        node.arg(project.generated().join("sdk/build/build.mjs")).arg(told.to_string());
        let mut steps = Steps(progress);
        match tool::run("Building", &mut node, &mut steps) {
            Ok(_) => bindings::ask_for_wasi(project),
            Err(BuildError::Failed { step, output }) => Err(complaint(&step, output)),
            Err(error) => Err(error),
        }
    }
}

/// Whether the packages run in this Node.js. Debian 12 has an older one.
fn node_is_new_enough(project: &Project, progress: &mut dyn Progress) -> Result<(), BuildError> {
    let said = tool::run("Looking for Node.js", tool::command(project, "node").arg("--version"), progress)?;
    if tool::version(&said) >= OLDEST_NODE {
        return Ok(());
    }
    Err(BuildError::OldTool {
        tool: "Node.js".to_owned(),
        path: tool::find(project, "node").unwrap_or_default(),
        found: said.trim().trim_start_matches('v').to_owned(),
        install:
            "type `npm install -D node@22` in the plugin's folder, or install 20.19 or newer from https://nodejs.org"
                .to_owned(),
    })
}

/// The engine that a component carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Backend {
    QuickJs,
    StarlingMonkey,
}

impl Backend {
    fn of(project: &Project) -> Result<Self, BuildError> {
        let wrong = |detail: String| BuildError::Project { file: project::MANIFEST.to_owned(), line: None, detail };
        let known = "use \"qjs\" or \"starlingmonkey\"";
        if let Some(key) = project.options().keys().find(|key| *key != "backend") {
            return Err(wrong(format!("`build.{key}` is not known for JavaScript; there is `build.backend`: {known}")));
        }
        match project.options().get("backend").map(|value| value.as_str()) {
            None | Some(Some("qjs")) => Ok(Self::QuickJs),
            Some(Some("starlingmonkey")) => Ok(Self::StarlingMonkey),
            Some(_) => Err(wrong(format!("`build.backend` is no engine; {known}"))),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::QuickJs => "qjs",
            Self::StarlingMonkey => "starlingmonkey",
        }
    }

    const fn packages(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::QuickJs => &PACKAGES,
            Self::StarlingMonkey => &PACKAGES_STARLINGMONKEY,
        }
    }
}

/// The author's module.
fn source(project: &Project) -> Result<&'static str, BuildError> {
    let names = match project.language() {
        Language::TypeScript => ["plugin.ts", "src/plugin.ts"],
        _ => ["plugin.js", "src/plugin.js"],
    };
    names.into_iter().find(|name| project.folder().join(name).is_file()).ok_or_else(|| BuildError::Project {
        file: names[0].to_owned(),
        line: None,
        detail: "the file is missing; write the plugin there, or begin with `tidemill plugin new`".to_owned(),
    })
}

/// The folder whose `node_modules` has the packages: the project, after `npm install` if need be, or `TIDEMILL_TOOLS`.
fn packages(project: &Project, backend: Backend, progress: &mut dyn Progress) -> Result<PathBuf, BuildError> {
    let has =
        |folder: &Path| backend.packages().iter().all(|(name, _)| folder.join("node_modules").join(name).is_dir());
    let shared = std::env::var_os("TIDEMILL_TOOLS").map(PathBuf::from).filter(|folder| has(folder));
    if missing(project, shared.as_deref())? {
        let mut npm = tool::command(project, "npm");
        npm.args(["install", "--no-audit", "--no-fund"]);
        tool::run("Installing packages", &mut npm, progress)?;
    }
    if has(project.folder()) {
        return Ok(project.folder().to_owned());
    }
    shared.ok_or_else(|| {
        let all: Vec<_> = backend.packages().iter().map(|(name, version)| format!("{name}@{version}")).collect();
        let detail = format!("the packages that build it are not there; type `npm install -D {}`", all.join(" "));
        BuildError::Project { file: "package.json".to_owned(), line: None, detail }
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Package {
    #[serde(default)]
    dependencies: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    dev_dependencies: serde_json::Map<String, serde_json::Value>,
}

/// Whether the project asks for packages that are neither in it nor among the shared ones. The SDK is found without.
fn missing(project: &Project, shared: Option<&Path>) -> Result<bool, BuildError> {
    let path = project.folder().join("package.json");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(BuildError::File { path, error }),
    };
    let package: Package = serde_json::from_str(&text).map_err(|error| BuildError::Project {
        file: "package.json".to_owned(),
        line: u32::try_from(error.line()).ok(),
        detail: error.to_string(),
    })?;
    let there = |name: &str| {
        let folders = [Some(project.folder()), shared];
        folders.into_iter().flatten().any(|folder| folder.join("node_modules").join(name).exists())
    };
    let mut names = package.dependencies.keys().chain(package.dev_dependencies.keys());
    Ok(names.any(|name| name != "@tidemill/sdk" && !there(name)))
}

/// What a module has to be, for the compiler: it is no part of the component.
const CHECK: &str = "import type { Plugin } from '@tidemill/sdk';\nimport * as plugin from '../../";

fn check_types(project: &Project, source: &str, progress: &mut dyn Progress) -> Result<(), BuildError> {
    let path = project.generated().join("build/check.ts");
    let text = format!("{CHECK}{}';\n\nplugin satisfies Plugin;\n", source.trim_end_matches(".ts"));
    crate::embedded::write(&path, text.as_bytes()).map_err(BuildError::file(path))?;
    let install = format!("type `npm install -D {}@{}`", TYPESCRIPT.0, TYPESCRIPT.1);
    if tool::find(project, "tsc").is_none() {
        return Err(BuildError::MissingTool { tool: "tsc".to_owned(), install });
    }
    let mut tsc = tool::command(project, "tsc");
    tsc.args(["--noEmit", "--pretty", "false", "-p", "."]);
    match tool::run("Checking types", &mut tsc, progress) {
        Err(BuildError::Failed { step, output }) => Err(type_error(step, output)),
        done => done.map(drop),
    }
}

/// The compiler's complaint: `plugin.ts(3,5): error TS2322: …`, maybe several.
fn type_error(step: String, output: String) -> BuildError {
    let first = output.lines().find_map(|line| {
        let (place, detail) = line.split_once("): error ")?;
        let (file, place) = place.split_once('(')?;
        let line = place.split(',').next()?.parse().ok()?;
        Some((file.to_owned(), line, detail.to_owned()))
    });
    let Some((file, line, mut detail)) = first else { return BuildError::Failed { step, output } };
    let more = output.matches(": error ").count() - 1;
    if more > 0 {
        detail += &format!(" ({more} more)");
    }
    // Our own file is no help to an author: the module as a whole is not what it should be.
    match file.strip_prefix(".tidemill/") {
        Some(_) => BuildError::Project { file: "plugin.ts".to_owned(), line: None, detail: output },
        None => BuildError::Project { file, line: Some(line), detail },
    }
}

/// Shows the steps that the build program tells, and whatever else is written.
struct Steps<'a>(&'a mut dyn Progress);

impl Progress for Steps<'_> {
    fn step(&mut self, what: &str) {
        self.0.step(what);
    }

    fn line(&mut self, text: &str) {
        match serde_json::from_str(text) {
            Ok(Told::Step(step)) => self.0.step(&step),
            Ok(Told::Error(_) | Told::Done(_)) => {}
            Err(_) => self.0.line(text),
        }
    }

    fn keeper(&self) -> Option<std::sync::Arc<dyn crate::Keep>> {
        self.0.keeper()
    }
}

/// One line of the build program.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Told {
    Step(String),
    Done(serde::de::IgnoredAny),
    Error(Complaint),
}

/// What is wrong with the author's module.
#[derive(Deserialize)]
struct Complaint {
    file: Option<String>,
    line: Option<u32>,
    detail: String,
    help: Option<String>,
}

fn complaint(step: &str, output: String) -> BuildError {
    let told = output.lines().find_map(|line| match serde_json::from_str(line) {
        Ok(Told::Error(complaint)) => Some(complaint),
        _ => None,
    });
    match told {
        Some(Complaint { file: Some(file), line, detail, help }) => {
            let help = help.map(|help| format!("; {}", help.trim_end_matches('.'))).unwrap_or_default();
            BuildError::Project { file, line, detail: format!("{}{help}", detail.trim_end_matches('.')) }
        }
        Some(Complaint { detail, .. }) => BuildError::Failed { step: step.to_owned(), output: detail },
        None => BuildError::Failed { step: step.to_owned(), output },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(build: &str) -> (tempfile::TempDir, Project) {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("name = 'a'\nlanguage = 'js'\nkinds = ['filter']\n{build}");
        fs::write(folder.path().join(project::MANIFEST), text).unwrap();
        let project = Project::open(folder.path()).unwrap();
        (folder, project)
    }

    #[test]
    fn the_engine_is_said_or_quickjs() {
        assert_eq!(Backend::of(&project("").1).unwrap(), Backend::QuickJs);
        let other = project("[build]\nbackend = 'starlingmonkey'");
        assert_eq!(Backend::of(&other.1).unwrap(), Backend::StarlingMonkey);
        let wrong = |build: &str| Backend::of(&project(build).1).unwrap_err().to_string();
        assert!(wrong("[build]\nbackend = 'v8'").contains("use \"qjs\" or \"starlingmonkey\""));
        assert!(wrong("[build]\nengine = 'qjs'").contains("`build.engine` is not known"));
    }

    #[test]
    fn packages_are_installed_only_if_one_is_missing() {
        let (folder, project) = project("");
        assert!(!missing(&project, None).unwrap(), "there is no package.json");
        let package =
            r#"{"dependencies": {"@tidemill/sdk": "file:.tidemill/sdk"}, "devDependencies": {"rolldown": "1"}}"#;
        fs::write(folder.path().join("package.json"), package).unwrap();
        assert!(missing(&project, None).unwrap());
        fs::create_dir_all(folder.path().join("tools/node_modules/rolldown")).unwrap();
        assert!(!missing(&project, Some(&folder.path().join("tools"))).unwrap());
        fs::write(folder.path().join("package.json"), "{\n  oops").unwrap();
        assert!(missing(&project, None).unwrap_err().to_string().starts_with("package.json:2: "));
    }

    #[test]
    fn mistakes_are_told_at_their_place() {
        let told = "{\"step\":\"bundling\"}\n{\"error\":{\"file\":\"plugin.js\",\"line\":4,\"detail\":\"No.\",\"help\":\"Try.\"}}";
        assert_eq!(complaint("Building", told.to_owned()).to_string(), "plugin.js:4: No; Try");
        assert!(complaint("Building", "node: out of memory".to_owned()).to_string().contains("out of memory"));
        let types =
            "plugin.ts(3,5): error TS2322: Type 'number' is not assignable to type 'Verdict'.\nb.ts(1,1): error TS1: x";
        let said = type_error("Checking types".to_owned(), types.to_owned()).to_string();
        assert_eq!(said, "plugin.ts:3: TS2322: Type 'number' is not assignable to type 'Verdict'. (1 more)");
    }
}
