//! C and C++: the author's sources, those of the SDK and the generated bindings, compiled by Zig or clang, become a core module
//! and then a component. The folder has what Zig and the tests need as well.

mod compiler;
#[cfg(test)]
mod vectors;

use std::path::{Path, PathBuf};

pub(super) use self::compiler::{Compiler, INSTALL, STACK};
use super::{Need, Toolchain, bindings, tool};
use crate::world::World;
use crate::{BuildError, BuildOptions, Import, Language, Named as _, Progress, Project};

pub(super) struct C;

impl Toolchain for C {
    fn needs(&self, project: &Project) -> Vec<Need> {
        vec![Compiler::need(project)]
    }

    fn build(&self, project: &Project, options: &BuildOptions, progress: &mut dyn Progress) -> Result<(), BuildError> {
        let generated = Generated::of(project)?;
        let compiler = Compiler::find(project)?;
        let own = Sources::of(project)?;
        // C++ is compiled by itself: its standard is not one of C.
        let mut objects = Vec::new();
        for file in &own.cpp {
            let object = generated.folder.join(file.file_name().unwrap_or_default()).with_extension("o");
            let mut command = compiler.command(project, true, options);
            command.args(["-std=c++20", "-fno-exceptions", "-fno-rtti", "-Wall", "-c"]).arg(file);
            command.args(generated.includes()).arg("-o").arg(&object);
            run(&format!("Compiling {}", shown(project, file)), &mut command, project, progress)?;
            objects.push(object);
        }
        let module = generated.folder.join("plugin.wasm");
        let mut command = compiler.command(project, !own.cpp.is_empty(), options);
        command.args(compiler.linking()).args(generated.includes()).args(["-Wall", "-o"]).arg(&module);
        command.args(&objects).arg(generated.object());
        command.args(["-x", "c"]).args(&own.c).args(generated.sources());
        run("Compiling", &mut command, project, progress)?;
        bindings::finish(project, &module, None)
    }
}

fn run(
    step: &str,
    command: &mut std::process::Command,
    project: &Project,
    progress: &mut dyn Progress,
) -> Result<(), BuildError> {
    tool::run(step, command, progress).map(drop).map_err(|error| bindings::teach(error, project))
}

fn shown(project: &Project, file: &Path) -> String {
    file.strip_prefix(project.folder()).unwrap_or(file).display().to_string()
}

/// The author's own sources: those in the project's folder and in `src/`.
struct Sources {
    c: Vec<PathBuf>,
    cpp: Vec<PathBuf>,
}

impl Sources {
    fn of(project: &Project) -> Result<Self, BuildError> {
        let mut found = Self { c: Vec::new(), cpp: Vec::new() };
        for folder in [project.folder().to_owned(), project.folder().join("src")] {
            let Ok(entries) = folder.read_dir() else { continue };
            for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
                match path.extension().and_then(|ending| ending.to_str()) {
                    Some("c") => found.c.push(path),
                    Some("cpp" | "cc" | "cxx") => found.cpp.push(path),
                    _ => {}
                }
            }
        }
        found.c.sort();
        found.cpp.sort();
        if found.c.is_empty() && found.cpp.is_empty() {
            let file = if project.language() == Language::Cpp { "plugin.cpp" } else { "plugin.c" };
            let detail =
                "there is no source; the plugin is in this file, and in others beside it or in src/".to_owned();
            return Err(BuildError::Project { file: file.to_owned(), line: None, detail });
        }
        Ok(found)
    }
}

/// What is generated for a project in `.tidemill/gen/`.
pub(super) struct Generated {
    pub(super) folder: PathBuf,
    sdk: PathBuf,
}

impl Generated {
    /// Generates it.
    pub(super) fn of(project: &Project) -> Result<Self, BuildError> {
        let world = World::of_project(project)?;
        let made = Self { folder: project.generated().join("gen"), sdk: project.generated().join("sdk") };
        bindings::generate(wit_bindgen_c::Opts::default().build(), &world, &made.folder)?;
        bindings::write(&made.folder.join("tidemill_world.h"), defines(project).as_bytes())?;
        Ok(made)
    }

    /// The options by which headers are found.
    pub(super) fn includes(&self) -> [String; 2] {
        [&self.sdk, &self.folder].map(|folder| format!("-I{}", folder.display()))
    }

    /// The C sources that belong to every plugin.
    pub(super) fn sources(&self) -> Vec<PathBuf> {
        const SDK: &str = "calls clients content event host http json_read json_write pipeline plugin resources text";
        let sdk = SDK.split(' ').map(|name| self.sdk.join("src").join(name).with_extension("c"));
        sdk.chain([self.folder.join("plugin.c")]).collect()
    }

    /// The object file that holds the world's type.
    pub(super) fn object(&self) -> PathBuf {
        self.folder.join("plugin_component_type.o")
    }
}

/// What the SDK's sources are told of the world.
fn defines(project: &Project) -> String {
    let uses = project.uses().iter().filter(|import| !matches!(import, Import::Log)).map(|import| import.name());
    let names = std::iter::once("log").chain(uses).chain(project.kinds().iter().map(|kind| kind.name()));
    let completed = project.kinds().iter().any(|kind| kind.is_completed()).then_some("completions");
    names
        .chain(completed)
        .map(|name| format!("#define TIDEMILL_HAS_{} 1\n", name.replace('-', "_").to_uppercase()))
        .collect()
}
