//! `GET /metrics`: what a scraper reads, and that the dashboard that comes with it shows figures that there are.

mod dashboard;

use std::collections::{BTreeMap, BTreeSet};

use prometheus_parse::{Scrape, Value};
use serde_json::json;

use crate::support::{Server, Subscriber, eventually, guest, publish_lines};

/// What a scrape answers: samples by name and labels, and the names of families.
pub(crate) struct Figures {
    samples: BTreeMap<(String, BTreeMap<String, String>), f64>,
    pub(crate) families: BTreeSet<String>,
}

impl Figures {
    pub(crate) async fn read(server: &Server) -> Self {
        let answer = server.http.get(server.url("/metrics")).send().await.unwrap();
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
        let text = answer.text().await.unwrap();
        assert!(text.ends_with("# EOF\n") && text.matches("# EOF").count() == 1, "{text}");
        let mut families = BTreeSet::new();
        for family in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
            let name = family.split(' ').next().unwrap().to_owned();
            assert!(text.contains(&format!("# HELP {name} ")), "{name} is not explained");
            assert!(families.insert(name), "{family} is there twice");
        }
        let scrape = Scrape::parse(text.lines().map(|line| Ok(line.to_owned()))).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.contains("_bucket{")).count();
        let mut samples = BTreeMap::new();
        for sample in scrape.samples {
            let (Value::Untyped(value) | Value::Gauge(value) | Value::Counter(value)) = sample.value else { continue };
            let labels = sample.labels.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
            let before = samples.insert((sample.metric.clone(), labels), value);
            assert!(before.is_none(), "{} is there twice", sample.metric);
        }
        assert!(samples.len() >= lines, "{} of {lines} lines were understood: {text}", samples.len());
        Self { samples, families }
    }

    pub(crate) fn get(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let found = self.samples.get(&(name.to_owned(), labels));
        *found.unwrap_or_else(|| panic!("there is no {name}: {:#?}", self.samples.keys()))
    }

    /// The value of a family with one label.
    fn by(&self, name: &str, label: &str, value: &str) -> f64 {
        self.get(name, &[(label, value)])
    }
}

fn line(event_type: &str, number: u32) -> String {
    json!({"source": "/s", "type": event_type, "id": format!("{event_type}{number}"), "data": number}).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_is_counted_once_by_what_became_of_it() {
    let server = Server::start("", &[("faulty", &guest("faulty"))]).await;
    let before = Figures::read(&server).await;
    let mut stream = Subscriber::open(&server, "types=good").await;
    let kinds = ["good", "bad.drop", "bad.reject", "bad.trap", "good"];
    let lines: Vec<String> = kinds.iter().zip([1, 1, 1, 1, 2]).map(|(kind, number)| line(kind, number)).collect();
    publish_lines(&server, &lines).await;
    publish_lines(&server, &lines[..1]).await;
    // Tried several times, answered once.
    publish_lines(&server, &[line("bad.later", 1)]).await;
    assert_eq!(server.post("application/json", "{").await.0, 422);
    assert_eq!(server.post("application/json", json!({"type": "tidemill.x"}).to_string()).await.0, 422);
    stream.take(2).await;

    let after = Figures::read(&server).await;
    let grown = |name: &str, label: &str, value: &str| after.by(name, label, value) - before.by(name, label, value);
    for (outcome, count) in [("duplicate", 1.0), ("dropped", 1.0), ("failed", 1.0), ("lost", 0.0), ("stored", 3.0)] {
        assert_eq!(grown("tidemill_events_processed_total", "outcome", outcome), count, "{outcome}");
    }
    assert_eq!(grown("tidemill_events_received_total", "origin", "publisher"), 8.0);
    assert_eq!(grown("tidemill_events_processed_total", "outcome", "rejected"), 2.0);
    assert_eq!(grown("tidemill_publish_requests_total", "code", "2xx"), 3.0);
    assert_eq!(grown("tidemill_publish_requests_total", "code", "4xx"), 2.0);
    assert_eq!(after.get("tidemill_events_under_way", &[]), 0.0);
    assert_eq!(after.get("tidemill_dead_letters", &[]), 1.0);
    assert_eq!(after.get("tidemill_deliveries_total", &[]), 2.0);
    assert_eq!(after.get("tidemill_subscribers", &[]), 1.0);
    assert_eq!(after.get("tidemill_ready", &[]), 1.0);
    assert!(after.get("tidemill_turns_total", &[]) > before.get("tidemill_turns_total", &[]));
    assert!(after.get("process_resident_memory_bytes", &[]) > 1e6 && after.get("process_open_fds", &[]) > 3.0);
    let streams: f64 = ["light", "http"]
        .iter()
        .map(|lane| after.get("tidemill_connections", &[("kind", "stream"), ("lane", lane)]))
        .sum();
    assert_eq!(streams, 1.0);
    drop(stream);
    eventually("its connection is gone", async || Figures::read(&server).await.get("tidemill_subscribers", &[]) == 0.0)
        .await;
}

/// However many sources, types, subjects and queries there are, there are as many series as before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_add_no_series() {
    let server = Server::start("", &[]).await;
    // Whatever the host itself adds at its first event is there.
    publish_lines(&server, &[line("first", 0)]).await;
    let before = Figures::read(&server).await;
    let lines: Vec<String> = (0..100)
        .map(|n| json!({"source": format!("/s{n}"), "type": format!("t{n}"), "subject": format!("u{n}")}).to_string())
        .collect();
    publish_lines(&server, &lines).await;
    let mut streams = Vec::new();
    for n in 0..10 {
        streams.push(Subscriber::open(&server, &format!("types=t{n}&since=earliest")).await);
    }
    for n in 0..10 {
        assert_eq!(server.get(&format!("/nothing/{n}")).await.0, 404);
        assert_eq!(server.get(&format!("/plugins/p{n}")).await.0, 404);
    }
    let after = Figures::read(&server).await;
    assert_eq!(after.get("tidemill_connections_opened_total", &[]), 10.0);
    assert_eq!(before.samples.keys().collect::<Vec<_>>(), after.samples.keys().collect::<Vec<_>>());
}
