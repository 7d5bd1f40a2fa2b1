//! `tidemill plugin pull`: takes a component out of a registry, and keeps it if it is what was asked for, signed by whom it should be,
//! and a plugin.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use tidemill_plugin::limits::{COMPONENT_BYTES_MAX, PLUGIN_NAME_BYTES_MAX};
use tidemill_plugin::{Kind, kinds_of};
use tidemill_registry::{KeyError, PublicKey, Pulled, Trust};

use super::key;
use super::registry::{AccessArgs, Bar, failure, reference};
use crate::cli::config::{ConfigFlags, describe};
use crate::cli::{Exit, Failure, Output};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidemill plugin pull ghcr.io/acme/order-rules:1.2.0     to ./order-rules.wasm
  tidemill plugin pull ghcr.io/acme/order-rules@sha256:… --plugins-dir plugins
                                                          a server that watches the folder loads it
  tidemill plugin pull ghcr.io/acme/order-rules:1.2.0 --key acme.pub
                                                          only if acme.key signed it

Keys of which one must have signed stand in `registry.keys` of tidemill.toml, or in TIDEMILL_REGISTRY_KEYS.
Who you are: TIDEMILL_REGISTRY_USER and TIDEMILL_REGISTRY_PASSWORD, or what `docker login` keeps.

Exit codes: 0 the file is there, 1 the registry or a check refused, 2 the command is wrong, 3 the registry was not reached.")]
pub(super) struct PullArgs {
    /// Which, by tag or digest, such as ghcr.io/acme/order-rules:1.2.0
    reference: String,
    /// The file to write; by default <name>.wasm in the current folder
    #[arg(long, value_name = "FILE", conflicts_with = "plugins_dir")]
    output: Option<PathBuf>,
    /// The folder to write <name>.wasm into
    #[arg(long, value_name = "DIRECTORY")]
    plugins_dir: Option<PathBuf>,
    /// Replace a file that has other content
    #[arg(long)]
    force: bool,
    /// Public key that must have signed it, or its file, in place of `registry.keys`; several: one of them
    #[arg(long = "key", value_name = "KEY|FILE")]
    keys: Vec<String>,
    /// Configuration file for `registry.keys` [default: ./tidemill.toml if there is one]
    #[arg(long, value_name = "FILE", env = "TIDEMILL_CONFIG", hide_env_values = true)]
    config: Option<PathBuf>,
    #[command(flatten)]
    access: AccessArgs,
    /// Print what was pulled as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &PullArgs, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let place = reference(&args.reference)?;
    if place.tag().is_none() && place.digest().is_none() {
        return Err(usage(format!(
            "{place} names neither a tag nor a digest; write {place}:1.2.0, or {place}@sha256:…"
        )));
    }
    let trust = Trust::any_of(keys(args)?);
    let file = target(args, place.name())?;
    let registry = args.access.open(&place)?;
    let bar = Bar::new("Pulling", !args.json);
    let pulled = registry.pull(COMPONENT_BYTES_MAX, &trust, bar.told()).await;
    drop(bar);
    let Pulled { component, digest, signed_by } = pulled.map_err(|error| failure(&place, &error))?;
    let refused = |detail: String| Failure::new(Exit::Failed, format!("{place}: {detail}; nothing was written"));
    let kinds = kinds_of(&component).map_err(|error| refused(error.to_string()))?;
    let kinds: Vec<&str> = kinds.into_iter().map(Kind::name).collect();
    let written = keep(&file, &component, args.force)?;
    let (pinned, size) = (place.pinned(digest), component.len());
    if args.json {
        let about = json!({
            "reference": place.to_string(),
            "pinned": pinned.to_string(),
            "digest": digest.to_string(),
            "file": file.to_string_lossy(),
            "size": size,
            "kinds": kinds,
            "signed_by": signed_by,
            "written": written,
        });
        writeln!(output.out, "{about:#}")?;
        return Ok(Exit::Success);
    }
    let (size, shown) = (bytesize::ByteSize(size as u64), file.display());
    let signed = signed_by.map_or_else(|| "no signature was asked for".to_owned(), |id| format!("signed by {id}"));
    let verb = if written { "wrote" } else { "unchanged:" };
    writeln!(output.err, "{verb} {shown} ({}, {size}, {signed})", kinds.join(", "))?;
    writeln!(output.out, "{pinned}")?;
    Ok(Exit::Success)
}

/// Whose signatures count: the keys of the command line, else those of the configuration.
fn keys(args: &PullArgs) -> Result<Vec<PublicKey>, Failure> {
    if args.keys.is_empty() {
        let config = ConfigFlags::of_file(args.config.clone()).load();
        return Ok(config.map_err(|error| usage(describe(&error)))?.registry_keys);
    }
    let read = |text: &String| {
        let wrong = |error: &dyn std::fmt::Display| usage(format!("--key {text}: {error}"));
        let file = Path::new(text);
        if file.is_file() {
            let text = key::read(file).map_err(|error| wrong(&error))?;
            return text.parse().map_err(|error: KeyError| wrong(&error));
        }
        text.parse().map_err(|error: KeyError| wrong(&format!("{error}; and there is no file of that name")))
    };
    args.keys.iter().map(read).collect()
}

/// The file to write, in a folder that is there.
fn target(args: &PullArgs, name: &str) -> Result<PathBuf, Failure> {
    let file = match (&args.output, &args.plugins_dir) {
        (Some(file), _) => file.clone(),
        (None, folder) => folder.clone().unwrap_or_default().join(format!("{name}.wasm")),
    };
    if args.output.is_none() && name.len() > PLUGIN_NAME_BYTES_MAX {
        return Err(usage(format!(
            "`{name}` has {} characters, and a plugin's name at most {PLUGIN_NAME_BYTES_MAX}; name the file with --output",
            name.len()
        )));
    }
    if file.is_dir() {
        return Err(usage(format!("{} is a folder; name a file, or take --plugins-dir", file.display())));
    }
    // A link is replaced as a file is; a pipe or a device is something that somebody put there.
    if fs::symlink_metadata(&file).is_ok_and(|found| !found.is_file() && !found.is_symlink()) {
        return Err(usage(format!("{} is there and no file; name another with --output", file.display())));
    }
    let folder = folder_of(&file);
    if !folder.is_dir() {
        return Err(usage(format!("there is no folder {}; make it, or name another", folder.display())));
    }
    Ok(file)
}

fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes a file in one step, so that nobody who watches the folder sees a part of it. Whether there was anything to write.
fn keep(file: &Path, component: &[u8], force: bool) -> Result<bool, Failure> {
    let shown = file.display();
    let failed = |error: &dyn std::error::Error| Failure::new(Exit::Failed, format!("cannot write {shown}: {error}"));
    // One that is longer is another one, however long it is.
    let length = fs::metadata(file).map(|found| found.len());
    if length.is_ok_and(|length| length == component.len() as u64)
        && fs::read(file).is_ok_and(|there| there == component)
    {
        return Ok(false);
    }
    let there = || Failure::new(Exit::Failed, format!("{shown} is there with other content; replace it with --force"));
    if !force && fs::symlink_metadata(file).is_ok() {
        return Err(there());
    }
    // A name that begins with a point and does not end in .wasm is passed over by servers.
    let mut new = tempfile::Builder::new()
        .prefix(".pull-")
        .permissions(Permissions::from_mode(0o644))
        .tempfile_in(folder_of(file))
        .map_err(|error| failed(&error))?;
    new.write_all(component).and_then(|()| new.as_file().sync_all()).map_err(|error| failed(&error))?;
    if force {
        new.persist(file).map_err(|error| failed(&error.error))?;
        return Ok(true);
    }
    match new.persist_noclobber(file) {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(there()),
        Err(error) => Err(failed(&error.error)),
    }
}

fn usage(message: String) -> Failure {
    Failure::new(Exit::Usage, message)
}
