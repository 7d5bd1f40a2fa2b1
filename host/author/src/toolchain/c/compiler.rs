//! Which compiler there is for C and C++, and its options: Zig's, which brings everything along, or clang with wasi-libc.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::{Need, tool};
use crate::{BuildError, BuildOptions, Project};

/// Bytes of stack in a component. The host gives plugins 512 KiB of its own; Zig's default would be 16 MiB of every
/// instance's memory.
pub(in super::super) const STACK: u32 = 128 * 1024;
/// What to type when there is no compiler.
pub(in super::super) const INSTALL: &str = "install Zig: type `python3 -m venv .venv && .venv/bin/pip install ziglang==0.17.0` in the plugin's folder (or clang, lld, wasi-libc and libclang-rt-dev-wasm32 of your system)";
/// Names under which Zig is found; the second is that of the package on PyPI.
const ZIG: [&str; 2] = ["zig", "python-zig"];

/// A compiler.
pub(in super::super) enum Compiler {
    /// Zig, by the name that it has here.
    Zig(&'static str),
    /// clang, with a C library for WASI.
    Clang,
}

impl Compiler {
    /// The best one that is there.
    pub(in super::super) fn find(project: &Project) -> Result<Self, BuildError> {
        Self::look(project)
            .ok_or_else(|| BuildError::MissingTool { tool: "zig".to_owned(), install: INSTALL.to_owned() })
    }

    fn look(project: &Project) -> Option<Self> {
        let runs =
            |tool: &str| tool::find(project, tool).is_some_and(|path| tool::answers(Command::new(path).arg("version")));
        if let Some(zig) = ZIG.into_iter().find(|zig| runs(zig)) {
            return Some(Self::Zig(zig));
        }
        (tool::find(project, "clang").is_some() && library().is_some()).then_some(Self::Clang)
    }

    /// What has to be there: whatever of them is, or Zig.
    pub(in super::super) fn need(project: &Project) -> Need {
        let (tool, version): (_, &[&str]) = match Self::look(project) {
            Some(Self::Zig(zig)) => (zig, &["version"]),
            Some(Self::Clang) => ("clang", &["--version"]),
            None => ("zig", &["version"]),
        };
        Need { tool, version, install: INSTALL.to_owned() }
    }

    /// The compiler of C or C++ with what every call of it needs.
    pub(super) fn command(&self, project: &Project, cpp: bool, options: &BuildOptions) -> Command {
        let mut command = match self {
            Self::Zig(zig) => {
                let mut command = tool::command(project, zig);
                command.args([if cpp { "c++" } else { "cc" }, "-target", "wasm32-wasi"]);
                command
            }
            Self::Clang => {
                let mut command = tool::command(project, if cpp { "clang++" } else { "clang" });
                command.arg("--target=wasm32-wasi");
                command
            }
        };
        command.args(["-mexec-model=reactor", "-Os", "-fno-strict-aliasing"]);
        // Lines of the source for backtraces; whatever else a debugger would want is left out.
        command.arg(if options.release { "-g0" } else { "-gline-tables-only" });
        if options.release {
            command.arg("-s");
        }
        command
    }

    /// The linker's options.
    pub(super) fn linking(&self) -> [String; 1] {
        [format!("-Wl,-z,stack-size={STACK}")]
    }
}

/// Where the systems' packages put a C library for WASI.
fn library() -> Option<PathBuf> {
    let places = ["/usr/include/wasm32-wasi", "/usr/share/wasi-sysroot/include", "/opt/wasi-sdk/share/wasi-sysroot"];
    places.iter().map(Path::new).find(|place| place.is_dir()).map(Path::to_owned)
}
