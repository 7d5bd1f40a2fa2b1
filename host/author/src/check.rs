//! `plugin check`: would a server take this component, and what should its author look at?
//!
//! Loads it as a server does (inspected, compiled, linked, described, configured) with its settings, and then looks at what it
//! says about itself. Runs no event through it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use tidemill_plugin::{EventTypeInfo, Kind, Limits, LoadError, Plugin, PluginSettings, Plugins, Version};

use crate::{Project, Runtime, Target, TargetError};

mod lint;
mod outside;

/// The contract that this version builds for.
const CONTRACT: &str = "tidemill:plugin/manifest@";

/// Everything that was found.
#[derive(Debug, Serialize)]
pub struct Checked {
    /// The component.
    pub file: PathBuf,
    /// Whether a server would take it.
    pub ok: bool,
    /// Its bytes.
    pub size: u64,
    /// The hash by which servers know it.
    pub version: String,
    /// The version of `tidemill:plugin` that it was built for, if it is a plugin at all.
    pub contract: Option<String>,
    /// What it imports.
    pub imports: Vec<String>,
    /// What it exports.
    pub exports: Vec<String>,
    /// What it says about itself, if it can be loaded.
    #[serde(flatten)]
    pub about: Option<About>,
    /// What is wrong, and what to look at.
    pub findings: Vec<Finding>,
}

/// What a plugin says about itself.
#[derive(Debug, Serialize)]
pub struct About {
    /// Its short name, for people.
    pub name: String,
    /// The author's version.
    pub author_version: String,
    /// What it does.
    pub summary: String,
    /// What it is.
    pub kinds: Vec<&'static str>,
    /// What it wants of its host beyond what every plugin has.
    pub wants: Vec<String>,
    /// The types for which it is called.
    pub subscribes: Vec<String>,
    /// The types that it owns.
    pub event_types: Vec<String>,
    /// Its tools.
    pub tools: Vec<String>,
    /// Its prompts.
    pub prompts: Vec<String>,
    /// The addresses that it lists.
    pub resources: Vec<String>,
    /// The URI templates of further ones.
    pub resource_templates: Vec<String>,
}

/// Something to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What it is, and what to do.
    pub detail: String,
}

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// A server would refuse it, or its users would be told something wrong.
    Error,
    /// It would run.
    Warning,
}

/// Checks a component.
///
/// # Errors
///
/// It cannot be read. What is wrong with it is in the answer.
pub fn check(target: &Target, runtime: &Runtime) -> Result<Checked, TargetError> {
    let bytes = target.bytes()?;
    let mut findings = Vec::new();
    let about = match load(target, runtime, &bytes) {
        Ok(plugin) => {
            lint::look(&plugin, target, &mut findings);
            Some(about(&plugin))
        }
        Err(error) => {
            findings.push(Finding { level: Level::Error, detail: told(&error, target) });
            None
        }
    };
    Ok(seen(target, &bytes, about, findings))
}

/// What can be said of a component, or a project's, whose settings are wrong: a server would not take it with them.
///
/// # Errors
///
/// It cannot be read.
pub fn with_wrong_settings(path: &Path, error: &TargetError) -> Result<Checked, TargetError> {
    let component = if path.is_dir() { Project::open(path)?.component() } else { path.to_owned() };
    let target = Target::by_itself(&component, PluginSettings::default());
    let detail = format!("its settings are wrong: {error}");
    Ok(seen(&target, &target.bytes()?, None, vec![Finding { level: Level::Error, detail }]))
}

fn seen(target: &Target, bytes: &[u8], about: Option<About>, findings: Vec<Finding>) -> Checked {
    let outside = outside::look(bytes);
    Checked {
        file: target.component().to_owned(),
        ok: findings.iter().all(|finding| finding.level != Level::Error),
        size: bytes.len() as u64,
        version: Version::of(bytes).to_string(),
        contract: outside.exports.iter().find_map(|name| name.strip_prefix(CONTRACT)).map(str::to_owned),
        imports: outside.imports,
        exports: outside.exports,
        about,
        findings,
    }
}

/// Loads it as a server would.
fn load(target: &Target, runtime: &Runtime, bytes: &[u8]) -> Result<Arc<Plugin>, LoadError> {
    let plugins = Plugins::new(runtime.engine().clone(), Limits::default(), |_| {})?;
    plugins.put(target.name(), bytes, target.settings())
}

/// The loader's words, with what an author types where those are for an operator.
fn told(error: &LoadError, target: &Target) -> String {
    let place = match target.project() {
        Some(_) => "settings.toml".to_owned(),
        None => target.component().with_extension("toml").display().to_string(),
    };
    match error {
        LoadError::NotGranted(missing) => {
            let missing = missing.join(", ");
            format!("it wants what it was not granted: {missing}; grant it in the table `[grants]` of {place}")
        }
        LoadError::Refused(_) | LoadError::Settings(_) => format!("{error}; change it in {place}"),
        LoadError::CoreModule => {
            "this is a core WebAssembly module, not a component; `tidemill plugin build` makes components".to_owned()
        }
        LoadError::NotWasm => format!("{error}; name a component, such as dist/<name>.wasm, or a plugin's folder"),
        other => other.to_string(),
    }
}

fn about(plugin: &Plugin) -> About {
    let (name, author_version) = plugin.title();
    let mut event_types: Vec<String> = plugin.event_types().map(|owned: &EventTypeInfo| owned.name.clone()).collect();
    event_types.sort();
    About {
        name: name.to_owned(),
        author_version: author_version.to_owned(),
        summary: plugin.summary().to_owned(),
        kinds: plugin.kinds().iter().copied().map(Kind::name).collect(),
        wants: plugin.wanted(),
        subscribes: plugin.subscribes().iter().map(ToString::to_string).collect(),
        event_types,
        tools: plugin.offer().tools.iter().map(|tool| tool.info.name.clone()).collect(),
        prompts: plugin.offer().prompts.iter().map(|prompt| prompt.name.clone()).collect(),
        resources: plugin.offer().resources.iter().map(|resource| resource.uri.clone()).collect(),
        resource_templates: plugin.offer().templates.iter().map(|template| template.uri_template.clone()).collect(),
    }
}

/// A JSON value in a few words, for findings.
fn shortened(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 80 { text } else { text.chars().take(77).collect::<String>() + "…" }
}
