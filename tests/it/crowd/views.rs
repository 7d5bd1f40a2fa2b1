//! Thousands of subscribers in a few classes of a view.

use serde_json::json;

use super::{alone, crowd};
use crate::lanes::{did_not_panic, on_both_lanes};
use crate::support::{Lane, Wire, guest, publish_lines};

const CLASSES: usize = 10;

async fn ten_thousand_in_ten_classes_cost_ten_calls(lane: Lane) {
    let _alone = alone().await;
    let crowd = crowd();
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("plugins")).unwrap();
    std::fs::copy(guest("team_view"), directory.path().join("plugins/teams.wasm")).unwrap();
    // A call that is cut off on a busy machine would be made twice.
    let config = "[subscribe]\nheartbeat = \"5m\"\n[plugins.teams.limits]\ntime = \"10s\"\n";
    let server = lane.server_in(directory, config).await;
    let figures = async || server.get("/plugins/teams").await.1["figures"].clone();
    let mut wires = Vec::with_capacity(crowd);
    for number in 0..crowd {
        let mut wire = Wire::open(server.address()).await;
        wire.ask(&format!("types=news&view=teams&view.team=t{}", number % CLASSES)).await;
        wires.push(wire);
    }
    for wire in &mut wires {
        wire.greeting().await;
    }
    let calls = async || figures().await["calls"].as_u64().unwrap();
    assert_eq!(calls().await, crowd as u64, "each is classified, nothing is judged");
    let event = |n| json!({"type": "news", "subject": format!("t{n}"), "data": format!("for {n}")}).to_string();
    publish_lines(&server, &(0..CLASSES).map(event).collect::<Vec<_>>()).await;
    for (number, wire) in wires.iter_mut().enumerate() {
        assert_eq!(wire.data().await, format!("\"for {}\"", number % CLASSES), "subscriber {number}");
    }
    assert_eq!(calls().await, (crowd + CLASSES) as u64);
    did_not_panic(&server);
}

on_both_lanes! { ten_thousand_in_ten_classes_cost_ten_calls }
