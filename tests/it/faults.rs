//! Plugins that fail on one event: that event alone pays (invariant I6).

use serde_json::{Value, json};

use crate::support::{Server, Subscriber, guest, publish_lines};

fn line(event_type: &str, n: usize) -> String {
    json!({"type": event_type, "data": {"n": n}}).to_string()
}

/// Invariant I6: whatever a plugin does on one event, its neighbours go through, once and in order.
#[tokio::test]
async fn i6_one_poison_event_costs_nothing_but_itself() {
    // Enough time to fill the memory on a slow machine.
    let limits = "[limits]\ntime = \"400ms\"\nmemory = \"8MiB\"\n";
    let server = Server::start(limits, &[("faulty", &guest("faulty")), ("stamp", &guest("stamp_v1"))]).await;
    let mut stream = Subscriber::open(&server, "types=good").await;
    let cases = [
        ("bad.trap", "trap"),
        ("bad.loop", "timeout"),
        ("bad.memory", "memory"),
        ("bad.stack", "trap"),
        ("bad.exit", "exit"),
        ("bad.length", "bad-output"),
    ];
    for (bad, kind) in cases {
        let lines: Vec<String> = (0..60).map(|n| line(if n == 23 { bad } else { "good" }, n)).collect();
        let results = publish_lines(&server, &lines).await;
        for (n, result) in results.iter().enumerate() {
            let expected = if n == 23 { "failed" } else { "stored" };
            assert_eq!(result["outcome"], expected, "{bad}, event {n}: {result}");
        }
        let detail = results[23]["detail"].as_str().unwrap();
        assert!(detail.contains(kind) && results[23]["by"] == "faulty", "{bad}: {detail}");
        let seen: Vec<u64> = stream.take(59).await.iter().map(|m| m.json()["n"].as_u64().unwrap()).collect();
        assert_eq!(seen, (0..60).filter(|n| *n != 23).collect::<Vec<u64>>(), "{bad}");
    }
    let (status, problem) = server.publish("bad.trap", json!({})).await;
    assert_eq!((status, &problem["outcome"]), (500, &json!("failed")));
    assert!(problem["detail"].as_str().unwrap().contains("`faulty` failed"), "{problem}");
}

#[tokio::test]
async fn what_a_plugin_says_about_an_event_reaches_the_publisher() {
    let server = Server::start("", &[("faulty", &guest("faulty")), ("outputs", &guest("outputs"))]).await;
    let outcome = async |event_type: &str| {
        let (status, answer) = server.publish(event_type, json!({})).await;
        (status, answer["outcome"].as_str().unwrap_or_default().to_owned(), answer["by"].clone())
    };
    assert_eq!(outcome("bad.drop").await, (200, "dropped".into(), json!("faulty")));
    assert_eq!(outcome("bad.reject").await, (422, "rejected".into(), json!("faulty")));
    assert_eq!(outcome("bad.retry").await, (503, "retry".into(), json!("faulty")));
    assert_eq!(outcome("bad.broken").await, (500, "failed".into(), json!("faulty")));
    assert_eq!(outcome("out.drop").await, (200, "dropped".into(), json!("outputs")));
    assert_eq!(outcome("out.retry").await, (503, "retry".into(), json!("outputs")));
    let (_, rejected) = server.publish("out.reject", json!({})).await;
    assert_eq!(rejected["problems"].as_array().unwrap().len(), 2, "{rejected}");
}

#[tokio::test]
async fn impossible_outputs_are_the_plugins_fault() {
    let server = Server::start("[limits]\ntime = \"5s\"\n", &[("outputs", &guest("outputs"))]).await;
    for event_type in ["out.badtype", "out.reserved", "out.badjson", "out.huge", "out.many"] {
        let (status, problem) = server.publish(event_type, json!({})).await;
        assert_eq!(
            (status, &problem["outcome"], &problem["by"]),
            (500, &json!("failed"), &json!("outputs")),
            "{problem}"
        );
        assert!(problem["detail"].as_str().unwrap().contains("bad-output"), "{problem}");
    }
    assert_eq!(server.publish("fine", json!(1)).await.0, 200);
}

#[tokio::test]
async fn a_split_event_is_stored_as_its_parts_in_order() {
    let server = Server::start("", &[("outputs", &guest("outputs")), ("stamp", &guest("stamp_v1"))]).await;
    let mut stream = Subscriber::open(&server, "envelope=cloudevents").await;
    let lines = [line("before", 0), json!({"type": "out.split", "id": "x"}).to_string(), line("after", 2)];
    let results = publish_lines(&server, &lines).await;
    assert_eq!(results[1]["positions"].as_array().unwrap().len(), 3);
    let seen: Vec<Value> = stream.take(5).await.iter().map(|message| message.json()).collect();
    let types: Vec<&str> = seen.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["before", "out.a", "out.b", "out.c", "after"]);
    let ids: Vec<&str> = seen[1..4].iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["x", "x.1", "x.2"]);
    assert!(seen.iter().all(|event| event["stamp"] == "v1"), "the next plugin saw every part");
}
