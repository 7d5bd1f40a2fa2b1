//! `tidemill plugin dev`: from saving a file to the plugin that is live, again and again.
//!
//! Owns the order of things: build, test, load. What does not get through the first and the last leaves the version before
//! at work.

mod host;
mod live;
mod samples;

use std::env;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use tidemill_author::build::{BuildOptions, build};
use tidemill_author::{Runtime, Target, Watch, cache};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use super::steps::{Steps, keeper};
use super::target::{listen, not_built, not_run, runtime};
use super::test;
use crate::cli::client::{ServerArgs, TrustArgs};
use crate::cli::{Exit, Failure, Output, stop_signal};
use crate::keeper::Keeper;
use host::Host;
use live::Live;
use samples::Samples;

/// `tidemill plugin dev`
#[derive(Debug, Args)]
#[command(after_help = "\
Without --server a server is started beside, with data of its own that are gone afterwards. The events of the plugin's tests
go through it each time that the plugin is live; type further ones, a JSON object in each line. Events of others who publish
to the server are shown as they come out. Ctrl-C ends it all.

Examples:
  tidemill plugin dev                                   in the folder of a plugin
  tidemill plugin dev --server http://127.0.0.1:3000    load it into a server that runs

Exit codes: 0 ended by Ctrl-C, 1 the server does not answer any more, 2 this is no plugin's folder, 3 the server is not reached.")]
pub(super) struct DevArgs {
    /// The folder of a plugin; by default the one that you are in
    #[arg(value_name = "FOLDER", default_value = ".")]
    path: PathBuf,
    /// A server that runs; its settings for the plugin count
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    // Not by `env`: a variable that is there for other commands would need --server as well.
    /// A token that the server accepts; in TIDEMILL_TOKEN others on this machine do not see it
    #[arg(long, value_name = "TOKEN", requires = "server")]
    token: Option<String>,
    #[command(flatten)]
    trust: TrustArgs,
}

impl DevArgs {
    /// The server that runs, if one is named.
    fn server(&self) -> Option<ServerArgs> {
        let token = self.token.clone().or_else(|| env::var("TIDEMILL_TOKEN").ok());
        let trust = self.trust.clone();
        self.server.clone().map(|url| ServerArgs { url, token, trust, option: "--server" })
    }
}

pub(super) async fn run(args: &DevArgs, output: &mut Output<'_>) -> Result<Exit, Failure> {
    tokio::select! {
        result = work(args, output) => result,
        () = stop_signal() => Ok(Exit::Success),
    }
}

async fn work(args: &DevArgs, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let ear = listen();
    let mut target = Target::find(&args.path, None).map_err(|error| not_run(&error))?;
    let Some(project) = target.project().cloned() else {
        let message = "`dev` builds what it loads: name the folder of a plugin; a component by itself is loaded by `tidemill \
                       plugin upload`";
        return Err(Failure::new(Exit::Usage, message));
    };
    let unwatched = |error: notify::Error| Failure::new(Exit::Usage, format!("the folder cannot be watched: {error}"));
    let mut watch = Watch::new(&project).map_err(unwatched)?;
    let runtime = runtime(ear, output)?;
    let keeper = keeper()?;
    let host = match args.server() {
        Some(server) => Host::running(server).await?,
        None if args.trust.ca.is_some() => {
            let told = "--ca is about the server that --server names, and there is none; leave it out, or name one";
            return Err(Failure::new(Exit::Usage, told));
        }
        None => Host::start(&project, cache::compiled().ok().as_deref(), &keeper).await?,
    };
    let mut live = Live::new(&host, project.name()).await?;
    writeln!(output.out, "{}; Ctrl-C ends", host.about())?;
    let mut samples = Samples::typed();
    let mut saved = Instant::now();
    loop {
        // What was typed or came meanwhile is shown after it.
        let is_live = turn(&mut target, &runtime, &keeper, (&host, &mut live), saved, output).await?;
        if is_live {
            for text in samples::of_tests(&project) {
                live.publish(&text, output).await?;
            }
        }
        output.out.flush()?;
        loop {
            tokio::select! {
                noticed = watch.changed() => {
                    saved = noticed;
                    break;
                }
                Some(text) = samples.next() => live.publish(&text, output).await?,
                came = live.next() => came?.show(&live, output)?,
            }
            output.out.flush()?;
        }
    }
}

/// Builds, tests and loads. Whether a new version is live; what went wrong was told.
async fn turn(
    target: &mut Target,
    runtime: &Runtime,
    keeper: &Arc<Keeper>,
    (host, live): (&Host, &mut Live<'_>),
    saved: Instant,
    output: &mut Output<'_>,
) -> Result<bool, Failure> {
    let Some(project) = target.project().cloned() else { return Ok(false) };
    let (building, mut steps) = (project.clone(), Steps::new(true).kept_by(keeper));
    let built =
        aside(move || build(&building, &BuildOptions::default(), &mut steps).map_err(|error| not_built(&error)));
    if let Err(failure) = built.await?.and_then(|_| target.reread().map_err(|error| not_run(&error))) {
        writeln!(output.out, "not built: {failure}{}", live.still())?;
        return Ok(false);
    }
    if tidemill_author::golden::files(&project.tests()).is_ok_and(|files| !files.is_empty()) {
        let (testing, runtime, here) = (target.clone(), runtime.clone(), Handle::current());
        match aside(move || here.block_on(test::golden(&testing, &runtime, None, false))).await? {
            Ok(all) => test::show(&all, output)?,
            Err(failure) => {
                writeln!(output.out, "not loaded: {failure}{}", live.still())?;
                return Ok(false);
            }
        }
    }
    let bytes = target.bytes().map_err(|error| not_run(&error))?;
    match host.load(&project, bytes).await {
        Ok(version) => {
            live.runs(&version);
            let short = &version[..version.len().min(12)];
            writeln!(output.out, "live after {:.1} s: {} {short}", saved.elapsed().as_secs_f64(), project.name())?;
            Ok(true)
        }
        Err(failure) => {
            writeln!(output.out, "not loaded: {failure}{}", live.still())?;
            Ok(false)
        }
    }
}

/// Does what takes long on a thread of its own: this one hears Ctrl-C meanwhile.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    spawn_blocking(work).await.map_err(|error| Failure::new(Exit::Failed, format!("the build was given up: {error}")))
}
