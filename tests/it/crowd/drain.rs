//! A stop with thousands of open streams.

use serde_json::json;

use super::{alone, crowd, subscribers};
use crate::lanes::{did_not_panic, farewell, on_both_lanes};
use crate::support::{Lane, Wire, terminate};

async fn a_stop_sends_ten_thousand_home_with_a_farewell_each(lane: Lane) {
    let _alone = alone().await;
    let crowd = crowd();
    let config = "[drain]\ndeadline = \"50s\"\n[subscribe]\nheartbeat = \"5m\"\nretry = \"3s\"\n";
    let mut server = lane.server(config).await;
    let mut wires = Vec::with_capacity(crowd);
    for _ in 0..crowd {
        let mut wire = Wire::open(server.address()).await;
        wire.ask("types=news").await;
        wires.push(wire);
    }
    for wire in &mut wires {
        wire.greeting().await;
    }
    assert_eq!(subscribers(&server).await, crowd as u64);
    assert_eq!(server.publish("news", json!("for all")).await.0, 200);
    for wire in &mut wires {
        assert_eq!(wire.data().await, "\"for all\"");
    }
    assert_eq!(server.publish("news", json!("the last")).await.0, 200);
    terminate(&server);
    for (number, wire) in wires.iter_mut().enumerate() {
        let (rest, whole) = wire.rest().await;
        assert!(whole, "stream {number} has no end: {rest:?}");
        farewell(&rest, "the last");
        assert_eq!(wire.until_closed().await, b"", "stream {number}");
    }
    let status = server.wait();
    assert!(status.success(), "{status}: {}", server.log());
    assert!(!server.log().contains("at the deadline"), "{}", server.log());
    did_not_panic(&server);
}

on_both_lanes! { a_stop_sends_ten_thousand_home_with_a_farewell_each }
