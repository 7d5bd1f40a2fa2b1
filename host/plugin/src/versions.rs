//! The last versions of each plugin that ran, and what an operator or a breaker chose among them: what a rollback goes
//! back to, also after the host was started anew.
//!
//! One folder per plugin: `<version>.wasm` for each version, and `versions.toml`. Must not know whether a version runs.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Version;
use crate::limits::PLUGINS_MAX;

const NOTE: &str = "versions.toml";

/// Versions in a directory.
#[derive(Debug, Clone)]
pub(crate) struct Versions {
    directory: PathBuf,
    keep: usize,
}

/// What is noted of one plugin.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(crate) struct Note {
    /// Switched off by hand.
    pub(crate) disabled: bool,
    /// The version in the plugins directory, in place of which the first of `ran` is to run.
    pub(crate) set_aside: Option<Version>,
    /// Versions that ran, the newest first.
    pub(crate) ran: Vec<Version>,
}

impl Versions {
    /// Keeps so many versions of each plugin in a directory, which is made when it is needed.
    pub(crate) fn new(directory: &Path, keep: usize) -> Self {
        Self { directory: directory.to_owned(), keep }
    }

    /// What is noted of a plugin; nothing if that cannot be read.
    pub(crate) fn note(&self, name: &str) -> Note {
        let path = self.folder(name).join(NOTE);
        match fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text).unwrap_or_else(|error| {
                tracing::error!("{} cannot be read, earlier versions are forgotten: {error}", path.display());
                Note::default()
            }),
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    tracing::error!("{} cannot be read: {error}", path.display());
                }
                Note::default()
            }
        }
    }

    /// Notes it.
    pub(crate) fn save(&self, name: &str, note: &Note) -> io::Result<()> {
        let text = toml::to_string(note).map_err(io::Error::other)?;
        self.write(name, NOTE, text.as_bytes())
    }

    /// Keeps a version that runs now, and lets go of the oldest beyond the number that is kept.
    pub(crate) fn keep(&self, name: &str, version: Version, bytes: &[u8]) -> io::Result<()> {
        let mut note = self.note(name);
        note.set_aside = None;
        note.ran.retain(|other| *other != version);
        note.ran.insert(0, version);
        if !self.file(name, version).exists() {
            self.write(name, &file_name(version), bytes)?;
        }
        let gone = note.ran.split_off(note.ran.len().min(self.keep.max(1)));
        self.save(name, &note)?;
        gone.into_iter().try_for_each(|version| fs::remove_file(self.file(name, version)))
    }

    /// The bytes of a version; an error also if they are not what they were.
    pub(crate) fn read(&self, name: &str, version: Version) -> io::Result<Vec<u8>> {
        let bytes = fs::read(self.file(name, version))?;
        if Version::of(&bytes) != version {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "its content does not fit its name"));
        }
        Ok(bytes)
    }

    /// Keeps the versions of a plugin that is not there any more, and nothing that was chosen among them; unless there are
    /// too many such plugins.
    pub(crate) fn retire(&self, name: &str) -> io::Result<()> {
        if fs::read_dir(&self.directory).is_ok_and(|folders| folders.count() > PLUGINS_MAX) {
            self.forget(name);
        }
        match self.note(name) {
            note if note == Note::default() => Ok(()),
            note => self.save(name, &Note { disabled: false, set_aside: None, ..note }),
        }
    }

    /// Lets go of everything that is kept of a plugin.
    pub(crate) fn forget(&self, name: &str) {
        match fs::remove_dir_all(self.folder(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(plugin = name, "its earlier versions cannot be removed: {error}");
            }
            _ => {}
        }
    }

    fn write(&self, name: &str, file: &str, bytes: &[u8]) -> io::Result<()> {
        let folder = self.folder(name);
        fs::create_dir_all(&folder)?;
        let part = folder.join("part");
        let mut written = File::create(&part)?;
        written.write_all(bytes)?;
        // Whole before it has its name: half a note would read as nothing, and a plugin that was switched off would run.
        written.sync_all()?;
        fs::rename(part, folder.join(file))
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn file(&self, name: &str, version: Version) -> PathBuf {
        self.folder(name).join(file_name(version))
    }
}

fn file_name(version: Version) -> String {
    format!("{version}.wasm")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(directory: &tempfile::TempDir) -> Vec<String> {
        let files = fs::read_dir(directory.path().join("p")).unwrap();
        let mut names: Vec<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn the_last_versions_stay_and_older_ones_go() {
        let directory = tempfile::tempdir().unwrap();
        let versions = Versions::new(directory.path(), 2);
        assert_eq!(versions.note("p"), Note::default());
        let all: Vec<Version> = (0_u8..4).map(|number| Version::of(&[number])).collect();
        for (number, version) in (0_u8..).zip(&all) {
            versions.keep("p", *version, &[number]).unwrap();
        }
        assert_eq!(versions.note("p").ran, [all[3], all[2]]);
        assert_eq!((versions.read("p", all[2]).unwrap(), kept(&directory).len()), (vec![2], 3));
        assert!(versions.read("p", all[0]).is_err());
        versions.keep("p", all[2], &[2]).unwrap();
        assert_eq!(versions.note("p").ran, [all[2], all[3]]);
        versions.forget("p");
        versions.forget("p");
        assert_eq!(versions.note("p"), Note::default());
    }

    #[test]
    fn a_version_that_was_changed_on_disk_is_not_given_out() {
        let directory = tempfile::tempdir().unwrap();
        let versions = Versions::new(directory.path(), 3);
        let version = Version::of(b"good");
        versions.keep("p", version, b"good").unwrap();
        fs::write(directory.path().join(format!("p/{version}.wasm")), "bad").unwrap();
        assert!(versions.read("p", version).unwrap_err().to_string().contains("does not fit"));
    }

    #[test]
    fn what_was_chosen_is_read_again_and_what_cannot_be_read_is_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let versions = Versions::new(directory.path(), 3);
        let version = Version::of(b"x");
        let note = Note { disabled: true, set_aside: Some(version), ran: vec![Version::of(b"y")] };
        versions.save("p", &note).unwrap();
        assert_eq!(versions.note("p"), note);
        fs::write(directory.path().join("p").join(NOTE), "ran = 3").unwrap();
        assert_eq!(versions.note("p"), Note::default());
    }
}
