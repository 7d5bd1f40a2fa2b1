//! `tidemill plugin push`: builds a plugin, looks whether it is one, and puts it into a registry.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use clap::Args;
use serde_json::json;
use tidemill_author::build::{BuildOptions, build};
use tidemill_author::check::{Checked, Level};
use tidemill_author::{Project, Target};
use tidemill_plugin::limits::COMPONENT_BYTES_MAX;
use tidemill_plugin::{LoadError, kinds_of};
use tidemill_registry::{About, Pushed, Reference};

use super::registry::{AccessArgs, Bar, failure, reference};
use super::steps::Steps;
use super::{check, key, target};
use crate::cli::config::environment;
use crate::cli::{Exit, Failure, Output};

const SOURCE_DATE_EPOCH: &str = "SOURCE_DATE_EPOCH";
/// The last second of the year 9999; later ones have no form in RFC 3339.
const SECONDS_MAX: u64 = 253_402_300_799;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidemill plugin push ghcr.io/acme/order-rules:1.2.0           the plugin of this folder
  tidemill plugin push ghcr.io/acme/order-rules                 its tag is the plugin's own version
  tidemill plugin push localhost:5000/redact:1.0.0 redact.wasm  a component that is there
  tidemill plugin push ghcr.io/acme/order-rules:1.2.0 --sign acme.key

Prints what to pin: the repository with the digest.
Who you are: TIDEMILL_REGISTRY_USER and TIDEMILL_REGISTRY_PASSWORD, or what `docker login` keeps.

Exit codes: 0 it is there, 1 the plugin or the registry refused, 2 the command is wrong or there is nothing to push, \
3 the registry was not reached.")]
pub(super) struct PushArgs {
    /// Where to, such as ghcr.io/acme/order-rules:1.2.0; without a tag it is the plugin's own version
    reference: String,
    /// A component, or the folder of a plugin
    #[arg(value_name = "FILE|FOLDER", default_value = ".")]
    path: PathBuf,
    /// Take the component as it is, and do not build it for release
    #[arg(long)]
    no_build: bool,
    /// Sign with this secret key (`tidemill plugin key`)
    #[arg(long, value_name = "FILE")]
    sign: Option<PathBuf>,
    #[command(flatten)]
    access: AccessArgs,
    /// Print what was pushed as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &PushArgs, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let place = reference(&args.reference)?;
    if place.digest().is_some() {
        let told = format!("{place}: a digest is what comes of a push; name a tag, such as :1.2.0");
        return Err(Failure::new(Exit::Usage, told));
    }
    let epoch = source_date_epoch()?;
    let component = built(args)?;
    let shown = component.display();
    // What is too large is not read at all.
    if let Some(found) = fs::metadata(&component).ok().filter(|found| found.len() > COMPONENT_BYTES_MAX) {
        return Err(Failure::new(Exit::Failed, format!("{shown}: {}", LoadError::TooLarge(found.len()))));
    }
    let found = Target::find(&args.path, None).map_err(|error| target::not_run(&error))?;
    let checked = check::checked(&found, output)?;
    let bytes =
        fs::read(&component).map_err(|error| Failure::new(Exit::Usage, format!("cannot read {shown}: {error}")))?;
    judge(&checked, &bytes, args.path.is_dir())?;
    let place = tagged(place, &checked)?;
    let secret = args.sign.as_deref().map(key::open).transpose()?;
    let registry = args.access.open(&place)?;
    let about = about(checked, epoch.unwrap_or_else(|| made(&component)));
    let size = bytes.len() as u64;
    let bar = Bar::new("Pushing", !args.json);
    let pushed = registry.push(bytes.into(), &about, secret.as_ref(), bar.told()).await;
    drop(bar);
    let Pushed { digest, before } = pushed.map_err(|error| failure(&place, &error))?;
    let pinned = place.pinned(digest);
    if args.json {
        let about = json!({
            "reference": place.to_string(),
            "pinned": pinned.to_string(),
            "digest": digest.to_string(),
            "before": before.map(|before| before.to_string()),
            "size": size,
            "signed": secret.is_some(),
        });
        writeln!(output.out, "{about:#}")?;
        return Ok(Exit::Success);
    }
    let signed = if secret.is_some() { ", signed" } else { "" };
    writeln!(output.err, "{shown} ({}{signed}) is now {place}", bytesize::ByteSize(size))?;
    if let Some(before) = before {
        writeln!(output.err, "the tag stood for {before} before")?;
    }
    writeln!(output.out, "{pinned}")?;
    Ok(Exit::Success)
}

/// The component, built for release if it is a folder's. One that is there may have been built for trying.
fn built(args: &PushArgs) -> Result<PathBuf, Failure> {
    if !args.path.is_dir() {
        return Ok(args.path.clone());
    }
    let project = Project::open(&args.path).map_err(|error| Failure::new(Exit::Usage, error.to_string()))?;
    if !args.no_build {
        build(&project, &BuildOptions { release: true }, &mut Steps::of_build(!args.json)?)
            .map_err(|error| super::build::refused(&error))?;
    }
    Ok(project.component())
}

/// A folder's plugin has to be good with the folder's settings. Of a component by itself nobody knows what it will be granted, so
/// that it only has to be a plugin.
fn judge(checked: &Checked, bytes: &[u8], of_folder: bool) -> Result<(), Failure> {
    let refused = |detail: &str| Failure::new(Exit::Failed, format!("{}: {detail}", checked.file.display()));
    let wrong = checked.findings.iter().find(|finding| finding.level == Level::Error);
    if let Some(wrong) = wrong.filter(|_| of_folder) {
        return Err(refused(&format!("{}; nothing was pushed", wrong.detail)));
    }
    kinds_of(bytes).map(drop).map_err(|error| refused(&error.to_string()))
}

fn tagged(place: Reference, checked: &Checked) -> Result<Reference, Failure> {
    if place.tag().is_some() {
        return Ok(place);
    }
    let usage = |detail: &str| Failure::new(Exit::Usage, detail.to_owned());
    let version =
        checked.about.as_ref().map(|about| about.author_version.as_str()).filter(|version| !version.is_empty());
    let version = version.ok_or_else(|| {
        usage(&format!(
            "{place} names no tag, and {} does not say its version; write {place}:1.2.0",
            checked.file.display()
        ))
    })?;
    place.with_tag(version).map_err(|error| usage(&error.to_string()))
}

fn about(checked: Checked, made: Duration) -> About {
    let (version, summary) = checked.about.map(|about| (about.author_version, about.summary)).unzip();
    About {
        version,
        summary,
        imports: checked.imports,
        exports: checked.exports,
        created: humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + made).to_string(),
    }
}

/// When a component was made as `SOURCE_DATE_EPOCH` says, by which builds are made again alike.
fn source_date_epoch() -> Result<Option<Duration>, Failure> {
    let said = environment().find(|(name, value)| name == SOURCE_DATE_EPOCH && !value.is_empty());
    let Some((_, said)) = said else { return Ok(None) };
    match said.parse() {
        Ok(seconds) if seconds <= SECONDS_MAX => Ok(Some(Duration::from_secs(seconds))),
        _ => Err(Failure::new(
            Exit::Usage,
            format!(
                "{SOURCE_DATE_EPOCH} is `{said}`; set it to seconds since 1970, at most {SECONDS_MAX}, or unset it"
            ),
        )),
    }
}

/// When a component was made as its file says, as far as that can be written.
fn made(component: &Path) -> Duration {
    let modified = fs::metadata(component).and_then(|found| found.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().min(Duration::from_secs(SECONDS_MAX))
}
