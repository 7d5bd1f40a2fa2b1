//! The languages: what they are called, where their tools are, which file an author changes.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// One language, or one engine of it.
#[derive(Debug)]
pub struct Language {
    /// As in `--lang` here.
    pub name: &'static str,
    /// How it is shown.
    pub title: &'static str,
    /// As in `tidemill plugin new --lang`.
    pub(super) lang: &'static str,
    /// The folder of its tools below `target/toolchains`, which the tests fill; none if they come from elsewhere.
    toolchain: Option<&'static str>,
    /// A program that is enough by itself, if it is in `PATH`.
    program: Option<&'static str>,
    /// The file with the author's code.
    pub(super) source: &'static str,
    /// What is added to `tidemill-plugin.toml`.
    pub(super) options: Option<&'static str>,
}

/// All of them, in the order of the tables.
pub const LANGUAGES: [Language; 9] = [
    language("rust", "Rust", None, Some("cargo"), "src/lib.rs"),
    language("c", "C", Some("zig"), Some("zig"), "plugin.c"),
    language("cpp", "C++", Some("zig"), Some("zig"), "plugin.cpp"),
    language("zig", "Zig", Some("zig"), Some("zig"), "plugin.zig"),
    language("go", "Go", Some("go"), Some("go"), "plugin.go"),
    language("js", "JavaScript, QuickJS", Some("javascript"), None, "plugin.js"),
    language("ts", "TypeScript, QuickJS", Some("javascript"), None, "plugin.ts"),
    Language {
        lang: "js",
        options: Some("\n[build]\nbackend = \"starlingmonkey\"\n"),
        ..language("starlingmonkey", "JavaScript, StarlingMonkey", Some("starlingmonkey"), None, "plugin.js")
    },
    language("python", "Python", Some("python"), Some("componentize-py"), "plugin.py"),
];

const fn language(
    name: &'static str,
    title: &'static str,
    toolchain: Option<&'static str>,
    program: Option<&'static str>,
    source: &'static str,
) -> Language {
    Language { name, title, lang: name, toolchain, program, source, options: None }
}

/// Those of these names, all if there are none; in the order of the tables, so that Rust comes first.
///
/// # Errors
///
/// When one is not known.
pub fn named(names: &[String]) -> Result<Vec<&'static Language>> {
    const ALL: &[Language] = &LANGUAGES;
    if let Some(unknown) = names.iter().find(|name| !ALL.iter().any(|language| language.name == **name)) {
        let known: Vec<&str> = ALL.iter().map(|language| language.name).collect();
        bail!("there is no language `{unknown}`; take some of {}", known.join(","));
    }
    Ok(ALL.iter().filter(|language| names.is_empty() || names.iter().any(|name| name == language.name)).collect())
}

impl Language {
    /// The folder for `TIDEMILL_TOOLS`, none if the tools are in `PATH`; or what is missing.
    pub(super) fn tools(&self, toolchains: &Path) -> Result<Option<PathBuf>, String> {
        let own = self.toolchain.map(|name| toolchains.join(name)).filter(|folder| folder.join("installed").is_file());
        let in_path = self.program.is_some_and(|program| {
            env::split_paths(&env::var_os("PATH").unwrap_or_default()).any(|place| place.join(program).is_file())
        });
        match (own, in_path) {
            (Some(folder), _) => Ok(Some(folder)),
            (None, true) => Ok(None),
            (None, false) => Err(format!(
                "its tools are not in {}; the tests install them: cargo xtask test -E 'test(authors::)'",
                toolchains.join(self.toolchain.unwrap_or_default()).display()
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_chosen_by_name_and_measured_in_their_order() {
        let names = |chosen: &[&str]| -> Vec<&str> {
            let chosen: Vec<String> = chosen.iter().map(|name| (*name).to_owned()).collect();
            named(&chosen).unwrap().iter().map(|language| language.name).collect()
        };
        assert_eq!(names(&["go", "rust"]), ["rust", "go"]);
        assert_eq!(names(&[]).len(), LANGUAGES.len());
        let unknown = named(&["perl".to_owned()]).unwrap_err().to_string();
        assert!(unknown.starts_with("there is no language `perl`; take some of rust,"), "{unknown}");
    }

    #[test]
    fn a_toolchain_that_is_not_there_is_named() {
        let nowhere = Path::new("/nowhere");
        let missing = named(&["starlingmonkey".to_owned()]).unwrap()[0].tools(nowhere).unwrap_err();
        assert!(missing.contains("/nowhere/starlingmonkey"), "{missing}");
    }
}
