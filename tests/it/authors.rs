//! What plugin authors do, as they type it: a new plugin, built, checked, and at work in a real server. A file per language; what
//! all languages have in common is in `core`.

mod asks;
mod bench;
mod c;
mod cache;
mod check;
mod core;
mod go;
mod javascript;
mod python;
mod registry;
mod run;
mod rust;
mod sends;
mod whole;
mod zig;

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::support::tidemill;

/// An author's home: a folder in which commands are typed.
struct Author {
    home: TempDir,
    tools: Option<PathBuf>,
}

/// What a command said, and its exit code.
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Author {
    /// One without any tools but those in `PATH`.
    fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap(), tools: None }
    }

    /// One whose language's programs are in the `bin/` of this folder.
    fn with_tools(tools: PathBuf) -> Self {
        Self { tools: Some(tools), ..Self::new() }
    }

    /// A place in the home.
    fn at(&self, path: &str) -> PathBuf {
        self.home.path().join(path)
    }

    /// `tidemill plugin …`, ready to be typed in a folder of the home.
    fn command(&self, folder: &str, arguments: &[&str]) -> Command {
        let mut command = tidemill(&self.at(folder));
        // Not the user's: what tests compile is kept with what is built for them.
        command.arg("plugin").args(arguments).env("XDG_CACHE_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/caches"));
        if let Some(tools) = &self.tools {
            command.env("TIDEMILL_TOOLS", tools);
        }
        command
    }

    /// Types `tidemill plugin …` in a folder of the home.
    fn types(&self, folder: &str, arguments: &[&str]) -> Said {
        let ended = self.command(folder, arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Said { code: ended.status.code().unwrap(), out: text(ended.stdout), err: text(ended.stderr) }
    }

    /// Types it, and it works.
    fn succeeds(&self, folder: &str, arguments: &[&str]) -> String {
        let Said { code, out, err } = self.types(folder, arguments);
        assert_eq!(code, 0, "{arguments:?}: {out}{err}");
        out
    }

    /// Whether a file of the home is there.
    fn has(&self, path: impl AsRef<Path>) -> bool {
        self.home.path().join(path).is_file()
    }
}
