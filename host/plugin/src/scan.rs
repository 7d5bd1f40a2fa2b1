//! What lies in a plugins directory at one moment, told apart cheaply from what lay there before.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::limits::PLUGIN_NAME_BYTES_MAX;

/// A plugin's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) wasm: PathBuf,
    pub(crate) sidecar: Option<PathBuf>,
    pub(crate) stamps: Stamps,
}

/// Changes whenever one of the files is written, replaced, or pointed elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Stamps {
    wasm: Stamp,
    sidecar: Option<Stamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    /// Also set by a rename, and by writers that put the old modification time back.
    changed: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl Stamps {
    pub(crate) const fn length(&self) -> u64 {
        self.wasm.length
    }
}

/// Finds every `<name>.wasm` and its `<name>.toml`. Symbolic links are followed; hidden files, folders and names that
/// are no plugin names are passed over.
pub(crate) fn scan(directory: &Path) -> io::Result<BTreeMap<String, Found>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let Some(name) = plugin_name(&path) else { continue };
        // A file that vanished meanwhile, or a link to nowhere, is not there.
        let Ok(metadata) = fs::metadata(&path) else { continue };
        if !metadata.is_file() {
            continue;
        }
        let sidecar_path = path.with_extension("toml");
        let sidecar = fs::metadata(&sidecar_path).ok().filter(Metadata::is_file);
        let stamps = Stamps { wasm: Stamp::of(&metadata), sidecar: sidecar.as_ref().map(Stamp::of) };
        found.insert(name, Found { wasm: path, sidecar: sidecar.map(|_| sidecar_path), stamps });
    }
    Ok(found)
}

/// The file's stem if the file is a plugin's: 1 to 64 of letters, digits, `.`, `_` and `-`, not beginning with a dot.
fn plugin_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?.strip_suffix(".wasm")?;
    let fits = (1..=PLUGIN_NAME_BYTES_MAX).contains(&name.len())
        && !name.starts_with('.')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    fits.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plugin_files_are_found() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["a.wasm", "a.toml", "10-b.wasm", ".hidden.wasm", "c.wasm~", "d.wasm.tmp", "e.txt", "f g.wasm"] {
            fs::write(directory.path().join(name), "x").unwrap();
        }
        fs::create_dir(directory.path().join("folder.wasm")).unwrap();
        std::os::unix::fs::symlink("nowhere", directory.path().join("link.wasm")).unwrap();
        let found = scan(directory.path()).unwrap();
        assert_eq!(found.keys().collect::<Vec<_>>(), ["10-b", "a"]);
        assert!(found["a"].sidecar.is_some() && found["10-b"].sidecar.is_none());
    }

    #[test]
    fn every_way_of_replacing_a_file_shows() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let stamps = || scan(directory.path()).unwrap()["a"].stamps;
        let mut seen = vec![];
        fs::write(at("one"), "1").unwrap();
        fs::write(at("two"), "2").unwrap();
        std::os::unix::fs::symlink("one", at("a.wasm")).unwrap();
        seen.push(stamps());
        std::os::unix::fs::symlink("two", at("new")).unwrap();
        fs::rename(at("new"), at("a.wasm")).unwrap();
        seen.push(stamps());
        fs::write(at("two"), "22").unwrap();
        seen.push(stamps());
        fs::write(at("three"), "33").unwrap();
        fs::rename(at("three"), at("a.wasm")).unwrap();
        seen.push(stamps());
        fs::write(at("a.toml"), "").unwrap();
        seen.push(stamps());
        for (i, stamp) in seen.iter().enumerate() {
            assert!(!seen[..i].contains(stamp), "{i}");
        }
    }
}
