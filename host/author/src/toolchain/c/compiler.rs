//! Which compiler there is for C and C++, and its options: Zig's, which brings everything along, or clang with wasi-libc.

use std::path::Path;
use std::process::Command;

use super::super::{Need, tool};
use crate::{BuildError, BuildOptions, Language, Project};

/// Bytes of stack in a component. The host gives plugins 512 KiB of its own; Zig's default would be 16 MiB of every
/// instance's memory.
pub(in super::super) const STACK: u32 = 128 * 1024;
/// What to type when there is no compiler.
pub(in super::super) const INSTALL: &str = "install Zig: type `python3 -m venv .venv && .venv/bin/pip install ziglang==0.17.0` in the plugin's folder (or clang with `apt-get install clang lld wasi-libc libclang-rt-dev-wasm32 libc++-dev-wasm32`)";
/// Names under which Zig is found; the second is that of the package on PyPI.
const ZIG: [&str; 2] = ["zig", "python-zig"];

/// A compiler.
pub(in super::super) enum Compiler {
    /// Zig, by the name that it has here.
    Zig(&'static str),
    /// clang, with a C library for WASI that lies here.
    Clang(&'static Library),
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
        let library = LIBRARIES.iter().find(|library| library.is_there(project.language() == Language::Cpp))?;
        tool::find(project, "clang").map(|_| Self::Clang(library))
    }

    /// What has to be there: whatever of them is, or Zig.
    pub(in super::super) fn need(project: &Project) -> Need {
        let (tool, version): (_, &[&str]) = match Self::look(project) {
            Some(Self::Zig(zig)) => (zig, &["version"]),
            Some(Self::Clang(_)) => ("clang", &["--version"]),
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
            Self::Clang(library) => {
                let mut command = tool::command(project, if cpp { "clang++" } else { "clang" });
                command.arg("--target=wasm32-wasi");
                // Debian's clang looks there by itself.
                command.args((library.root != "/usr").then(|| format!("--sysroot={}", library.root)));
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

/// A C library for WASI.
pub(in super::super) struct Library {
    root: &'static str,
}

/// Where systems' packages, and the WASI SDK, put one.
static LIBRARIES: [Library; 3] = [
    Library { root: "/usr" },
    Library { root: "/usr/share/wasi-sysroot" },
    Library { root: "/opt/wasi-sdk/share/wasi-sysroot" },
];

impl Library {
    /// Whether its headers are there; those of C++ are a package of their own.
    fn is_there(&self, cpp: bool) -> bool {
        let headers = Path::new(self.root).join("include/wasm32-wasi");
        headers.join(if cpp { "c++/v1" } else { "stdio.h" }).exists()
    }
}
