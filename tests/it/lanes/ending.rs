//! How streams go on while nothing happens, and how they end.

use serde_json::json;

use super::{all_have_left, connections, did_not_panic, farewell, publish, serves_others};
use crate::support::{Lane, Wire, eventually, terminate};

async fn heartbeats_come_while_nothing_happens(lane: Lane) {
    let server = lane.server("").await;
    let mut wire = Wire::open(server.address()).await;
    wire.ask("types=never&heartbeat=1s").await;
    let (_, position) = wire.greeting().await;
    assert_eq!(wire.until("\n\n").await, format!(": heartbeat\nid: {position}\n\n"));
    publish(&server, "other", 1).await;
    let (epoch, sequence) = position.split_once('.').unwrap();
    let next = format!("{epoch}.{}", sequence.parse::<u64>().unwrap() + 1);
    let mut beat = wire.until("\n\n").await;
    if beat.contains(&position) {
        // That one was under way.
        beat = wire.until("\n\n").await;
    }
    assert_eq!(beat, format!(": heartbeat\nid: {next}\n\n"), "they move the place to resume from");
    assert_eq!(wire.until("\n\n").await, beat);
}

async fn a_limit_ends_the_stream_as_its_framing_demands(lane: Lane) {
    let server = lane.server("").await;
    let mut live = Wire::subscribe(server.address(), "types=a&limit=3").await;
    for n in 0..5 {
        publish(&server, "a", n).await;
    }
    let mut old = Wire::subscribe(server.address(), "types=a&limit=3&since=earliest").await;
    for (name, wire) in [("live", &mut live), ("from the log", &mut old)] {
        for n in 0..3 {
            assert_eq!(wire.data().await, n.to_string(), "{name}");
        }
        let (rest, whole) = wire.rest().await;
        assert!(whole, "{name}: the body has no end");
        assert!(!rest.contains("data:"), "{name}: {rest}");
    }
    // Whether the connections are kept for another request is not promised; the subscribers are gone.
    all_have_left(&server).await;
    did_not_panic(&server);
}

async fn a_stream_that_is_deleted_ends_and_no_other(lane: Lane) {
    let server = lane.server("").await;
    let mut kept = Wire::subscribe(server.address(), "types=a").await;
    let mut wire = Wire::subscribe(server.address(), "types=a&heartbeat=20s").await;
    publish(&server, "a", 1).await;
    assert_eq!(wire.data().await, "1");
    let listed = connections(&server).await;
    let id = &listed.iter().find(|one| one["query"] == "types=a&heartbeat=20s").unwrap()["id"];
    let answer = server.http.delete(server.url(&format!("/connections/{id}"))).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    let (rest, _) = wire.rest().await;
    assert!(!rest.contains("data:"), "{rest}");
    assert_eq!(wire.until_closed().await, b"");
    publish(&server, "a", 2).await;
    assert_eq!((kept.data().await, kept.data().await), ("1".to_owned(), "2".to_owned()));
    let left = connections(&server).await;
    assert_eq!((left.len(), &left[0]["query"]), (1, &"types=a".into()));
    did_not_panic(&server);
}

async fn a_stop_says_farewell_and_ends_the_body(lane: Lane) {
    let mut server = lane.server("[subscribe]\nretry = \"3s\"\n").await;
    let mut wires = Vec::new();
    for _ in 0..20 {
        wires.push(Wire::subscribe(server.address(), "types=a").await);
    }
    publish(&server, "a", 1).await;
    for wire in &mut wires {
        assert_eq!(wire.data().await, "1");
    }
    server.publish("a", json!("the last")).await;
    terminate(&server);
    let mut told = Vec::new();
    for wire in &mut wires {
        let (rest, whole) = wire.rest().await;
        assert!(whole, "the body has no end: {rest:?}");
        told.push(farewell(&rest, "the last"));
        assert_eq!(wire.until_closed().await, b"");
    }
    told.sort_unstable();
    told.dedup();
    assert!(told.len() > 10, "they would all come back at once: {told:?}");
    assert!(server.wait().success());
    did_not_panic(&server);
}

async fn one_too_many_is_told_to_come_back_and_does_not_stay(lane: Lane) {
    let server = lane.server("[subscribe]\nconnections-max = 2\n").await;
    let first = Wire::subscribe(server.address(), "types=a").await;
    let _second = Wire::subscribe(server.address(), "types=a").await;
    for _ in 0..3 {
        let mut wire = Wire::open(server.address()).await;
        wire.ask("types=a&lastEventId=1.1").await;
        let head = wire.head().await.unwrap();
        assert_eq!((head.status, head.get("content-type")), (200, Some("text/event-stream")), "{head:?}");
        let (rest, whole) = wire.rest().await;
        let retry = rest.strip_prefix("retry: ").and_then(|rest| rest.strip_suffix("\n\n")?.parse::<u64>().ok());
        assert!(whole && retry.is_some_and(|retry| (30_000..60_000).contains(&retry)), "{rest:?}");
    }
    drop(first);
    eventually("a place comes free", async || connections(&server).await.len() == 1).await;
    serves_others(&server).await;
    did_not_panic(&server);
}

super::on_both_lanes! {
    heartbeats_come_while_nothing_happens,
    a_limit_ends_the_stream_as_its_framing_demands,
    a_stream_that_is_deleted_ends_and_no_other,
    a_stop_says_farewell_and_ends_the_body,
    one_too_many_is_told_to_come_back_and_does_not_stay,
}
