//! The server that a plugin is tried on: one that runs, or one that is started for it and ends with this command.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use http::Method;
use http::header::CONTENT_TYPE;
use rustix::process::Pid;
use serde_json::Value;
use tempfile::TempDir;
use tidemill_author::Project;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::super::answered;
use crate::cli::client::{Patience, Request, Server, ServerArgs, TrustArgs};
use crate::cli::{Exit, Failure};
use crate::keeper::Keeper;

/// How long a server may take until it says its address. It has nothing to load.
const START_TIME_MAX: Duration = Duration::from_secs(30);
/// How long a server that was killed is waited for.
const END_TIME_MAX: Duration = Duration::from_secs(10);
/// A large component, compiled.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(720);

/// A server.
pub(super) struct Host {
    server: Server,
    url: String,
    own: Option<Own>,
}

/// One that was started. Killed when this is dropped; its data go with it. If this process is killed, the keeper kills it.
struct Own {
    child: Child,
    group: Option<Pid>,
    keeper: Arc<Keeper>,
    folder: TempDir,
}

impl Drop for Own {
    /// Gone means gone: whoever saw this command end finds neither its port nor its data.
    fn drop(&mut self) {
        let _ = self.child.start_kill();
        let end = Instant::now() + END_TIME_MAX;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < end {
            thread::sleep(Duration::from_millis(5));
        }
        self.group.inspect(|group| self.keeper.end(*group));
    }
}

impl Host {
    /// One that runs.
    pub(super) async fn running(server: ServerArgs) -> Result<Self, Failure> {
        let host = Self::at(server, None)?;
        // Before anything is built: whoever mistyped an address need not wait for that.
        host.get(&["plugins"], &[]).await?;
        Ok(host)
    }

    /// One beside this, on a port of its own, with the project's settings. What it compiles is what was compiled in `cache` for
    /// the tests.
    pub(super) async fn start(project: &Project, cache: Option<&Path>, keeper: &Arc<Keeper>) -> Result<Self, Failure> {
        let failed = |what: &str, error: &dyn std::fmt::Display| {
            Failure::new(Exit::Failed, format!("{what}: {error}; name a server that runs with --server"))
        };
        let folder = tempfile::Builder::new().prefix("tidemill-dev-").tempdir();
        let folder = folder.map_err(|error| failed("there is no place for a server's data", &error))?;
        let plugins = folder.path().join("plugins");
        fs::create_dir(&plugins).map_err(|error| failed("there is no place for a server's plugins", &error))?;
        if let Some(cache) = cache {
            let data = folder.path().join("data");
            let linked = fs::create_dir(&data).and_then(|()| symlink(cache, data.join("compiled")));
            linked.map_err(|error| failed("there is no place for a server's data", &error))?;
        }
        let program = std::env::current_exe().map_err(|error| failed("no server can be started", &error))?;
        let log = fs::File::create(folder.path().join("log.txt"));
        let log = log.map_err(|error| failed("there is no place for a server's log", &error))?;
        let mut command = Command::new(program);
        command.args(["serve", "--listen", "127.0.0.1:0", "--print-addr", "--plugins", "plugins", "--data", "data"]);
        command.current_dir(folder.path());
        // What is set here for other servers is not for this one.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TIDEMILL_")) {
            command.env_remove(name);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).kill_on_drop(true);
        // Ctrl-C goes to all in the terminal's group; this one is ended by whoever started it.
        command.process_group(0);
        let mut child = command.spawn().map_err(|error| failed("no server can be started", &error))?;
        let group = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        group.inspect(|group| keeper.begin(*group));
        let address = address(&mut child).await;
        let own = Own { child, group, keeper: Arc::clone(keeper), folder };
        let Some(address) = address else {
            let told = fs::read_to_string(own.folder.path().join("log.txt")).unwrap_or_default();
            let last = told.lines().last().unwrap_or("it said nothing").to_owned();
            return Err(failed("the server did not start", &last));
        };
        let (url, trust) = (format!("http://{address}"), TrustArgs::default());
        let host = Self::at(ServerArgs { url, token: None, trust, option: "--server" }, Some(own))?;
        host.configure(project)?;
        Ok(host)
    }

    fn at(args: ServerArgs, own: Option<Own>) -> Result<Self, Failure> {
        Ok(Self { server: Server::new(&args, Patience::Whole(ANSWER_TIMEOUT))?, url: args.url, own })
    }

    /// What to tell of it.
    pub(super) fn about(&self) -> String {
        match &self.own {
            Some(own) => {
                format!("a server of its own is at {} (its log: {}/log.txt)", self.url, own.folder.path().display())
            }
            None => format!("loading into the server at {}", self.url),
        }
    }

    /// The server's address.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn request(&self, method: Method, segments: &[&str]) -> Request<'_> {
        self.server.http.request(method, &self.server.at(segments))
    }

    /// What the server answers to a question.
    pub(super) async fn get(&self, segments: &[&str], query: &[(&str, &str)]) -> Result<Value, Failure> {
        let mut place = self.server.at(segments);
        place.query_pairs_mut().extend_pairs(query);
        self.ask(self.server.http.get(&place)).await
    }

    /// What the server answers, unless that is an error.
    async fn ask(&self, request: Request<'_>) -> Result<Value, Failure> {
        answered(&self.server, request).await
    }

    /// Has a component checked and put in place: its version.
    pub(super) async fn load(&self, project: &Project, bytes: Vec<u8>) -> Result<String, Failure> {
        self.configure(project)?;
        let request = self.request(Method::PUT, &["plugins", project.name()]);
        let answer = self.ask(request.header(CONTENT_TYPE, "application/wasm").body(bytes)).await?;
        Ok(answer["version"].as_str().unwrap_or_default().to_owned())
    }

    /// Puts the project's settings beside its component, on a server of its own.
    fn configure(&self, project: &Project) -> Result<(), Failure> {
        let Some(own) = &self.own else { return Ok(()) };
        let sidecar = own.folder.path().join(format!("plugins/{}.toml", project.name()));
        let settings = project.folder().join("settings.toml");
        // What was granted before is not any more.
        let gone = |error: &std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
        let put = match settings.is_file() {
            true => copy(&settings, &sidecar),
            false => fs::remove_file(&sidecar).or_else(|error| if gone(&error) { Ok(()) } else { Err(error) }),
        };
        put.map_err(|error| Failure::new(Exit::Failed, format!("{} cannot be copied: {error}", settings.display())))
    }
}

/// Copies unless it is there already: whatever is written is read anew.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    let text = fs::read(from)?;
    if fs::read(to).ok().as_ref() == Some(&text) { Ok(()) } else { fs::write(to, text) }
}

/// What a server prints first.
async fn address(child: &mut Child) -> Option<String> {
    let mut lines = BufReader::new(child.stdout.take()?).lines();
    let line = tokio::time::timeout(START_TIME_MAX, lines.next_line()).await.ok()?.ok()??;
    let said: Value = serde_json::from_str(&line).ok()?;
    Some(said["address"].as_str()?.to_owned())
}
