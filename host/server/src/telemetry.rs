//! Where log lines go and in which form.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, Telemetry};

/// Sends log lines to standard error, for the rest of the process. Standard output is left to results.
pub(crate) fn start(telemetry: &Telemetry) {
    // The configuration was checked; directives that this library reads otherwise fall back to its default.
    let mut filter = EnvFilter::try_new(&telemetry.filter).unwrap_or_default();
    // It has a line for each thing that a client does wrong. Whoever wants them asks for them.
    if let Ok(quiet) = "rmcp=off".parse()
        && !telemetry.filter.contains("rmcp")
    {
        filter = filter.add_directive(quiet);
    }
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(io::stderr().is_terminal()).with_writer(io::stderr);
    let started = match telemetry.format {
        LogFormat::Text => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    if let Err(error) = started {
        tracing::warn!("log lines go where they went before: {error}");
    }
}
