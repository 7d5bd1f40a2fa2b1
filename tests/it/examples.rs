//! The examples, run as their READMEs say, word by word, with the output that the READMEs promise.
//!
//! What a block of a README means stands in `examples/README.md`; `readme.rs` reads it, `checkout.rs` makes the place it
//! runs in, and here is the run: a server, a stream in a second terminal, and commands one after the other.

mod checkout;
mod readme;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use crate::support::prepare;
use checkout::Checkout;
use readme::{Block, matches, significant};

/// As READMEs write the server's address: the default, or what the system has that an example sets up.
const ADDRESSES: [&str; 4] = ["127.0.0.1:3000", "localhost:3001", "127.0.0.1:4280", "127.0.0.1:8005"];

/// How long output may take: a large plugin is compiled without optimisation meanwhile, on a machine that is shared.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn hello_does_what_its_readme_says() {
    follow("hello");
}

#[test]
fn custom_event_type_does_what_its_readme_says() {
    follow("custom-event-type");
}

#[test]
fn hot_reload_does_what_its_readme_says() {
    follow("hot-reload");
}

#[test]
fn typed_dashboard_does_what_its_readme_says() {
    follow("typed-dashboard");
}

#[test]
fn sse_integration_does_what_its_readme_says() {
    follow("sse-integration");
}

#[test]
fn event_driven_does_what_its_readme_says() {
    follow("event-driven");
}

#[test]
fn sixth_system_does_what_its_readme_says() {
    follow("sixth-system");
}

#[test]
fn notification_server_does_what_its_readme_says() {
    follow("notification-server");
}

#[test]
fn mcp_sse_does_what_its_readme_says() {
    follow("mcp-sse");
}

#[test]
fn stdio_sse_does_what_its_readme_says() {
    follow("stdio-sse");
}

/// Every example with a configuration is in the table, and every folder in the table is there.
#[test]
fn the_table_of_examples_is_complete() {
    let folder = checkout::root().join("examples");
    let table = std::fs::read_to_string(folder.join("README.md")).unwrap();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            !folder.join(&name).is_dir() || table.contains(&format!("| [{name}]({name}) |")),
            "{name} is not listed"
        );
    }
}

/// Runs the README of an example from its first block to its last.
fn follow(example: &str) {
    let checkout = Checkout::make(example);
    let mut run = Run { directory: checkout.path(), address: None, server: None, stream: None };
    let text = checkout.readme();
    let blocks = readme::blocks(&text);
    let mut printed: Option<String> = None;
    for Block { info, text, line } in &blocks {
        let place = format!("examples/{example}/README.md:{line}");
        if *info == "text" {
            let printed = printed.take().unwrap_or_else(|| panic!("{place}: no command printed this"));
            expect(&place, &significant(&run.here(text)), &significant(&printed));
            continue;
        }
        match *info {
            "sh server" => run.start_server(text.trim()),
            "sh stream" => run.stream = Some(Terminal::start(&mut run.shell(text.trim()))),
            "sh" => printed = Some(run.to_the_end(&place, text)),
            "sh by-hand" => {}
            "text stream" => {
                let expected = run.here(text);
                let stream = run.stream.as_ref().unwrap_or_else(|| panic!("{place}: there is no `sh stream` yet"));
                let seen = stream.lines(significant(&expected).len());
                expect(&place, &significant(&expected), &seen.iter().map(String::as_str).collect::<Vec<_>>());
            }
            "toml" | "rust" | "js" => {}
            other => panic!("{place}: `{other}` is no kind of block; examples/README.md lists them"),
        }
    }
    assert!(run.server.is_some(), "the README of {example} starts no server");
}

fn expect(place: &str, expected: &[&str], seen: &[&str]) {
    let same = expected.len() == seen.len() && expected.iter().zip(seen).all(|(pattern, line)| matches(pattern, line));
    assert!(same, "{place}: the README promises\n  {}\nand this came:\n  {}", expected.join("\n  "), seen.join("\n  "));
}

/// What goes on while a README is followed.
struct Run<'a> {
    directory: &'a Path,
    address: Option<String>,
    server: Option<Terminal>,
    stream: Option<Terminal>,
}

impl Run<'_> {
    /// A text of the README with the address that the server really has.
    fn here(&self, text: &str) -> String {
        let Some(address) = &self.address else { return text.to_owned() };
        ADDRESSES.iter().fold(text.to_owned(), |text, written| text.replace(written, address))
    }

    fn shell(&self, text: &str) -> Command {
        let mut shell = Command::new("sh");
        shell.arg("-ec").arg(self.here(text)).current_dir(self.directory).stdin(Stdio::null());
        prepare(&mut shell);
        // Nothing is downloaded, and nothing lands outside the copy.
        shell.env("CARGO_NET_OFFLINE", "true").env_remove("CARGO_TARGET_DIR");
        shell.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
        if let Some(address) = &self.address {
            shell.env("TIDEMILL_URL", format!("http://{address}"));
        }
        shell
    }

    fn start_server(&mut self, command: &str) {
        let server = Terminal::start(&mut self.shell(&format!("exec {command} --listen 127.0.0.1:0 --print-addr")));
        let told = server.lines(1).pop().expect("the server did not start");
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        self.address = Some(told["address"].as_str().unwrap().to_owned());
        self.server = Some(server);
    }

    fn to_the_end(&self, place: &str, text: &str) -> String {
        let output = self.shell(text).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{place}: {}\n{printed}{errors}", output.status);
        printed
    }
}

/// A command that goes on, and the lines it printed so far. Ends with its owner.
struct Terminal {
    child: Child,
    lines: Receiver<String>,
    /// What it says beside its output.
    log: tempfile::NamedTempFile,
}

impl Terminal {
    fn start(command: &mut Command) -> Self {
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log.reopen().unwrap()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = sync_channel(1000);
        std::thread::spawn(move || {
            for line in output.lines() {
                let Ok(line) = line else { return };
                if !significant(&line).is_empty() && sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines, log }
    }

    /// The next lines: so many, or fewer if no more come; and what came beyond them, which nobody promised.
    fn lines(&self, count: usize) -> Vec<String> {
        let start = Instant::now();
        let mut lines = Vec::new();
        while lines.len() < count {
            match self.lines.recv_timeout(PATIENCE.saturating_sub(start.elapsed())) {
                Ok(line) => lines.push(line),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        lines.extend(self.lines.try_iter());
        lines
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let text = std::fs::read_to_string(self.log.path()).unwrap_or_default();
            let _ = std::io::stderr().write_all(format!("--- a terminal ---\n{text}").as_bytes());
        }
    }
}
