//! `plugin new`: begins a project from the templates in the binary. Runs no tool and needs no network.
//!
//! A template is every file in `templates/common/` and in the language's folder; of equal paths the language's is taken. A
//! name that ends in `.j2` is rendered and loses the ending; one that renders to nothing but blanks makes no file, so that a
//! file for one kind begins with `{% if has.filter %}`. `gitignore` becomes `.gitignore`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, context};

use crate::{Import, Kind, Language, Named, Project, ProjectError, embedded, project};

/// What to begin.
#[derive(Debug, Clone)]
pub struct NewProject {
    /// Its folder, whose last part is the plugin's name.
    pub folder: PathBuf,
    /// What to write it in.
    pub language: Language,
    /// What it is for; at least one kind.
    pub kinds: Vec<Kind>,
    /// What it asks the host for, beside what its kinds need.
    pub uses: Vec<Import>,
}

/// What was begun.
#[derive(Debug)]
pub struct Begun {
    /// The project.
    pub project: Project,
    /// The files that were written, seen from its folder, in order.
    pub files: Vec<String>,
}

/// Why nothing was begun.
#[derive(Debug, thiserror::Error)]
pub enum NewError {
    /// The name cannot be one.
    #[error("{0}")]
    Name(String),
    /// There is something already.
    #[error("{} exists and is not empty; choose another name, or remove it", .0.display())]
    NotEmpty(PathBuf),
    /// A file stands where the folder would be.
    #[error("{} is a file; choose another name", .0.display())]
    IsFile(PathBuf),
    /// A template cannot be rendered.
    #[error("the template {path} is wrong: {error:#}; please report this")]
    Template {
        /// Which.
        path: String,
        /// Why.
        error: minijinja::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {error}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// What was written is no project.
    #[error("{0}; please report this")]
    Project(#[from] ProjectError),
}

/// Writes a new project.
///
/// # Errors
///
/// The name cannot be one, something is there already, or files cannot be written.
pub fn begin(wanted: &NewProject) -> Result<Begun, NewError> {
    let name = wanted.folder.file_name().unwrap_or_default().to_string_lossy();
    project::check_name(&name).map_err(NewError::Name)?;
    let folder = &wanted.folder;
    match fs::read_dir(folder).map(Iterator::count) {
        Ok(1..) => return Err(NewError::NotEmpty(folder.clone())),
        Err(_) if folder.exists() => return Err(NewError::IsFile(folder.clone())),
        _ => {}
    }
    // All is rendered before anything is written.
    let files = rendered(&name, wanted)?;
    let write = |path: &Path, text: &str| {
        embedded::write(path, text.as_bytes()).map_err(|error| NewError::Write { path: path.to_owned(), error })
    };
    for (path, text) in &files {
        write(&folder.join(path), text)?;
    }
    let project = Project::open(folder)?;
    embedded::unpack(wanted.language, &project.generated())
        .map_err(|error| NewError::Write { path: project.generated(), error })?;
    Ok(Begun { project, files: files.into_keys().collect() })
}

/// The files of a project, by their paths.
fn rendered(name: &str, wanted: &NewProject) -> Result<BTreeMap<String, String>, NewError> {
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build()
        .map_err(|error| NewError::Template { path: "syntax".to_owned(), error })?;
    let mut environment = Environment::new();
    environment.set_syntax(syntax);
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    let names = |list: &[Kind]| list.iter().map(|kind| kind.name()).collect::<Vec<_>>();
    let underscored = |name: &str| name.replace('-', "_");
    let has: BTreeMap<String, bool> =
        Kind::ALL.iter().map(|kind| (underscored(kind.name()), wanted.kinds.contains(kind))).collect();
    let uses: BTreeMap<&str, bool> =
        Import::ALL.iter().map(|import| (import.name(), wanted.uses.contains(import))).collect();
    let pascal = pascal(name);
    let camel = pascal[..1].to_lowercase() + &pascal[1..];
    let about = context! {
        name, pascal, camel,
        snake => underscored(name),
        language => wanted.language.name(),
        language_title => wanted.language.title(),
        source => wanted.language.source(),
        kinds => names(&wanted.kinds),
        uses => wanted.uses.iter().map(|import| import.name()).collect::<Vec<_>>(),
        has, using => uses,
        version => env!("CARGO_PKG_VERSION"),
    };
    let mut files = BTreeMap::new();
    let own = embedded::templates(wanted.language.name());
    for (path, text) in embedded::templates("common").into_iter().chain(own) {
        let failed = |error| NewError::Template { path: path.clone(), error };
        let (path, text) = match path.strip_suffix(".j2") {
            Some(path) => (path, environment.render_str(&text, &about).map_err(failed)?),
            None => (path.as_str(), text),
        };
        let path = if path == "gitignore" { ".gitignore" } else { path };
        if text.trim().is_empty() {
            files.remove(path);
        } else {
            files.insert(path.to_owned(), text);
        }
    }
    Ok(files)
}

/// `order-rules` as `OrderRules`.
fn pascal(name: &str) -> String {
    name.split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}
