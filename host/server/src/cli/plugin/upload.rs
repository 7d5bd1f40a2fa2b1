//! `tidemill plugin upload`: hands a component to a server. Whether it is one, and may run, the server says.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use reqwest::header::{CONTENT_TYPE, IF_MATCH};

use super::{answered, show};
use crate::cli::client::{Server, ServerArgs};
use crate::cli::{Exit, Failure, Output};

/// A large component over a slow line, which is then compiled.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(720);

#[derive(Debug, Args)]
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
    let stem = args.file.file_stem().and_then(|stem| stem.to_str());
    let Some(name) = args.name.as_deref().or(stem) else {
        return Err(Failure::new(
            Exit::Usage,
            format!("{file} has no name that a plugin can have; say one with --name"),
        ));
    };
    let bytes = fs::read(&args.file)
        .map_err(|error| Failure::new(Exit::Usage, format!("cannot read {file}: {error}; name a .wasm file")))?;
    let server = Server::new(&args.server, |client| client.timeout(ANSWER_TIMEOUT))?;
    let mut place = server.at(&["plugins", name]);
    if args.dry_run {
        place.query_pairs_mut().append_pair("dry-run", "true");
    }
    let mut request = server.http.put(place).header(CONTENT_TYPE, "application/wasm");
    if let Some(version) = &args.replacing {
        request = request.header(IF_MATCH, format!("\"{version}\""));
    }
    show(&answered(&server, request.body(bytes)).await?, args.json, output)
}
