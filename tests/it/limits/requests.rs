//! How large a request may be, how long it may take, and how many connections may come in a second.

use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;

use crate::lanes::{did_not_panic, on_both_lanes, serves_others};
use crate::support::{Lane, PATIENCE, Subscriber, Wire, eventually};

/// What a request is answered, if anything.
async fn status(address: &str, request: &str) -> Option<u16> {
    let mut wire = Wire::open(address).await;
    // The server may end the connection before it has all.
    let _ = wire.try_send(request).await;
    wire.head().await.map(|head| head.status)
}

async fn requests_have_a_size(lane: Lane) {
    let server = lane.server("").await;
    for path in ["/events", "/events/poll", "/plugins"] {
        let request = |query: usize, headers: usize, bytes: usize| {
            let headers = "A: b\r\n".repeat(headers);
            let (query, long) = ("&".repeat(query), "x".repeat(bytes));
            format!("GET {path}?{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nLong: {long}\r\n{headers}\r\n")
        };
        let of = async |query, headers, bytes| status(server.address(), &request(query, headers, bytes)).await;
        assert_eq!(of(31 << 10, 90, 16 << 10).await, Some(200), "{path}");
        assert_eq!(of(33 << 10, 0, 0).await, Some(414), "{path}");
        assert_eq!(of(0, 101, 0).await, Some(431), "{path}");
        for bytes in [65, 80, 500] {
            assert_eq!(of(0, 0, bytes << 10).await, Some(431), "{path}");
        }
    }
    serves_others(&server).await;
    did_not_panic(&server);
}

async fn a_body_that_only_drips_is_given_up(lane: Lane) {
    let server = lane.server("").await;
    let mut wire = Wire::open(server.address()).await;
    wire.send("POST /events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n")
        .await;
    let head = timeout(PATIENCE, async {
        loop {
            // For as long as it likes; the answer comes in between.
            let _ = wire.try_send(" ").await;
            if let Ok(head) = timeout(Duration::from_secs(1), wire.head()).await {
                return head;
            }
        }
    });
    assert_eq!(head.await.expect("it was never given up").unwrap().status, 408);
    serves_others(&server).await;
}

/// Those of one address that are too many are closed without an answer; who is there stays, and the next second is another.
async fn one_address_comes_so_often_in_a_second(lane: Lane) {
    let server = lane.server("[server]\naccept-rate-per-address = 20\n").await;
    let mut here = Subscriber::open(&server, "types=a").await;
    let mut refused = 0;
    for _ in 0..1000 {
        let answered = status(server.address(), "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
        refused += u64::from(answered.is_none());
    }
    assert!(refused > 0, "a thousand connections were taken in a row");
    eventually("there is room again", async || {
        let answer = server.http.get(server.url("/metrics")).send().await;
        let Ok(answer) = answer else { return false };
        answer.text().await.unwrap().contains("tidemill_limited_total{limit=\"server.accept-rate-per-address\"}")
    })
    .await;
    // By whatever connection: one that is kept, or one for which there is room again.
    eventually("an event is taken", async || {
        let event = server.http.post(server.url("/events")).header("content-type", "application/json");
        event.body(r#"{"type":"a","data":1}"#).send().await.is_ok_and(|answer| answer.status() == 200)
    })
    .await;
    assert_eq!(here.next().await.data, "1");
}

/// Streams and others alike; those that are too many are closed, and who leaves makes room.
async fn one_address_has_so_many_connections(lane: Lane) {
    let server = lane.server("[server]\nconnections-per-address = 3\n").await;
    let mut here = Wire::subscribe(server.address(), "types=a").await;
    let stuck = Wire::open(server.address()).await;
    let mut asks = Wire::open(server.address()).await;
    let livez = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";
    for _ in 0..2 {
        asks.send(livez).await;
        assert_eq!(asks.head().await.unwrap().status, 200);
        asks.until("}").await;
        assert_eq!(status(server.address(), livez).await, None);
    }
    drop(stuck);
    eventually("a place comes free", async || status(server.address(), livez).await == Some(200)).await;
    let body = "{\"type\":\"a\",\"data\":1}";
    let head = "POST /events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json";
    asks.send(format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())).await;
    assert_eq!(asks.head().await.unwrap().status, 200);
    assert_eq!(here.data().await, "1");
    drop((here, asks));
    eventually("both places come free", async || {
        let _one = Wire::subscribe(server.address(), "").await;
        status(server.address(), livez).await == Some(200)
    })
    .await;
}

/// Of all together those that are too many wait.
async fn all_come_one_after_the_other(lane: Lane) {
    let server = lane.server("[server]\naccept-rate = 50\n").await;
    let mut here = Subscriber::open(&server, "types=a").await;
    let mut storm = tokio::task::JoinSet::new();
    for _ in 0..150 {
        let address = server.address().to_owned();
        storm.spawn(
            async move { status(&address, "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await },
        );
    }
    assert_eq!(server.publish("a", Value::from(1)).await.0, 200);
    assert_eq!(here.next().await.data, "1");
    while let Some(answered) = storm.join_next().await {
        assert_eq!(answered.unwrap(), Some(200), "one that waited was not served");
    }
}

on_both_lanes! {
    requests_have_a_size,
    a_body_that_only_drips_is_given_up,
    one_address_comes_so_often_in_a_second,
    one_address_has_so_many_connections,
    all_come_one_after_the_other,
}
