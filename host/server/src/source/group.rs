//! The group of a process: it and whatever it starts, unless that leaves on purpose. Ended as a whole.

use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tokio::time::{Instant, sleep};

use crate::keeper::Keeper;
use crate::limits::{SOURCE_LOOK_PAUSE, SOURCE_LOOK_PAUSE_MAX};

/// A group that was not ended yet. Dropped, it is killed.
#[derive(Debug)]
pub(super) struct Group<'a> {
    first: Pid,
    gone: bool,
    keeper: Option<&'a Keeper>,
}

impl<'a> Group<'a> {
    /// Of the process that is its first.
    pub(super) fn of(process: u32, keeper: Option<&'a Keeper>) -> Option<Self> {
        let first = Pid::from_raw(process.try_into().ok()?).filter(|first| !first.is_init())?;
        keeper.inspect(|keeper| keeper.begin(first));
        Some(Self { first, gone: false, keeper })
    }

    /// Asks all in it to end, and kills those that have not by then. The first one must be waited for meanwhile: until
    /// somebody does, it is there.
    pub(super) async fn end(&mut self, stop_after: Duration) {
        if self.gone {
            return;
        }
        let deadline = Instant::now() + stop_after;
        let mut pause = SOURCE_LOOK_PAUSE;
        self.gone = is_gone(kill_process_group(self.first, Signal::TERM));
        while !self.gone && Instant::now() < deadline {
            sleep(pause.min(deadline - Instant::now())).await;
            pause = (pause * 2).min(SOURCE_LOOK_PAUSE_MAX);
            // A number is given to nobody else while a group has it.
            self.gone = is_gone(test_kill_process_group(self.first));
        }
        self.kill();
    }

    fn kill(&mut self) {
        if !self.gone {
            let _ = kill_process_group(self.first, Signal::KILL);
            self.gone = true;
        }
    }
}

impl Drop for Group<'_> {
    fn drop(&mut self) {
        self.kill();
        self.keeper.inspect(|keeper| keeper.end(self.first));
    }
}

fn is_gone(answer: Result<(), Errno>) -> bool {
    answer == Err(Errno::SRCH)
}
