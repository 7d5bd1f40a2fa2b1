//! One request, two lanes: what the client sees is the same to the byte, but for dates and the log's epoch. A body is
//! compared once its chunks are put together: their sizes may be written in either case.

use serde_json::json;

use super::{did_not_panic, serves_others};
use crate::support::{Lane, Server, Wire};

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// A stream in chunks.
    Stream,
    /// A stream that is as long as its connection.
    Unframed,
    /// This status, and the connection takes a next request.
    Status(u16),
    /// This status, and the end of the connection.
    Last(u16),
    /// The end of the connection without a word.
    Nothing,
}
use Outcome::{Last, Nothing, Status, Stream, Unframed};

/// Publishes an event that is the same to the byte on each lane.
async fn probe(server: &Server, number: usize) {
    let event = json!({"type": "probe", "id": number.to_string(), "time": "2026-11-21T00:00:00Z", "data": number});
    let (status, answer) = server.post("application/json", event.to_string()).await;
    assert_eq!((status, &answer["duplicate"]), (200, &json!(null)), "{answer}");
}

/// Sends a request on a connection of its own and writes down what came.
async fn exchange(server: &Server, number: usize, request: &[u8]) -> (Outcome, String) {
    let mut wire = Wire::open(server.address()).await;
    wire.send(request).await;
    let Some(head) = wire.head().await else { return (Nothing, String::new()) };
    // The epoch is another in each log; positions are the same, since as many events came before.
    let epoch = server.get("/events/stats").await.1["log"]["epoch"].to_string();
    let masked = |text: String| text.replace(epoch.trim_matches('"'), "…");
    let mut seen = String::new();
    for line in &head.lines {
        let date = line.strip_prefix("date: ");
        assert!(date.is_none_or(|date| date.len() == 29 && date.ends_with(" GMT")), "{line}");
        // Each request gets a new name.
        let named = line.starts_with("x-request-id: ");
        seen += if date.is_some() {
            "date: …"
        } else if named {
            "x-request-id: …"
        } else {
            line
        };
        seen += "\n";
    }
    let streams = head.get("content-type") == Some("text/event-stream") && head.get("content-length").is_none();
    if streams {
        seen += &masked(wire.until("\n\n").await);
        probe(server, number).await;
        seen += &masked(wire.until("\n\n").await);
        return (if head.get("transfer-encoding").is_some() { Stream } else { Unframed }, seen);
    }
    let (body, whole) = wire.rest().await;
    assert!(whole, "{seen}{body}");
    seen += &masked(body);
    if head.get("connection") == Some("close") {
        assert_eq!(wire.until_closed().await, b"", "{seen}");
        return (Last(head.status), seen);
    }
    // A good request on the same connection is answered as if it were the first.
    wire.ask("types=probe").await;
    wire.greeting().await;
    probe(server, number).await;
    assert_eq!(wire.data().await, number.to_string());
    (Status(head.status), seen)
}

/// Runs all cases on both lanes, and compares what came with what is expected and with each other.
async fn compare(config: &str, cases: &[(&[u8], Outcome)]) {
    let mut all = Vec::new();
    for lane in Lane::BOTH {
        let server = lane.server(config).await;
        let mut seen = Vec::new();
        for (number, (request, expected)) in cases.iter().enumerate() {
            let shown = String::from_utf8_lossy(&request[..request.len().min(200)]).into_owned();
            let (outcome, text) = exchange(&server, number, request).await;
            assert_eq!(outcome, *expected, "{lane:?}: {shown:?}: {text}");
            seen.push((shown, text));
        }
        serves_others(&server).await;
        did_not_panic(&server);
        all.push(seen);
    }
    for (auto, hyper) in all[0].iter().zip(&all[1]) {
        assert_eq!(auto, hyper, "auto and hyper differ");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_begin_with_the_same_bytes() {
    let cases: [(&[u8], Outcome); 15] = [
        (b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n", Stream),
        (b"GET /events? HTTP/1.1\r\nHost: x\r\n\r\n", Stream),
        (b"GET /events?types=probe,pro.*&heartbeat=20s&slow=sample HTTP/1.1\r\nHost: x\r\n\r\n", Stream),
        (b"GET /events?since=earliest&limit=2 HTTP/1.1\r\nHost: x\r\n\r\n", Stream),
        (b"GET /events?since=earliest&envelope=cloudevents&framing=both&limit=2 HTTP/1.1\r\nHost: x\r\n\r\n", Stream),
        (b"GET /events HTTP/1.1\r\nHost: x\r\nLast-Event-ID: 7.1\r\n\r\n", Stream),
        (b"GET /events HTTP/1.1\r\nHOST: x\r\nACCEPT: text/event-stream\r\nCACHE-CONTROL: no-cache\r\n\r\n", Stream),
        (b"GET /events HTTP/1.1\r\nhost:x\r\nuser-agent:  \xe4\xff \t\r\nempty:\r\n\r\n", Stream),
        (b"GET /events HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n", Stream),
        (b"GET /events HTTP/1.1\r\nHost: x\r\nRange: bytes=0-1\r\nIf-None-Match: *\r\nTE: trailers\r\n\r\n", Stream),
        (b"GET /events HTTP/1.1\r\nHost: x\r\nOrigin: http://y\r\nSec-Fetch-Mode: cors\r\n\r\n", Stream),
        (b"GET /events#part HTTP/1.1\r\nHost: x\r\n\r\n", Stream),
        (b"GET /events HTTP/1.1\nHost: x\n\n", Stream),
        (b"GET /events HTTP/1.1\r\nHost: x\n\r\n", Stream),
        (b"\r\n\r\nGET /events HTTP/1.1\r\nHost: x\r\n\r\n", Stream),
    ];
    compare("[subscribe]\nretry = \"3s\"\n", &cases).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unusual_requests_have_the_same_outcome() {
    let cases: [(&[u8], Outcome); 20] = [
        (b"GET /events HTTP/1.0\r\n\r\n", Unframed),
        (b"GET /events HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", Unframed),
        (b"GET /events HTTP/1.0\r\nHost: x\r\n\r\n", Unframed),
        (b"GET /events HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n", Unframed),
        (b"GET /events HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\n\r\n", Stream),
        (b"GET /events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", Stream),
        (b"GET /events HTTP/1.1\r\nHost: x\r\nConnection: Close, X\r\n\r\n", Stream),
        (b"GET /events HTTP/1.1\r\n\r\n", Stream),
        (b"GET /events HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", Stream),
        (b"GET http://x/events HTTP/1.1\r\nHost: x\r\n\r\n", Stream),
        (b"GET http://elsewhere HTTP/1.1\r\nHost: x\r\n\r\n", Status(200)),
        (b"GET /events HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n", Stream),
        (b"GET /events HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", Stream),
        (b"GET /events HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", Stream),
        (b"GET /events HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", Stream),
        (b"GET /events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", Stream),
        (
            b"GET /events HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            Stream,
        ),
        (b"GET /events HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", Last(400)),
        (b"GET /events HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", Stream),
        (
            b"GET /events HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\
            HTTP2-Settings: AAA\r\n\r\n",
            Stream,
        ),
    ];
    compare("", &cases).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_are_the_same_and_leave_the_connection_usable_where_they_can() {
    let cases: [(&[u8], Outcome); 14] = [
        (b"GET /events?type=a HTTP/1.1\r\nHost: x\r\n\r\n", Status(400)),
        (b"GET /events?types=%00 HTTP/1.1\r\nHost: x\r\n\r\n", Status(400)),
        (b"GET /events HTTP/1.1\r\nHost: x\r\nLast-Event-ID: banana\r\n\r\n", Status(400)),
        (b"GET /events HTTP/1.1\r\nHost: x\r\nLast-Event-ID: \xff\r\n\r\n", Status(400)),
        (b"GET /events/ HTTP/1.1\r\nHost: x\r\n\r\n", Status(404)),
        (b"GET //events HTTP/1.1\r\nHost: x\r\n\r\n", Status(404)),
        (b"GET /%65vents HTTP/1.1\r\nHost: x\r\n\r\n", Status(404)),
        (b"GET /Events HTTP/1.1\r\nHost: x\r\n\r\n", Status(404)),
        (b"GET /eventsx HTTP/1.1\r\nHost: x\r\n\r\n", Status(404)),
        (b"GET /events/7.99 HTTP/1.1\r\nHost: x\r\n\r\n", Status(404)),
        (b"PUT /events HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", Status(405)),
        (b"OPTIONS /events HTTP/1.1\r\nHost: x\r\nOrigin: http://y\r\n\r\n", Status(405)),
        (b"get /events HTTP/1.1\r\nHost: x\r\n\r\n", Status(405)),
        (b"GETS /events HTTP/1.1\r\nHost: x\r\n\r\n", Status(405)),
    ];
    compare("", &cases).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_request_is_refused_the_same() {
    let mut hello = b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03".to_vec();
    hello.resize(205, 7);
    let cases: [(&[u8], Outcome); 13] = [
        (&hello, Last(400)),
        (b"\x00\x01\x02\xff\r\n\r\n", Last(400)),
        (b"hello\r\n\r\n", Last(400)),
        (b"GET /events\r\n\r\n", Last(400)),
        (b"GET  /events HTTP/1.1\r\nHost: x\r\n\r\n", Last(400)),
        (b"GET /events HTTP/1.2\r\nHost: x\r\n\r\n", Last(400)),
        (b"GET /events HTTP/2.0\r\nHost: x\r\n\r\n", Last(400)),
        (b"GET /events HTTP/1.1 \r\nHost: x\r\n\r\n", Last(400)),
        (b"GET /ev ents HTTP/1.1\r\nHost: x\r\n\r\n", Last(400)),
        (b"GET /events HTTP/1.1\r\nHost : x\r\n\r\n", Last(400)),
        (b"GET /events HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", Last(400)),
        (b"GET /events HTTP/1.1\r\nHost: x\r\nA: \x00\r\n\r\n", Last(400)),
        (b"GET /events HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", Last(400)),
    ];
    compare("", &cases).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_subscriber_too_many_is_told_the_same() {
    let mut all = Vec::new();
    for lane in Lane::BOTH {
        let server = lane.server("[subscribe]\nconnections-max = 1\n").await;
        let _first = Wire::subscribe(server.address(), "").await;
        for resume in ["", "Last-Event-ID: 1.1\r\n"] {
            let mut wire = Wire::open(server.address()).await;
            wire.send(format!("GET /events HTTP/1.1\r\nHost: x\r\n{resume}\r\n")).await;
            let mut head = wire.head().await.unwrap();
            // The time, and when to come back, which is for each another.
            head.lines.retain(|line| !["date: ", "retry-after: "].iter().any(|own| line.starts_with(own)));
            let (mut rest, whole) = wire.rest().await;
            rest.retain(|letter| !letter.is_ascii_digit());
            all.push((head, rest, whole));
        }
    }
    assert_eq!((all[0].0.status, all[1].0.status), (503, 200));
    assert_eq!((&*all[1].1, all[1].2), ("retry: \n\n", true));
    assert_eq!(all[..2], all[2..], "auto and hyper differ");
}
