//! `tidemill plugin dev`, typed by an author whose compiler is quick: it takes the component that the source names. One source
//! it never gets done with.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::Author;
use crate::support::{PATIENCE, Server, guest};

/// What stands for cargo: a source that names a test guest becomes that; any other is refused, with its line.
const CARGO: &str = r#"#!/bin/sh
if [ "$1" = "--version" ]; then echo "cargo 1.95.0"; exit 0; fi
name=$(cat src/lib.rs)
if [ "$name" = endless ]; then sleep 1000 & echo "$$ $!" > processes.tmp; mv processes.tmp processes; wait; fi
if [ ! -f "$GUESTS/$name.wasm" ]; then echo "error: what is this?  --> src/lib.rs:1:1" >&2; exit 101; fi
echo "{\"reason\":\"compiler-artifact\",\"target\":{\"crate_types\":[\"cdylib\"]},\"filenames\":[\"$GUESTS/$name.wasm\"]}"
"#;

struct Dev {
    child: Child,
    typed: ChildStdin,
    lines: Receiver<String>,
}

impl Dev {
    fn start(author: &Author, arguments: &[&str]) -> Self {
        let all: Vec<&str> = ["dev"].iter().chain(arguments).copied().collect();
        let mut command = author.command("mine", &all);
        command.env("GUESTS", guest("stamp_v1").parent().unwrap());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (send, lines) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        Self { typed: child.stdin.take().unwrap(), child, lines }
    }

    /// The next line that has these words; what comes before it is passed over.
    fn says(&self, words: &str) -> String {
        let mut before = Vec::new();
        loop {
            let line = self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{words}: {before:?}"));
            if line.contains(words) {
                return line;
            }
            before.push(line);
        }
    }

    fn types(&mut self, line: &str) {
        writeln!(self.typed, "{line}").unwrap();
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed()).unwrap()
    }

    /// Ctrl-C.
    fn interrupt(&mut self) {
        self.ends(Signal::INT);
    }

    /// Ends with success by a signal, whatever it is busy with.
    fn ends(&mut self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Dev {
    /// A test that fails leaves nothing behind either.
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.interrupt();
        }
    }
}

/// One with a project whose source names a guest.
fn author(source: &str) -> Author {
    let tools = tempfile::tempdir().unwrap().keep();
    fs::create_dir(tools.join("bin")).unwrap();
    for (program, script) in [("cargo", CARGO), ("rustc", "#!/bin/sh\necho /\n")] {
        let path = tools.join("bin").join(program);
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let author = Author::with_tools(tools);
    author.writes("mine/tidemill-plugin.toml", "name = \"mine\"\nlanguage = \"rust\"\n");
    author.writes("mine/Cargo.toml", "[package]\nname = \"mine\"\n");
    author.writes("mine/src/lib.rs", source);
    author
}

#[test]
fn a_saved_change_is_live_and_a_broken_one_is_not() {
    let author = author("stamp_v1");
    author.writes("mine/tests/first.jsonl", "{\"type\":\"first\",\"data\":1}\n");
    let mut dev = Dev::start(&author, &[]);
    let about = dev.says("a server of its own is at http://127.0.0.1:");
    dev.says("live after");
    dev.says("before   {\"type\":\"first\"");
    assert!(dev.says("after").contains("v1"));

    author.writes("mine/src/lib.rs", "nonsense");
    dev.says("not built");
    dev.says("src/lib.rs:1:1");
    dev.says("stays live");
    dev.types("{\"type\":\"typed\",\"data\":2}");
    dev.says("before   {\"type\":\"typed\"");
    assert!(dev.says("after").contains("v1"), "the last good version is at work");

    author.writes("mine/src/lib.rs", "describe_trap");
    dev.says("not loaded");
    dev.says("stays live");

    author.writes("mine/src/lib.rs", "stamp_v2");
    dev.says("live after");
    assert!(dev.says("after").contains("v2"));

    author.writes("mine/src/lib.rs", "faulty");
    dev.says("live after");
    dev.types("{\"type\":\"bad.trap\"}");
    dev.says("failed   {\"type\":\"bad.trap\"");
    dev.says("faulty.rs:");
    dev.types("{\"type\":");
    dev.says("rejected: not an event");

    dev.interrupt();
    let log = about.split("its log: ").nth(1).unwrap().split('/').take(3).collect::<Vec<_>>().join("/");
    assert!(!std::path::Path::new(&log).exists(), "{log} is gone with its server");
    assert!(TcpStream::connect(("127.0.0.1", port(&about))).is_err(), "its server is gone");
}

/// Where a server is, by what is told of it.
fn port(about: &str) -> u16 {
    about.split("127.0.0.1:").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_server_that_runs_is_used_and_left_running() {
    let author = author("stamp_v1");
    let server = Server::start("", &[]).await;
    let url = server.url("");
    let dev = tokio::task::spawn_blocking(move || {
        let dev = Dev::start(&author, &["--server", &url]);
        dev.says("loading into the server at");
        dev.says("live after");
        (dev, author)
    });
    let (dev, _author) = dev.await.unwrap();
    assert_eq!(server.publish("x", serde_json::json!(1)).await.0, 200);
    let (mut dev, seen) = tokio::task::spawn_blocking(move || {
        let seen = dev.says("after");
        (dev, seen)
    })
    .await
    .unwrap();
    assert!(seen.contains("\"type\":\"x\"") && seen.contains("v1"), "what others publish is shown: {seen}");
    dev.interrupt();
    assert_eq!(server.get("/plugins/mine").await.1["state"], "running");
    assert!(test_kill_process(Pid::from_raw(server.pid().cast_signed()).unwrap()).is_ok());
}

/// The compiler and what that started.
fn processes(author: &Author) -> Vec<Pid> {
    eventually(|| author.has("mine/processes"));
    let ids = author.reads("mine/processes");
    ids.split_whitespace().map(|id| Pid::from_raw(id.parse().unwrap()).unwrap()).collect()
}

/// Gone, or a zombie that somebody has yet to take note of.
fn is_gone(process: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()));
    stat.map_or(true, |stat| stat[stat.rfind(')').unwrap()..].starts_with(") Z"))
}

fn eventually(mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < until, "it does not come");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_compiler_that_runs_ends_with_a_signal() {
    for signal in [Signal::INT, Signal::TERM, Signal::KILL] {
        let author = author("endless");
        let mut dev = Dev::start(&author, &[]);
        let about = dev.says("a server of its own is at");
        let processes = processes(&author);
        match signal {
            Signal::KILL => drop((dev.child.kill().unwrap(), dev.child.wait().unwrap())),
            signal => dev.ends(signal),
        }
        eventually(|| processes.iter().all(|process| is_gone(*process)));
        eventually(|| TcpStream::connect(("127.0.0.1", port(&about))).is_err());
    }
}

#[test]
fn a_compiler_ends_with_the_build_that_started_it() {
    let author = author("endless");
    let mut build = author.command("mine", &["build"]).stderr(Stdio::null()).spawn().unwrap();
    let processes = processes(&author);
    kill_process(Pid::from_raw(build.id().cast_signed()).unwrap(), Signal::TERM).unwrap();
    assert!(!build.wait().unwrap().success());
    eventually(|| processes.iter().all(|process| is_gone(*process)));
}

#[test]
fn a_signal_is_heard_while_a_plugin_computes() {
    let author = author("faulty");
    author.writes("mine/settings.toml", "limits.time = '10s'\n");
    author.writes("mine/tests/long.jsonl", &"{\"type\":\"bad.loop\"}\n".repeat(1_000));
    let mut dev = Dev::start(&author, &[]);
    dev.says("a server of its own is at");
    eventually(|| author.has("mine/dist/mine.wasm"));
    // Hours of tests have begun by then, or soon will.
    thread::sleep(Duration::from_secs(1));
    dev.interrupt();
}

/// `kill -9`: nobody is left to end the server.
#[test]
fn its_server_does_not_outlive_it() {
    let author = author("stamp_v1");
    let mut dev = Dev::start(&author, &[]);
    let about = dev.says("a server of its own is at");
    dev.says("live after");
    assert!(TcpStream::connect(("127.0.0.1", port(&about))).is_ok());
    dev.child.kill().unwrap();
    dev.child.wait().unwrap();
    eventually(|| TcpStream::connect(("127.0.0.1", port(&about))).is_err());
    let folder = about.split("its log: ").nth(1).unwrap().split("/log.txt").next().unwrap();
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_server_that_is_not_there_is_said_before_anything_is_built() {
    let author = author("stamp_v1");
    let said = author.types("mine", &["dev", "--server", "http://127.0.0.1:1"]);
    assert!(said.code == 3 && said.err.contains("cannot connect to http://127.0.0.1:1"), "{}", said.err);
    assert!(said.err.contains("or name another with --server"), "{}", said.err);
    assert!(!author.has("mine/dist/mine.wasm"));
    let said = author.types("", &["dev"]);
    assert!(said.code == 2 && said.err.contains("tidemill plugin new"), "{}", said.err);
}

#[test]
fn a_token_for_other_commands_does_not_stop_it() {
    let author = Author::new();
    let ended = author.command("", &["dev"]).env("TIDEMILL_TOKEN", "x").output().unwrap();
    assert!(String::from_utf8_lossy(&ended.stderr).contains("tidemill plugin new"), "{ended:?}");
    let said = author.types("", &["dev", "--token", "x"]);
    assert!(said.code == 2 && said.err.contains("--server <URL>"), "{}", said.err);
}
