//! Programs under test: started on their cores, bound to the life of this process, stopped by their own id.
//! Must not know which hub a program is.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process, set_parent_process_death_signal};

use crate::cpu;

/// How long a program may take to stop by itself before it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// How much of a failed program's output an error shows.
const SHOWN_OUTPUT: usize = 2_000;

/// A running program. Dropping it stops it.
#[derive(Debug)]
pub struct Program {
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Program {
    /// Starts a program with its output in files of `scratch`. `bench` is the path of this very program: the new
    /// process first runs its `launch` command, which sets the cores and the limits and then becomes the program.
    ///
    /// # Errors
    ///
    /// When the program cannot be started.
    pub fn start<S: AsRef<OsStr>>(
        bench: &Path,
        cores: &[usize],
        scratch: &Path,
        program: &Path,
        arguments: impl IntoIterator<Item = S>,
    ) -> Result<Self> {
        let (stdout, stderr) = (scratch.join("stdout.log"), scratch.join("stderr.log"));
        let mut command = Command::new(bench);
        command.arg("launch");
        for core in cores {
            command.arg("--core").arg(core.to_string());
        }
        let child = command
            .arg("--")
            .arg(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(File::create(&stdout)?)
            .stderr(File::create(&stderr)?)
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        Ok(Self { child, stdout, stderr })
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What the program has printed so far.
    #[must_use]
    pub fn output(&self) -> String {
        fs::read_to_string(&self.stdout).unwrap_or_default()
    }

    /// Asks `ready` every few milliseconds until it answers something.
    ///
    /// # Errors
    ///
    /// When the program ends or the time is over; the message holds the end of the program's output.
    pub fn wait_until<T>(&mut self, limit: Duration, mut ready: impl FnMut(&Self) -> Option<T>) -> Result<T> {
        let begin = Instant::now();
        loop {
            if let Some(answer) = ready(self) {
                return Ok(answer);
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the program ended at once ({status}){}", self.last_words());
            }
            if begin.elapsed() > limit {
                bail!("not ready after {} s{}", limit.as_secs(), self.last_words());
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn last_words(&self) -> String {
        let all = fs::read_to_string(&self.stderr).unwrap_or_default() + &self.output();
        let text = all.trim();
        let from = text.floor_char_boundary(text.len().saturating_sub(SHOWN_OUTPUT));
        format!(": {}", text.get(from..).unwrap_or_default())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
            && matches!(self.child.try_wait(), Ok(None))
        {
            kill_process(pid, Signal::TERM).ok();
            let begin = Instant::now();
            while matches!(self.child.try_wait(), Ok(None)) && begin.elapsed() < STOP_LIMIT {
                thread::sleep(Duration::from_millis(5));
            }
            self.child.kill().ok();
        }
        self.child.wait().ok();
    }
}

/// Becomes another program, on these cores, with all open files allowed, and ends when the parent does.
///
/// # Errors
///
/// Only returns when that is not possible.
pub fn become_program(cores: &[usize], command: &[String]) -> Result<()> {
    let (program, arguments) = command.split_first().context("no program given")?;
    cpu::pin(cores)?;
    cpu::raise_open_files();
    set_parent_process_death_signal(Some(Signal::TERM)).context("binding the process to its parent")?;
    Err(Command::new(program).args(arguments).exec()).with_context(|| format!("running {program}"))
}
