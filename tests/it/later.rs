//! Plugins that cannot go on at the moment (`fault.retry`): events wait, with those of their source behind them, and
//! others go on.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Server, Subscriber, eventually, guest, publish_lines};

fn event(source: &str, event_type: &str, number: u64) -> String {
    json!({"source": source, "type": event_type, "id": format!("{source}{number}"), "data": number}).to_string()
}

async fn server() -> Server {
    Server::start("", &[("faulty", &guest("faulty")), ("stamp", &guest("stamp_v1"))]).await
}

async fn retried(server: &Server) -> u64 {
    server.get("/plugins/faulty").await.1["figures"]["retried"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_plugin_wants_to_see_later_waits_and_holds_up_its_own_source_only() {
    let server = server().await;
    let mut stream = Subscriber::open(&server, "types=good,bad.*&envelope=cloudevents").await;
    let lines = [event("/a", "good", 0), event("/a", "bad.later", 1), event("/a", "good", 2), event("/b", "good", 0)];
    let together = async { publish_lines(&server, &lines).await };
    let behind = async {
        eventually("it was asked", async || retried(&server).await > 0).await;
        // Behind what waits, in requests of their own.
        let more = [event("/a", "good", 3), event("/a", "good", 4)];
        let other = server.post("application/json", event("/c", "good", 0));
        let (waited, passed) = tokio::join!(publish_lines(&server, &more), other);
        assert_eq!(passed.0, 200);
        waited
    };
    let (first, second) = tokio::join!(together, behind);
    for result in first.iter().chain(&second) {
        assert_eq!((&result["outcome"], &result["duplicate"]), (&json!("stored"), &Value::Null), "{result}");
    }
    assert!(retried(&server).await >= 3);
    let mut seen = Vec::new();
    for message in stream.take(7).await {
        let event = message.json();
        assert_eq!(event["stamp"], "v1", "{event}");
        seen.push(event["id"].as_str().unwrap().to_owned());
    }
    let of = |source: &str| seen.iter().filter(|id| id.starts_with(source)).map(String::as_str).collect::<Vec<_>>();
    assert_eq!(of("/a"), ["/a0", "/a1", "/a2", "/a3", "/a4"], "in order, none missed, none twice");
    let place = |id: &str| seen.iter().position(|seen| seen == id).unwrap();
    assert!(place("/b0") < place("/a1") && place("/c0") < place("/a1"), "{seen:?}");
    assert_eq!(publish_lines(&server, &lines).await[1]["duplicate"], json!(true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publisher_is_told_to_come_back_when_a_plugin_never_can() {
    let server = server().await;
    let lines = [event("/a", "bad.retry", 1), event("/a", "good", 2), event("/b", "good", 3)];
    let results = publish_lines(&server, &lines).await;
    assert_eq!((&results[0]["outcome"], &results[0]["by"]), (&json!("retry"), &json!("faulty")), "{results:#?}");
    assert!(results[0]["detail"].as_str().unwrap().contains("come back later"));
    // The plugin could not go on with the whole of what it got of this source.
    assert_eq!((&results[1]["outcome"], &results[2]["outcome"]), (&json!("retry"), &json!("stored")), "{results:#?}");
    assert!(retried(&server).await > 5, "it was asked again and again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_when_the_server_stops_is_for_its_publisher_to_send_again() {
    let mut server = server().await;
    let publisher = tokio::spawn({
        let (http, url) = (server.http.clone(), server.url("/events"));
        let body = event("/a", "bad.retry", 1);
        async move { http.post(url).header("content-type", "application/json").body(body).send().await.unwrap() }
    });
    eventually("it was asked", async || retried(&server).await > 0).await;
    let stopped = tokio::task::spawn_blocking(move || {
        server.stop();
        server
    });
    let answer = publisher.await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers().contains_key("retry-after")), (503, true));
    assert_eq!(answer.json::<Value>().await.unwrap()["outcome"], "retry");
    tokio::time::timeout(Duration::from_secs(60), stopped).await.unwrap().unwrap();
}
