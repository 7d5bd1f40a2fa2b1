//! What can be said about a block without running it: it is correct in its language.

use std::io::Write;
use std::process::{Command, Stdio};

use serde::de::IgnoredAny;
use tidemill_plugin::PluginSettings;

use super::note::{Meaning, Notes};
use super::page::{Page, Shown, Step, What};
use crate::support::tidemill;

/// Languages of other programs' configurations.
const CONFIGURATION: [&str; 3] = ["yaml", "caddy", "nginx"];

/// Every block of a page that nothing runs.
pub(super) fn page(path: &str, text: &str) -> Result<(), String> {
    let page = Page::read(path, text)?;
    for step in page.steps {
        let parsed = match &step.what {
            What::Shown(all) => all.iter().filter_map(|Shown { command, .. }| command.as_deref()).try_for_each(bash),
            What::Typed(text) => bash(text),
            // Other languages cannot be checked without what stands around them.
            what => parses(what, &step.notes),
        };
        parsed.map_err(|wrong| format!("{path}:{}: {wrong}", step.line))?;
    }
    Ok(())
}

/// The blocks in programming languages, and where they begin.
pub(super) fn sources(path: &str, text: &str) -> Vec<(usize, String)> {
    let page = Page::read(path, text).unwrap();
    let source = |step: Step| match step.what {
        What::Excerpt { language, text } if !CONFIGURATION.contains(&&*language) => Some((step.line, text)),
        _ => None,
    };
    page.steps.into_iter().filter_map(source).collect()
}

/// JSON and TOML.
pub(super) fn parses(what: &What, notes: &Notes) -> Result<(), String> {
    match (what, notes.meaning) {
        (What::Json(text), _) => serde_json::Deserializer::from_str(text)
            .into_iter::<IgnoredAny>()
            .try_for_each(|one| one.map(drop))
            .map_err(|error| error.to_string()),
        (What::Toml(text), None) => text.parse::<toml::Table>().map(drop).map_err(|error| error.to_string()),
        (What::Toml(text), Some(Meaning::Settings)) => {
            PluginSettings::from_toml(text).map(drop).map_err(|problems| problems.join("; "))
        }
        (What::Toml(text), Some(Meaning::Config)) => config(text),
        _ => Ok(()),
    }
}

/// Whether a server would take a configuration.
fn config(text: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tidemill.toml"), text).unwrap();
    succeeds(tidemill(folder.path()).args(["config", "check"]).stdin(Stdio::null()))
}

/// Whether bash can read commands.
fn bash(text: &str) -> Result<(), String> {
    let mut script = tempfile::NamedTempFile::new().unwrap();
    script.write_all(text.as_bytes()).unwrap();
    succeeds(Command::new("bash").arg("-n").arg(script.path()))
}

fn succeeds(command: &mut Command) -> Result<(), String> {
    let ended = command.output().unwrap();
    match ended.status.success() {
        true => Ok(()),
        false => Err([ended.stdout, ended.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat()),
    }
}
