//! Events to try a plugin with: those of its tests, and what is typed.

use std::fs;
use std::io::{self, BufRead as _};

use serde_json::Value;
use tidemill_author::{Project, golden};
use tokio::sync::mpsc;

/// Events of tests that go through each new version. More would hide what one looks for.
const SHOWN_MAX: usize = 5;
/// Typed lines that wait. A file may be piped in.
const WAITING_MAX: usize = 64;

/// The first events of the tests, without the ids by which a server would know them again.
pub(super) fn of_tests(project: &Project) -> Vec<String> {
    let files = golden::files(&project.tests()).unwrap_or_default();
    let texts = files.iter().filter_map(|file| fs::read_to_string(file).ok());
    let mut events = Vec::new();
    for text in texts {
        for line in text.lines() {
            let Ok(Value::Object(mut event)) = serde_json::from_str::<Value>(line) else { continue };
            if event.contains_key("type") && events.len() < SHOWN_MAX {
                event.shift_remove("id");
                events.push(Value::Object(event).to_string());
            }
        }
    }
    events
}

/// Lines of standard input.
pub(super) struct Samples(mpsc::Receiver<String>);

impl Samples {
    /// Reads on a thread of its own, which ends with the process: a read cannot be given up.
    pub(super) fn typed() -> Self {
        let (send, lines) = mpsc::channel(WAITING_MAX);
        std::thread::spawn(move || {
            let lines = io::stdin().lock().lines().map_while(Result::ok).filter(|line| !line.trim().is_empty());
            for line in lines {
                if send.blocking_send(line).is_err() {
                    return;
                }
            }
        });
        Self(lines)
    }

    /// The next line; none once there are no more.
    pub(super) async fn next(&mut self) -> Option<String> {
        self.0.recv().await
    }
}
