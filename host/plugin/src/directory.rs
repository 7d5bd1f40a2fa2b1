//! Keeps [`Plugins`] in step with a directory: what is dropped there runs, what is deleted stops.
//!
//! The directory itself is the truth. File system events only say that it is time to look again, so that missed,
//! doubled or reordered events do no harm, and where there are none, looking every few seconds does.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecursiveMode, Watcher};

use crate::component::{Wholeness, wholeness};
use crate::limits::{COMPONENT_BYTES_MAX, SIDECAR_BYTES_MAX};
use crate::scan::{Found, Stamps, scan};
use crate::{LoadError, PluginSettings, Plugins, Version};

/// How long a file that ends in the middle may be silent before it counts as damaged rather than arriving.
const PARTIAL_PATIENCE: Duration = Duration::from_secs(5);

/// How a directory is watched.
#[derive(Debug, Clone)]
pub struct WatchOptions {
    /// How long a file must have been left alone before it is read.
    pub settle: Duration,
    /// How often to look without being told to.
    pub rescan: Duration,
    /// Settings from the host's configuration, by plugin name; they win over sidecars.
    pub settings: BTreeMap<String, PluginSettings>,
}

/// A watched directory; watching ends when this is dropped.
#[derive(Debug)]
pub struct Directory {
    wake: SyncSender<Wake>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
enum Wake {
    Look,
    Stop,
}

impl Directory {
    /// Loads what lies in the directory, then watches it. Plugins that cannot be loaded are reported, not an error here.
    pub fn open(path: &Path, plugins: Arc<Plugins>, options: WatchOptions) -> io::Result<Self> {
        let mut state = State { path: path.to_owned(), plugins, known: BTreeMap::new(), options, unreadable: false };
        scan(path)?;
        // At start files are taken as they are: nothing is settled by waiting for a directory that nobody writes to.
        state.look(Duration::ZERO);
        let (wake, wakes) = mpsc::sync_channel(1);
        let looker = wake.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Looking reads the directory, which makes events of its own: only what may have changed something counts.
            let writes =
                |kind| !matches!(kind, EventKind::Access(access) if access != AccessKind::Close(AccessMode::Write));
            if event.map_or(true, |event| writes(event.kind)) {
                // A full channel means that a look is due anyway.
                let _ = looker.try_send(Wake::Look);
            }
        })
        .and_then(|mut watcher| watcher.watch(path, RecursiveMode::NonRecursive).map(|()| watcher));
        let watcher = watcher
            .inspect_err(|error| {
                let every = state.options.rescan;
                tracing::warn!("no file system events for {}: {error}; looking every {every:?}", path.display());
            })
            .ok();
        let thread = thread::Builder::new().name("tidemill-reload".into()).spawn(move || {
            state.run(&wakes);
            drop(watcher);
        })?;
        Ok(Self { wake, thread: Some(thread) })
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = self.wake.send(Wake::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct State {
    path: PathBuf,
    plugins: Arc<Plugins>,
    known: BTreeMap<String, Known>,
    options: WatchOptions,
    /// So that an unreadable directory is reported once.
    unreadable: bool,
}

/// What is remembered of one plugin's files.
struct Known {
    seen: Option<Stamps>,
    since: Instant,
    /// The files that were last read, whatever came of it.
    read: Option<Stamps>,
    /// What was put last.
    put: Option<(Version, PluginSettings)>,
}

impl State {
    fn run(&mut self, wakes: &Receiver<Wake>) {
        let mut pending = true;
        loop {
            let wait = if pending { self.options.settle / 2 } else { self.options.rescan };
            match wakes.recv_timeout(wait.max(Duration::from_millis(1))) {
                Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(Wake::Look) | Err(RecvTimeoutError::Timeout) => pending = self.look(self.options.settle),
            }
            if pending {
                // Writers make many events; one look per half settling time is enough.
                thread::sleep(self.options.settle / 4);
            }
        }
    }

    /// Takes in what changed and then lay still for `settle`. Says whether something is still moving.
    fn look(&mut self, settle: Duration) -> bool {
        let found = match scan(&self.path) {
            Ok(found) => found,
            Err(error) => {
                if !std::mem::replace(&mut self.unreadable, true) {
                    tracing::error!("cannot read {}: {error}; plugins stay as they are", self.path.display());
                }
                return false;
            }
        };
        self.unreadable = false;
        let now = Instant::now();
        let mut pending = false;
        let names: Vec<String> = found.keys().chain(self.known.keys()).cloned().collect();
        for name in names {
            let files = found.get(&name);
            let stamps = files.map(|files| files.stamps);
            let known =
                self.known.entry(name.clone()).or_insert(Known { seen: None, since: now, read: None, put: None });
            if known.seen != stamps {
                (known.seen, known.since) = (stamps, now);
            }
            if stamps.is_some() && known.read == stamps {
                continue;
            }
            if now.duration_since(known.since) < settle {
                pending = true;
                continue;
            }
            match files {
                Some(files) => pending |= self.take_in(&name, files, now),
                None => {
                    self.known.remove(&name);
                    self.plugins.remove(&name);
                }
            }
        }
        pending
    }

    /// Reads a plugin's files and puts what they say. Says whether the files are still arriving.
    fn take_in(&mut self, name: &str, files: &Found, now: Instant) -> bool {
        let Some(known) = self.known.get_mut(name) else {
            return false;
        };
        let read = read(files);
        if let Ok((bytes, _)) = &read
            && wholeness(bytes) == Wholeness::Partial
            && now.duration_since(known.since) < PARTIAL_PATIENCE
        {
            return true;
        }
        if scan(&self.path).is_ok_and(|found| found.get(name).map(|f| f.stamps) != Some(files.stamps)) {
            // Written to while it was read.
            return true;
        }
        known.read = Some(files.stamps);
        let settings = |sidecar: PluginSettings| match self.options.settings.get(name) {
            Some(configured) => sidecar.overridden_by(configured),
            None => sidecar,
        };
        let (bytes, sidecar) = match read {
            Ok((bytes, sidecar)) => (bytes, settings(sidecar)),
            Err(error) => {
                known.put = None;
                self.plugins.refuse(name, error.to_string());
                return false;
            }
        };
        if sidecar.enabled == Some(false) {
            known.put = None;
            self.plugins.disable(name);
            return false;
        }
        let candidate = (Version::of(&bytes), sidecar);
        if known.put.as_ref() != Some(&candidate) {
            let began = Instant::now();
            let result = self.plugins.put(name, &bytes, &candidate.1);
            let took = began.elapsed();
            match result {
                Ok(plugin) => {
                    let version = plugin.version().short();
                    tracing::info!(plugin = name, version, ?took, "plugin runs");
                }
                Err(error) => tracing::error!(plugin = name, "plugin refused: {error}"),
            }
            if let Some(known) = self.known.get_mut(name) {
                known.put = Some(candidate);
            }
        }
        false
    }
}

fn read(files: &Found) -> Result<(Vec<u8>, PluginSettings), LoadError> {
    let error = |path: &Path| {
        let path = path.display().to_string();
        move |error| LoadError::Read { path, error }
    };
    let sidecar = match &files.sidecar {
        Some(path) => {
            let length = fs::metadata(path).map_err(error(path))?.len();
            if length > SIDECAR_BYTES_MAX {
                return Err(LoadError::Settings(vec![format!("the sidecar has {length} bytes, which is too many")]));
            }
            let text = fs::read_to_string(path).map_err(error(path))?;
            PluginSettings::from_toml(&text).map_err(LoadError::Settings)?
        }
        None => PluginSettings::default(),
    };
    // Not read at all when it is too large.
    if files.stamps.length() > COMPONENT_BYTES_MAX {
        return Err(LoadError::TooLarge(files.stamps.length()));
    }
    Ok((fs::read(&files.wasm).map_err(error(&files.wasm))?, sidecar))
}
