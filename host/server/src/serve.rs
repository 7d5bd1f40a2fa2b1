//! `tidemill serve`: start, print where, run until told to stop, drain.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use crate::app::{self, App};
use crate::cli::{self, Exit, ServeArgs};
use crate::config::{Config, Listen, StoreKind};
use crate::http::Server;
use crate::limits::SWEEP_PAUSE;
use crate::listen::Listeners;
use crate::rates::Look;
use crate::{reload, systemd, telemetry, tls};

/// Runs the server.
pub(crate) fn run(args: &ServeArgs) -> ExitCode {
    let config = match args.config.load() {
        Ok(config) => config,
        Err(error) => return cli::fail(Exit::Usage, &cli::describe(&error)),
    };
    telemetry::start(&config.telemetry);
    raise_file_limit();
    avoid_huge_pages();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("tidemill-http").build();
    let served = match runtime {
        Ok(runtime) => {
            let served = runtime.block_on(serve(config, args));
            // Streams that a client does not let end must not keep the process.
            runtime.shutdown_timeout(Duration::from_millis(100));
            served
        }
        Err(error) => Err(error).context("cannot start the runtime"),
    };
    match served {
        Ok(()) => Exit::Success.into(),
        Err(error) => cli::fail(Exit::Failed, &format!("{error:#}")),
    }
}

async fn serve(mut config: Config, args: &ServeArgs) -> anyhow::Result<()> {
    let tls = tls::load(&config.tls)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    // Bound before anything slow, so that a port that is taken is said at once; accepted from when all is ready.
    let listeners = Listeners::open(&config.listen, config.server.socket_mode)?;
    let places = listeners.places()?;
    // Who needs no token depends on whom the most open of them lets in.
    let open = places.iter().find(|place| !place.ip().to_canonical().is_loopback());
    config.listen = open.or(places.first()).cloned().unwrap_or(config.listen);
    let mut signals = Signals::install().context("cannot wait for signals")?;
    let certificate = tls.as_ref().map(|tls| Arc::clone(&tls.certificate));
    let watching = certificate.clone().map(|certificate| tokio::spawn(tls::watch(certificate)));
    config.warnings().iter().for_each(|warning| tracing::warn!("{warning}"));
    let (app, directory) = tokio::task::spawn_blocking(move || app::build(config, certificate)).await??;
    // Whoever subscribes from now on hears what happens from now on.
    app.bus.settle().await;
    app.sources.start(&app);
    let server = Server::start(listeners, tls.map(|tls| tls.acceptor), &app).context("cannot serve connections")?;
    let housekeeping = tokio::spawn(keep_house(Arc::clone(&app)));
    if args.print_addr {
        print_addresses(scheme, &places).context("cannot print the addresses")?;
    }
    let plugins = app.plugins.current().plugins().len();
    let address = places.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    tracing::info!(address, plugins, dir = %app.config().plugins_dir.display(), "ready");
    let watchdog = tokio::spawn(systemd::watchdog(Arc::clone(&app)));
    systemd::ready();
    while signals.next().await == Signal::Reload {
        systemd::reloading();
        let (app, flags) = (Arc::clone(&app), args.config.clone());
        // The next signal, also one to stop, is heard afterwards; nothing in there waits for anybody outside.
        if let Err(error) = tokio::task::spawn_blocking(move || reload::reload(&app, &flags)).await {
            tracing::error!("the configuration was not read again: {error}");
        }
        systemd::ready();
    }
    systemd::stopping();
    watchdog.abort();
    housekeeping.abort();
    watching.inspect(tokio::task::JoinHandle::abort);
    let deadline = app.config().drain.deadline;
    tracing::info!(?deadline, "stopping: no new connections; finishing what was taken");
    let drained = tokio::time::timeout(deadline, drain(app, server)).await;
    // Plugins are not watched any longer than they are used.
    tokio::task::spawn_blocking(move || drop(directory)).await?;
    match drained {
        Ok(()) => tracing::info!("stopped"),
        Err(_) => tracing::warn!("stopped at the deadline with work unfinished; unanswered publishers send again"),
    }
    Ok(())
}

/// Once a second: the age of events, deadlines of connections, rates.
async fn keep_house(app: Arc<App>) {
    let mut pause = tokio::time::interval(SWEEP_PAUSE);
    pause.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        pause.tick().await;
        app.admission.load().tidy();
        app.mounts.load().tidy();
        app.auth.load().refresh_keys();
        if let Some(traces) = &app.traces {
            traces.firsts().give_up();
        }
        app.connections.sweep(app.config().subscribe.write_timeout);
        app.mcp.sweep(&app);
        let (stored, delivered) = (app.bus.log_info().last, app.connections.delivered().events);
        app.rates.note(Look { at: std::time::Instant::now(), stored, delivered });
        // A log on disk has a thread of its own for that.
        if app.config().log.store == StoreKind::Memory
            && let Err(error) = app.bus.trim().await
        {
            tracing::warn!("retention was not applied: {error}");
        }
    }
}

/// No new connections, subscribers told to come back, publishers of events that plugins want to see later too, queued events stored and answered, workers ended.
async fn drain(app: Arc<App>, server: Server) {
    app.bus.close_subscribers();
    app.mcp.close();
    app.bus.stop_waiting();
    app.tools.stop();
    // Side by side: connections that have a process end with it, and it with them.
    tokio::join!(app.sources.stop(), server.stop());
    app.bus.close_ingress();
    // The workers end when nobody holds the queue any more.
    let joining = Arc::clone(&app);
    let _ = tokio::task::spawn_blocking(move || joining.bus.join()).await;
    if let Some(traces) = &app.traces {
        traces.finish().await;
    }
}

/// One JSON line per listener, for whoever started the server with port 0.
fn print_addresses(scheme: &str, places: &[Listen]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for place in places {
        let listener = if matches!(place, Listen::Unix(_)) { "unix" } else { scheme };
        writeln!(out, "{}", serde_json::json!({"listener": listener, "address": place.to_string()}))?;
    }
    out.flush()
}

/// Every stream is a file descriptor, and the usual soft limit is 1,024.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).is_err() {
        tracing::warn!(?limit, "cannot raise the limit of open files");
    }
}

/// Most connections touch the first bytes of buffers of 8 KiB. With transparent huge pages the rest takes memory as well:
/// measured, 22 KB for each idle subscriber instead of 12.
#[cfg(target_os = "linux")]
fn avoid_huge_pages() {
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        tracing::debug!("cannot disable transparent huge pages: {error}");
    }
}

#[cfg(not(target_os = "linux"))]
fn avoid_huge_pages() {}

/// What an operator wants of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signal {
    Stop,
    Reload,
}

struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

impl Signals {
    fn install() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        // SIGTERM is what service managers send, SIGINT what Ctrl-C sends.
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(Self { terminate, interrupt, hangup: signal(SignalKind::hangup())? })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::Stop,
            _ = self.interrupt.recv() => Signal::Stop,
            _ = self.hangup.recv() => Signal::Reload,
        }
    }
}
