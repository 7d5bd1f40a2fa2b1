//! Finding programs and running them: their output is shown as it comes, and kept for when they fail.

use std::collections::VecDeque;
use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::thread;

use crate::{BuildError, Progress, Project};

/// Lines of a program's output that are kept. Compilers say thousands when much is wrong, and nobody reads them.
const LINES_MAX: usize = 400;
/// Bytes of one line that are kept. A program may write megabytes without a line's end.
const LINE_BYTES_MAX: usize = 4096;
/// Lines between a program and whoever shows them; more makes the program wait.
const LINES_WAITING: usize = 256;

/// Variables that programs of a build, and what those bring along, have no business with.
const SECRETS: [&str; 4] =
    ["TIDEMILL_REGISTRY_USER", "TIDEMILL_REGISTRY_PASSWORD", "TIDEMILL_SIGN_PASSWORD", "TIDEMILL_TOKEN"];

/// Where programs are searched, in this order: in the project, in `TIDEMILL_TOOLS`, in `PATH`.
pub(crate) fn places(project: &Project) -> Vec<PathBuf> {
    let own = ["node_modules/.bin", ".venv/bin"].map(|place| project.folder().join(place));
    let tools = env::var_os("TIDEMILL_TOOLS").map(|folder| Path::new(&folder).join("bin"));
    let path = env::var_os("PATH").unwrap_or_default();
    own.into_iter().chain(tools).chain(env::split_paths(&path)).collect()
}

/// The program of this name.
pub(crate) fn find(project: &Project, tool: &str) -> Option<PathBuf> {
    places(project).into_iter().map(|place| place.join(tool)).find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// A program of this name that runs in the project's folder and finds the project's own programs first.
pub(crate) fn command(project: &Project, tool: &str) -> Command {
    let path: OsString = env::join_paths(places(project)).unwrap_or_else(|_| env::var_os("PATH").unwrap_or_default());
    let mut command = Command::new(find(project, tool).unwrap_or_else(|| tool.into()));
    command.current_dir(project.folder()).env("PATH", path);
    command
}

/// Whether a program runs and ends with success. What it says is not looked at.
pub(crate) fn answers(command: &mut Command) -> bool {
    without_secrets(command)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|end| end.success())
}

/// Has programs that a build starts fail where they would ask at the terminal: they run beside it, and would wait for ever.
fn without_questions(command: &mut Command) -> &mut Command {
    command.env("GIT_TERMINAL_PROMPT", "0");
    if env::var_os("GIT_SSH_COMMAND").is_none() && env::var_os("GIT_SSH").is_none() {
        command.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes");
    }
    command
}

/// Takes away from a program what it would tell to all that it starts.
pub(crate) fn without_secrets(command: &mut Command) -> &mut Command {
    SECRETS.iter().fold(command, |command, name| command.env_remove(name))
}

/// The first two numbers of a version, as programs write it: `v18.19.0`, `go1.27.3`.
pub(crate) fn version(text: &str) -> (u32, u32) {
    let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    let mut numbers = digits.split('.').map(|part| part.chars().take_while(char::is_ascii_digit).collect::<String>());
    let mut number = || numbers.next().and_then(|digits| digits.parse().ok()).unwrap_or(0);
    (number(), number())
}

/// Runs a program as a step of the build; each line that it writes is shown. What it wrote on standard output comes back, cut
/// to its last lines like what a failure tells.
pub(crate) fn run(step: &str, command: &mut Command, progress: &mut dyn Progress) -> Result<String, BuildError> {
    progress.step(step);
    let keeper = progress.keeper();
    if keeper.is_some() {
        command.process_group(0);
    }
    let failed = |output: String| BuildError::Failed { step: step.to_owned(), output };
    let mut child = without_questions(without_secrets(command))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(format!("cannot start {}: {error}", command.get_program().display())))?;
    if let Some(keeper) = &keeper {
        keeper.begin(child.id());
    }
    let (lines, shown) = sync_channel(LINES_WAITING);
    let readers = [
        child.stdout.take().map(|out| forward(out, true, lines.clone())),
        child.stderr.take().map(|err| forward(err, false, lines)),
    ];
    let (mut all, mut out) = (Tail::default(), Tail::default());
    for (line, is_out) in shown {
        progress.line(&line);
        if is_out {
            out.push(line.clone());
        }
        all.push(line);
    }
    for reader in readers.into_iter().flatten() {
        // A reader that panicked has nothing more to say.
        let _ = reader.join();
    }
    let end = child.wait();
    if let Some(keeper) = &keeper {
        keeper.end(child.id());
    }
    let end = end.map_err(|error| failed(error.to_string()))?;
    if end.success() { Ok(out.text()) } else { Err(failed(all.text())) }
}

/// Hands lines of a pipe on from a thread of its own, so that neither pipe makes the program wait for the other.
fn forward(
    pipe: impl Read + Send + 'static,
    is_out: bool,
    lines: std::sync::mpsc::SyncSender<(String, bool)>,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = pipe.by_ref().take(LINE_BYTES_MAX as u64).read_until(b'\n', &mut line);
            if !matches!(read, Ok(1..)) {
                return;
            }
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            if lines.send((text, is_out)).is_err() {
                return;
            }
        }
    })
}

/// The last lines of something.
#[derive(Default)]
struct Tail(VecDeque<String>);

impl Tail {
    fn push(&mut self, line: String) {
        if self.0.len() == LINES_MAX {
            self.0.pop_front();
        }
        self.0.push_back(line);
    }

    fn text(self) -> String {
        Vec::from(self.0).join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Heard(Vec<String>);

    impl Progress for Heard {
        fn step(&mut self, what: &str) {
            self.0.push(format!("step {what}"));
        }
        fn line(&mut self, text: &str) {
            self.0.push(text.to_owned());
        }
    }

    fn shell(script: &str) -> (Result<String, BuildError>, Vec<String>) {
        let mut heard = Heard::default();
        let result = run("Trying", Command::new("sh").args(["-c", script]), &mut heard);
        (result, heard.0)
    }

    #[test]
    fn what_a_program_says_is_shown_and_told_when_it_fails() {
        let (result, heard) = shell("echo out; echo err >&2");
        assert_eq!(result.unwrap(), "out");
        assert!(heard[0] == "step Trying" && heard.len() == 3, "{heard:?}");
        let (result, _) = shell("echo plugin.x:7: no such name >&2; exit 3");
        let Err(BuildError::Failed { step, output }) = result else { panic!("it failed") };
        assert_eq!((&*step, &*output), ("Trying", "plugin.x:7: no such name"));
    }

    #[test]
    fn programs_are_not_told_passwords_and_ask_for_none() {
        let mut env = Command::new("env");
        env.env("TIDEMILL_TOOLS", "here").envs(SECRETS.map(|name| (name, "open sesame")));
        let told = run("Trying", &mut env, &mut Heard::default()).unwrap();
        assert!(told.contains("TIDEMILL_TOOLS=here") && !told.contains("sesame"), "{told}");
        assert!(told.contains("GIT_TERMINAL_PROMPT=0") && told.contains("BatchMode=yes"), "they ask nothing: {told}");
        let mut none = Command::new("sh");
        none.args(["-c", "test -z \"$TIDEMILL_TOKEN\""]).env("TIDEMILL_TOKEN", "open sesame");
        assert!(answers(&mut none));
    }

    #[test]
    fn versions_are_compared_by_their_first_two_numbers() {
        for (text, numbers) in [("v18.19.0", (18, 19)), ("go1.25-rc2", (1, 25)), ("v22", (22, 0)), ("devel", (0, 0))] {
            assert_eq!(version(text), numbers, "{text}");
        }
    }

    #[test]
    fn a_flood_of_output_is_cut() {
        let (result, _) = shell("seq 1 5000; head -c 100000 /dev/zero | tr '\\0' x; exit 1");
        let Err(BuildError::Failed { output, .. }) = result else { panic!("it failed") };
        assert!(output.lines().count() <= LINES_MAX && output.lines().all(|line| line.len() <= LINE_BYTES_MAX));
    }
}
