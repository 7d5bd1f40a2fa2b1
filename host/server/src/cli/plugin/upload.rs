//! `tidemill plugin upload`: hands a component to a server. Whether it is one, and may run, the server says.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use http::Method;
use http::header::{CONTENT_TYPE, IF_MATCH};
use tidemill_author::Project;

use super::{answered, show};
use crate::cli::client::{Patience, Server, ServerArgs};
use crate::cli::{Exit, Failure, Output};

/// A large component over a slow line, which is then compiled.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(720);

/// What a component's file is called.
const EXAMPLE: &str = "dist/order-rules.wasm";

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidemill plugin upload dist/order-rules.wasm
  tidemill plugin upload dist/order-rules.wasm --dry-run --url https://events.example.com

Exit codes: 0 the server took it, 1 the server refused it, 2 the file cannot be read or the command is wrong, 3 the server is
not reached.")]
pub(super) struct UploadArgs {
    /// The component
    file: PathBuf,
    /// The plugin's name; by default that of the file without .wasm
    #[arg(long)]
    name: Option<String>,
    /// Have it checked only
    #[arg(long)]
    dry_run: bool,
    /// Only in place of this version, as `info` shows it
    #[arg(long, value_name = "VERSION")]
    replacing: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
    /// Print what the server answers
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &UploadArgs, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let file = args.file.display();
    let usage = |detail: String| Failure::new(Exit::Usage, detail);
    if args.file.is_dir() {
        let built = Project::open(&args.file).map_or_else(|_| EXAMPLE.into(), |project| project.component());
        let here = env::current_dir().unwrap_or_default();
        let built = built.strip_prefix(here).unwrap_or(&built).display();
        return Err(usage(format!("{file} is a folder; name a .wasm file, such as {built}")));
    }
    let stem = args.file.file_stem().and_then(|stem| stem.to_str());
    let Some(name) = args.name.as_deref().or(stem) else {
        return Err(usage(format!("{file} has no name that a plugin can have; say one with --name")));
    };
    let bytes = fs::read(&args.file)
        .map_err(|error| usage(format!("cannot read {file}: {error}; name a .wasm file, such as {EXAMPLE}")))?;
    let server = Server::new(&args.server, Patience::Whole(ANSWER_TIMEOUT))?;
    let mut place = server.at(&["plugins", name]);
    if args.dry_run {
        place.query_pairs_mut().append_pair("dry-run", "true");
    }
    let mut request = server.http.request(Method::PUT, &place).header(CONTENT_TYPE, "application/wasm");
    if let Some(version) = &args.replacing {
        request = request.header(IF_MATCH, format!("\"{version}\""));
    }
    show(&answered(&server, request.body(bytes)).await?, args.json, output)
}
