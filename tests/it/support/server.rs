//! A real server in a directory of its own, stopped by its process id when the test ends.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{lane, ready_made, terminate};

/// How long anything may take that should happen at once; generous, because test machines are slow and shared.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A running `tidemill serve`.
pub(crate) struct Server {
    child: Child,
    directory: TempDir,
    address: String,
    pub(crate) http: reqwest::Client,
}

impl Server {
    /// Starts with the given `tidemill.toml` and plugin files (name without `.wasm`, component).
    pub(crate) async fn start(config: &str, plugins: &[(&str, &Path)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("plugins")).unwrap();
        for (name, component) in plugins {
            fs::copy(component, directory.path().join(format!("plugins/{name}.wasm"))).unwrap();
        }
        Self::start_in(directory, config).await
    }

    /// Starts in a prepared directory.
    pub(crate) async fn start_in(directory: TempDir, config: &str) -> Self {
        fs::write(directory.path().join("tidemill.toml"), config).unwrap();
        let (child, address) = launch(&mut serve(directory.path()), directory.path()).unwrap_or_else(|refused| {
            panic!("the server did not start: {}", refused.told);
        });
        // One that is kept is enough, and tests count what a server has open.
        let http = reqwest::Client::builder().timeout(PATIENCE).pool_max_idle_per_host(1).build().unwrap();
        Self { child, directory, address, http }
    }

    /// Starts an example as its README says, in a copy of its folder, with these environment variables and these of the
    /// ready-made plugins.
    pub(crate) async fn example(name: &str, variables: &[(&str, &str)], plugins: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("examples").join(name);
        copy_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name), &folder);
        fs::create_dir_all(folder.join("plugins")).unwrap();
        for plugin in plugins {
            fs::copy(ready_made(plugin), folder.join(format!("plugins/{plugin}.wasm"))).unwrap();
        }
        let mut command = tidemill(directory.path());
        command.args(["serve", "--listen", "127.0.0.1:0", "--print-addr", "--config"]);
        command.arg(format!("examples/{name}/tidemill.toml")).envs(variables.iter().copied());
        let (child, address) = launch(&mut command, directory.path()).unwrap_or_else(|refused| {
            panic!("the example did not start: {}", refused.told);
        });
        let http = reqwest::Client::builder().timeout(PATIENCE).pool_max_idle_per_host(1).build().unwrap();
        Self { child, directory, address, http }
    }

    /// Ends the process at once, as a crash would: `kill -9`.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }

    /// Starts in the same directory and crashes a moment later, ready or not.
    pub(crate) async fn crash_while_starting(&mut self, moment: Duration) {
        assert!(self.child.try_wait().unwrap().is_some(), "it is still running");
        let log = fs::File::options().append(true).open(self.directory.path().join("log.txt")).unwrap();
        self.child =
            serve(self.directory.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        tokio::time::sleep(moment).await;
        self.kill();
    }

    /// Ends the process as a service manager would, and waits for it.
    pub(crate) fn stop(&mut self) {
        terminate(self);
        let status = self.wait();
        assert!(status.success(), "{status}: {}", self.log());
    }

    /// Starts again where it was before, on another port.
    pub(crate) fn start_again(&mut self) {
        self.try_start_again().unwrap_or_else(|refused| panic!("the server did not start again: {}", refused.told));
    }

    /// The same, of a server that may refuse to start.
    pub(crate) fn try_start_again(&mut self) -> Result<(), Refused> {
        let mut command = serve(self.directory.path());
        self.start_again_with(&mut command)
    }

    /// The same with another command, one that ends up as `tidemill serve --print-addr` in the server's directory.
    pub(crate) fn start_again_with(&mut self, command: &mut Command) -> Result<(), Refused> {
        assert!(self.child.try_wait().unwrap().is_some(), "it is still running");
        (self.child, self.address) = launch(command, self.directory.path())?;
        Ok(())
    }

    /// Changes what the next start reads.
    pub(crate) fn configure(&self, config: &str) {
        fs::write(self.directory.path().join("tidemill.toml"), config).unwrap();
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// A file of the data directory.
    pub(crate) fn data(&self, file: &str) -> PathBuf {
        self.directory.path().join("data").join(file)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Lets everything here reach it by another way.
    pub(crate) fn reach_at(&mut self, address: String) {
        self.address = address;
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the process to end by itself.
    pub(crate) fn wait(&mut self) -> std::process::ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "the server did not end: {}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn plugins_dir(&self) -> PathBuf {
        self.directory.path().join("plugins")
    }

    /// What the server logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log.txt")).unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        let answer = self.http.get(self.url(path)).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap())
    }

    /// Sends a body as it is.
    pub(crate) async fn post(&self, content_type: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        let request = self.http.post(self.url("/events")).header("content-type", content_type).body(body);
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status}: {text}")))
    }

    /// Publishes one event in the simple form.
    pub(crate) async fn publish(&self, event_type: &str, data: Value) -> (u16, Value) {
        self.post("application/json", json!({"type": event_type, "data": data}).to_string()).await
    }

    /// The state of one plugin, once it satisfies a condition.
    pub(crate) async fn plugin_until(&self, name: &str, done: impl Fn(&Value) -> bool) -> Value {
        let start = Instant::now();
        loop {
            let (_, plugin) = self.get(&format!("/plugins/{name}")).await;
            if done(&plugin) {
                return plugin;
            }
            assert!(start.elapsed() < PATIENCE, "plugin {name} stays {plugin:#}\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// A server that did not start.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) code: Option<i32>,
    /// What it said on standard error, at all starts so far.
    pub(crate) told: String,
}

/// Copies what is in version control.
fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if entry.path().is_file() {
            fs::copy(entry.path(), to.join(&name)).unwrap();
        } else if !["plugins", "data", "target"].iter().any(|own| name == *own) {
            copy_folder(&entry.path(), &to.join(&name));
        }
    }
}

/// The command that starts a server in a directory.
fn serve(directory: &Path) -> Command {
    let mut command = tidemill(directory);
    command.args(["serve", "--listen", "127.0.0.1:0", "--print-addr"]);
    lane::choose_unless_configured(&mut command, directory);
    // What most requests that are written by hand in tests are for.
    let config = fs::read_to_string(directory.join("tidemill.toml")).unwrap_or_default();
    if !config.contains("allowed-hosts") {
        command.env("TIDEMILL_SERVER_ALLOWED_HOSTS", "x");
    }
    command
}

/// The program, to be run in a directory.
pub(crate) fn tidemill(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidemill"));
    command.current_dir(directory);
    prepare(&mut command);
    command
}

/// Takes away from a command what the tests are set with, which to a server would be mistakes in its configuration, and
/// hands on which lane they are about.
pub(crate) fn prepare(command: &mut Command) {
    let set = std::env::vars().map(|(name, _)| name).filter(|name| name.starts_with("TIDEMILL_"));
    set.for_each(|name| {
        command.env_remove(name);
    });
    lane::choose(command);
}

/// Starts a process and waits until it says where it listens.
fn launch(command: &mut Command, directory: &Path) -> Result<(Child, String), Refused> {
    let log = directory.join("log.txt");
    let errors = fs::File::options().create(true).append(true).open(&log).unwrap();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    if let Ok(told) = serde_json::from_str::<Value>(&line) {
        return Ok((child, told["address"].as_str().unwrap().to_owned()));
    }
    let _ = child.kill();
    let code = child.wait().unwrap().code();
    Err(Refused { code, told: format!("{line}{}", fs::read_to_string(log).unwrap()) })
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            // Written at once, so that tests that fail together do not mix their lines.
            let text = format!("--- the server's log ---\n{}", self.log());
            let _ = std::io::stderr().write_all(text.as_bytes());
        }
    }
}

/// Waits until something holds.
pub(crate) async fn eventually(what: &str, holds: impl AsyncFn() -> bool) {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < PATIENCE, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
