//! `tidemill plugin check`, and `tidemill plugin info` for a file: what a component is, and what is wrong with it.

use std::path::{Path, PathBuf};

use clap::Args;
use tidemill_author::check::{Checked, Level, check, with_wrong_settings};
use tidemill_author::{Ear, Target, TargetError};
use tidemill_plugin::PluginSettings;

use super::target::{not_run, runtime};
use super::{table, trimmed};
use crate::cli::{Exit, Failure, Output, printable};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidemill plugin check                      the component of this folder's plugin, with its settings.toml
  tidemill plugin check dist/redact.wasm     a component, with the settings beside it (redact.toml) if there are any
  tidemill plugin check --json | jq .findings

Exit codes: 0 a server would take it, 1 it would not, 2 there is nothing to check.")]
pub(super) struct CheckArgs {
    /// A component, or a plugin's folder
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Settings to check it with
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Print what was found as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &CheckArgs, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let checked = match Target::find(&args.path, args.settings.as_deref()) {
        Err(error @ TargetError::Settings { .. }) => with_wrong_settings(&args.path, &error),
        Err(error) => Err(error),
        Ok(target) => Ok(checked(&target, output)?),
    };
    let checked = checked.map_err(|error| not_run(&error))?;
    if args.json {
        let json = serde_json::to_string_pretty(&checked).map_err(|error| usage(&error))?;
        writeln!(output.out, "{json}")?;
    } else {
        show(&checked, output)?;
        for finding in &checked.findings {
            let level = if finding.level == Level::Error { "error" } else { "warning" };
            writeln!(output.out, "{level}: {}", printable::lines(&finding.detail))?;
        }
        if checked.ok {
            writeln!(output.out, "OK")?;
        }
    }
    Ok(if checked.ok { Exit::Success } else { Exit::Failed })
}

/// A component's file, described with everything granted that can be.
pub(super) fn info(file: &Path, json: bool, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let settings = PluginSettings::from_toml("[grants]\nstate = true\nfigures = true\npublish = [\"*\"]")
        .map_err(|problems| Failure::new(Exit::Failed, problems.join("; ")))?;
    let checked = checked(&Target::by_itself(file, settings), output)?;
    if json {
        let json = serde_json::to_string_pretty(&checked).map_err(|error| usage(&error))?;
        writeln!(output.out, "{json}")?;
        return Ok(Exit::Success);
    }
    show(&checked, output)?;
    if let Some(finding) = checked.findings.iter().find(|_| checked.about.is_none()) {
        return Err(Failure::new(Exit::Failed, format!("{}: {}", file.display(), printable::lines(&finding.detail))));
    }
    Ok(Exit::Success)
}

pub(super) fn checked(target: &Target, output: &mut Output<'_>) -> Result<Checked, Failure> {
    let runtime = runtime(Ear::default(), output)?;
    check(target, &runtime).map_err(|error| not_run(&error))
}

fn usage(error: &dyn std::error::Error) -> Failure {
    Failure::new(Exit::Usage, error.to_string())
}

fn show(checked: &Checked, output: &mut Output<'_>) -> Result<(), Failure> {
    let mut table = table();
    let size = bytesize::ByteSize(checked.size).to_string();
    table.add_row(["file", &checked.file.display().to_string()]);
    table.add_row(["size", &size]);
    table.add_row(["version", &checked.version]);
    if let Some(contract) = &checked.contract {
        table.add_row(["contract", &format!("tidemill:plugin@{contract}")]);
    }
    if let Some(about) = &checked.about {
        table.add_row(["name", &format!("{} {}", about.name, about.author_version)]);
        table.add_row(["summary", &about.summary]);
        table.add_row(["kinds", &about.kinds.join(", ")]);
        for (what, list) in [
            ("wants", &about.wants),
            ("subscribes", &about.subscribes),
            ("event types", &about.event_types),
            ("tools", &about.tools),
            ("prompts", &about.prompts),
            ("resources", &about.resources),
            ("resource templates", &about.resource_templates),
        ] {
            if !list.is_empty() {
                table.add_row([what, &list.join(", ")]);
            }
        }
    }
    table.add_row(["imports", &checked.imports.join(", ")]);
    writeln!(output.out, "{}", trimmed(&table))?;
    Ok(())
}
