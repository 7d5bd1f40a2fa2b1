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

mod orders;
mod uploads;

pub use orders::{Order, OrderError, Orders};
pub use uploads::{Expected, Incoming, UploadError, Uploaded};

use crate::component::{Wholeness, wholeness};
use crate::limits::{COMPONENT_BYTES_MAX, SIDECAR_BYTES_MAX};
use crate::scan::{Found, Stamps, scan};
use crate::versions::{Note, Versions};
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
    /// Where the versions that ran are kept.
    pub versions: PathBuf,
    /// How many of each plugin.
    pub versions_kept: usize,
}

impl WatchOptions {
    /// A plugin's settings: those of the host's configuration win over its sidecar.
    fn in_force(&self, name: &str, sidecar: PluginSettings) -> PluginSettings {
        match self.settings.get(name) {
            Some(configured) => sidecar.overridden_by(configured),
            None => sidecar,
        }
    }
}

/// A watched directory; watching ends when this is dropped.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    wake: SyncSender<Wake>,
    thread: Option<JoinHandle<()>>,
}

enum Wake {
    Look,
    Do(Box<dyn FnOnce(&mut State) + Send>),
    Stop,
}

impl Directory {
    /// Loads what lies in the directory, then watches it. Plugins that cannot be loaded are reported, not an error here.
    pub fn open(path: &Path, plugins: Arc<Plugins>, options: WatchOptions) -> io::Result<Self> {
        let versions = Versions::new(&options.versions, options.versions_kept);
        let known = BTreeMap::new();
        let (unreadable, pending) = (false, true);
        let mut state = State { path: path.to_owned(), plugins, known, options, versions, unreadable, pending };
        scan(path)?;
        uploads::clear_away(path);
        // At start files are taken as they are: nothing is settled by waiting for a directory that nobody writes to.
        state.look(Duration::ZERO);
        let (wake, wakes) = mpsc::sync_channel(1);
        let (looker, tripped) = (wake.clone(), wake.clone());
        // A full channel means that a look is due anyway, here and below.
        state.plugins.trips().wake_by(move || drop(tripped.try_send(Wake::Look)));
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Looking reads the directory, which makes events of its own: only what may have changed something counts.
            let writes =
                |kind| !matches!(kind, EventKind::Access(access) if access != AccessKind::Close(AccessMode::Write));
            if event.map_or(true, |event| writes(event.kind)) {
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
        Ok(Self { path: path.to_owned(), wake, thread: Some(thread) })
    }

    /// For those who give orders, for as long as the directory is watched.
    pub fn orders(&self) -> Orders {
        Orders::new(self.wake.clone(), &self.path)
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
    versions: Versions,
    /// So that an unreadable directory is reported once.
    unreadable: bool,
    /// Something is still moving, so that another look is due soon.
    pending: bool,
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
        loop {
            let wait = if self.pending { self.options.settle / 2 } else { self.options.rescan };
            match wakes.recv_timeout(wait.max(Duration::from_millis(1))) {
                Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(Wake::Do(what)) => what(self),
                Ok(Wake::Look) | Err(RecvTimeoutError::Timeout) => {
                    self.roll_back_tripped();
                    self.look(self.options.settle);
                }
            }
            if self.pending {
                // Writers make many events; one look per half settling time is enough.
                thread::sleep(self.options.settle / 4);
            }
        }
    }

    /// Looks again at plugins whose settings are others.
    fn configure(&mut self, settings: BTreeMap<String, PluginSettings>) {
        let before = std::mem::replace(&mut self.options.settings, settings);
        for (name, known) in &mut self.known {
            if before.get(name) != self.options.settings.get(name) {
                known.read = None;
            }
        }
        self.look(Duration::ZERO);
    }

    /// Goes back to earlier versions where breakers ask for it.
    fn roll_back_tripped(&mut self) {
        for name in self.plugins.trips().take() {
            match self.carry_out(&name, Order::Rollback) {
                Ok(()) => tracing::warn!(plugin = name, "it kept failing: the version before runs again"),
                Err(error) => tracing::error!(plugin = name, "it keeps failing and is not rolled back: {error}"),
            }
        }
    }

    /// Takes in what changed and then lay still for `settle`.
    fn look(&mut self, settle: Duration) {
        self.pending = false;
        let found = match scan(&self.path) {
            Ok(found) => found,
            Err(error) => {
                if !std::mem::replace(&mut self.unreadable, true) {
                    tracing::error!("cannot read {}: {error}; plugins stay as they are", self.path.display());
                }
                return;
            }
        };
        self.unreadable = false;
        let now = Instant::now();
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
                self.pending = true;
                continue;
            }
            match files {
                Some(files) => self.pending |= self.take_in(&name, files, now),
                None => {
                    self.known.remove(&name);
                    self.plugins.remove(&name);
                    self.versions.forget(&name);
                }
            }
        }
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
        let (bytes, sidecar) = match read {
            Ok((bytes, sidecar)) => (bytes, self.options.in_force(name, sidecar)),
            Err(error) => {
                known.put = None;
                self.plugins.refuse(name, error.to_string());
                return false;
            }
        };
        let note = self.versions.note(name);
        if sidecar.enabled == Some(false) || note.disabled {
            known.put = None;
            self.plugins.disable(name);
            return false;
        }
        let (bytes, set_aside) = choose(&self.versions, name, bytes, &note);
        let candidate = (Version::of(&bytes), sidecar);
        if known.put.as_ref() != Some(&candidate) {
            self.put(name, &bytes, &candidate.1, set_aside);
            if let Some(known) = self.known.get_mut(name) {
                known.put = Some(candidate);
            }
        }
        false
    }

    fn put(&self, name: &str, bytes: &[u8], settings: &PluginSettings, set_aside: Option<Version>) {
        let began = Instant::now();
        match self.plugins.put_in_place_of(name, bytes, settings, set_aside) {
            Ok(plugin) => {
                let (took, version, limits) = (began.elapsed(), plugin.version().short(), plugin.limits());
                let (wants, grants) = (plugin.wanted().join(", "), plugin.grants());
                tracing::info!(plugin = name, version, ?took, wants, %grants, ?limits, "plugin runs");
                for warning in plugin.warnings() {
                    tracing::warn!(plugin = name, "{warning}");
                }
                if set_aside.is_none()
                    && let Err(error) = self.versions.keep(name, plugin.version(), bytes)
                {
                    tracing::warn!(plugin = name, "this version cannot be kept for a rollback: {error}");
                }
            }
            Err(error) => tracing::error!(plugin = name, "plugin refused: {error}"),
        }
    }
}

/// What is to run: the file's content or, if that was set aside, the version before, with the version that was set aside.
fn choose(versions: &Versions, name: &str, bytes: Vec<u8>, note: &Note) -> (Vec<u8>, Option<Version>) {
    let (Some(aside), Some(earlier)) = (note.set_aside, note.ran.first()) else { return (bytes, None) };
    if aside != Version::of(&bytes) {
        return (bytes, None);
    }
    match versions.read(name, *earlier) {
        Ok(earlier) => (earlier, Some(aside)),
        Err(error) => {
            tracing::error!(plugin = name, "the version before cannot be read, the newest runs: {error}");
            (bytes, None)
        }
    }
}

fn read(files: &Found) -> Result<(Vec<u8>, PluginSettings), LoadError> {
    let sidecar = read_sidecar(files.sidecar.as_deref())?;
    // Not read at all when it is too large.
    if files.stamps.length() > COMPONENT_BYTES_MAX {
        return Err(LoadError::TooLarge(files.stamps.length()));
    }
    Ok((fs::read(&files.wasm).map_err(unread(&files.wasm))?, sidecar))
}

fn read_sidecar(path: Option<&Path>) -> Result<PluginSettings, LoadError> {
    let Some(path) = path else { return Ok(PluginSettings::default()) };
    let length = fs::metadata(path).map_err(unread(path))?.len();
    if length > SIDECAR_BYTES_MAX {
        return Err(LoadError::Settings(vec![format!("the sidecar has {length} bytes, which is too many")]));
    }
    let text = fs::read_to_string(path).map_err(unread(path))?;
    PluginSettings::from_toml(&text).map_err(LoadError::Settings)
}

fn unread(path: &Path) -> impl Fn(io::Error) -> LoadError {
    let path = path.display().to_string();
    move |error| LoadError::Read { path: path.clone(), error }
}
