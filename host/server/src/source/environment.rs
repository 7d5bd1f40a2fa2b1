//! What a process finds: its program, its directory, and of the server's environment nothing but what the operator listed.

use std::env;
use std::io::{Error, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf, absolute};
use std::process::Stdio;

use tokio::process::Command;

use crate::config::Source;

/// The command of a source, ready to be started as the first of a group of its own.
pub(super) fn command(source: &Source) -> Result<Command, Error> {
    let directory = absolute(&source.directory)?;
    let mut command = Command::new(program(&source.command[0], &directory)?);
    command.args(&source.command[1..]).current_dir(&directory);
    command.env_clear();
    command.envs(source.environment.iter().filter_map(|name| Some((name, env::var_os(name)?))));
    command.envs(&source.set);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.process_group(0).kill_on_drop(true);
    Ok(command)
}

/// A path is relative to the directory; a mere name is looked for where the server itself would find it, whatever
/// environment the process gets.
fn program(name: &str, directory: &Path) -> Result<PathBuf, Error> {
    if name.contains('/') {
        return Ok(directory.join(name));
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|place| place.join(name)).find(|file| is_executable(file));
    found.ok_or_else(|| Error::new(ErrorKind::NotFound, format!("there is no `{name}` in the server's PATH")))
}

fn is_executable(file: &Path) -> bool {
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
