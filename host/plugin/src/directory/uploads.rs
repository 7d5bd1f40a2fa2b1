//! Components that are handed in instead of copied: checked before they take their file's place, and then taken in, all in
//! one turn of the thread that watches, so that nothing comes in between. Must not know how they arrive.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use tempfile::{Builder, NamedTempFile};

use super::{Known, OrderError, Orders, State, read_sidecar};
use crate::limits::{COMPONENT_BYTES_MAX, PLUGIN_NAME_BYTES_MAX, UPLOAD_AGE_MAX};
use crate::scan::scan;
use crate::{LoadError, Plugin, PluginState, Version};

/// Hidden, and no `.wasm`: nobody who looks at the directory takes it for a plugin.
const PART_PREFIX: &str = ".upload-";
const PART_SUFFIX: &str = ".part";

/// A candidate that arrives, in a file of its own beside the plugins. If it is dropped nothing is left of it.
#[derive(Debug)]
pub struct Incoming {
    name: String,
    part: NamedTempFile,
}

impl Incoming {
    /// The file, to be written to.
    pub fn file(&self) -> io::Result<File> {
        self.part.as_file().try_clone()
    }
}

/// What has to be there for a change to be made. A version fits if it runs, and if it lies in the directory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Expected {
    /// Whatever.
    #[default]
    Anything,
    /// Some version.
    Something,
    /// One of these versions.
    OneOf(Vec<Version>),
}

/// What came of a candidate.
#[derive(Debug, Clone)]
pub struct Uploaded {
    /// What it is.
    pub plugin: Arc<Plugin>,
    /// The version that lay in the directory before; none if there was no such plugin.
    pub before: Option<Version>,
    /// Whether the plugin runs now; none if the candidate was checked only, and there is no such plugin.
    pub state: Option<PluginState>,
    /// The number of the generation that new batches begin with.
    pub generation: u64,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// Not a name that an upload may have.
    #[error(
        "`{0}` cannot be a plugin's name; uploads have names of 1 to 64 of `a-z`, `0-9`, `.`, `_` and `-` that begin with \
         a letter or digit and do not end in a dot"
    )]
    Name(String),
    /// There is no such file.
    #[error("there is no plugin `{0}` in the plugins directory")]
    Unknown(String),
    /// The directory cannot be written to.
    #[error("cannot write to {path}: {error}; let the user that the server runs as write there", path = path.display())]
    NotWritable {
        /// What cannot be written.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The candidate is refused.
    #[error("{0}")]
    Refused(#[from] LoadError),
    /// Another version is there than was expected.
    #[error("another version is there than `If-Match` names ({}); look at it first", .0.map_or("none".into(), |version| version.to_string()))]
    Unexpected(Option<Version>),
    /// It was put in place, and somebody changed the files at the same time.
    #[error("it is in place and was checked, but does not run: {0}")]
    Overtaken(String),
    /// Nobody takes candidates any more.
    #[error(transparent)]
    Stopping(#[from] OrderError),
}

impl Orders {
    /// Makes room for a candidate.
    pub fn receive(&self, name: &str) -> Result<Incoming, UploadError> {
        if !may_be_uploaded(name) {
            // It may be long, and a client chose it.
            return Err(UploadError::Name(name.chars().take(64).collect::<String>().escape_debug().to_string()));
        }
        let mut part = Builder::new();
        // As a file has that is copied there; the process's mask takes away from it.
        let mode = Permissions::from_mode(0o644);
        let part = part.prefix(PART_PREFIX).suffix(PART_SUFFIX).permissions(mode).tempfile_in(&self.path);
        Ok(Incoming { name: name.to_owned(), part: part.map_err(unwritable(&self.path))? })
    }

    /// Checks a candidate as if it lay in the directory, and unless that is all that is wanted puts it there and waits
    /// until it is taken in. If it is refused nothing is changed.
    pub fn upload(&self, candidate: Incoming, expected: Expected, check_only: bool) -> Result<Uploaded, UploadError> {
        self.ask(move |state| state.upload(candidate, &expected, check_only))?
    }

    /// Removes a plugin's component; its sidecar stays, and so do its earlier versions. Answers with the version that lay
    /// there, unless it was no component at all.
    pub fn remove(&self, name: &str, expected: Expected) -> Result<Option<Version>, UploadError> {
        let name = name.to_owned();
        self.ask(move |state| state.remove(&name, &expected))?
    }
}

impl State {
    fn upload(&mut self, candidate: Incoming, expected: &Expected, check_only: bool) -> Result<Uploaded, UploadError> {
        let Incoming { name, part } = candidate;
        let place = self.path.join(format!("{name}.wasm"));
        let before = version_at(&place);
        self.expect(&name, before, expected)?;
        let plugin = self.check(&name, part.path())?;
        if !check_only && before != Some(plugin.version()) {
            part.as_file().sync_all().map_err(unwritable(&place))?;
            // A link is replaced, not followed.
            part.persist(&place).map_err(|error| unwritable(&place)(error.error))?;
            self.sync()?;
            self.take_in_now(&name)?;
        }
        let report = self.plugins.report(&name);
        if !check_only && let Some(error) = report.as_ref().and_then(|report| report.error.clone()) {
            return Err(UploadError::Overtaken(error));
        }
        let generation = self.plugins.current().number();
        Ok(Uploaded { plugin, before, state: report.map(|report| report.state), generation })
    }

    fn remove(&mut self, name: &str, expected: &Expected) -> Result<Option<Version>, UploadError> {
        let found = scan(&self.path).map_err(unwritable(&self.path))?.remove(name);
        let place = found.ok_or_else(|| UploadError::Unknown(name.to_owned()))?.wasm;
        let version = version_at(&place);
        self.expect(name, version, expected)?;
        fs::remove_file(&place).map_err(unwritable(&place))?;
        self.sync()?;
        self.known.remove(name);
        self.plugins.remove(name);
        if let Err(error) = self.versions.retire(name) {
            tracing::warn!(plugin = name, "what was chosen of its versions cannot be forgotten: {error}");
        }
        Ok(version)
    }

    fn expect(&self, name: &str, lies: Option<Version>, expected: &Expected) -> Result<(), UploadError> {
        let runs = self.plugins.report(name).and_then(|report| Some(report.running?.version()));
        let fits = |version: &Version| lies == Some(*version) || runs == Some(*version);
        let is_met = match expected {
            Expected::Anything => true,
            Expected::Something => lies.is_some(),
            Expected::OneOf(versions) => versions.iter().any(fits),
        };
        if is_met { Ok(()) } else { Err(UploadError::Unexpected(runs.or(lies))) }
    }

    /// Loads what lies in a file as if it were the plugin's own.
    fn check(&self, name: &str, part: &Path) -> Result<Arc<Plugin>, UploadError> {
        let sidecar = Some(self.path.join(format!("{name}.toml"))).filter(|path| path.is_file());
        let loaded = read_sidecar(sidecar.as_deref()).and_then(|sidecar| {
            let read = |error| LoadError::Read { path: part.display().to_string(), error };
            let length = fs::metadata(part).map_err(read)?.len();
            if length > COMPONENT_BYTES_MAX {
                return Err(LoadError::TooLarge(length));
            }
            self.plugins.check(name, &fs::read(part).map_err(read)?, &self.options.in_force(name, sidecar))
        });
        loaded.map_err(|error| {
            tracing::warn!(plugin = name, "upload refused: {error}");
            error.into()
        })
    }

    /// Takes in what lies there under a name, and nothing else: other files may still be arriving.
    fn take_in_now(&mut self, name: &str) -> Result<(), UploadError> {
        let now = Instant::now();
        let mut found = scan(&self.path).map_err(unwritable(&self.path))?;
        let Some(files) = found.remove(name) else { return Err(UploadError::Overtaken("its file is gone".into())) };
        let known = self.known.entry(name.to_owned());
        let known = known.or_insert(Known { seen: None, since: now, read: None, put: None });
        (known.seen, known.since) = (Some(files.stamps), now);
        if self.take_in(name, &files, now) {
            self.pending = true;
            return Err(UploadError::Overtaken("its files are being changed at the moment".into()));
        }
        Ok(())
    }

    /// Has the directory itself kept over a loss of power.
    fn sync(&self) -> Result<(), UploadError> {
        File::open(&self.path).and_then(|directory| directory.sync_all()).map_err(unwritable(&self.path))
    }
}

/// Removes what a host that was killed left behind.
pub(super) fn clear_away(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_part = name.to_str().is_some_and(|name| name.starts_with(PART_PREFIX) && name.ends_with(PART_SUFFIX));
        let age = entry.metadata().ok().and_then(|metadata| metadata.modified().ok()?.elapsed().ok());
        if is_part
            && age.is_some_and(|age| age > UPLOAD_AGE_MAX)
            && let Err(error) = fs::remove_file(entry.path())
        {
            tracing::warn!("{} was left behind and cannot be removed: {error}", entry.path().display());
        }
    }
}

/// Stricter than what a file may be called: the same on file systems that do not tell capitals from small letters, and
/// nothing that anybody could take for a path.
fn may_be_uploaded(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (1..=PLUGIN_NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|byte| plain(byte) || b"._-".contains(&byte))
        && name.bytes().next().is_some_and(plain)
        && !name.ends_with('.')
}

/// What lies in a file; none if that cannot be a component that ran.
fn version_at(place: &Path) -> Option<Version> {
    let length = fs::metadata(place).ok()?.len();
    (length <= COMPONENT_BYTES_MAX).then(|| fs::read(place).ok().map(|bytes| Version::of(&bytes)))?
}

fn unwritable(path: &Path) -> impl Fn(io::Error) -> UploadError {
    let path = path.to_owned();
    move |error| UploadError::NotWritable { path: path.clone(), error }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn names_are_no_paths() {
        for name in ["a", "0", "10-redact.v2_x", "a..b", &"a".repeat(64)] {
            assert!(may_be_uploaded(name), "{name}");
        }
        for name in [
            "",
            ".",
            "..",
            ".a",
            "-a",
            "_a",
            "a.",
            "a..",
            "A",
            "aB",
            "a/b",
            "/a",
            "../a",
            "a\\b",
            "a\0",
            "a b",
            "ä",
            "a\n",
            &"a".repeat(65),
        ] {
            assert!(!may_be_uploaded(name), "{name:?}");
        }
    }

    #[test]
    fn what_was_left_behind_is_cleared_away() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        for name in [".upload-old.part", ".upload-new.part", "a.wasm", ".other"] {
            let file = File::create(at(name)).unwrap();
            if !name.contains("new") {
                file.set_modified(SystemTime::now() - UPLOAD_AGE_MAX - Duration::from_secs(1)).unwrap();
            }
        }
        clear_away(directory.path());
        let mut left: Vec<_> =
            fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [".other", ".upload-new.part", "a.wasm"]);
    }
}
