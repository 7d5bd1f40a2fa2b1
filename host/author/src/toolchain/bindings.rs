//! Bindings that are generated in process, and the component that is made at the end: what C, C++, Zig and Go have in common.

use std::fs;
use std::path::Path;

use wit_bindgen_core::{Files, WorldGenerator};

use crate::world::World;
use crate::{BuildError, Named as _, Project, component, embedded, project};

/// Generates the bindings of a world into a folder.
pub(super) fn generate(mut generator: Box<dyn WorldGenerator>, world: &World, folder: &Path) -> Result<(), BuildError> {
    let mut files = Files::default();
    generator
        .generate(&mut world.resolve.clone(), world.id, &mut files)
        .map_err(|error| BuildError::Failed { step: "Generating bindings".to_owned(), output: format!("{error:#}") })?;
    for (name, bytes) in files.iter() {
        write(&folder.join(name), bytes)?;
    }
    Ok(())
}

/// Writes a generated file, unless it is there already: compilers look at the times of files.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), BuildError> {
    match fs::read(path) {
        Ok(found) if found == bytes => Ok(()),
        _ => embedded::write(path, bytes).map_err(BuildError::file(path)),
    }
}

/// Makes the project's component of a core module. `world` as in [`component::encode`].
pub(super) fn finish(project: &Project, module: &Path, world: Option<&World>) -> Result<(), BuildError> {
    let bytes = fs::read(module).map_err(BuildError::file(module))?;
    let component = component::encode(bytes, world)
        .map_err(|output| BuildError::Failed { step: "Making the component".to_owned(), output })?;
    fs::write(project.component(), component).map_err(BuildError::file(project.component()))
}

/// What a linker's complaint about one of the SDK's names means for an author.
pub(super) fn teach(error: BuildError, project: &Project) -> BuildError {
    let BuildError::Failed { step, mut output } = error else { return error };
    let mut advice = Vec::new();
    for (name, use_) in
        [("state_", "state"), ("meter_", "meter"), ("publish", "bus"), ("progress", "call"), ("cancelled", "call")]
    {
        if undefined(&output, name) {
            advice.push(format!("add \"{use_}\" to `uses` in {}", project::MANIFEST));
        }
    }
    for kind in project.kinds() {
        for name in exports(*kind).iter().filter(|name| undefined(&output, name)) {
            advice.push(format!(
                "`kinds` in {} has \"{}\", so define `tidemill_{name}` (with C linkage in C++)",
                project::MANIFEST,
                kind.name()
            ));
        }
    }
    if undefined(&output, "plugin") {
        advice.push("say who the plugin is: define `const tidemill_manifest tidemill_plugin`".to_owned());
    }
    advice.dedup();
    for line in advice {
        output += &format!("\nhelp: {line}");
    }
    BuildError::Failed { step, output }
}

fn undefined(output: &str, name: &str) -> bool {
    let places = ["undefined symbol: tidemill_", "undefined reference to `tidemill_"];
    places.iter().any(|place| output.contains(&format!("{place}{name}")))
}

/// What the header asks a plugin of a kind to define.
const fn exports(kind: crate::Kind) -> &'static [&'static str] {
    match kind {
        crate::Kind::Filter => &["decide"],
        crate::Kind::Transform => &["apply"],
        crate::Kind::EventTypes => &["types", "validate"],
        crate::Kind::View => &["classify", "visible"],
        crate::Kind::Webhook => &["receive"],
        crate::Kind::Tools => &["tools", "call"],
        crate::Kind::Prompts => &["prompts", "get"],
        crate::Kind::Resources => &["resources", "read"],
    }
}
