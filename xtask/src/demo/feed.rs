//! Publishes recorded deliveries, one after the other, as `tidemill publish` does it for everybody.

use std::{
    fs,
    io::{self, Write},
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Recorded deliveries.
#[derive(Debug)]
pub(super) struct Deliveries(Vec<Delivery>);

/// One line of the file.
#[derive(Debug, Deserialize)]
struct Delivery {
    #[serde(rename = "type")]
    event_type: String,
    source: String,
    id: String,
    data: Box<RawValue>,
}

/// Publishing, with what came of it.
pub(super) struct Feed<'a> {
    binary: &'a Path,
    url: String,
    deliveries: &'a Deliveries,
    /// Makes the ids of this run differ from those of the run before.
    run: u128,
    pub(super) published: u64,
    pub(super) failed: u64,
    stored: u64,
    dropped: u64,
    pub(super) last_stored: Option<String>,
}

impl Deliveries {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        let parse = |(index, line)| {
            serde_json::from_str(line).with_context(|| format!("{} line {}", path.display(), index + 1))
        };
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let deliveries = lines.map(parse).collect::<Result<Vec<Delivery>>>()?;
        ensure!(!deliveries.is_empty(), "{} holds no deliveries", path.display());
        Ok(Self(deliveries))
    }
}

impl<'a> Feed<'a> {
    pub(super) fn new(binary: &'a Path, address: SocketAddr, deliveries: &'a Deliveries) -> Self {
        Self {
            binary,
            url: format!("http://{address}"),
            deliveries,
            run: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis()),
            published: 0,
            failed: 0,
            stored: 0,
            dropped: 0,
            last_stored: None,
        }
    }

    /// Publishes the next delivery, from the first again after the last. A rejected event is counted, not an error.
    pub(super) fn publish_next(&mut self) -> Result<()> {
        let all = &self.deliveries.0;
        let delivery = &all[usize::try_from(self.published % all.len() as u64)?];
        // The server takes an id that it has seen for a repetition.
        let id = format!("{}-{:x}-{}", delivery.id, self.run, self.published);
        let mut command = Command::new(self.binary);
        command.args(["publish", "--url", &self.url, "--source", &delivery.source, "--id", &id]);
        command.args([&delivery.event_type, "-"]);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("starting tidemill publish")?;
        if let Some(mut stdin) = child.stdin.take() {
            match stdin.write_all(delivery.data.get().as_bytes()) {
                // It ended early; why, its exit code and its words say better.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
                result => result.context("passing the data to tidemill publish")?,
            }
        }
        let output = child.wait_with_output().context("waiting for tidemill publish")?;
        self.published += 1;
        let said = String::from_utf8_lossy(&output.stdout);
        match output.status.code() {
            Some(0) if said.starts_with("dropped") => self.dropped += 1,
            Some(0) => {
                self.stored += 1;
                // `stored at 7.42, 7.43 (id …)`
                let positions = said.trim().strip_prefix("stored at ").and_then(|rest| rest.split(" (").next());
                self.last_stored = positions.and_then(|all| all.rsplit(", ").next()).map(str::to_owned);
            }
            Some(1) => self.failed += 1,
            _ => bail!("tidemill publish ended with {}; what it said stands above", output.status),
        }
        Ok(())
    }

    pub(super) fn summary(&self) -> String {
        let Self { stored, dropped, failed, .. } = self;
        format!("{stored} stored, {dropped} dropped by a filter, {failed} rejected or failed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recorded_deliveries_can_be_read() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/github/deliveries.ndjson");
        let deliveries = Deliveries::read(Path::new(path)).unwrap();
        assert!(deliveries.0.len() > 20);
        assert!(deliveries.0.iter().all(|delivery| delivery.event_type.starts_with("github.")));
    }
}
