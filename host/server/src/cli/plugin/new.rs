//! `tidemill plugin new`: begins a plugin. What is written stands in templates.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use tidemill_author::new::{Begun, NewProject, begin};
use tidemill_author::{Import, Kind, Language, Named, UnknownName};

use crate::cli::{Exit, Failure, Output};

#[derive(Debug, Args)]
#[command(after_help = "\
Languages: rust, javascript (js), typescript (ts), python (py), go, c, cpp (c++), zig
Kinds: filter, transform, event-types, view, webhook, tools, prompts, resources
Interfaces to use: log, meter, state, bus, call, server, http

Examples:
  tidemill plugin new order-rules                                      a filter in Rust
  tidemill plugin new order-rules --lang js --kind filter,event-types
  tidemill plugin new enrich --lang python --kind transform --uses state

Exit codes: 0 it is there, 2 it cannot be.")]
pub(super) struct NewArgs {
    /// The plugin's name, or a path whose last part is the name: small letters, digits and hyphens
    name: PathBuf,
    /// What to write it in
    #[arg(long, visible_alias = "language", value_name = "LANGUAGE", default_value = "rust")]
    lang: String,
    /// What it is for
    #[arg(long, value_name = "KINDS", value_delimiter = ',', default_value = "filter")]
    kind: Vec<String>,
    /// What it asks the host for
    #[arg(long, value_name = "INTERFACES", value_delimiter = ',')]
    uses: Vec<String>,
    /// Print what was written as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &NewArgs, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let usage = |error: &dyn std::error::Error| Failure::new(Exit::Usage, error.to_string());
    let unknown = |error: UnknownName| usage(&error);
    let wanted = NewProject {
        folder: args.name.clone(),
        language: Language::by_name(&args.lang).map_err(unknown)?,
        kinds: all::<Kind>(&args.kind).map_err(unknown)?,
        uses: all::<Import>(&args.uses).map_err(unknown)?,
    };
    let Begun { project, files } = begin(&wanted).map_err(|error| usage(&error))?;
    if args.json {
        let about = json!({
            "name": project.name(),
            "folder": project.folder(),
            "language": project.language().name(),
            "kinds": project.kinds(),
            "uses": project.uses(),
            "files": files,
        });
        writeln!(output.out, "{about:#}")?;
        return Ok(Exit::Success);
    }
    let folder = args.name.display();
    for file in files {
        writeln!(output.out, "  {folder}/{file}")?;
    }
    writeln!(
        output.err,
        "Next:\n  cd {folder}\n  tidemill plugin dev    (builds, tests and loads it each time that it is saved)"
    )?;
    Ok(Exit::Success)
}

/// Those of these names, each once.
fn all<T: Named + PartialEq>(names: &[String]) -> Result<Vec<T>, UnknownName> {
    let mut found = Vec::new();
    for name in names {
        let one = T::by_name(name.trim())?;
        if !found.contains(&one) {
            found.push(one);
        }
    }
    Ok(found)
}
