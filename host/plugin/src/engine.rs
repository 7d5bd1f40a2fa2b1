//! One wasmtime engine with its settings, and the clock that stops calls which take too long.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use wasmtime::{Cache, CacheConfig, Config, WasmBacktraceDetails};

use crate::limits::{BACKTRACE_FRAMES_MAX, COMPILED_BYTES_MAX, STACK_BYTES_MAX};

/// How often a running guest is asked whether its time is over. Finer ticks cost nothing measurable.
const TICK: Duration = Duration::from_millis(1);
/// How far the clock may be behind and catch up. More is a machine that was suspended.
const LAG_MAX: Duration = Duration::from_millis(20);
/// After this many ticks without a new call the clock sleeps until the next one. A call may be running all that time,
/// so this is more than the longest time limit (10 s).
const IDLE_TICKS: u64 = 20_000;

/// The engine cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up the WebAssembly engine: {0}")]
pub struct EngineError(String);

/// Compiles and runs all plugins of one process.
#[derive(Clone)]
pub struct Engine {
    wasmtime: wasmtime::Engine,
    clock: Arc<Clock>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    /// Sets the engine up. Compiled components are kept in `cache`, filed by content and compiler settings, so that
    /// only the first load of a component is slow; `None` compiles each time. Whoever can write to that folder can run
    /// anything in this process.
    pub fn new(cache: Option<&Path>) -> Result<Self, EngineError> {
        let mut config = Config::new();
        // Plugins are called from plain threads and never await; measured: 340 ns less per call.
        config.concurrency_support(false);
        // Ends endless loops; fuel would do the same at three times the cost.
        config.epoch_interruption(true);
        config.max_wasm_stack(STACK_BYTES_MAX);
        config.wasm_component_model(true);
        config.wasm_backtrace_max_frames(NonZeroUsize::new(BACKTRACE_FRAMES_MAX));
        config.wasm_backtrace_details(WasmBacktraceDetails::Disable);
        if let Some(directory) = cache {
            let mut settings = CacheConfig::new();
            settings.with_directory(directory).with_files_total_size_soft_limit(COMPILED_BYTES_MAX);
            config.cache(Some(Cache::new(settings).map_err(|e| EngineError(format!("{e:#}")))?));
        }
        let wasmtime = wasmtime::Engine::new(&config).map_err(|e| EngineError(format!("{e:#}")))?;
        let clock = Clock::start(&wasmtime)?;
        Ok(Self { wasmtime, clock })
    }

    pub(crate) const fn wasmtime(&self) -> &wasmtime::Engine {
        &self.wasmtime
    }

    /// Keeps the clock awake for a call that lasted longer than it may sleep for.
    pub(crate) fn wake(&self) {
        self.clock.wake();
    }

    /// Ticks that a call may last so that it has at least `time`, to be set before each call. Also keeps the clock
    /// awake.
    pub(crate) fn deadline_ticks(&self, time: Duration) -> u64 {
        self.clock.wake();
        u64::try_from(time.as_millis() / TICK.as_millis()).unwrap_or(u64::MAX / 2).saturating_add(1)
    }
}

/// Sleeps, and says when that was to end. Each sleep ends a little late; counted from where it should have ended, fifty
/// ticks are fifty milliseconds all the same. After a long absence the count begins anew.
fn sleep_until(end: Instant) -> Instant {
    let now = Instant::now();
    match end.checked_duration_since(now) {
        Some(left) => {
            thread::sleep(left);
            end
        }
        None if now - end > LAG_MAX => now,
        None => end,
    }
}

/// The thread that advances the engine's epoch. It sleeps while no plugin is called.
#[derive(Debug)]
struct Clock {
    thread: Thread,
    /// Calls so far; the thread compares it from tick to tick.
    calls: AtomicU64,
    asleep: AtomicBool,
}

impl Clock {
    fn start(engine: &wasmtime::Engine) -> Result<Arc<Self>, EngineError> {
        let engine = engine.weak();
        let (send, receive) = std::sync::mpsc::sync_channel::<Weak<Self>>(1);
        let thread = thread::Builder::new()
            .name("tidemill-clock".into())
            .spawn(move || {
                let Ok(clock) = receive.recv() else { return };
                let (mut seen, mut idle, mut next) = (0, 0, Instant::now());
                while let (Some(clock), Some(engine)) = (clock.upgrade(), engine.upgrade()) {
                    engine.increment_epoch();
                    let calls = clock.calls.load(Ordering::Relaxed);
                    idle = if calls == seen { idle + 1 } else { 0 };
                    seen = calls;
                    drop(engine);
                    if idle > IDLE_TICKS {
                        clock.asleep.store(true, Ordering::SeqCst);
                        if clock.calls.load(Ordering::SeqCst) == seen {
                            drop(clock);
                            thread::park_timeout(Duration::from_secs(1));
                        }
                        next = Instant::now();
                    } else {
                        drop(clock);
                        next = sleep_until(next + TICK);
                    }
                }
            })
            .map_err(|e| EngineError(e.to_string()))?;
        let clock = Arc::new(Self {
            thread: thread.thread().clone(),
            calls: AtomicU64::new(0),
            asleep: AtomicBool::new(false),
        });
        send.send(Arc::downgrade(&clock)).map_err(|e| EngineError(e.to_string()))?;
        Ok(clock)
    }

    fn wake(&self) {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if self.asleep.load(Ordering::SeqCst) && self.asleep.swap(false, Ordering::SeqCst) {
            self.thread.unpark();
        }
    }
}
