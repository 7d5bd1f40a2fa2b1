//! The languages that a plugin can be written in, by name and by what lies in a folder.

use std::fs;
use std::path::Path;

use crate::Named;

/// A language with a toolchain and templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// Rust.
    Rust,
    /// JavaScript.
    JavaScript,
    /// TypeScript.
    TypeScript,
    /// Python.
    Python,
    /// Go.
    Go,
    /// C.
    C,
    /// C++.
    Cpp,
    /// Zig.
    Zig,
}

impl Named for Language {
    const WHAT: &'static str = "language";
    const ALL: &'static [Self] =
        &[Self::Rust, Self::JavaScript, Self::TypeScript, Self::Python, Self::Go, Self::C, Self::Cpp, Self::Zig];

    fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::JavaScript => "javascript",
            Self::TypeScript => "typescript",
            Self::Python => "python",
            Self::Go => "go",
            Self::C => "c",
            Self::Cpp => "cpp",
            Self::Zig => "zig",
        }
    }

    fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::Rust => &["rs"],
            Self::JavaScript => &["js"],
            Self::TypeScript => &["ts"],
            Self::Python => &["py"],
            Self::Go => &["golang"],
            Self::Cpp => &["c++", "cxx"],
            Self::C | Self::Zig => &[],
        }
    }
}

impl Language {
    /// As it is written in prose.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::JavaScript => "JavaScript",
            Self::TypeScript => "TypeScript",
            Self::Python => "Python",
            Self::Go => "Go",
            Self::C => "C",
            Self::Cpp => "C++",
            Self::Zig => "Zig",
        }
    }

    /// The file that an author writes first.
    pub const fn source(self) -> &'static str {
        match self {
            Self::Rust => "src/lib.rs",
            Self::JavaScript => "plugin.js",
            Self::TypeScript => "plugin.ts",
            Self::Python => "plugin.py",
            Self::Go => "plugin.go",
            Self::C => "plugin.c",
            Self::Cpp => "plugin.cpp",
            Self::Zig => "plugin.zig",
        }
    }

    /// What lies in a folder: the files by which each language is recognised, surest first.
    pub(crate) fn of_folder(folder: &Path) -> Option<Self> {
        let names: Vec<String> =
            fs::read_dir(folder).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        let has = |name: &str| names.iter().any(|found| found == name);
        let ends = |ending: &str| names.iter().any(|found| found.ends_with(ending));
        match () {
            () if has("Cargo.toml") => Some(Self::Rust),
            () if has("package.json") && (has("tsconfig.json") || has("plugin.ts")) => Some(Self::TypeScript),
            () if has("package.json") || has("plugin.js") => Some(Self::JavaScript),
            () if has("pyproject.toml") || has("plugin.py") => Some(Self::Python),
            () if has("go.mod") => Some(Self::Go),
            () if ends(".zig") => Some(Self::Zig),
            () if ends(".cpp") => Some(Self::Cpp),
            () if ends(".c") => Some(Self::C),
            () => None,
        }
    }
}
