//! What ends processes when the one that started them was killed, a server or `plugin dev`: a process of its own that is told which groups there are, and kills
//! those that are left when the pipe to it breaks. (The kernel can tell a child of its parent's death, but not the
//! children of that child.)

use std::collections::HashSet;
use std::io::{self, BufRead, Write};
use std::os::unix::process::CommandExt;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};
use tidemill_author::Keep;

/// The command that it runs as.
pub(crate) const COMMAND: &str = "keep-groups";

/// The end of the pipe that is not the keeper's.
#[derive(Debug)]
pub(crate) struct Keeper(Mutex<ChildStdin>);

impl Keeper {
    /// Starts it, in a group of its own: what is sent to this one's from a terminal is not for it.
    pub(crate) fn start() -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(COMMAND).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        // It ends by itself when this process does.
        let mut child = command.spawn()?;
        let pipe = child.stdin.take().ok_or_else(|| io::Error::other("its input is not there"))?;
        Ok(Self(Mutex::new(pipe)))
    }

    /// There is a group.
    pub(crate) fn begin(&self, group: Pid) {
        self.tell('+', group);
    }

    /// It is gone.
    pub(crate) fn end(&self, group: Pid) {
        self.tell('-', group);
    }

    fn tell(&self, what: char, group: Pid) {
        let mut pipe = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A few bytes, which it always reads.
        if let Err(error) = writeln!(pipe, "{what}{}", group.as_raw_nonzero()) {
            tracing::warn!("processes may outlive this one if it is killed: {error}");
        }
    }
}

/// The tools of a build are kept as well.
impl Keep for Keeper {
    fn begin(&self, group: u32) {
        group.try_into().ok().and_then(Pid::from_raw).inspect(|group| Self::begin(self, *group));
    }

    fn end(&self, group: u32) {
        group.try_into().ok().and_then(Pid::from_raw).inspect(|group| Self::end(self, *group));
    }
}

/// What the process does: listens until the pipe breaks, then kills what is left.
pub(crate) fn keep(mut input: impl BufRead) {
    for group in left(&mut input) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// The groups that began and did not end.
fn left(input: &mut impl BufRead) -> HashSet<Pid> {
    let mut groups = HashSet::new();
    let mut line = String::new();
    while input.read_line(&mut line).is_ok_and(|read| read > 0) {
        let group = line.trim_end().get(1..).and_then(|digits| digits.parse().ok());
        // The group of 1 would be everybody.
        let group = group.filter(|number| *number > 1).and_then(Pid::from_raw);
        match (line.as_bytes()[0], group) {
            (b'+', Some(group)) => groups.insert(group),
            (b'-', Some(group)) => groups.remove(&group),
            _ => false,
        };
        line.clear();
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_that_began_and_did_not_end_are_left() {
        let left = left(&mut &b"+12\n+13\n-12\nx\n\n+1\n+0\n+-5\n+14\n-99\n"[..]);
        let left: HashSet<i32> = left.iter().map(|group| group.as_raw_nonzero().get()).collect();
        assert_eq!(left, HashSet::from([13, 14]));
    }
}
