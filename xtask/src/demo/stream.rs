//! What subscribers get, shown in the terminal: `tidemill tail`, one shortened line per event.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};

use super::child::Guard;

/// Characters of a line: an event fits on one or two lines of a usual terminal.
const WIDTH: usize = 150;

/// A running `tidemill tail`.
pub(super) struct Stream {
    seen: Arc<Seen>,
    _child: Guard,
}

/// The position of the last event that was shown.
#[derive(Default)]
struct Seen {
    position: Mutex<String>,
    changed: Condvar,
}

impl Stream {
    pub(super) fn start(binary: &Path, address: SocketAddr) -> Result<Self> {
        let mut command = Command::new(binary);
        command.args(["tail", "--since", "earliest", "--url", &format!("http://{address}")]);
        // Its remarks are about connections that are lost, and here that is the end of the demo.
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = Guard::start(&mut command)?;
        let stdout = child.child().stdout.take().context("tidemill tail has no standard output")?;
        let seen = Arc::new(Seen::default());
        let shown = Arc::clone(&seen);
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // With nobody looking the lines are still read, or the child would wait for room in the pipe.
                let _ = writeln!(io::stdout().lock(), "{}", shorten(&line));
                let position = line.split('\t').next().unwrap_or_default();
                position.clone_into(&mut shown.position.lock().unwrap_or_else(PoisonError::into_inner));
                shown.changed.notify_all();
            }
        });
        Ok(Self { seen, _child: child })
    }

    /// Waits until the event at this position was shown.
    pub(super) fn wait_for(&self, position: &str, limit: Duration) -> Result<()> {
        let seen = self.seen.position.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.seen.changed.wait_timeout_while(seen, limit, |seen| !reached(seen, position));
        let (seen, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() {
            bail!("the event at {position} did not come through the stream; the last that did is at {seen:?}");
        }
        Ok(())
    }
}

/// Whether `seen` is at or after `position`; positions of one run have one epoch.
fn reached(seen: &str, position: &str) -> bool {
    let sequence = |text: &str| text.split_once('.').and_then(|(_, sequence)| sequence.parse::<u64>().ok());
    sequence(seen).zip(sequence(position)).is_some_and(|(seen, position)| seen >= position)
}

/// The line as it fits: tabs become spaces, the end is cut off.
fn shorten(line: &str) -> String {
    let line = line.replacen('\t', "  ", 2);
    match line.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_compared_as_numbers() {
        assert!(reached("7.10", "7.9") && reached("7.9", "7.9"));
        assert!(!reached("7.8", "7.9") && !reached("", "7.9"));
    }

    #[test]
    fn long_lines_are_cut_between_characters() {
        assert_eq!(shorten("7.1\ta.b\t1"), "7.1  a.b  1");
        let long = format!("7.1\ta.b\t{}", "ü".repeat(500));
        assert_eq!(shorten(&long).chars().count(), WIDTH + 1);
    }
}
