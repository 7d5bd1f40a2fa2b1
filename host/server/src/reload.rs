//! SIGHUP: the configuration is read again, and what can change while the server runs does. A configuration that is
//! wrong anywhere changes nothing.

use std::sync::Arc;

use crate::admission::Admission;
use crate::app::{self, App};
use crate::auth::Auth;
use crate::cli::{self, ConfigFlags};
use crate::config::Config;
use crate::connections::Use;
use crate::mount::Mounts;

/// Puts something in force that was prepared.
type Apply = Box<dyn FnOnce(&App) + Send>;

/// What takes part. Each looks at the new configuration first and may refuse it; only when all have agreed the first is
/// applied, and none of them can fail then.
const PARTS: [fn(&App, &Config) -> anyhow::Result<Apply>; 5] = [plugins, tokens, admission, mounts, certificate];

/// Reads the configuration from where it was read at the start. Blocks: files are read, and plugins compiled.
pub(crate) fn reload(app: &Arc<App>, flags: &ConfigFlags) {
    match try_reload(app, flags) {
        Ok(()) => {}
        Err(error) => tracing::error!("the configuration is not taken, the one before stays: {error}"),
    }
}

fn try_reload(app: &App, flags: &ConfigFlags) -> Result<(), String> {
    let new = flags.load().map_err(|error| cli::describe(&error))?;
    let change = app.config().change_to(&new);
    let prepared = PARTS.iter().map(|part| part(app, &change.config)).collect::<Result<Vec<_>, _>>();
    let prepared = prepared.map_err(|error| format!("{error:#}"))?;
    app.configure(change.config);
    prepared.into_iter().for_each(|apply| apply(app));
    let (taken, waiting) = (change.taken.join(", "), change.waiting.join(", "));
    match change.taken.len() {
        0 => tracing::info!("the configuration was read again: nothing of it is taken in anew"),
        _ => tracing::info!("the configuration was read again and taken in: {taken}"),
    }
    if !waiting.is_empty() {
        tracing::warn!("changes need a restart: {waiting}");
    }
    Ok(())
}

/// Settings of plugins, for those that have others now.
fn plugins(_: &App, config: &Config) -> anyhow::Result<Apply> {
    let settings = app::plugin_settings(config)?;
    Ok(Box::new(move |app| {
        if let Some(orders) = app.orders.get()
            && let Err(error) = orders.configure(settings)
        {
            tracing::error!("settings of plugins are not taken in: {error}");
        }
    }))
}

/// Who may do what. Streams of those who are nobody any more end.
fn tokens(app: &App, config: &Config) -> anyhow::Result<Apply> {
    let before = app.auth.load_full();
    let auth = Auth::load(&config.auth, config.listen.ip(), &app.outbound, Some(&before))?;
    auth.warn(config.listen.ip());
    Ok(Box::new(move |app| {
        let auth = Arc::new(auth);
        app.auth.store(Arc::clone(&auth));
        before.withdraw_all_but(&auth);
        let ended = app.end_nobodies();
        if ended > 0 {
            tracing::info!(ended, "streams and polls of tokens that were taken out have ended");
        }
    }))
}

/// Sites, rates and bounds.
fn admission(app: &App, config: &Config) -> anyhow::Result<Apply> {
    let admission = Admission::new(config, Some((&app.admission.load(), &app.config())));
    let (caps, connections_per_address) = (config.subscribe.caps, config.server.connections_per_address);
    Ok(Box::new(move |app| {
        app.admission.store(Arc::new(admission));
        app.places.bound(caps, connections_per_address);
    }))
}

/// Mounts. Streams of those that are others now, or nowhere, end: their clients come back as they were told (`retry:`).
fn mounts(app: &App, config: &Config) -> anyhow::Result<Apply> {
    let mounts = Mounts::new(&config.mounts, Some(&app.mounts.load()));
    Ok(Box::new(move |app| {
        let mounts = Arc::new(mounts);
        app.mounts.store(Arc::clone(&mounts));
        let ended = app.connections.close_where(|terms| terms.usage == Use::Stream && !mounts.has(&terms.mount));
        if ended > 0 {
            tracing::info!(ended, "streams of mounts that are others now have ended");
        }
    }))
}

/// The certificate, also where nobody told that its files are others. One that cannot be used stays away by itself.
fn certificate(_: &App, _: &Config) -> anyhow::Result<Apply> {
    Ok(Box::new(|app| {
        if let Some(certificate) = &app.certificate {
            certificate.reload();
        }
    }))
}
