//! What is measured: each case with its load, the plugins that events pass, and the bars the host has to reach.
//! Plain data; must not know how hubs are started or figures collected.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::ValueEnum;

use crate::load::Pace;
use crate::payload::Payload;

/// One kind of load.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is, in a line.
    pub title: &'static str,
    /// Which figure counts.
    pub kind: Kind,
    /// What events carry.
    pub data: Data,
    /// Connections that subscribe.
    pub subscribers: usize,
    /// Events in one request.
    pub batch: usize,
    /// How fast publishing goes.
    pub pace: Pace,
    /// How long.
    pub duration: Duration,
    /// The generator's rest between two sweeps.
    pub read_rest: Duration,
    /// What events pass in the host, unless the command line says otherwise.
    pub chain: Chain,
    /// What the host has to reach.
    pub bars: &'static [Bar],
}

/// Which figure of a case counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Deliveries per second.
    FanOut,
    /// Acknowledged events per second.
    Ingest,
    /// Milliseconds from due to delivered.
    Latency,
    /// Memory per connection.
    Idle,
}

/// What events carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Data {
    /// A `ping` of so many bytes.
    Ping(usize),
    /// The real delivery nearest to so many bytes.
    Delivery(usize),
}

/// Which plugins are loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Chain {
    /// None: what the host costs alone.
    None,
    /// The type check.
    Github,
    /// The type check and a transform.
    #[value(name = "github+redact")]
    GithubRedact,
    /// The type check, a filter and a transform.
    #[value(name = "github+cel+redact")]
    GithubCelRedact,
    /// Tools.
    #[value(skip)]
    NotificationServer,
}

/// What the host has to reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bar {
    /// Nothing missing, nothing twice.
    Complete,
    /// At least so much of the floor.
    OfFloor(f64),
    /// At least so many times nchan.
    OfNchan(f64),
    /// At least so many events per second.
    EventsPerSecond(f64),
    /// The median latency at most so many milliseconds above the floor's.
    MedianOverFloor(f64),
    /// The 99th percentile at most so many milliseconds above the floor's.
    P99OverFloor(f64),
}

/// Every case there is, in the order of the report.
#[must_use]
pub fn all() -> Vec<Case> {
    use Bar::{Complete, EventsPerSecond, MedianOverFloor, OfFloor, OfNchan, P99OverFloor};
    let base = Case {
        name: "fan",
        title: "Fan-out: 200 B to 1,000 subscribers, at most 64 events on their way",
        kind: Kind::FanOut,
        data: Data::Ping(200),
        subscribers: 1_000,
        batch: 1,
        pace: Pace::Window(64),
        duration: Duration::from_secs(3),
        read_rest: Duration::from_millis(2),
        chain: Chain::GithubRedact,
        bars: &[OfFloor(0.6), OfNchan(4.0), Complete],
    };
    let ingest = Case {
        name: "ingest",
        title: "Ingest: one 200 B event per request over 8 connections, 1 subscriber",
        kind: Kind::Ingest,
        subscribers: 1,
        pace: Pace::Open,
        read_rest: Duration::ZERO,
        bars: &[OfFloor(0.45), Complete],
        ..base
    };
    let batch = Case {
        name: "ingest-batch",
        title: "Ingest in batches: 100 events of 200 B per request over 8 connections, 1 subscriber",
        batch: 100,
        pace: Pace::Window(20_000),
        chain: Chain::GithubCelRedact,
        bars: &[EventsPerSecond(100_000.0), Complete],
        ..ingest
    };
    let batch_1k = Case {
        name: "ingest-batch-1k",
        title: "Ingest in batches: 100 real deliveries of about 1 KB per request",
        data: Data::Delivery(1_000),
        pace: Pace::Window(8_000),
        bars: &[Complete],
        ..batch
    };
    let batch_10k = Case {
        name: "ingest-batch-10k",
        title: "Ingest in batches: 50 real deliveries of about 10 KB per request (100 would exceed the body limit)",
        data: Data::Delivery(10_000),
        batch: 50,
        pace: Pace::Window(1_600),
        ..batch_1k
    };
    let rate = Case {
        name: "rate",
        title: "Latency: 100 events/s of 200 B to 1,000 subscribers",
        kind: Kind::Latency,
        pace: Pace::Rate(100.0),
        duration: Duration::from_secs(6),
        read_rest: Duration::ZERO,
        bars: &[MedianOverFloor(1.5), P99OverFloor(2.0), Complete],
        ..base
    };
    let idle = Case {
        name: "idle",
        title: "Idle: 10,000 connections held",
        kind: Kind::Idle,
        subscribers: 10_000,
        duration: Duration::from_secs(5),
        bars: &[],
        ..base
    };
    vec![base, ingest, batch, batch_1k, batch_10k, rate, idle]
}

/// The cases with these names; a name that ends in `*` means all that begin like it.
///
/// # Errors
///
/// When there is no such case.
pub fn named(names: &[String]) -> Result<Vec<Case>> {
    pick(all(), |case| case.name, names)
}

/// Those of all cases that have one of these names, as [`named`] understands them; all of them for no names.
pub(crate) fn pick<T>(mut cases: Vec<T>, name_of: fn(&T) -> &'static str, names: &[String]) -> Result<Vec<T>> {
    let matches = |name: &str, case: &T| match name.strip_suffix('*') {
        Some(start) => name_of(case).starts_with(start),
        None => name_of(case) == name,
    };
    for name in names {
        if !cases.iter().any(|case| matches(name, case)) {
            let known: Vec<_> = cases.iter().map(name_of).collect();
            bail!("there is no case {name}; there are {}", known.join(", "));
        }
    }
    cases.retain(|case| names.is_empty() || names.iter().any(|name| matches(name, case)));
    Ok(cases)
}

impl Case {
    /// The same in a second or so: enough to see that everything works, not to compare.
    #[must_use]
    pub fn quick(mut self) -> Self {
        self.duration = Duration::from_secs(1);
        self.subscribers = self.subscribers.min(1_000);
        self.bars = &[];
        self
    }

    /// The data of its events.
    ///
    /// # Errors
    ///
    /// When the file of real deliveries cannot be used.
    pub fn payload(&self, deliveries: &Path) -> Result<Payload> {
        match self.data {
            Data::Ping(bytes) => Ok(Payload::ping(bytes)),
            Data::Delivery(bytes) => Payload::delivery(deliveries, bytes),
        }
    }
}

impl Chain {
    /// The plugins, by name.
    #[must_use]
    pub fn plugins(self) -> &'static [&'static str] {
        match self {
            Self::None => &[],
            Self::Github => &["github"],
            Self::GithubRedact => &["github", "redact"],
            Self::GithubCelRedact => &["github", "cel", "redact"],
            Self::NotificationServer => &["notification-server"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_found_by_name_and_by_start() {
        let names = |wanted: &[&str]| {
            let wanted: Vec<_> = wanted.iter().map(|name| (*name).to_owned()).collect();
            named(&wanted).map(|cases| cases.iter().map(|case| case.name).collect::<Vec<_>>())
        };
        assert_eq!(names(&["rate", "fan"]).unwrap(), ["fan", "rate"]);
        assert_eq!(names(&["ingest"]).unwrap(), ["ingest"]);
        assert_eq!(names(&["ingest-batch*"]).unwrap().len(), 3);
        assert_eq!(names(&[]).unwrap().len(), all().len());
        assert!(names(&["fan", "fun"]).unwrap_err().to_string().contains("no case fun"));
    }
}
