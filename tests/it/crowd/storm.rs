//! Clients that come in thousands, look at the head of the answer, and leave.

use std::time::Duration;

use tokio::task::JoinSet;

use super::{alone, crowd, gives_everything_back};
use crate::lanes::{did_not_panic, on_both_lanes, serves_others};
use crate::support::{Lane, Wire, descriptors};

const PER_TICK: usize = 50;
/// 5,000 a second.
const TICK: Duration = Duration::from_millis(10);

async fn ten_thousand_come_and_go_within_two_seconds(lane: Lane) {
    let _alone = alone().await;
    let crowd = crowd();
    let server = lane.server("[subscribe]\nconnections-max = 19500\n").await;
    serves_others(&server).await;
    let before = descriptors(server.pid());
    let mut visits = JoinSet::new();
    let mut ticks = tokio::time::interval(TICK);
    for number in 0..crowd {
        if number % PER_TICK == 0 {
            ticks.tick().await;
        }
        let address = server.address().to_owned();
        visits.spawn(async move {
            let mut wire = Wire::open(&address).await;
            wire.ask("types=never").await;
            wire.head().await
        });
    }
    // Who is already there hears, in the middle of it.
    serves_others(&server).await;
    let mut answered = 0;
    while let Some(head) = visits.join_next().await {
        let head = head.unwrap().expect("a connection ended without an answer");
        assert_eq!((head.status, head.get("transfer-encoding")), (200, Some("chunked")), "{head:?}");
        answered += 1;
    }
    assert_eq!(answered, crowd);
    gives_everything_back(&server, before).await;
    serves_others(&server).await;
    did_not_panic(&server);
}

on_both_lanes! { ten_thousand_come_and_go_within_two_seconds }
