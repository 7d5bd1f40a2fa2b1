//! What makes components of each language: one file per family of languages.

mod bindings;
mod c;
mod go;
mod javascript;
mod python;
mod rust;
mod tool;
mod zig;

use crate::{BuildError, BuildOptions, Language, Progress, Project};

/// How one language becomes a component.
pub(crate) trait Toolchain {
    /// What has to be there before anything is run.
    fn needs(&self, project: &Project) -> Vec<Need>;

    /// Builds, and says each step to `progress`. Leaves the component at [`Project::component`], whose folder is there.
    /// `.tidemill/` was brought up to date before.
    fn build(&self, project: &Project, options: &BuildOptions, progress: &mut dyn Progress) -> Result<(), BuildError>;
}

/// The toolchain of a language.
pub(crate) fn of(language: Language) -> &'static dyn Toolchain {
    match language {
        Language::Rust => &rust::Rust,
        Language::JavaScript | Language::TypeScript => &javascript::JavaScript,
        Language::Python => &python::Python,
        Language::Go => &go::Go,
        Language::C | Language::Cpp => &c::C,
        Language::Zig => &zig::Zig,
    }
}

/// A program that a toolchain needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Its name, under which it is searched (`tool.rs` says where).
    pub tool: &'static str,
    /// With these arguments it shows its version and ends with success.
    pub version: &'static [&'static str],
    /// What to type to install it, or where to get it.
    pub install: String,
}

/// Finds the first need that is not met.
pub(crate) fn missing(project: &Project) -> Result<(), BuildError> {
    for need in of(project.language()).needs(project) {
        let there = tool::find(project, need.tool)
            .is_some_and(|path| tool::answers(std::process::Command::new(path).args(need.version)));
        if !there {
            return Err(BuildError::MissingTool { tool: need.tool.to_owned(), install: need.install });
        }
    }
    Ok(())
}
