//! Has a certificate read again when its files change. Events of the file system only say that it is time to look; where
//! there are none, looking now and then does.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};

use super::Certificate;
use crate::limits::{CERTIFICATE_LOOK_PAUSE, CERTIFICATE_SETTLE, CERTIFICATE_SETTLE_MAX};

/// Looks for as long as it runs.
pub(crate) async fn watch(certificate: Arc<Certificate>) {
    let changed = Arc::new(Notify::new());
    // Kept: with it the events end.
    let _watcher = watcher(&certificate, &changed)
        .inspect_err(|error| {
            tracing::warn!("no file system events for certificates: {error}; looking every {CERTIFICATE_LOOK_PAUSE:?}");
        })
        .ok();
    loop {
        if timeout(CERTIFICATE_LOOK_PAUSE, changed.notified()).await.is_ok() {
            // A certificate and its key are two files: whoever replaces one is not done yet.
            let latest = Instant::now() + CERTIFICATE_SETTLE_MAX;
            while timeout_at(latest.min(Instant::now() + CERTIFICATE_SETTLE), changed.notified()).await.is_ok() {}
        }
        let certificate = Arc::clone(&certificate);
        // What came of it is in the log and in the figures.
        let _ = tokio::task::spawn_blocking(move || certificate.reload()).await;
    }
}

/// Watches directories, not files: files are replaced by renaming, or by turning a link that is beside them.
fn watcher(certificate: &Certificate, changed: &Arc<Notify>) -> notify::Result<RecommendedWatcher> {
    let changed = Arc::clone(changed);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let writes =
            |kind| !matches!(kind, EventKind::Access(access) if access != AccessKind::Close(AccessMode::Write));
        // Looking reads the files, which makes events of its own.
        if event.map_or(true, |event| writes(event.kind)) {
            changed.notify_one();
        }
    })?;
    for directory in directories(certificate.files()) {
        watcher.watch(&directory, RecursiveMode::NonRecursive)?;
    }
    Ok(watcher)
}

/// Where the files are, and where the links lead that they are.
fn directories(files: &[PathBuf]) -> BTreeSet<PathBuf> {
    let parent = |file: &Path| match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let led = files.iter().filter_map(|file| file.canonicalize().ok());
    files.iter().map(|file| parent(file)).chain(led.map(|file| parent(&file))).collect()
}
