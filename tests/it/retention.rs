//! What is kept for how long, by age and by type, and who is told of what is gone.

use serde_json::{Value, json};

use crate::support::{Server, Subscriber, eventually};

async fn events(server: &Server) -> u64 {
    server.get("/events/stats").await.1["log"]["events"].as_u64().unwrap()
}

async fn publish_all(server: &Server, types: &[&str]) {
    for (n, event_type) in types.iter().enumerate() {
        assert_eq!(server.publish(event_type, json!(n)).await.0, 200);
    }
}

#[tokio::test]
async fn events_go_when_they_are_too_old_and_whoever_missed_them_is_told() {
    let server = Server::start("[log]\nmax-age = \"1s\"\n[subscribe]\nring-max = \"1MiB\"\n", &[]).await;
    let begin = Subscriber::open(&server, "").await.begins_after;
    // More than the ring has, which would still give them away.
    for n in 0..15 {
        server.publish("a", json!({"n": n, "filler": "x".repeat(100_000)})).await;
    }
    eventually("all of them are gone", async || events(&server).await == 0).await;
    let (_, stats) = server.get("/events/stats").await;
    let (first, last) = (&stats["log"]["first"], &stats["log"]["last"]);
    assert_ne!(first, last, "positions are not given out again");
    let (_, newest) = server.publish("a", json!({"n": 15})).await;
    assert_eq!(newest["position"], *first, "the next position is the next number");
    let (status, problem) = server.get(&format!("/events/{begin}")).await;
    assert_eq!(status, 404, "{problem}");

    let mut stream = Subscriber::resume(&server, "types=a", Some(&begin)).await;
    let gap = stream.next().await;
    assert_eq!((gap.event.as_str(), &gap.json()["reason"]), ("tidemill.gap", &json!("retention")), "{gap:?}");
    assert_eq!(gap.json()["from"], json!(begin));
    // The newest may have followed the others meanwhile.
    server.publish("a", json!({"n": 16})).await;
    let mut next = stream.next().await;
    while next.json()["n"] != 16 {
        next = stream.next().await;
    }
}

/// Types with less room than others: only who wanted such events is told that some are missing.
#[tokio::test]
async fn types_with_a_bound_of_their_own_make_a_gap_for_those_alone_who_want_them() {
    let rules =
        "[[retention]]\ntypes = \"metric.*\"\nmax-events = 3\n[[retention]]\ntypes = \"trace\"\nmax-age = \"1s\"\n";
    let mut server = Server::start(rules, &[]).await;
    let begin = Subscriber::open(&server, "").await.begins_after;
    let types =
        ["metric.a", "order", "metric.b", "trace", "metric.a", "order", "metric.a", "metric.b", "order", "trace"];
    publish_all(&server, &types).await;
    eventually("metrics and traces are gone", async || events(&server).await == 6).await;
    // From the log, not from the ring, which may still have them.
    server.kill();
    server.start_again();

    for query in ["types=order", "types=order,other.*"] {
        let mut orders = Subscriber::resume(&server, query, Some(&begin)).await;
        let seen: Vec<String> = orders.take(3).await.into_iter().map(|message| message.event).collect();
        assert_eq!(seen, ["order"; 3], "{query}: nothing of theirs is missing");
        orders.expect_silence().await;
    }
    for (query, left) in [
        ("types=metric.*", &[4, 6, 7][..]),
        ("types=metric.a", &[4, 6]),
        ("types=trace", &[]),
        ("", &[1, 4, 5, 6, 7, 8]),
    ] {
        let mut stream = Subscriber::resume(&server, query, Some(&begin)).await;
        let (mut numbers, mut missed) = (Vec::new(), 0);
        while numbers.len() < left.len() || missed == 0 {
            let message = stream.next().await;
            if message.event == "tidemill.gap" {
                assert_eq!(message.json()["reason"], "retention", "{query}");
                missed += message.json()["missed"].as_u64().unwrap();
            } else {
                numbers.push(message.json().as_u64().unwrap());
            }
        }
        assert_eq!(numbers, left, "{query:?}");
        assert!((1..=4).contains(&missed), "{query:?}: {missed} of 4 are missing");
    }
}

/// The bounds are those of the configuration at each start, and apply to what is there already.
#[tokio::test]
async fn a_new_rule_counts_what_is_there_already() {
    let mut server = Server::start("", &[]).await;
    publish_all(&server, &["metric", "order", "metric", "metric", "order", "metric"]).await;
    assert_eq!(events(&server).await, 6);
    server.stop();
    server.configure("[[retention]]\ntypes = [\"metric\"]\nmax-events = 1\n");
    server.start_again();
    eventually("one metric is left", async || events(&server).await == 3).await;
    let (_, page) = server.get("/events/poll?since=earliest&wait=50s").await;
    let left: Vec<&Value> = page["events"].as_array().unwrap().iter().map(|item| &item["event"]["data"]).collect();
    assert_eq!(left, [&json!(1), &json!(4), &json!(5)], "{page}");
    server.stop();
    server.configure("[[retention]]\ntypes = \"metric\"\nmax-evnts = 1\n");
    let refused = server.try_start_again().unwrap_err();
    assert_eq!(refused.code, Some(2));
    assert!(refused.told.contains("did you mean `max-events`?"), "{}", refused.told);
}
