//! An author's session: `tidemill plugin new`, then `dev`, with a stream open on the server that it starts; then changes.

use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use super::Language;
use super::typed::Author;

/// What the plugins are that are begun: those of the first page of the documentation.
const KINDS: &str = "filter,event-types";
/// Texts in the templates that are changed: what a plugin says about itself, so that every change makes another component.
const CHANGED: [&str; 2] = ["Looks after orders", "in one line"];
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(600);
/// After so long without a word a session waits for the next change.
const SILENCE: Duration = Duration::from_millis(500);

/// Seconds from `new` to the first event on a stream, and from each of so many changes to the plugin that is live.
pub(super) fn run(author: &Author, language: &Language, name: &str, saves: usize) -> Result<(f64, Vec<f64>)> {
    let began = Instant::now();
    author.begins(name, language, KINDS)?;
    let dev = Dev::start(author, name)?;
    let about = dev.says("a server of its own is at http://")?.1;
    let address = about.split("http://").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or_default();
    // The server has no plugin yet: whatever comes went through this one.
    let events = subscribe(address)?;
    dev.says("live after")?;
    let seen = events.recv_timeout(PATIENCE).context("no event came")?;
    let first = seen.duration_since(began).as_secs_f64();
    let source = author.at(name).join(language.source);
    let text = fs::read_to_string(&source)?;
    let place = CHANGED.into_iter().find(|place| text.contains(place)).context("the template has no summary")?;
    let mut times = Vec::with_capacity(saves);
    for number in 0..saves {
        dev.is_silent();
        let saved = Instant::now();
        fs::write(&source, text.replacen(place, &format!("{place} {number}"), 1))?;
        times.push(dev.says("live after")?.0.duration_since(saved).as_secs_f64());
    }
    Ok((first, times))
}

/// `tidemill plugin dev`, ended when this is dropped.
struct Dev {
    child: Child,
    /// Open: an author may type.
    _typed: Option<ChildStdin>,
    lines: Receiver<(Instant, String)>,
}

impl Dev {
    fn start(author: &Author, name: &str) -> Result<Self> {
        let mut command = author.command(name, &["dev"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let (typed, out) = (child.stdin.take(), child.stdout.take().context("it has no output")?);
        let (send, lines) = channel();
        thread::spawn(move || {
            let all = BufReader::new(out).lines().map_while(Result::ok);
            all.map(|line| (Instant::now(), line)).try_for_each(|line| send.send(line))
        });
        Ok(Self { child, _typed: typed, lines })
    }

    /// The next line with these words, and when it came.
    fn says(&self, words: &str) -> Result<(Instant, String)> {
        loop {
            let (when, line) = self.lines.recv_timeout(PATIENCE).map_err(|_| anyhow!("`dev` never said `{words}`"))?;
            if line.contains(words) {
                return Ok((when, line));
            }
            if line.starts_with("not ") || line.starts_with("FAILED") {
                let rest: Vec<String> = self.lines.try_iter().map(|(_, line)| line).collect();
                bail!("{line} {}", rest.join(" "));
            }
        }
    }

    /// Waits until it has nothing more to say.
    fn is_silent(&self) {
        while self.lines.recv_timeout(SILENCE).is_ok() {}
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        if let Some(pid) = self.child.id().try_into().ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::INT);
        }
        let _ = self.child.wait();
    }
}

/// Opens a stream; when each event came.
fn subscribe(address: &str) -> Result<Receiver<Instant>> {
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "GET /events?types=order.* HTTP/1.1\r\nHost: {address}\r\nAccept: text/event-stream\r\nConnection: close\r\n\r\n"
    )?;
    let mut lines = BufReader::new(stream).lines();
    let status = lines.next().context("the server closed the stream")??;
    ensure!(status.starts_with("HTTP/1.1 200"), "the stream was not opened: {status}");
    let (send, events) = channel();
    thread::spawn(move || {
        let all = lines.map_while(Result::ok).filter(|line| line.starts_with("event: order."));
        all.map(|_| Instant::now()).try_for_each(|when| send.send(when))
    });
    Ok(events)
}
