//! `cargo xtask demo`: the whole thing at work within one command.
//!
//! Owns the order of the steps. The host is reached as users reach it: by its command line and over HTTP.

mod child;
mod feed;
mod stream;

use std::{
    fmt::Write as _,
    io::{self, Write},
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;

use crate::cargo::Workspace;
use crate::{guests, host, say};

/// How to run it.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Address and port of the host; port 0 picks a free one
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
    /// Build the host with optimisation (slower to build, faster to run)
    #[arg(long)]
    release: bool,
    /// End after publishing this many events, instead of at Ctrl-C
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    events: Option<u64>,
    /// Events per second
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=20))]
    rate: u32,
}

/// How long the last events may take through the plugins to the stream before the demo ends without them.
const SETTLE: Duration = Duration::from_secs(10);

/// How much later than its children the demo itself may notice a signal.
const SIGNAL_DELAY: Duration = Duration::from_millis(300);

/// Builds, starts, feeds, and stops everything it started on every way out.
pub(crate) fn run(workspace: &Workspace, args: &DemoArgs) -> Result<()> {
    refuse_busy_port(args.listen)?;
    let (profile, why) = if args.release {
        (host::Profile::Release, "with optimisation")
    } else {
        (host::Profile::Dev, "without optimisation, which is built sooner; --release is what you would deploy")
    };
    guests::build_plugins(workspace)?;
    say::line(&format!("building the host {why} (the first time takes minutes)"));
    let binary = host::build(workspace, profile)?;

    // From here on there are children: a signal only ends the wait, and their guards stop them.
    let (stop, stopped) = channel();
    ctrlc::set_handler(move || {
        let _ = stop.send(());
    })
    .context("installing the signal handler")?;

    let example = workspace.root.join("examples/github");
    let deliveries = feed::Deliveries::read(&example.join("deliveries.ndjson"))?;
    let host = child::Host::start(workspace, &binary, args.listen, &example.join("tidemill.toml"))?;
    host.wait_until_ready(&stopped)?;
    let address = host.address;
    introduce(address, args.rate)?;

    let stream = stream::Stream::start(&binary, address)?;
    let fed = feed(&binary, args, &deliveries, host, &stream, &stopped);
    drop(stream);
    fed
}

fn feed(
    binary: &Path,
    args: &DemoArgs,
    deliveries: &feed::Deliveries,
    mut host: child::Host,
    stream: &stream::Stream,
    stopped: &Receiver<()>,
) -> Result<()> {
    let mut feed = feed::Feed::new(binary, host.address, deliveries);
    let pause = Duration::from_secs(1) / args.rate;
    while args.events.is_none_or(|events| feed.published < events) {
        let ended = host.ended()?;
        let result = match ended {
            Some(status) => Err(anyhow!("the host ended ({status}); what it said stands above")),
            None => feed.publish_next(),
        };
        // Ctrl-C in a terminal reaches the children as well: what they end with is then no error of theirs.
        let wait = if result.is_ok() { pause } else { SIGNAL_DELAY };
        if stopped.recv_timeout(wait).is_ok() {
            say::line("stopping");
            return host.stop();
        }
        result?;
    }
    if let Some(position) = &feed.last_stored {
        stream.wait_for(position, SETTLE)?;
    }
    host.stop()?;
    say::line(&format!("published {} events: {}", feed.published, feed.summary()));
    if feed.failed > 0 {
        bail!("{} events were rejected or failed; what was wrong with them stands above", feed.failed);
    }
    Ok(())
}

/// Found out before anything is built: the host itself would say so minutes later.
fn refuse_busy_port(address: SocketAddr) -> Result<()> {
    match TcpListener::bind(address) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => bail!(
            "another program listens on {address}: stop it, or choose another port with \
             `cargo xtask demo --listen 127.0.0.1:3001` (port 0 picks a free one)"
        ),
        Err(error) => Err(error).with_context(|| format!("--listen {address}")),
    }
}

fn introduce(address: SocketAddr, rate: u32) -> Result<()> {
    let mut text = String::new();
    let base = format!("http://{address}");
    writeln!(text, "\nTidemill runs at {base} and gets real GitHub events, {rate} per second. Look at it:\n")?;
    writeln!(text, "  the stream        curl -N '{base}/events'")?;
    writeln!(
        text,
        "  some of it        curl -N '{base}/events?types=github.pull_request.*,github.push&since=earliest'"
    )?;
    writeln!(text, "  in the browser    {base}/")?;
    writeln!(text, "  an event of yours curl '{base}/events' -H 'content-type: application/json' \\")?;
    writeln!(text, "                         -d '{{\"type\": \"note.added\", \"data\": {{\"text\": \"hello\"}}}}'")?;
    writeln!(text, "  the plugins       curl '{base}/plugins'")?;
    writeln!(text, "  change a plugin   edit plugins/redact/src/lib.rs, then: cargo xtask guests")?;
    writeln!(text, "                    (the new version takes over between two events; the stream goes on)\n")?;
    writeln!(text, "Ctrl-C ends it. What subscribers get, shortened:\n")?;
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_port_is_refused_with_the_way_out() {
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = other.local_addr().unwrap();
        let message = refuse_busy_port(address).unwrap_err().to_string();
        assert!(message.contains(&address.to_string()) && message.contains("--listen"), "{message}");
        drop(other);
        assert!(refuse_busy_port("127.0.0.1:0".parse().unwrap()).is_ok());
    }
}
