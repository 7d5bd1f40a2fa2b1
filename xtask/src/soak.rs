//! `cargo xtask soak`: reload after reload, and millions of events through a plugin that leaks, while the host's memory is
//! looked at.
//!
//! Owns the run and its verdict. The host is reached over HTTP, as by anybody.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use serde::Deserialize;
use serde_json::Value;

use crate::cargo::Workspace;
use crate::{guests, host, say};

/// How long to run.
#[derive(Debug, Args)]
pub(crate) struct SoakArgs {
    /// Times that a plugin is replaced by its other version
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(20..))]
    reloads: u64,
    /// Events that go through a plugin which leaks 1 KiB with each
    #[arg(long, default_value_t = 10_000_000)]
    events: u64,
    /// 400 reloads and 400,000 events, and half as much again is allowed: too short for memory to come to rest
    #[arg(long, conflicts_with_all = ["reloads", "events"])]
    quick: bool,
}

/// Lines of the table, each with the mean of memory meanwhile; the first is the warming up.
const STEPS: u64 = 20;
/// Events in one request.
const BATCH: u64 = 1000;
/// How long anything may take that should happen at once.
const PATIENCE: Duration = Duration::from_secs(60);

const CONFIG: &str = r#"
[reload]
settle = "1ms"
[log]
store = "memory"
max-events = 10000
[limits]
recycle-memory = "8MiB"
"#;

/// Builds, runs, shows a table, and fails if memory grew.
pub(crate) fn run(workspace: &Workspace, args: &SoakArgs) -> Result<()> {
    let (reloads, events, slack) = if args.quick { (400, 400_000, 50) } else { (args.reloads, args.events, 5) };
    guests::build_test_guests(workspace)?;
    let binary = host::build(workspace, host::Profile::Release)?;
    let running = Running::start(workspace, &binary)?;
    say::line(&format!("{reloads} reloads and {events} events at {}", running.address));
    let mut means = Vec::new();
    let (mut reloaded, mut published) = (0, 0);
    for step in 1..=STEPS {
        // The leak itself goes up and down all the time, so that single looks say little.
        let (mut looks, mut sum) = (0, 0);
        while reloaded < reloads * step / STEPS {
            reloaded += 1;
            running.put(if reloaded % 2 == 0 { "stamp_v1" } else { "stamp_v2" })?;
            while published < events * reloaded / reloads {
                let count = BATCH.min(events - published);
                running.publish(count)?;
                published += count;
            }
            (looks, sum) = (looks + 1, sum + running.resident()?);
        }
        let mean = sum / looks;
        means.push(mean);
        say::line(&format!("{reloaded:>8} reloads {published:>12} events {:>8} KiB", mean >> 10));
    }
    let leaky = running.get("/plugins/leaky")?;
    say::line(&format!(
        "the leaking plugin: {} instances made anew, faults {}",
        leaky["figures"]["recycled"], leaky["figures"]["faults"]
    ));
    verdict(means[1], means[means.len() - 1], slack)
}

fn verdict(warm: u64, end: u64, slack: u64) -> Result<()> {
    let most = warm + warm * slack / 100;
    ensure!(end <= most, "memory grew from {} to {} KiB, by more than {slack} %", warm >> 10, end >> 10);
    say::line(&format!("memory came to rest: {} KiB after warming up, {} KiB at the end", warm >> 10, end >> 10));
    Ok(())
}

/// A host in a directory of its own, which ends with this.
struct Running {
    child: Child,
    address: SocketAddr,
    plugins: PathBuf,
    guests: PathBuf,
}

/// What `--print-addr` prints.
#[derive(Deserialize)]
struct Listener {
    address: SocketAddr,
}

impl Running {
    fn start(workspace: &Workspace, binary: &Path) -> Result<Self> {
        let directory = workspace.target.join("soak");
        if directory.exists() {
            fs::remove_dir_all(&directory).context("removing what an earlier run left")?;
        }
        let (plugins, guests) = (directory.join("plugins"), workspace.target.join("guests"));
        fs::create_dir_all(&plugins)?;
        fs::write(directory.join("tidemill.toml"), CONFIG)?;
        fs::copy(guests.join("leaky.wasm"), plugins.join("leaky.wasm"))?;
        let log = fs::File::create(directory.join("log.txt"))?;
        let mut command = Command::new(binary);
        command.current_dir(&directory).args(["serve", "--listen", "127.0.0.1:0", "--print-addr"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no standard output")?).read_line(&mut line)?;
        match serde_json::from_str::<Listener>(&line) {
            Ok(Listener { address }) => Ok(Self { child, address, plugins, guests }),
            Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                bail!("the host did not start; {} says why", directory.join("log.txt").display())
            }
        }
    }

    /// Puts a guest into place as the plugin `stamp`, and waits until it runs.
    fn put(&self, guest: &str) -> Result<()> {
        let part = self.plugins.join("part");
        fs::copy(self.guests.join(format!("{guest}.wasm")), &part)?;
        fs::rename(&part, self.plugins.join("stamp.wasm"))?;
        let wanted = if guest.ends_with("v1") { "1.0.0" } else { "2.0.0" };
        let began = Instant::now();
        while self.get("/plugins/stamp")?["author_version"] != wanted {
            ensure!(began.elapsed() < PATIENCE, "{guest} never ran: {}", self.get("/plugins/stamp")?);
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    fn publish(&self, count: u64) -> Result<()> {
        let lines = "{\"type\":\"soak\",\"data\":1}\n".repeat(usize::try_from(count)?);
        let answer = self.ask("POST", "/events", &lines)?;
        let results = answer["results"].as_array().with_context(|| format!("publishing: {answer}"))?;
        let failed = results.iter().find(|result| result["outcome"] != "stored");
        ensure!(failed.is_none() && results.len() as u64 == count, "not all events were stored: {failed:?}");
        Ok(())
    }

    fn get(&self, path: &str) -> Result<Value> {
        self.ask("GET", path, "")
    }

    /// One request on a connection of its own.
    fn ask(&self, method: &str, path: &str, body: &str) -> Result<Value> {
        let mut stream = TcpStream::connect(self.address).context("reaching the host")?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/x-ndjson\r\n\
             content-length: {length}\r\n\r\n{body}"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).context("reading the host's answer")?;
        let (_, body) = answer.split_once("\r\n\r\n").with_context(|| format!("no answer: {answer}"))?;
        serde_json::from_str(body).with_context(|| format!("answer: {body}"))
    }

    /// Memory that the host has at the moment.
    fn resident(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).context("this needs Linux")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? << 10)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_may_grow_by_the_slack_and_no_more() {
        assert!(verdict(1000 << 10, 1050 << 10, 5).is_ok());
        assert!(verdict(1000 << 10, 900 << 10, 5).is_ok());
        assert!(verdict(1000 << 10, 1051 << 10, 5).unwrap_err().to_string().contains("1051"));
    }
}
