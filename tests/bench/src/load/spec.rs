//! What one load consists of. Plain data: no sockets, no hub names.

use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::wire::Secure;

/// One load on one hub.
#[derive(Debug, Clone)]
pub struct LoadSpec {
    /// Where the hub listens; loopback only.
    pub address: SocketAddr,
    /// What connections need when it speaks TLS.
    pub secure: Option<Secure>,
    /// What subscribers ask for, given out in turn; at least one.
    pub subscriptions: Vec<Subscription>,
    /// What publishers send.
    pub publish: PublishSpec,
    /// Connections that subscribe.
    pub subscribers: usize,
    /// Threads that read them, each its share.
    pub readers: usize,
    /// Keep-alive connections that publish, with one request in flight on each.
    pub publishers: usize,
    /// How fast publishing goes.
    pub pace: Pace,
    /// How long publishing (or holding) goes on at most.
    pub duration: Duration,
    /// Publishing ends after so many measured events.
    pub events: u64,
    /// Publishing ends when this is raised.
    pub stop: Arc<AtomicBool>,
    /// The number of the first event. From [`OTHERS`](crate::load::OTHERS) on, other loads on the same hub do not count
    /// them as theirs.
    pub first: u64,
    /// Requests sent one by one before anything is measured.
    pub warmup_requests: u64,
    /// Rest between two sweeps over the subscribers' sockets. Several events per read spare the generator's own
    /// processor, at the price of that much latency: for throughput only.
    pub read_rest: Duration,
    /// After this long without any delivery, what has not arrived is missing.
    pub drain_quiet: Duration,
    /// The longest wait for the last deliveries.
    pub drain_limit: Duration,
    /// The longest wait for connections.
    pub connect_limit: Duration,
    /// The server's process, whose use of processor and memory is read.
    pub server: Option<u32>,
}

impl LoadSpec {
    /// Publishing from 8 connections as fast as answers come, for 3 s, without subscribers: what most loads begin with.
    #[must_use]
    pub fn new(address: SocketAddr, subscribe_path: &str, publish: PublishSpec) -> Self {
        Self {
            address,
            secure: None,
            subscriptions: vec![Subscription::to(subscribe_path)],
            publish,
            subscribers: 0,
            readers: 1,
            publishers: 8,
            pace: Pace::Open,
            duration: Duration::from_secs(3),
            events: u64::MAX,
            stop: Arc::default(),
            first: 0,
            warmup_requests: 50,
            read_rest: Duration::ZERO,
            drain_quiet: Duration::from_secs(2),
            drain_limit: Duration::from_secs(15),
            connect_limit: Duration::from_secs(30),
            server: None,
        }
    }

    /// What the subscriber with this index asks for.
    pub(super) fn subscription(&self, subscriber: usize) -> &Subscription {
        &self.subscriptions[subscriber % self.subscriptions.len()]
    }

    /// Which subscribers a reader has: neighbours, so that whatever is given out in turn falls to all readers.
    pub(super) fn share(&self, reader: usize) -> Range<usize> {
        let before = |reader| self.subscribers * reader / self.readers;
        before(reader)..before(reader + 1)
    }

    /// How many subscribers get what is published.
    pub(super) fn listeners(&self) -> u64 {
        (0..self.subscribers).filter(|subscriber| self.subscription(*subscriber).wants).count() as u64
    }
}

/// What a subscriber asks for.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// The path of the GET request.
    pub path: String,
    /// More header lines, each with its end.
    pub headers: String,
    /// It has to get everything that is published; otherwise nothing of it.
    pub wants: bool,
}

impl Subscription {
    /// One that has to get everything.
    #[must_use]
    pub fn to(path: impl Into<String>) -> Self {
        Self { path: path.into(), headers: String::new(), wants: true }
    }
}

/// What publishers send.
#[derive(Debug, Clone, Default)]
pub struct PublishSpec {
    /// The path of the POST request.
    pub path: String,
    /// More header lines, each with its end.
    pub headers: String,
    /// Its `Content-Type`.
    pub content_type: String,
    /// One event as it goes over the wire; holds [`MARKER`](crate::load::MARKER) exactly once.
    pub item: String,
    /// Events in one request, one per line.
    pub batch: usize,
}

/// How fast publishing goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// As fast as answers come.
    Open,
    /// As fast as answers come, with at most so many events not yet delivered to every subscriber.
    Window(u64),
    /// Events per second on a fixed schedule; latency counts from the scheduled time.
    Rate(f64),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscriptions_are_given_out_in_turn() {
        let publish = PublishSpec::default();
        let mut spec = LoadSpec::new(SocketAddr::from(([127, 0, 0, 1], 0)), "/all", publish);
        spec.subscribers = 250;
        assert_eq!(spec.listeners(), 250);
        let others = Subscription { wants: false, ..Subscription::to("/others") };
        spec.subscriptions.resize(100, others);
        let paths = [0, 1, 99, 100, 200].map(|index| spec.subscription(index).path.as_str());
        assert_eq!(paths, ["/all", "/others", "/others", "/all", "/all"]);
        assert_eq!(spec.listeners(), 3);
        spec.readers = 4;
        let shares: Vec<_> = (0..4).map(|reader| spec.share(reader)).collect();
        assert_eq!(shares, [0..62, 62..125, 125..187, 187..250]);
    }
}
