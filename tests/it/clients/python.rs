//! Python with packages that others wrote: environments of their own, installed the first time.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::script::command;

/// Where the programs of an environment are that has the packages of `tests/<folder>/requirements.txt`.
pub(crate) fn environment(folder: &str) -> PathBuf {
    let environment = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("python-{folder}"));
    let wanted = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../tests/{folder}/requirements.txt"));
    let (bin, installed) = (environment.join("bin"), environment.join("requirements.txt"));
    // Tests are processes of their own.
    let lock = fs::File::create(environment.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    if fs::read(&installed).ok() != fs::read(&wanted).ok() {
        passes(command("python3", "python3").args(["-m", "venv", "--clear"]).arg(&environment));
        passes(Command::new(bin.join("pip")).args(["install", "--quiet", "--requirement"]).arg(&wanted));
        // Written last: half of the packages do not count.
        fs::copy(&wanted, &installed).unwrap();
    }
    bin
}

/// Runs a command, which must succeed.
pub(crate) fn passes(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{error}: {command:?}"));
    let (told, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}\n{told}\n{errors}");
}
