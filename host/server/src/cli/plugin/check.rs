//! `tidemill plugin check`, and `tidemill plugin info` for a file: what a component is, and what is wrong with it.

use std::path::{Path, PathBuf};

use clap::Args;
use tidemill_author::Project;
use tidemill_author::check::{About, Candidate, CheckError, Checked, Level, check};
use tidemill_plugin::PluginSettings;

use super::{table, trimmed};
use crate::cli::{Exit, Failure, Output};

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
    let checked = checked(&args.path, args.settings.as_deref())?;
    if args.json {
        let json = serde_json::to_string_pretty(&checked).map_err(|error| usage(&error))?;
        writeln!(output.out, "{json}")?;
    } else {
        show(&checked, output)?;
        for finding in &checked.findings {
            let level = if finding.level == Level::Error { "error" } else { "warning" };
            writeln!(output.out, "{level}: {}", finding.detail)?;
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
    let checked = check(&Candidate { component: file, settings, project: None }).map_err(|error| usage(&error))?;
    if json {
        let json = serde_json::to_string_pretty(&checked).map_err(|error| usage(&error))?;
        writeln!(output.out, "{json}")?;
        return Ok(Exit::Success);
    }
    show(&checked, output)?;
    if let Some(finding) = checked.findings.iter().find(|_| checked.about.is_none()) {
        return Err(Failure::new(Exit::Failed, format!("{}: {}", file.display(), finding.detail)));
    }
    Ok(Exit::Success)
}

pub(super) fn checked(path: &Path, settings: Option<&Path>) -> Result<Checked, Failure> {
    let project = path.is_dir().then(|| Project::open(path)).transpose().map_err(|error| usage(&error))?;
    let component = project.as_ref().map_or_else(|| path.to_owned(), Project::component);
    let beside = component.with_extension("toml");
    let settings = match (settings, &project) {
        (Some(file), _) => read_settings(file)?,
        (None, Some(project)) => project.settings().map_err(|error| usage(&error))?,
        (None, None) if beside.is_file() => read_settings(&beside)?,
        (None, None) => PluginSettings::default(),
    };
    let candidate = Candidate { component: &component, settings, project: project.as_ref() };
    check(&candidate).map_err(|error: CheckError| usage(&error))
}

fn read_settings(file: &Path) -> Result<PluginSettings, Failure> {
    let shown = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::new(Exit::Usage, format!("cannot read {shown}: {error}")))?;
    PluginSettings::from_toml(&text)
        .map_err(|problems| Failure::new(Exit::Usage, format!("{shown}: {}", problems.join("; "))))
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
    if let Some(About { name, author_version, summary, kinds, wants, subscribes, event_types, tools }) = &checked.about
    {
        table.add_row(["name", &format!("{name} {author_version}")]);
        table.add_row(["summary", summary]);
        table.add_row(["kinds", &kinds.join(", ")]);
        for (what, list) in
            [("wants", wants), ("subscribes", subscribes), ("event types", event_types), ("tools", tools)]
        {
            if !list.is_empty() {
                table.add_row([what, &list.join(", ")]);
            }
        }
    }
    table.add_row(["imports", &checked.imports.join(", ")]);
    writeln!(output.out, "{}", trimmed(&table))?;
    Ok(())
}
