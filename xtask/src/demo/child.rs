//! The host as a child process: started, watched until it is ready, and stopped on every way out.

use std::{
    fs,
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::cargo::Workspace;
use crate::say;

/// How long the host may take to bind its port: it reads its configuration and nothing else before.
const START_MAX: Duration = Duration::from_secs(60);
/// How long it may take to compile its plugins, on a slow machine and for the first time.
const READY_MAX: Duration = Duration::from_secs(180);
/// How long it may take to end after a signal: its own deadline is 10 s.
const STOP_MAX: Duration = Duration::from_secs(15);
/// Between looks at a child.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A child process that ends with its guard.
pub(super) struct Guard(Child);

/// A running host.
pub(super) struct Host {
    pub(super) address: SocketAddr,
    child: Guard,
}

/// What `--print-addr` prints.
#[derive(Deserialize)]
struct Listener {
    listener: String,
    address: SocketAddr,
}

impl Guard {
    pub(super) fn start(command: &mut Command) -> Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        command.spawn().map(Self).with_context(|| format!("starting {program}"))
    }

    pub(super) fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    /// Asks the process to end, as a service manager would; ends it if it does not.
    fn stop(&mut self) -> Result<ExitStatus> {
        if let Some(status) = self.0.try_wait()? {
            return Ok(status);
        }
        #[cfg(unix)]
        {
            let pid = i32::try_from(self.0.id()).ok().and_then(rustix::process::Pid::from_raw);
            if let Some(pid) = pid {
                // It may have ended a moment ago; then there is nothing to ask.
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
                let deadline = Instant::now() + STOP_MAX;
                while Instant::now() < deadline {
                    if let Some(status) = self.0.try_wait()? {
                        return Ok(status);
                    }
                    thread::sleep(LOOK_EVERY);
                }
            }
        }
        self.0.kill()?;
        Ok(self.0.wait()?)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Also while an error or a panic is on its way out.
        let _ = self.stop();
    }
}

impl Host {
    /// Starts it and waits for the address it prints. Its log goes to standard error.
    pub(super) fn start(workspace: &Workspace, binary: &Path, listen: SocketAddr, config: &Path) -> Result<Self> {
        // Every run begins with an empty log.
        let data = workspace.target.join("demo-data");
        match fs::remove_dir_all(&data) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("removing {}", data.display()));
            }
            _ => {}
        }
        fs::create_dir_all(&data).with_context(|| format!("creating {}", data.display()))?;
        let mut command = Command::new(binary);
        command.current_dir(&workspace.root).arg("serve").arg("--print-addr");
        command.arg("--listen").arg(listen.to_string()).arg("--config").arg(config);
        command.arg("--plugins").arg(workspace.root.join("plugins")).arg("--data").arg(data);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = Guard::start(&mut command)?;
        let stdout = child.child().stdout.take().context("the host has no standard output")?;
        let (found, address) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Ok(Listener { listener, address }) = serde_json::from_str(&line)
                    && listener == "http"
                {
                    // Later lines are read, too, so that the host never waits for room in the pipe.
                    let _ = found.send(address);
                }
            }
        });
        match address.recv_timeout(START_MAX) {
            Ok(address) => Ok(Self { address, child }),
            Err(RecvTimeoutError::Timeout) => bail!("the host printed no address within {} s", START_MAX.as_secs()),
            Err(RecvTimeoutError::Disconnected) => {
                let status = child.stop()?;
                bail!(
                    "the host ended before it was ready ({status}); what it said stands above. If another program \
                     holds {listen}, choose another port with --listen 127.0.0.1:3001"
                )
            }
        }
    }

    /// Waits until `/readyz` says so, or a signal arrives.
    pub(super) fn wait_until_ready(&self, stopped: &Receiver<()>) -> Result<()> {
        let started = Instant::now();
        let mut told = false;
        while !is_ready(self.address) {
            if stopped.recv_timeout(LOOK_EVERY).is_ok() {
                bail!("stopped before the host was ready");
            }
            if started.elapsed() > Duration::from_secs(2) && !told {
                say::line("the host compiles its plugins");
                told = true;
            }
            if started.elapsed() > READY_MAX {
                bail!("the host was not ready within {} s: look at its log above", READY_MAX.as_secs());
            }
        }
        Ok(())
    }

    /// How it ended, if it did.
    pub(super) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.child().try_wait()?)
    }

    /// Stops it and says if it did not end well.
    pub(super) fn stop(mut self) -> Result<()> {
        let status = self.child.stop()?;
        if !status.success() {
            bail!("the host did not end well: {status}");
        }
        Ok(())
    }
}

/// One plain request; anything but 200 is not ready.
fn is_ready(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        // To the end, and not only the status: closing earlier would reset the connection under the host's hands.
        let mut answer = Vec::new();
        stream.take(64 << 10).read_to_end(&mut answer)?;
        Ok(answer.starts_with(b"HTTP/1.1 200"))
    };
    ask().unwrap_or(false)
}

#[cfg(all(test, unix))]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// Starts a script in the host's place.
    fn start(script: &str, directory: &Path) -> Result<Host> {
        // `sh serve …` reads the script. Executing a file that was just written fails now and then: while another test
        // starts a process, that process has the file open for writing.
        fs::write(directory.join("serve"), script)?;
        let workspace =
            Workspace { root: directory.to_owned(), target: directory.join("target"), packages: Vec::new() };
        Host::start(&workspace, Path::new("/bin/sh"), "127.0.0.1:0".parse()?, Path::new("tidemill.toml"))
    }

    const RUNS: &str = "trap 'exit 0' TERM; while :; do sleep 0.02; done";

    #[test]
    fn a_host_is_awaited_and_asked_to_end() {
        let directory = tempfile::tempdir().unwrap();
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap();
        thread::spawn(move || {
            // Not ready the first time. A request is read to its end, or closing would reset the connection.
            for answer in ["503 Service Unavailable", "200 OK"] {
                let (stream, _) = server.accept().unwrap();
                let mut request = BufReader::new(&stream).lines();
                while request.next().is_some_and(|line| !line.unwrap().is_empty()) {}
                write!(&stream, "HTTP/1.1 {answer}\r\n\r\n").unwrap();
            }
        });
        let line = format!("echo starting; echo '{{\"listener\":\"http\",\"address\":\"{address}\"}}'; {RUNS}");
        let mut host = start(&line, directory.path()).unwrap();
        assert_eq!(host.address, address);
        let (_stop, stopped) = channel();
        host.wait_until_ready(&stopped).unwrap();
        assert!(host.ended().unwrap().is_none());
        host.stop().unwrap();
    }

    #[test]
    fn a_host_that_ends_at_once_is_an_error_that_names_the_port() {
        let directory = tempfile::tempdir().unwrap();
        let Err(error) = start("exit 7", directory.path()) else { panic!("it ended") };
        let message = error.to_string();
        assert!(message.contains('7') && message.contains("--listen"), "{message}");
    }

    #[test]
    fn a_child_does_not_outlive_its_guard() {
        let mut guard = Guard::start(Command::new("sh").args(["-c", RUNS])).unwrap();
        let pid = rustix::process::Pid::from_child(guard.child());
        assert!(rustix::process::test_kill_process(pid).is_ok());
        let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
            let _guard = guard;
            panic!("on its way out");
        }));
        assert!(unwound.is_err() && rustix::process::test_kill_process(pid).is_err());
    }
}
