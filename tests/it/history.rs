//! The log as clients without a stream see it: polls, and figures about it.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{Server, Subscriber, eventually, publish_lines};

async fn poll(server: &Server, query: &str) -> Value {
    let (status, page) = server.get(&format!("/events/poll?{query}")).await;
    assert_eq!(status, 200, "{page}");
    page
}

fn numbers(page: &Value) -> Vec<u64> {
    page["events"].as_array().unwrap().iter().map(|item| item["event"]["data"].as_u64().unwrap()).collect()
}

fn lines(numbers: std::ops::Range<u64>) -> Vec<String> {
    numbers.map(|n| json!({"type": "n", "data": n}).to_string()).collect()
}

/// Invariant I3, for clients that only poll.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i3_a_client_that_only_polls_sees_every_event_once_while_publishing_goes_on() {
    const EVENTS: u64 = 4000;
    let server = Arc::new(Server::start("[subscribe]\nring-max = \"1MiB\"\n", &[]).await);
    let mut next = poll(&server, "").await["next"].as_str().unwrap().to_owned();
    let publisher = Arc::clone(&server);
    let publishing = tokio::spawn(async move {
        let mut n = 0;
        while n < EVENTS {
            let burst = (1 + (n * 7) % 90).min(EVENTS - n);
            publish_lines(&publisher, &lines(n..n + burst)).await;
            // One of another type, which this client does not want.
            publisher.publish("other", json!("x".repeat(3000))).await;
            n += burst;
        }
    });
    let (mut seen, mut polls) = (0, 0);
    while seen < EVENTS {
        let limit = 1 + (polls * 31) % 100;
        let page = poll(&server, &format!("types=n&after={next}&limit={limit}&wait=50s")).await;
        let numbers = numbers(&page);
        assert!(numbers.len() <= limit, "{} events, {limit} were asked for", numbers.len());
        assert!(!numbers.is_empty() && page["gaps"] == json!([]), "{page}");
        assert_eq!(numbers, (seen..seen + numbers.len() as u64).collect::<Vec<_>>(), "none missed, none twice");
        assert!(page["events"].as_array().unwrap().iter().all(|item| item["event"]["type"] == "n"));
        seen += numbers.len() as u64;
        polls += 1;
        page["next"].as_str().unwrap().clone_into(&mut next);
    }
    publishing.await.unwrap();
    let rest = poll(&server, &format!("types=n&after={next}")).await;
    assert_eq!(rest["events"], json!([]), "nothing is left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poll_that_waits_is_answered_by_the_next_event_and_otherwise_at_its_end() {
    let server = Arc::new(Server::start("", &[]).await);
    let next = poll(&server, "wait=1s").await["next"].as_str().unwrap().to_owned();
    let waiting = {
        let (server, next) = (Arc::clone(&server), next.clone());
        // By itself it would come back empty.
        tokio::spawn(async move { poll(&server, &format!("types=n&after={next}&wait=55s")).await })
    };
    let asked = async || server.get("/connections").await.1["connections"][0]["use"] == "poll";
    eventually("the poll is listed", asked).await;
    server.publish("other", json!(1)).await;
    let (_, stored) = server.publish("n", json!(7)).await;
    let page = waiting.await.unwrap();
    assert_eq!((numbers(&page), &page["events"][0]["position"]), (vec![7], &stored["position"]));
    assert_eq!(page["next"], stored["position"]);
    eventually("it is gone", async || server.get("/connections").await.1["connections"] == json!([])).await;

    // Without anything to say: the place moves past what was not wanted.
    let (_, other) = server.publish("other", json!(2)).await;
    let page = poll(&server, &format!("types=n&after={}&wait=100ms", stored["position"].as_str().unwrap())).await;
    assert_eq!((&page["events"], &page["next"]), (&json!([]), &other["position"]));
    let page = poll(&server, "types=n&since=earliest&wait=50s").await;
    assert_eq!(numbers(&page), [7]);
}

#[tokio::test]
async fn a_poll_is_told_of_what_it_cannot_have() {
    let server = Server::start("[log]\nmax-events = 10\n[subscribe]\nring-max = \"1MiB\"\n", &[]).await;
    let begin = poll(&server, "").await["next"].as_str().unwrap().to_owned();
    for n in 0..30 {
        server.publish("n", json!("x".repeat(100_000 + n))).await;
    }
    eventually("ten events are left", async || server.get("/events/stats").await.1["log"]["events"] == 10).await;
    let page = poll(&server, &format!("after={begin}&wait=50s&limit=3")).await;
    let gap = &page["gaps"][0];
    assert_eq!((&gap["reason"], &gap["from"], &gap["missed"]), (&json!("retention"), &json!(begin), &json!(20)));
    let page = poll(&server, "after=1.5&wait=50s&limit=1").await;
    assert_eq!((&page["gaps"][0]["reason"], &page["gaps"][0]["from"]), (&json!("epoch"), &json!("1.5")), "{page}");
    let (epoch, last) = begin.split_once('.').unwrap();
    let ahead = last.parse::<u64>().unwrap() + 1000;
    let page = poll(&server, &format!("after={epoch}.{ahead}&wait=50s")).await;
    assert_eq!(page["gaps"][0]["reason"], "unknown-position", "{page}");

    for (query, part) in
        [("after=banana", "after"), ("wait=56s", "55s"), ("limit=0", "limit"), ("framing=named", "framing")]
    {
        let (status, problem) = server.get(&format!("/events/poll?{query}")).await;
        assert_eq!(status, 400, "{query}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(part), "{query}: {problem}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_say_what_there_is_and_who_listens() {
    let server = Server::start("", &[]).await;
    let mut all = Subscriber::open(&server, "").await;
    let _some = Subscriber::open(&server, "types=other").await;
    publish_lines(&server, &lines(0..50)).await;
    server.post("application/json", json!({"type": "n", "id": "mine", "data": 50}).to_string()).await;
    all.take(51).await;
    let settled = async || server.get("/events/stats").await.1["subscribers"]["maxLag"] == 0;
    eventually("both subscribers caught up", settled).await;
    let (_, stats) = server.get("/events/stats").await;
    let log = &stats["log"];
    assert_eq!((&log["events"], &log["durability"], &log["failing"]), (&json!(51), &json!("fsync"), &Value::Null));
    assert_eq!(log["idempotencyKeys"], 1, "only ids that a publisher gave can come again");
    let epoch = log["epoch"].as_u64().unwrap();
    assert_eq!((&log["first"], &log["last"]), (&json!(format!("{epoch}.1")), &json!(format!("{epoch}.51"))));
    assert!(log["bytes"].as_u64().unwrap() > 51 * 20 && log["diskBytes"].as_u64() > log["bytes"].as_u64(), "{log}");
    assert_eq!(stats["deadLetters"], json!({"count": 0, "bytes": 0}));
    let subscribers = &stats["subscribers"];
    assert_eq!(
        (&subscribers["count"], &subscribers["behind"], &subscribers["evicted"]),
        (&json!(2), &json!(0), &json!(0))
    );
    assert_eq!((&subscribers["delivered"], &subscribers["skipped"]), (&json!(51), &json!({})));
    assert!(subscribers["deliveredBytes"].as_u64().unwrap() > 51 * 20, "{subscribers}");
    let rated = async || {
        let rates = &server.get("/events/stats").await.1["perSecond"]["60s"];
        rates["stored"].as_f64() > Some(0.0) && rates["delivered"].as_f64() > Some(0.0)
    };
    eventually("what was stored and delivered shows in the rates", rated).await;
}
