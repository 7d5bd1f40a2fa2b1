//! How much one publisher may send in a second. How long a second is does not matter here: what is refused once is refused
//! as a whole, whenever that is.

use reqwest::Response;
use serde_json::{Value, json};

use super::tokens;
use crate::support::Server;

/// Sends so many events with a token, or without.
async fn publish(server: &Server, token: &str, count: usize, bytes: usize) -> Response {
    let events: Vec<Value> = (0..count).map(|_| json!({"type": "a", "data": "x".repeat(bytes)})).collect();
    let request = server.http.post(server.url("/events")).json(&events);
    let request = if token.is_empty() { request } else { request.bearer_auth(token) };
    request.send().await.unwrap()
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).unwrap_or_else(|| panic!("no {name}: {answer:?}")).to_str().unwrap()
}

async fn stored(server: &Server) -> u64 {
    let answer = server.http.get(server.url("/events/stats")).bearer_auth("master1").send().await.unwrap();
    answer.json::<Value>().await.unwrap()["log"]["last"].as_str().unwrap().split_once('.').unwrap().1.parse().unwrap()
}

/// Publishes until that is too much, and checks that what was too much was not taken. The answer to it.
async fn until_refused(server: &Server, token: &str, count: usize, bytes: usize) -> Response {
    let before = stored(server).await;
    let mut taken = 0;
    // More than fits into any second, however slow the machine: each is a whole second's worth.
    for _ in 0..1000 {
        let answer = publish(server, token, count, bytes).await;
        if answer.status() == 429 {
            assert_eq!(stored(server).await, before + taken, "some of a refused request was stored");
            return answer;
        }
        assert_eq!(answer.status(), 200);
        taken += count as u64;
    }
    panic!("never refused");
}

#[tokio::test]
async fn events_are_counted_and_a_batch_is_taken_as_a_whole() {
    let server = Server::start(&format!("{}[publish]\nevents-per-second = 50\n", tokens()), &[]).await;
    let first = publish(&server, "team1", 20, 1).await;
    assert_eq!(first.status(), 200);
    assert_eq!(header(&first, "ratelimit-policy"), "\"events\";q=50;w=1");
    assert_eq!(header(&first, "ratelimit"), "\"events\";r=30;t=1");

    let refused = until_refused(&server, "team1", 50, 1).await;
    assert_eq!((header(&refused, "retry-after"), header(&refused, "ratelimit")), ("1", "\"events\";r=0;t=1"));
    let problem: Value = refused.json().await.unwrap();
    assert_eq!(problem["type"], "urn:tidemill:problem:rate-limited");
    assert_eq!(
        (&problem["limit"], &problem["violated-policies"][0]),
        (&"publish.events-per-second".into(), &"events".into())
    );

    // Others have all of theirs: another principal, and whoever has no token.
    for other in ["team2", ""] {
        let answer = publish(&server, other, 10, 1).await;
        assert_eq!((answer.status().as_u16(), header(&answer, "ratelimit")), (200, "\"events\";r=40;t=1"), "{other:?}");
    }
    until_refused(&server, "", 50, 1).await;
    let figures = server.http.get(server.url("/metrics")).bearer_auth("master1").send().await.unwrap();
    let figures = figures.text().await.unwrap();
    assert!(figures.contains("tidemill_limited_total{limit=\"publish.events-per-second\"} 2"), "{figures}");
}

#[tokio::test]
async fn bytes_are_counted_beside_events() {
    let config = format!("{}[publish]\nbytes-per-second = \"8KiB\"\nevents-per-second = 1000\n", tokens());
    let server = Server::start(&config, &[]).await;
    let first = publish(&server, "team1", 1, 1500).await;
    assert_eq!(header(&first, "ratelimit-policy"), "\"bytes\";q=8192;w=1;qu=\"content-bytes\", \"events\";q=1000;w=1");
    assert_eq!(header(&first, "ratelimit"), "\"bytes\";r=6144;t=1, \"events\";r=999;t=1");
    let refused = until_refused(&server, "team1", 1, 8000).await;
    assert!(header(&refused, "ratelimit").starts_with("\"bytes\";r=0;t="));
    assert_eq!(refused.json::<Value>().await.unwrap()["limit"], "publish.bytes-per-second");
}

#[tokio::test]
async fn what_can_never_fit_is_told_so() {
    let config = "[publish]\nbytes-per-second = \"8KiB\"\nevents-per-second = 5\n";
    let server = Server::start(config, &[]).await;
    for (count, bytes, setting) in [(6, 1, "publish.events-per-second"), (1, 9000, "publish.bytes-per-second")] {
        let answer = publish(&server, "", count, bytes).await;
        assert_eq!((answer.status().as_u16(), answer.headers().contains_key("retry-after")), (413, false));
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["limit"], setting);
        assert!(problem["detail"].as_str().unwrap().contains("in parts"), "{problem}");
    }
    assert_eq!(server.get("/events/stats").await.1["log"]["events"], 0);
}

#[tokio::test]
async fn nothing_is_said_where_nothing_is_bounded() {
    let server = Server::start("", &[]).await;
    let answer = publish(&server, "", 100, 1).await;
    assert_eq!(answer.status(), 200);
    assert!(!answer.headers().contains_key("ratelimit") && !answer.headers().contains_key("ratelimit-policy"));
}
