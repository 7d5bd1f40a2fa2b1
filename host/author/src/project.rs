//! An author's folder: where what lies in it, and what `tidemill-plugin.toml` says.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tidemill_plugin::PluginSettings;

use crate::{Import, Kind, Language, Named, UnknownName};

/// The file that makes a folder a plugin's.
pub(crate) const MANIFEST: &str = "tidemill-plugin.toml";

/// A plugin's folder on its author's machine.
#[derive(Debug, Clone)]
pub struct Project {
    folder: PathBuf,
    name: String,
    language: Language,
    kinds: Vec<Kind>,
    uses: Vec<Import>,
    options: toml::Table,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Raw {
    name: String,
    language: Option<String>,
    #[serde(default)]
    kinds: Vec<String>,
    #[serde(default)]
    uses: Vec<String>,
    #[serde(default)]
    build: toml::Table,
}

impl Project {
    /// Reads the project in a folder, or in the nearest folder above that has a `tidemill-plugin.toml`.
    ///
    /// # Errors
    ///
    /// There is none, or its file is wrong.
    pub fn open(folder: &Path) -> Result<Self, ProjectError> {
        let absolute = std::path::absolute(folder).map_err(|error| ProjectError::read(folder, error))?;
        if !absolute.is_dir() {
            return Err(ProjectError::NoFolder(folder.to_owned()));
        }
        let home = absolute.ancestors().find(|folder| folder.join(MANIFEST).is_file());
        let Some(home) = home else { return Err(ProjectError::NoProject(folder.to_owned())) };
        Self::read(home)
    }

    fn read(folder: &Path) -> Result<Self, ProjectError> {
        let path = folder.join(MANIFEST);
        let text = fs::read_to_string(&path).map_err(|error| ProjectError::read(&path, error))?;
        let wrong = |detail: String| ProjectError::Manifest { path: path.clone(), detail };
        let raw: Raw = toml::from_str(&text).map_err(|error| wrong(error.to_string().trim_end().to_owned()))?;
        check_name(&raw.name).map_err(|error| wrong(format!("`name`: {error}")))?;
        let language = match &raw.language {
            Some(name) => Language::by_name(name).map_err(|error| wrong(format!("`language`: {error}")))?,
            None => Language::of_folder(folder).ok_or_else(|| {
                wrong("no language is recognised by the files in the folder; add `language = \"…\"`".to_owned())
            })?,
        };
        let kinds = all(&raw.kinds).map_err(|error| wrong(format!("`kinds`: {error}")))?;
        let uses = all(&raw.uses).map_err(|error| wrong(format!("`uses`: {error}")))?;
        Ok(Self { folder: folder.to_owned(), name: raw.name, language, kinds, uses, options: raw.build })
    }

    /// Where it is, as an absolute path.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The plugin's name, which its component is named by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is written in.
    pub const fn language(&self) -> Language {
        self.language
    }

    /// Its kinds, as far as `tidemill-plugin.toml` says them.
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// What it asks the host for, likewise.
    pub fn uses(&self) -> &[Import] {
        &self.uses
    }

    /// The language's own options, the table `[build]`.
    pub const fn options(&self) -> &toml::Table {
        &self.options
    }

    /// What `build` makes.
    pub fn component(&self) -> PathBuf {
        self.folder.join("dist").join(format!("{}.wasm", self.name))
    }

    /// What is written by this program and never committed: SDKs, WIT, what is in the making.
    pub fn generated(&self) -> PathBuf {
        self.folder.join(".tidemill")
    }

    /// Where golden tests are.
    pub fn tests(&self) -> PathBuf {
        self.folder.join("tests")
    }

    /// What the plugin runs with on its author's machine: `settings.toml`, which has the keys of the sidecar beside a
    /// component. Without the file, nothing.
    ///
    /// # Errors
    ///
    /// The file is wrong.
    pub fn settings(&self) -> Result<PluginSettings, ProjectError> {
        let path = self.folder.join("settings.toml");
        match fs::read_to_string(&path) {
            Ok(text) => PluginSettings::from_toml(&text)
                .map_err(|problems| ProjectError::Manifest { path, detail: problems.join("; ") }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(PluginSettings::default()),
            Err(error) => Err(ProjectError::read(&path, error)),
        }
    }
}

fn all<T: Named + PartialEq>(names: &[String]) -> Result<Vec<T>, UnknownName> {
    let mut found = Vec::new();
    for name in names {
        let one = T::by_name(name)?;
        if !found.contains(&one) {
            found.push(one);
        }
    }
    Ok(found)
}

/// Whether every language and the host can take a plugin of this name.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let fits = (1..=64).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !name.ends_with('-')
        && !name.contains("--");
    if fits {
        return Ok(());
    }
    let advice = suggestion(name).map(|better| format!("; try `{better}`")).unwrap_or_default();
    Err(format!(
        "`{name}` is no name for a plugin: it has 1 to 64 small letters, digits and single hyphens, and begins with a \
         letter{advice}"
    ))
}

/// The nearest name that fits.
fn suggestion(name: &str) -> Option<String> {
    let words = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect::<Vec<_>>()
        .join("-");
    let better: String = words.trim_start_matches(|c: char| !c.is_ascii_lowercase()).chars().take(64).collect();
    let better = better.trim_end_matches('-');
    (!better.is_empty()).then(|| better.to_owned())
}

/// Why a folder is no project.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// There is nothing.
    #[error("there is no folder {}", .0.display())]
    NoFolder(PathBuf),
    /// It is not a plugin's.
    #[error(
        "there is no {MANIFEST} in {} nor above it; go into a plugin's folder, or begin one with `tidemill plugin new`",
        .0.display()
    )]
    NoProject(PathBuf),
    /// A file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// A file of the project says something that cannot be.
    #[error("{}: {detail}", path.display())]
    Manifest {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
}

impl ProjectError {
    fn read(path: &Path, error: std::io::Error) -> Self {
        Self::Read { path: path.to_owned(), error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(files: &[(&str, &str)]) -> Result<Project, String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Project::open(folder.path()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_language_is_said_or_found() {
        let said = project(&[(MANIFEST, "name = 'a'\nlanguage = 'ts'\nkinds = ['filter', 'filter']")]).unwrap();
        assert_eq!((said.language(), said.kinds()), (Language::TypeScript, &[Kind::Filter][..]));
        for (file, language) in [
            ("Cargo.toml", Language::Rust),
            ("package.json", Language::JavaScript),
            ("pyproject.toml", Language::Python),
            ("go.mod", Language::Go),
            ("plugin.zig", Language::Zig),
            ("plugin.cpp", Language::Cpp),
            ("plugin.c", Language::C),
        ] {
            assert_eq!(project(&[(MANIFEST, "name = 'a'"), (file, "")]).unwrap().language(), language);
        }
        let both = [(MANIFEST, "name = 'a'"), ("package.json", ""), ("tsconfig.json", "")];
        assert_eq!(project(&both).unwrap().language(), Language::TypeScript);
    }

    #[test]
    fn what_is_wrong_is_named_with_what_to_do() {
        assert!(project(&[]).unwrap_err().contains("tidemill plugin new"));
        let wrong = |text: &str| project(&[(MANIFEST, text), ("plugin.c", "")]).unwrap_err();
        assert!(
            wrong("name = 'a'\nkinds = ['filtre']")
                .ends_with("`kinds`: there is no kind of plugin `filtre`; did you mean `filter`?")
        );
        assert!(wrong("name = 'Order Rules'").ends_with("try `order-rules`"));
        assert!(wrong("nam = 'a'").contains("unknown field `nam`"));
        assert!(project(&[(MANIFEST, "name = 'a'")]).unwrap_err().contains("add `language ="));
    }

    #[test]
    fn a_project_is_found_from_within() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(MANIFEST), "name = 'a'\nlanguage = 'c'").unwrap();
        fs::create_dir_all(folder.path().join("src/deep")).unwrap();
        let found = Project::open(&folder.path().join("src/deep")).unwrap();
        assert_eq!(found.component(), found.folder().join("dist/a.wasm"));
        assert!(found.settings().unwrap() == PluginSettings::default());
    }
}
