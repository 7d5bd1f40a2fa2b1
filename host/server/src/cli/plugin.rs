//! `tidemill plugin`: making plugins (`new`, `build`, `check`, `test`, `dev`, …), and what runs on a server (`list`, `info`, `upload`, …).
//!
//! Owns the arguments and how plugins are shown; what authors do is done by `tidemill-author`, the rest is decided by the server.

mod bench;
mod build;
mod check;
mod dev;
mod key;
mod new;
mod pull;
mod push;
mod registry;
mod run;
mod steps;
mod target;
mod test;
mod told;
mod upload;

use std::path::Path;
use std::time::Duration;

use clap::{Args, Subcommand};
use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use http::Method;
use serde_json::Value;

use super::client::{Answer, Lost, Patience, Request, Server, ServerArgs};
use super::{Exit, Failure, Output, printable};
use bench::BenchArgs;
use build::BuildArgs;
use check::CheckArgs;
use dev::DevArgs;
use key::KeyArgs;
use new::NewArgs;
use pull::PullArgs;
use push::PushArgs;
use run::RunArgs;
use test::TestArgs;
use upload::UploadArgs;

/// An order may have to wait until a large plugin is compiled.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);

/// `tidemill plugin`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidemill plugin new order-rules --lang js  begin one: rust, js, ts, python, go, c, c++ or zig
  tidemill plugin build                      make the component of this folder's plugin
  tidemill plugin check                      would a server take it?
  tidemill plugin test                       build it, and compare what it does with what is expected
  tidemill plugin run . < events.jsonl       see what becomes of events
  tidemill plugin push ghcr.io/acme/order-rules:1.2.0
                                             build it, and put it into a registry
  tidemill plugin pull ghcr.io/acme/order-rules:1.2.0 --plugins-dir plugins
                                             take it out of there, for a server that watches the folder
  tidemill plugin list                       what runs, and what each plugin did
  tidemill plugin info redact --json         everything that is known of one
  tidemill plugin upload redact.wasm         put it in place, if it is one that runs
  tidemill plugin rollback redact            back to the version before, until another file is put in place")]
pub(crate) struct PluginArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Begin a plugin: a folder with its source, tests and README
    New(NewArgs),
    /// Make the component of a plugin's folder
    Build(BuildArgs),
    /// Say whether a server would take a component, and what to look at
    Check(CheckArgs),
    /// Run events through a plugin on this machine, and see what becomes of each
    Run(RunArgs),
    /// Test a plugin on this machine: golden files, or random events of its own types
    Test(TestArgs),
    /// Build, test and load a plugin each time that its sources are saved
    Dev(DevArgs),
    /// Measure what a plugin costs: time for an event, memory, size
    Bench(BenchArgs),
    /// Put a plugin into an OCI registry, and print the digest to pin
    Push(PushArgs),
    /// Take a plugin out of an OCI registry: by tag or digest, with its signature verified if a key is configured
    Pull(PullArgs),
    /// Make a pair of keys to sign plugins with
    Key(KeyArgs),
    /// Show all plugins
    List(ListArgs),
    /// Show one plugin of a server, or a component's file
    Info(OneArgs),
    /// Have the server check a component and put it into its plugins directory
    Upload(UploadArgs),
    /// Remove a plugin's component from the plugins directory; its settings stay
    Remove(OneArgs),
    /// Let what lies in the plugins directory run, also if it was switched off or set aside
    Enable(OneArgs),
    /// Switch a plugin off until it is enabled
    Disable(OneArgs),
    /// Go back to the version that ran before
    Rollback(OneArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// Print what the server answers
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct OneArgs {
    /// The plugin, named like its file without .wasm; for `info` also a file, such as dist/redact.wasm
    name: String,
    #[command(flatten)]
    server: ServerArgs,
    /// Print what the server answers
    #[arg(long)]
    json: bool,
}

impl OneArgs {
    /// Whether a file is meant: plugins have no names with a slash, and files that end in .wasm are components.
    fn is_file(&self) -> bool {
        let path = Path::new(&self.name);
        self.name.contains('/') || path.extension().is_some_and(|ending| ending == "wasm") && path.is_file()
    }
}

pub(super) async fn run(args: &PluginArgs, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let (args, method, action) = match &args.action {
        Action::New(args) => return new::run(args, output),
        Action::Build(args) => return build::run(args, output),
        Action::Check(args) => return check::run(args, output),
        Action::Info(args) if args.is_file() => return check::info(Path::new(&args.name), args.json, output),
        Action::Run(args) => return run::run(args, output).await,
        Action::Test(args) => return test::run(args, output).await,
        Action::Dev(args) => return dev::run(args, output).await,
        Action::Bench(args) => return bench::run(args, output).await,
        Action::Push(args) => return push::run(args, output).await,
        Action::Pull(args) => return pull::run(args, output).await,
        Action::Key(args) => return key::run(args, output),
        Action::List(args) => return list(args, output).await,
        Action::Upload(args) => return upload::run(args, output).await,
        Action::Info(args) => (args, Method::GET, None),
        Action::Remove(args) => (args, Method::DELETE, None),
        Action::Enable(args) => (args, Method::POST, Some("enable")),
        Action::Disable(args) => (args, Method::POST, Some("disable")),
        Action::Rollback(args) => (args, Method::POST, Some("rollback")),
    };
    let segments: Vec<&str> = ["plugins", &args.name].into_iter().chain(action).collect();
    let plugin = ask(&args.server, method, &segments).await?;
    show(&plugin, args.json, output)
}

/// One object, with a line for each member.
fn show(object: &Value, json: bool, output: &mut Output<'_>) -> Result<Exit, Failure> {
    if json {
        writeln!(output.out, "{object:#}")?;
        return Ok(Exit::Success);
    }
    let mut table = table();
    for (key, value) in object.as_object().into_iter().flatten() {
        table.add_row([key.clone(), plain(value)]);
    }
    writeln!(output.out, "{}", trimmed(&table))?;
    Ok(Exit::Success)
}

async fn list(args: &ListArgs, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let listed = ask(&args.server, Method::GET, &["plugins"]).await?;
    if args.json {
        writeln!(output.out, "{listed:#}")?;
        return Ok(Exit::Success);
    }
    let plugins = listed["plugins"].as_array().map(Vec::as_slice).unwrap_or_default();
    if plugins.is_empty() {
        writeln!(output.err, "there are no plugins; copy a .wasm file into the server's plugins directory")?;
        return Ok(Exit::Success);
    }
    let mut table = table();
    table.set_header(["NAME", "STATE", "BREAKER", "VERSION", "KINDS", "EVENTS", "DROPPED", "FAILED", "ERROR"]);
    for plugin in plugins {
        let version = plugin["version"].as_str().map_or("", |version| &version[..version.len().min(12)]);
        let figures = &plugin["figures"];
        let failed: u64 = figures["faults"].as_object().into_iter().flatten().filter_map(|(_, n)| n.as_u64()).sum();
        table.add_row([
            plain(&plugin["name"]),
            plain(&plugin["state"]),
            plain(&plugin["breaker"]["state"]),
            version.to_owned(),
            plain(&plugin["kinds"]),
            plain(&figures["events_in"]),
            plain(&figures["dropped"]),
            failed.to_string(),
            plain(&plugin["error"]),
        ]);
    }
    writeln!(output.out, "{}", trimmed(&table))?;
    Ok(Exit::Success)
}

async fn ask(args: &ServerArgs, method: Method, segments: &[&str]) -> Result<Value, Failure> {
    let server = Server::new(args, Patience::Whole(ANSWER_TIMEOUT))?;
    answered(&server, server.http.request(method, &server.at(segments))).await
}

/// What the server answers, unless that is an error.
async fn answered(server: &Server, request: Request<'_>) -> Result<Value, Failure> {
    let lost = |lost: Lost| server.unanswered(&lost, None);
    let answer = request.send().await.map_err(lost)?;
    if answer.status().is_success() {
        return answer.json().await.map_err(lost);
    }
    Err(Failure::new(Exit::Failed, Answer::read(answer).await.map_err(lost)?.reasons()))
}

fn table() -> Table {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table
}

/// Without the blanks at the ends of lines. Names in it may be those of strangers.
fn trimmed(table: &Table) -> String {
    table.lines().map(|line| printable::line(line.trim())).collect::<Vec<_>>().join("\n")
}

/// A value as a person writes it.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(members) => {
            let member = |(key, value): (&String, &Value)| format!("{key}={}", plain(value));
            members.iter().map(member).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}
