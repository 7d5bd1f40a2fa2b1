//! Publishers and subscribers that live through crashes: they only ever know the server's present address.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Message, Subscriber};

/// The type of the last event, at which subscribers end.
pub(super) const END: &str = "end";

/// How long clients wait before they try again.
const RETRY: Duration = Duration::from_millis(5);

/// What all clients share.
pub(super) struct Load {
    address: Mutex<String>,
    stop: AtomicBool,
    /// Events that were acknowledged to anybody.
    pub(super) acknowledged: AtomicU64,
    http: reqwest::Client,
}

/// What a publisher knows at the end.
#[derive(Debug, Default)]
pub(super) struct Published {
    /// The position that was answered for each id.
    pub(super) positions: BTreeMap<String, String>,
    /// Requests that had to be sent again.
    pub(super) repeated: u64,
    /// Events of these that were stored the first time already.
    pub(super) duplicates: u64,
}

/// Numbers that look random and are the same for the same seed (splitmix64).
#[derive(Debug, Clone)]
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    pub(super) fn milliseconds(&mut self, bound: u64) -> Duration {
        Duration::from_millis(self.below(bound))
    }
}

impl Load {
    pub(super) fn new(address: &str, http: &reqwest::Client) -> Arc<Self> {
        Arc::new(Self {
            address: Mutex::new(address.to_owned()),
            stop: AtomicBool::new(false),
            acknowledged: AtomicU64::new(0),
            http: http.clone(),
        })
    }

    /// The server is somewhere else now.
    pub(super) fn moved(&self, address: &str) {
        address.clone_into(&mut self.address.lock().unwrap());
    }

    /// Publishers finish what they have begun.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    fn address(&self) -> String {
        self.address.lock().unwrap().clone()
    }

    /// One request; none if no answer came.
    async fn send(&self, events: &[Value]) -> Option<Vec<Value>> {
        let body = if let [event] = events { event.to_string() } else { Value::from(events).to_string() };
        let url = format!("http://{}/events", self.address());
        let answer = self.http.post(url).header("content-type", "application/json").body(body).send().await.ok()?;
        let status = answer.status();
        let answer: Value = answer.json().await.ok()?;
        assert_eq!(status, 200, "{answer}");
        let results = answer["results"].as_array().cloned().unwrap_or_else(|| vec![answer.clone()]);
        assert_eq!(results.len(), events.len());
        Some(results)
    }
}

/// Publishes until it is told to stop, `batch` events at a time; what is not answered is sent again until it is.
pub(super) async fn publish(load: Arc<Load>, number: u64, batch: u64, mut random: Random) -> Published {
    let mut published = Published::default();
    let mut next = 0;
    while !load.stop.load(Ordering::SeqCst) {
        let events: Vec<Value> = (next..next + batch)
            .map(|n| {
                let filler = "x".repeat(usize::try_from(random.below(3000)).unwrap());
                json!({
                    "id": format!("{number}-{n}"), "source": format!("/p{number}"), "type": format!("t{}", n % 3),
                    "data": {"n": n, "filler": filler},
                })
            })
            .collect();
        next += batch;
        let mut repeated = false;
        let results = loop {
            if let Some(results) = load.send(&events).await {
                break results;
            }
            (repeated, published.repeated) = (true, published.repeated + 1);
            tokio::time::sleep(RETRY).await;
        };
        for (event, result) in events.iter().zip(results) {
            assert_eq!((&result["outcome"], &result["id"]), (&json!("stored"), &event["id"]), "{result}");
            let duplicate = result["duplicate"] == true;
            assert!(repeated || !duplicate, "sent once and said to be there already: {result}");
            published.duplicates += u64::from(duplicate);
            let (id, position) = (result["id"].as_str().unwrap(), result["position"].as_str().unwrap());
            published.positions.insert(id.to_owned(), position.to_owned());
        }
        load.acknowledged.fetch_add(batch, Ordering::SeqCst);
        tokio::time::sleep(random.milliseconds(4)).await;
    }
    published
}

/// Subscribes, resumes after every loss of its connection, and now and then hangs up itself; until the last event.
pub(super) async fn subscribe(load: Arc<Load>, query: String, first: String, mut random: Random) -> Vec<Message> {
    let mut seen: Vec<Message> = Vec::new();
    let mut last = first;
    loop {
        let Some(mut stream) = Subscriber::try_resume(&load.address(), &query, Some(&last)).await else {
            tokio::time::sleep(RETRY).await;
            continue;
        };
        assert_eq!(stream.begins_after, last, "{query}: it goes on elsewhere than it was told to");
        for _ in 0..random.below(5000) {
            let Some(message) = stream.next_or_end().await else { break };
            assert_ne!(message.event, "tidemill.gap", "{query}: {}", message.data);
            last.clone_from(&message.id);
            let end = message.event == END;
            seen.push(message);
            if end {
                return seen;
            }
        }
    }
}
