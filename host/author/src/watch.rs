//! Tells when the sources of a project are others than they were.
//!
//! File system events only say that it is time to look. What counts is the content: editors write files twice, and tools
//! write what they wrote before.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use crate::Project;
use crate::target::{SOURCES_MAX, is_source};

/// How long files must have been left alone. Editors write in several steps.
const SETTLE: Duration = Duration::from_millis(50);
/// How long it is waited for that: something may be writing all the time.
const SETTLE_MAX: Duration = Duration::from_secs(1);
/// Events that wait to be looked at. With more of them a look is due anyway.
const WAITING_MAX: usize = 64;
/// Files above this are compared by their length and time: reading them would take as long as building.
const READ_BYTES_MAX: u64 = 1 << 20;

/// A project that is watched, until this is dropped.
#[derive(Debug)]
pub struct Watch {
    folder: PathBuf,
    watcher: RecommendedWatcher,
    came: mpsc::Receiver<()>,
    seen: u64,
    /// A change that is not looked at yet: whoever waits for it may be called away.
    noticed: Option<Instant>,
}

impl Watch {
    /// What is there now counts as seen.
    pub fn new(project: &Project) -> notify::Result<Self> {
        let (tell, came) = mpsc::channel(WAITING_MAX);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.map_or(true, |event| !matches!(event.kind, EventKind::Access(_))) {
                // Full: a look is due anyway.
                let _ = tell.try_send(());
            }
        })?;
        let mut watch = Self { folder: project.folder().to_owned(), watcher, came, seen: 0, noticed: None };
        watch.watcher.watch(&watch.folder, RecursiveMode::NonRecursive)?;
        watch.watch_folders();
        watch.seen = fingerprint(&watch.folder);
        Ok(watch)
    }

    /// Waits until something is different, and is left alone. When that was noticed first. Nothing is lost if this is dropped.
    pub async fn changed(&mut self) -> Instant {
        loop {
            if self.noticed.is_none() && self.came.recv().await.is_none() {
                // The watcher lives as long as this.
                std::future::pending::<()>().await;
            }
            let noticed = *self.noticed.get_or_insert_with(Instant::now);
            while noticed.elapsed() < SETTLE_MAX
                && matches!(tokio::time::timeout(SETTLE, self.came.recv()).await, Ok(Some(())))
            {}
            self.noticed = None;
            self.watch_folders();
            let now = fingerprint(&self.folder);
            if std::mem::replace(&mut self.seen, now) != now {
                return noticed;
            }
        }
    }

    /// Folders that tools fill have thousands of others, which are not watched. Watching one again does no harm.
    fn watch_folders(&mut self) {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()).filter(|path| path.is_dir() && is_watched(path)) {
            // One that is gone meanwhile need not be watched.
            let _ = self.watcher.watch(&path, RecursiveMode::Recursive);
        }
    }
}

/// Sources, and what a plugin is tested and run with. Versions of packages that tools fixed are written by the build itself.
fn is_watched(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    match name {
        "tests" | "settings.toml" => true,
        "package-lock.json" | "Cargo.lock" => false,
        _ => is_source(path),
    }
}

/// All that is watched in a folder, as one number.
fn fingerprint(folder: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut left = SOURCES_MAX;
    add(folder, &mut left, &mut hasher);
    hasher.finish()
}

fn add(folder: &Path, left: &mut usize, hasher: &mut DefaultHasher) {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths.into_iter().filter(|path| is_watched(path)) {
        if *left == 0 {
            return;
        }
        *left -= 1;
        let Ok(found) = fs::metadata(&path) else { continue };
        if found.is_dir() {
            add(&path, left, hasher);
            continue;
        }
        path.hash(hasher);
        found.len().hash(hasher);
        match fs::read(&path) {
            Ok(bytes) if found.len() <= READ_BYTES_MAX => bytes.hash(hasher),
            _ => found.modified().ok().hash(hasher),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_other_content_is_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("tidemill-plugin.toml", "name = 'a'\nlanguage = 'c'");
        write("src/plugin.c", "1");
        let project = Project::open(folder.path()).unwrap();
        let mut watch = Watch::new(&project).unwrap();
        write("src/plugin.c", "1");
        write("dist/a.wasm", "x");
        write(".tidemill/x", "x");
        write("package-lock.json", "{}");
        write("Cargo.lock", "x");
        write("dev.log", "x");
        let silence = tokio::time::timeout(Duration::from_millis(500), watch.changed()).await;
        assert!(silence.is_err(), "nothing is different");
        for (name, text) in [("src/plugin.c", "2"), ("tests/a.jsonl", "{}"), ("new/b.c", "1"), ("settings.toml", "")] {
            write(name, text);
            // Who waits is called away again and again.
            let mut waited = 0;
            while tokio::time::timeout(SETTLE / 2, watch.changed()).await.is_err() {
                waited += 1;
                assert!(waited < 1_000, "{name}");
            }
        }
    }
}
