//! Scripts of `tests/clients` as child processes that print JSON lines, and what they need on the machine.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc::{Receiver, channel};

/// How long the next line may take: a browser starts meanwhile, on a machine that is shared.
const PATIENCE: Duration = Duration::from_secs(120);

/// Where the scripts are.
pub(super) fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients").canonicalize().unwrap()
}

/// Node.js with one of the scripts, and the packages that it imports.
pub(crate) fn node(script: &str) -> Command {
    install();
    let mut node = command("node", "nodejs");
    node.arg(directory().join(script));
    node
}

/// A program for Node.js as a document has it, but for the server's address, with a version of the package `eventsource`.
pub(crate) fn documented_node(program: &Path, eventsource: u8, from: &str, to: &str) -> Command {
    let mut node = node("documented_node.mjs");
    node.arg(program).arg(eventsource.to_string()).args([from, to]);
    node
}

/// A program for browsers as a document has it, but for the server's address, in Chromium: on one of the server's pages or
/// `elsewhere`. Functions that it calls and does not have are told as calls.
pub(crate) fn documented_browser(program: &Path, from: &str, to: &str, page: &str, functions: &[&str]) -> Command {
    need_chromium();
    let mut node = node("documented_browser.mjs");
    node.arg(program).args([from, to, page]).args(functions);
    node
}

/// A program in Python as a document has it, but for the server's address; then these of its functions are called.
pub(crate) fn documented_python(program: &Path, from: &str, to: &str, call: &[&str]) -> Command {
    let mut python = python("documented_python.py");
    python.arg(program).args([from, to]).args(call);
    python
}

/// Python with one of the scripts, and the packages that it imports.
pub(crate) fn python(script: &str) -> Command {
    let mut python = Command::new(super::python::environment("clients").join("python"));
    python.arg(directory().join(script));
    python
}

/// A program that must be there: a test that does not run is a test that fails.
pub(super) fn command(program: &str, debian_package: &str) -> Command {
    match Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status() {
        Ok(_) => Command::new(program),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            panic!("this test needs `{program}`: install it (Debian: apt-get install {debian_package})")
        }
        Err(error) => panic!("starting {program}: {error}"),
    }
}

/// Chromium where `browser.mjs` looks for it.
pub(crate) fn need_chromium() {
    let path = std::env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".into());
    assert!(
        Path::new(&path).exists(),
        "this test needs Chromium at {path}: install it (Debian: apt-get install chromium), or name another with CHROMIUM"
    );
}

/// All real webhook deliveries that `@octokit/webhooks-examples` documents: name of the event and payload.
pub(crate) fn documented_deliveries() -> Vec<(String, Value)> {
    install();
    let path = directory().join("node_modules/@octokit/webhooks-examples/api.github.com/index.json");
    let events: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let events = events.as_array().unwrap().iter();
    let of = |event: &Value| -> Vec<(String, Value)> {
        let name = event["name"].as_str().unwrap().to_owned();
        event["examples"].as_array().unwrap().iter().map(|payload| (name.clone(), payload.clone())).collect()
    };
    events.flat_map(of).collect()
}

/// Installs the packages of `package-lock.json`, unless they are there; once, although tests are processes of their own.
fn install() {
    static DONE: OnceLock<()> = OnceLock::new();
    DONE.get_or_init(|| {
        let lock = fs::File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join("npm.lock")).unwrap();
        lock.lock().unwrap();
        let wanted = fs::read(directory().join("package-lock.json")).unwrap();
        // Written last: packages of another list, or half of them, do not count.
        let installed = directory().join("node_modules/.installed");
        if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
            return;
        }
        let mut npm = command("npm", "npm");
        npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--engine-strict=false"]);
        let output = npm.current_dir(directory()).output().unwrap();
        assert!(
            output.status.success(),
            "`npm ci` in tests/clients failed; it needs a package registry once:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        fs::write(installed, wanted).unwrap();
    });
}

/// A running script; ends with its owner.
pub(crate) struct Script {
    child: Child,
    /// What it reads, if it is one that is talked to.
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Script {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self::spawn(command.stdin(Stdio::null()))
    }

    /// One that does what it is told.
    pub(crate) fn start_talking(command: &mut Command) -> Self {
        Self::spawn(command.stdin(Stdio::piped()))
    }

    /// Tells it something.
    pub(crate) fn tell(&mut self, line: &Value) {
        writeln!(self.input.as_mut().expect("it is not talked to"), "{line}").unwrap();
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel(1000);
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.blocking_send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, input, lines }
    }

    /// What it says next.
    pub(crate) async fn next(&mut self) -> Value {
        let line = self.line().await;
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// The rest of the next line that begins like this.
    pub(crate) async fn line_after(&mut self, beginning: &str) -> String {
        loop {
            if let Some(rest) = self.line().await.strip_prefix(beginning) {
                return rest.to_owned();
            }
        }
    }

    /// Waits until it has ended by itself: how, and what it complained of.
    pub(crate) async fn end(mut self) -> (ExitStatus, String) {
        let end = async { while self.lines.recv().await.is_some() {} };
        tokio::time::timeout(PATIENCE, end).await.expect("the script does not end");
        (self.child.wait().unwrap(), self.errors())
    }

    /// The next line.
    pub(crate) async fn line(&mut self) -> String {
        match tokio::time::timeout(PATIENCE, self.lines.recv()).await {
            Ok(Some(line)) => line,
            Ok(None) => panic!("the script ended:\n{}", self.errors()),
            Err(_) => panic!("the script says nothing:\n{}", self.errors()),
        }
    }

    /// Ends it, and returns its complaints.
    fn errors(&mut self) -> String {
        let _ = self.child.kill();
        let mut errors = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            let _ = stderr.read_to_string(&mut errors);
        }
        errors
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
