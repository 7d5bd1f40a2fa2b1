//! The WIT world of a project: what it exports by its kinds and imports by its uses. Languages whose bindings are generated
//! read it from `.tidemill/wit/`; a core module is made a component by it.
//!
//! What comes with others: `completions` with what values are suggested for, `wants` with requests over HTTP. SDKs answer them
//! for authors who do not.

use std::path::{Path, PathBuf};

use wit_parser::{Resolve, SourceMap, WorldId};

use crate::build::BuildError;
use crate::{Import, Kind, Named, Project, component, embedded, project};

/// The version of the package that plugins are built for.
const VERSION: &str = "0.1.0";
/// By what requests are sent.
const HTTP: &str = "wasi:http/outgoing-handler@0.2.0";
/// By what interpreters sleep in calls; compiled languages have it of their own.
const CLOCK: &str = "wasi:clocks/monotonic-clock@0.2.0";
/// The world's name.
pub(crate) const NAME: &str = "plugin";

/// A world, as text and resolved.
#[derive(Debug)]
pub(crate) struct World {
    text: String,
    pub(crate) resolve: Resolve,
    pub(crate) id: WorldId,
}

impl World {
    /// The world of a project.
    ///
    /// # Errors
    ///
    /// The project says no kind.
    pub(crate) fn of_project(project: &Project) -> Result<Self, BuildError> {
        let wrong = |detail: String| BuildError::Project { file: project::MANIFEST.to_owned(), line: None, detail };
        if project.kinds().is_empty() {
            let names = Kind::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ");
            return Err(wrong(format!("`kinds` is empty; say what the plugin is, some of {names}")));
        }
        Self::of(project.kinds(), project.uses()).map_err(wrong)
    }

    /// The world of these kinds and uses.
    pub(crate) fn of(kinds: &[Kind], uses: &[Import]) -> Result<Self, String> {
        let text = text(kinds, uses);
        let mut contract = SourceMap::new();
        for (name, text) in embedded::wit() {
            contract.push(Path::new(&name), text);
        }
        let contract = contract.parse().map_err(|(_, error)| error.to_string())?;
        let mut resolve = Resolve::default();
        resolve.push_group(contract).map_err(|error| error.to_string())?;
        let resolved = |error| format!("{error:#}");
        for (name, text) in embedded::WASI {
            resolve.push_str(name, text).map_err(resolved)?;
        }
        let package = resolve.push_str("plugin.wit", &text).map_err(resolved)?;
        let id = resolve.select_world(&[package], Some(NAME)).map_err(resolved)?;
        Ok(Self { text, resolve, id })
    }

    /// Writes it for the tools of interpreters, which read a folder: `plugin.wit`, and what it needs in `deps/`, WASI under
    /// its stand-in. Gives the folder back.
    pub(crate) fn write(&self, project: &Project) -> Result<PathBuf, BuildError> {
        let folder = project.generated().join("wit");
        let write = |path: PathBuf, text: &str| -> Result<(), BuildError> {
            // Tools look at times of files: what has not changed is not written.
            match std::fs::read_to_string(&path) {
                Ok(found) if found == text => Ok(()),
                _ => embedded::write(&path, text.as_bytes()).map_err(BuildError::file(path)),
            }
        };
        let stand_in = |text: &str| text.replace(component::WASI, component::STAND_IN);
        let sleeps = project.uses().contains(&Import::Call);
        let clock = if sleeps { format!("  import {CLOCK};\n") } else { String::new() };
        let text = self.text.replacen("  export", &format!("{clock}  export"), 1);
        write(folder.join("plugin.wit"), &stand_in(&text))?;
        for (name, text) in embedded::wit() {
            write(folder.join("deps/tidemill-plugin").join(name), &text)?;
        }
        for (name, text) in embedded::WASI {
            write(folder.join("deps").join(name).join("package.wit"), &stand_in(text))?;
        }
        Ok(folder)
    }
}

fn text(kinds: &[Kind], uses: &[Import]) -> String {
    let mut text = format!(
        "// Made from {} by `tidemill plugin build`.\npackage tidemill:author;\n\n/// This plugin.\nworld {NAME} {{\n",
        project::MANIFEST
    );
    let mut line = |direction: &str, interface: &str| text += &format!("  {direction} {interface};\n");
    let own = |interface: &str| format!("tidemill:plugin/{interface}@{VERSION}");
    // Everybody may log, and nothing has to be granted for it.
    let others = uses.iter().filter(|import| !matches!(import, Import::Log | Import::Http));
    for interface in std::iter::once("log").chain(others.map(|import| import.name())) {
        line("import", &own(interface));
    }
    let sends = uses.contains(&Import::Http);
    if sends {
        line("import", HTTP);
    }
    let completed = kinds.iter().any(|kind| kind.is_completed()).then_some("completions");
    let kinds = kinds.iter().map(|kind| kind.name());
    for interface in std::iter::once("manifest").chain(kinds).chain(completed).chain(sends.then_some("wants")) {
        line("export", &own(interface));
    }
    text + "}\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_has_what_kinds_and_uses_say() {
        let world = World::of(&[Kind::Filter, Kind::EventTypes], &[Import::State, Import::Log]).unwrap();
        let found = &world.resolve.worlds[world.id];
        let names = |items: Vec<&wit_parser::WorldKey>| -> Vec<String> {
            items.into_iter().map(|key| world.resolve.name_world_key(key)).collect()
        };
        let of = |interface: &str| format!("tidemill:plugin/{interface}@{VERSION}");
        let imports = names(found.imports.keys().collect());
        assert!(imports.contains(&of("log")) && imports.contains(&of("state")) && !imports.contains(&of("bus")));
        assert_eq!(names(found.exports.keys().collect()), ["manifest", "filter", "event-types"].map(of));
        let world = World::of(&[Kind::Prompts], &[Import::Http]).unwrap();
        let found = &world.resolve.worlds[world.id];
        let exports: Vec<_> = found.exports.keys().map(|key| world.resolve.name_world_key(key)).collect();
        assert_eq!(exports, ["manifest", "prompts", "completions", "wants"].map(of));
        assert!(found.imports.keys().any(|key| world.resolve.name_world_key(key) == HTTP));
    }

    #[test]
    fn tools_read_what_is_written() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join(project::MANIFEST),
            "name = 'a'\nlanguage = 'js'\nkinds = ['tools']\nuses = ['call', 'http']",
        )
        .unwrap();
        let project = Project::open(folder.path()).unwrap();
        let written = World::of_project(&project).unwrap().write(&project).unwrap();
        let mut resolve = Resolve::default();
        let (package, _) = resolve.push_dir(&written).unwrap();
        resolve.select_world(&[package], Some(NAME)).unwrap();
    }

    #[test]
    fn every_kind_and_use_resolves_alone_and_together() {
        for kind in Kind::ALL {
            World::of(&[*kind], &[]).unwrap();
        }
        World::of(Kind::ALL, Import::ALL).unwrap();
    }
}
