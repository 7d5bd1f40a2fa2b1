//! A restart under load: the server is told to stop and started again while publishers publish and subscribers listen.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::proxy::Proxy;
use super::script::{Script, node};
use crate::support::{Lane, Server, eventually};

/// Coming back at once keeps the tests short.
const CONFIG: &str = "[subscribe]\nretry = \"100ms\"\n[drain]\nspread = \"200ms\"\n";
const PUBLISHERS: u64 = 4;
const SUBSCRIBERS: usize = 2;
const RESTARTS: usize = 3;
/// Events that are stored under each server.
const PER_LIFE: u64 = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn npm_eventsource_misses_and_repeats_nothing_when_the_server_is_restarted_under_load() {
    for lane in Lane::BOTH {
        let mut server = lane.server(CONFIG).await;
        let proxy = Proxy::start(server.address()).await;
        let url = format!("http://{}/events", proxy.address());
        let mut clients = Vec::new();
        for _ in 0..SUBSCRIBERS {
            let mut client = Script::start(node("node_eventsource.mjs").args([&format!("{url}?types=tick"), "tick"]));
            assert_eq!(client.next().await, json!({"open": 1}));
            clients.push(client);
        }
        // Each has heard where its stream begins.
        proxy.passed(SUBSCRIBERS).await;
        let load = Load::start(&url);
        for _ in 0..RESTARTS {
            eventually("all listen", async || {
                let (_, listed) = server.get("/connections").await;
                listed["connections"].as_array().unwrap().len() == SUBSCRIBERS
            })
            .await;
            load.goes_on().await;
            server = restart(server, &proxy).await;
        }
        load.goes_on().await;
        let published = load.stop().await;
        let total: u64 = published.values().sum();
        let mut all = Vec::new();
        for client in &mut clients {
            all.push(listen(client, &published, total).await);
        }
        assert!(all.iter().all(|seen| *seen == all[0]), "{lane:?}: subscribers saw different things");
    }
}

/// Stops it as a service manager would, in time and without an error, and starts it again elsewhere.
async fn restart(mut server: Server, proxy: &Proxy) -> Server {
    let server = tokio::task::spawn_blocking(move || {
        server.stop();
        server.start_again();
        server
    });
    let server = server.await.unwrap();
    assert!(!server.log().contains("deadline with work unfinished"), "{}", server.log());
    proxy.moved(server.address());
    server
}

/// All that one subscriber sees, as positions with sources and numbers: each event once, by position, and by number
/// within its source.
async fn listen(client: &mut Script, published: &BTreeMap<u64, u64>, total: u64) -> Vec<(String, u64, u64)> {
    let (mut seen, mut opened, mut next) = (Vec::new(), 1, BTreeMap::<u64, u64>::new());
    let mut last = (0, 0);
    while (seen.len() as u64) < total {
        let said = client.next().await;
        if said["open"].is_u64() {
            opened += 1;
            continue;
        }
        let data: Value = serde_json::from_str(said["data"].as_str().unwrap()).unwrap();
        let (of, number) = (data["of"].as_u64().unwrap(), data["n"].as_u64().unwrap());
        let expected = next.entry(of).or_default();
        assert_eq!(number, *expected, "none missed, none twice: {said}");
        *expected += 1;
        let id = said["id"].as_str().unwrap().to_owned();
        let (epoch, sequence) = id.split_once('.').unwrap();
        let position: (u64, u64) = (epoch.parse().unwrap(), sequence.parse().unwrap());
        assert!(position > last, "{position:?} after {last:?}");
        last = position;
        seen.push((id, of, number));
    }
    assert_eq!(&next, published);
    assert!(opened > RESTARTS, "it connected {opened} times");
    seen
}

/// Publishers that publish one event after the other, each again until it is stored.
struct Load {
    stops: Arc<AtomicBool>,
    stored: Arc<AtomicU64>,
    publishers: JoinSet<(u64, u64)>,
}

impl Load {
    fn start(url: &str) -> Self {
        let (stops, stored) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let mut publishers = JoinSet::new();
        for of in 0..PUBLISHERS {
            let (stops, stored, url) = (Arc::clone(&stops), Arc::clone(&stored), url.to_owned());
            publishers.spawn(async move {
                let http = reqwest::Client::new();
                let mut number = 0;
                while !stops.load(SeqCst) {
                    publish(&http, &url, of, number).await;
                    stored.fetch_add(1, SeqCst);
                    number += 1;
                }
                (of, number)
            });
        }
        Self { stops, stored, publishers }
    }

    /// Waits until some more were stored.
    async fn goes_on(&self) {
        let enough = self.stored.load(SeqCst) + PER_LIFE;
        eventually("events are stored", async || self.stored.load(SeqCst) >= enough).await;
    }

    /// How many each publisher published.
    async fn stop(self) -> BTreeMap<u64, u64> {
        self.stops.store(true, SeqCst);
        self.publishers.join_all().await.into_iter().collect()
    }
}

/// Publishes one event, as often as it takes.
async fn publish(http: &reqwest::Client, url: &str, of: u64, number: u64) {
    let event = json!({
        "type": "tick", "source": format!("/publisher/{of}"), "id": number.to_string(), "data": {"of": of, "n": number},
    });
    loop {
        let request = http.post(url).header("content-type", "application/json").body(event.to_string());
        match request.send().await {
            Ok(answer) if answer.status() == 200 => return,
            Ok(answer) => assert_eq!(answer.status(), 503, "{}", answer.text().await.unwrap_or_default()),
            Err(_) => {}
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
