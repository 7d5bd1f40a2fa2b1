//! What a service manager is told (sd_notify(3)), and that publishing is not stuck (WatchdogSec=). Without one nothing
//! happens here.

use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use tidemill_bus::Health;

use crate::app::App;

/// Connections are accepted.
pub(crate) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The configuration is read again, until it is [`ready`] once more.
pub(crate) fn reloading() {
    // The time tells the service manager which of its signals this is about.
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!("cannot tell the service manager of a reload: {error}"),
    }
}

/// No new connections are accepted.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Says that all is well in half the time in which that is expected, for as long as it is. What a restart would not cure
/// is no reason to be silent: a full disk, or publishers that send too much.
pub(crate) async fn watchdog(app: Arc<App>) {
    let Some(time) = sd_notify::watchdog_enabled() else { return };
    let mut pause = tokio::time::interval((time / 2).max(Duration::from_millis(1)));
    loop {
        pause.tick().await;
        let health = app.bus.health();
        if matches!(health, Health::LogStuck(_) | Health::WorkerStuck(_) | Health::WorkerGone) {
            tracing::error!(
                reason = health.name(),
                "publishing is stuck: the service manager is not told that all is well"
            );
        } else {
            tell(&[NotifyState::Watchdog]);
        }
    }
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!("cannot tell the service manager: {error}");
    }
}
