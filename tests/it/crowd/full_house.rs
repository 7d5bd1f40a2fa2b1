//! As many streams as a process may have descriptors, less a few.

use std::io::Write;

use serde_json::json;

use super::{alone, gives_everything_back, room, subscribers};
use crate::lanes::{did_not_panic, on_both_lanes, serves_others};
use crate::support::{Lane, Wire, descriptors};

const HOUSE: usize = 19_000;

async fn nineteen_thousand_get_an_event_each_and_leave_nothing_behind(lane: Lane) {
    let _alone = alone().await;
    if room() < HOUSE {
        let _ = writeln!(
            std::io::stderr(),
            "skipped: {HOUSE} streams need as many descriptors, and a process may have {} here (ulimit -Hn)",
            room() + 500
        );
        return;
    }
    let server = lane.server("[subscribe]\nconnections-max = 19500\nheartbeat = \"5m\"\n").await;
    serves_others(&server).await;
    let before = descriptors(server.pid());
    let mut wires = Vec::with_capacity(HOUSE);
    for _ in 0..HOUSE {
        let mut wire = Wire::open(server.address()).await;
        wire.ask("types=news").await;
        wires.push(wire);
    }
    for wire in &mut wires {
        wire.greeting().await;
    }
    assert_eq!(subscribers(&server).await, HOUSE as u64);
    assert_eq!(server.publish("news", json!("for all")).await.0, 200);
    for wire in &mut wires {
        assert_eq!(wire.data().await, "\"for all\"");
    }
    serves_others(&server).await;
    drop(wires);
    gives_everything_back(&server, before).await;
    serves_others(&server).await;
    did_not_panic(&server);
}

on_both_lanes! { nineteen_thousand_get_an_event_each_and_leave_nothing_behind }
