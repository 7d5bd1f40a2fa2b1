//! A terminal: one bash that is typed into, and all that it prints. Ends with its owner, with everything that it started.

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

/// What bash prints when a command is done, before its exit code. Nobody else prints it.
const DONE: &str = "\u{1}done ";
/// How long what was started may take to end when it is asked to.
const LEAVING: Duration = Duration::from_secs(20);

pub(super) struct Terminal {
    bash: Child,
    keys: ChildStdin,
    printed: Arc<Printed>,
    /// How much of it was looked at.
    seen: usize,
    /// Where what is typed is kept, because a command must not read the next ones as its input.
    scripts: PathBuf,
    typed: usize,
    /// The line of the page with the command that goes on.
    pub(super) taken_by: Option<usize>,
}

/// What a command printed, and its exit code.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) printed: String,
    pub(super) code: i32,
}

/// All that was printed, and whether everything that could print more has ended.
#[derive(Default)]
struct Printed {
    all: Mutex<(String, bool)>,
    more: Condvar,
}

impl Terminal {
    /// Opens one, with a command that starts bash where and with what it should have.
    pub(super) fn open(mut bash: Command, scripts: &Path) -> Self {
        let (reader, writer) = std::io::pipe().unwrap();
        bash.args(["--noprofile", "--norc"]).process_group(0);
        bash.stdin(Stdio::piped()).stdout(writer.try_clone().unwrap()).stderr(writer);
        let mut child = bash.spawn().unwrap();
        // The command holds the writing end, too: only without it does the reader hear that nobody prints any more.
        drop(bash);
        let printed = Arc::<Printed>::default();
        let sink = Arc::clone(&printed);
        std::thread::spawn(move || sink.collect(reader));
        let keys = child.stdin.take().unwrap();
        let mut terminal =
            Self { bash: child, keys, printed, seen: 0, scripts: scripts.to_owned(), typed: 0, taken_by: None };
        terminal.press(&format!("trap 'printf \"\\n{DONE}%d\\n\" $?' EXIT\n"));
        terminal
    }

    /// Types commands, of which the first that fails ends the terminal. Messages of bash name this file and line.
    pub(super) fn types(&mut self, commands: &str, page: &str, line: usize) {
        let script = self.script(commands, page, line);
        self.press(&format!("set -e; source {script} </dev/null; set +e; printf '\\n{DONE}0\\n'\n"));
    }

    /// Types one command, which may fail.
    pub(super) fn tries(&mut self, command: &str, page: &str, line: usize) {
        let script = self.script(command, page, line);
        self.press(&format!("source {script} </dev/null; printf '\\n{DONE}%d\\n' $?\n"));
    }

    /// Waits until what was typed has ended. None: it did not in time.
    pub(super) fn ended(&mut self, until: Instant) -> Option<Ended> {
        let mark = format!("\n{DONE}");
        let (printed, code, length) = self.printed.wait(until, |all, _| {
            let new = &all[self.seen..];
            let (printed, rest) = new.split_once(&mark)?;
            let (code, _) = rest.split_once('\n')?;
            Some((printed.to_owned(), code.parse().unwrap(), printed.len() + mark.len() + code.len() + 1))
        })?;
        self.seen += length;
        Some(Ended { printed, code })
    }

    /// Waits until what was printed since the last look is as wished; then it counts as looked at. Otherwise: what was
    /// printed, because nothing more comes or it takes too long.
    pub(super) fn prints(&mut self, until: Instant, wished: impl Fn(&str) -> bool) -> Result<(), String> {
        let found = self.printed.wait(until, |all, no_more| {
            let new = &all[self.seen..];
            let ended = no_more || new.contains(DONE);
            if wished(new) { Some(Ok(all.len())) } else { ended.then(|| Err(new.to_owned())) }
        });
        match found {
            Some(Ok(length)) => {
                self.seen = length;
                Ok(())
            }
            Some(Err(printed)) => Err(printed),
            None => Err(self.rest()),
        }
    }

    /// Waits until this is printed, and does not take it for looked at. Whether it was.
    pub(super) fn says(&self, until: Instant, text: &str) -> bool {
        let found = self.printed.wait(until, |all, no_more| {
            let new = &all[self.seen..];
            if new.contains(text) { Some(true) } else { (no_more || new.contains(DONE)).then_some(false) }
        });
        found == Some(true)
    }

    /// What was printed since the last look.
    pub(super) fn rest(&self) -> String {
        self.printed.all.lock().unwrap_or_else(PoisonError::into_inner).0[self.seen..].to_owned()
    }

    /// Whether the command that goes on has ended after all.
    pub(super) fn is_over(&self) -> bool {
        self.rest().contains(DONE)
    }

    /// Ctrl-C.
    pub(super) fn interrupts(&self) {
        let id = self.bash.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        for child in children.split_whitespace() {
            let pid = Pid::from_raw(child.parse().unwrap()).unwrap();
            // One that has just ended by itself needs no signal.
            let _ = rustix::process::kill_process(pid, Signal::INT);
        }
    }

    /// The folder it is in.
    pub(super) fn folder(&self) -> PathBuf {
        std::fs::read_link(format!("/proc/{}/cwd", self.bash.id())).unwrap()
    }

    fn press(&mut self, keys: &str) {
        // A bash that has ended says so when it is waited for.
        let _ = self.keys.write_all(keys.as_bytes());
    }

    /// A file with what is typed, at the same line as in the page.
    fn script(&mut self, text: &str, page: &str, line: usize) -> String {
        self.typed += 1;
        let folder = self.scripts.join(self.typed.to_string());
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(Path::new(page).file_name().unwrap());
        std::fs::write(&path, "\n".repeat(line - 1) + text).unwrap();
        path.display().to_string()
    }
}

impl Printed {
    fn collect(&self, mut from: impl Read) {
        let (mut bytes, mut buffer) = (Vec::new(), [0; 8192]);
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            bytes.extend_from_slice(&buffer[..length]);
            // What is left over is the beginning of a letter whose end is still to come.
            let whole = match std::str::from_utf8(&bytes) {
                Err(error) if error.error_len().is_none() => error.valid_up_to(),
                _ => bytes.len(),
            };
            let text = String::from_utf8_lossy(&bytes[..whole]).into_owned();
            bytes.drain(..whole);
            self.all.lock().unwrap().0.push_str(&text);
            self.more.notify_all();
        }
        self.all.lock().unwrap().1 = true;
        self.more.notify_all();
    }

    fn wait<T>(&self, until: Instant, found: impl Fn(&str, bool) -> Option<T>) -> Option<T> {
        let mut all = self.all.lock().unwrap();
        loop {
            if let Some(found) = found(&all.0, all.1) {
                return Some(found);
            }
            let left = until.checked_duration_since(Instant::now())?;
            (all, _) = self.more.wait_timeout(all, left).unwrap();
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let group = Pid::from_child(&self.bash);
        // Asked first: what a command started in a group of its own is ended by that command.
        let _ = kill_process_group(group, Signal::TERM);
        let start = Instant::now();
        while start.elapsed() < LEAVING {
            // Its own end has to be heard, or it counts as one of the group.
            let _ = self.bash.try_wait();
            if test_kill_process_group(group).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.bash.wait();
    }
}
