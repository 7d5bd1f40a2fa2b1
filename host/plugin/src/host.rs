//! What the host keeps beside each instance and offers to its imports: an empty WASI context, the limits, the plugin's
//! voice. Must not know what instances are called for.

mod bus;
mod call;
mod state;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tidemill_event::TypePattern;
use tracing::Level;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::bindings::{content, log, meter, types};
use crate::bounds::Bounds;
use crate::call::{CallRates, Platform, Present};
use crate::call_time::CallTime;
use crate::clock;
use crate::http::Http;
use crate::instance::Code;
use crate::limits::{RANDOM_BYTES_MAX, RESOURCES_MAX};
use crate::transaction::{Desk, Transaction};
use crate::voice::{Stdio, Voice};
use crate::waiting::Waiting;
use crate::{Engine, Figures};

/// One instance's side of the host.
pub(crate) struct Host {
    wasi: WasiCtx,
    table: ResourceTable,
    pub(crate) bounds: Bounds,
    voice: Arc<Voice>,
    figures: Arc<Figures>,
    plugin: Arc<str>,
    /// Types of events that it may publish.
    publishes: Arc<[TypePattern]>,
    hops_max: u8,
    output_bytes: usize,
    pub(crate) desk: Desk,
    http_context: WasiHttpCtx,
    pub(crate) http: Http,
    /// What the call may take.
    pub(crate) time: CallTime,
    /// The call by a client that goes on, if there is one.
    pub(crate) call: Option<Present>,
    rates: Arc<CallRates>,
    platform: Arc<OnceLock<Arc<dyn Platform>>>,
}

impl Host {
    /// For an instance whose first call, which makes it, has so much time.
    pub(crate) fn new(engine: &Engine, code: &Code, time: Duration) -> Self {
        // No files, environment, arguments or sockets: what is not granted is not there (invariant I5).
        let mut wasi = WasiCtx::builder();
        clock::coarsen(&mut wasi, code.limits.clock);
        let wasi = wasi
            .stdout(Stdio::new(&code.voice, Level::INFO))
            .stderr(Stdio::new(&code.voice, Level::WARN))
            .allow_tcp(false)
            .allow_udp(false)
            .max_random_size(RANDOM_BYTES_MAX)
            .build();
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES_MAX);
        let bounds = Bounds::new(&code.limits);
        let (voice, figures) = (Arc::clone(&code.voice), Arc::clone(&code.figures));
        let (http_context, http) = (Http::context(), Http::new(&code.outbound));
        Self {
            wasi,
            table,
            bounds,
            voice,
            figures,
            plugin: Arc::clone(&code.plugin),
            publishes: Arc::clone(&code.publishes),
            hops_max: code.limits.hops,
            output_bytes: code.limits.output_bytes,
            desk: Transaction::new(None),
            http_context,
            http,
            time: CallTime::new(engine, time),
            call: None,
            rates: Arc::clone(&code.rates),
            platform: Arc::clone(&code.platform),
        }
    }

    /// For calls in which the guest waits.
    pub(crate) fn waiting(&mut self) -> Waiting<'_> {
        Waiting { table: &mut self.table, time: &mut self.time }
    }
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Host {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.http, table: &mut self.table, ctx: &mut self.http_context }
    }
}

impl types::Host for Host {}

impl content::Host for Host {}

impl meter::Host for Host {
    fn add(&mut self, name: String, delta: u64) {
        self.figures.own.add(&name, delta);
    }

    fn record(&mut self, name: String, value: f64) {
        self.figures.own.record(&name, value);
    }
}

impl log::Host for Host {
    fn log(&mut self, level: log::Level, message: String, fields: Vec<(String, String)>) {
        let level = match level {
            log::Level::Trace => Level::TRACE,
            log::Level::Debug => Level::DEBUG,
            log::Level::Info => Level::INFO,
            log::Level::Warn => Level::WARN,
            log::Level::Error => Level::ERROR,
        };
        if self.voice.say(level, &message, &fields) {
            self.tell_caller(level, &message);
        }
    }
}
