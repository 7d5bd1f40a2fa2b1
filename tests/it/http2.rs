//! HTTP/2 on the port of HTTP/1.1: many streams on one connection that do not hold up each other, and clients that use
//! it to say things in two ways.

use std::process::Command;

use h2::Reason;
use http::Method;
use serde_json::json;
use tokio::net::TcpStream;

use crate::lanes::{did_not_panic, farewell, on_both_lanes, serves_others};
use crate::support::{Http2, Lane, PATIENCE, Secure, Server, Wire, eventually, request, terminate};

async fn connections(server: &Server) -> Vec<serde_json::Value> {
    server.get("/connections").await.1["connections"].as_array().unwrap().clone()
}

async fn streams_and_publishing_share_a_connection(lane: Lane) {
    let server = lane.server("").await;
    let mut client = Http2::open(server.address()).await;
    let mut streams = Vec::new();
    for types in ["a", "a", "b"] {
        let mut stream = client.get(&format!("/events?types={types}")).await;
        assert_eq!(stream.status, 200);
        stream.until("\nid: ").await;
        streams.push(stream);
    }
    for number in 0..20 {
        for event_type in ["a", "b"] {
            assert_eq!(client.publish(&json!({"type": event_type, "data": number})).await, 200);
        }
        for stream in &mut streams {
            stream.until(&format!("\ndata: {number}\n")).await;
        }
    }
    // One is closed from outside, or by its client; the others go on.
    let listed = connections(&server).await;
    server.http.delete(server.url(&format!("/connections/{}", listed[0]["id"]))).send().await.unwrap();
    let (_, reason) = streams.remove(0).rest().await;
    assert_eq!(reason, Some(Reason::CANCEL));
    drop(streams.remove(0));
    eventually("two left", async || connections(&server).await.len() == 1).await;
    client.publish(&json!({"type": "b", "data": "last"})).await;
    streams[0].until("\ndata: \"last\"\n").await;
    did_not_panic(&server);
}

/// Invariant I4: a stream that nobody reads holds up neither the others of its connection nor anybody else, and is cut off
/// alone.
async fn i4_a_stuck_stream_over_http2_is_cut_off_alone(lane: Lane) {
    let server = lane.server("[subscribe]\nwrite-timeout = \"1s\"\n").await;
    let socket = TcpStream::connect(server.address()).await.unwrap();
    let mut client = Http2::over(socket, 65_535).await;
    let mut quick = client.get("/events?types=n&heartbeat=1s").await;
    let stuck = client.get("/events?types=n&heartbeat=1s").await;
    quick.until("\nid: ").await;
    let filler = "x".repeat(4_000);
    for number in 0..100 {
        assert_eq!(client.publish(&json!({"type": "n", "data": format!("{number} {filler}")})).await, 200);
        quick.until(&format!("\"{number} {filler}\"\n\n")).await;
    }
    eventually("the stuck one is cut off", async || connections(&server).await.len() == 1).await;
    let (read, reason) = stuck.rest().await;
    assert_eq!(reason, Some(Reason::CANCEL), "after {} bytes", read.len());
    client.publish(&json!({"type": "n", "data": "last"})).await;
    quick.until("\ndata: \"last\"\n").await;
    assert_eq!(crate::figures::Figures::read(&server).await.get("tidemill_evicted_total", &[]), 1.0);
}

async fn a_server_that_stops_ends_streams_in_order(lane: Lane) {
    let mut server = lane.server("[subscribe]\nretry = \"3s\"\n").await;
    let mut client = Http2::open(server.address()).await;
    let mut stream = client.get("/events?types=a").await;
    stream.until("\nid: ").await;
    stream.until("\n\n").await;
    terminate(&server);
    let (rest, reason) = stream.rest().await;
    assert_eq!(reason, None);
    farewell(&rest, "");
    assert_eq!(client.ended().await.map_err(|error| error.to_string()), Ok(()), "it says GOAWAY without an error");
    assert!(server.wait().success());
}

async fn over_tls_the_protocol_is_agreed_upon(lane: Lane) {
    let secure = Secure::start(lane, "").await;
    for (flag, version) in [("--http2", "2"), ("--http1.1", "1.1")] {
        let mut curl = Command::new("curl");
        curl.args(["-sS", flag, "-w", "%{http_version}", "-o", "/dev/null", "--cacert"]).arg(secure.certificate());
        let output = curl.arg(format!("https://{}/livez", secure.address)).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), version);
    }
    serves_others(&secure.server).await;
}

async fn curl_gets_streams_by_prior_knowledge(lane: Lane) {
    let server = lane.server("").await;
    server.publish("a", json!(1)).await;
    let url = server.url("/events?types=a&since=earliest&limit=1");
    let output = Command::new("curl").args(["-sSN", "--http2-prior-knowledge", &url]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.contains("\ndata: 1\n"), "{text}");
}

async fn what_can_be_read_in_two_ways_is_refused(lane: Lane) {
    let server = lane.server("").await;
    let mut client = Http2::open(server.address()).await;
    let with = |name: &'static str, value: &str| {
        let mut request = request(Method::GET, "/livez");
        request.headers_mut().insert(name, value.parse().unwrap());
        request
    };
    assert_eq!(client.send(with("host", "x"), None).await.unwrap().status, 200);
    assert_eq!(client.send(with("host", "other"), None).await.unwrap().status, 400);
    // Headers that are about a connection of HTTP/1.1 make a request malformed (RFC 9113, section 8.2.2).
    for (name, value) in [("transfer-encoding", "chunked"), ("connection", "close"), ("upgrade", "h2c")] {
        assert!(client.send(with(name, value), None).await.is_err(), "{name}");
        client = Http2::open(server.address()).await;
    }
    // A length that the body has not.
    let mut short = request(Method::POST, "/events");
    for (name, value) in [("content-type", "application/json"), ("content-length", "1000")] {
        short.headers_mut().insert(name, value.parse().unwrap());
    }
    let answer = client.send(short, Some(json!({"type": "a"}).to_string())).await;
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status == 400));
    let mut client = Http2::open(server.address()).await;
    let connect = http::Request::builder().method(Method::CONNECT).uri("x:80").body(()).unwrap();
    let refused = client.send(connect, None).await;
    assert!(refused.as_ref().is_ok_and(|answer| answer.status >= 400), "{:?}", refused.err());
    serves_others(&server).await;
    did_not_panic(&server);
}

/// With a length and chunks, one of two programs in a row could take what follows for a request.
async fn nothing_after_chunks_is_taken_for_a_request(lane: Lane) {
    let server = lane.server("").await;
    for lengths in
        ["Content-Length: 4\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 4"]
    {
        let mut wire = Wire::open(server.address()).await;
        let hidden = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";
        wire.send(format!("POST /events HTTP/1.1\r\nHost: x\r\n{lengths}\r\n\r\n0\r\n\r\n{hidden}")).await;
        let answers = String::from_utf8(wire.until_closed().await).unwrap();
        assert_eq!(answers.matches("HTTP/1.1 ").count(), 1, "{answers}");
    }
    for bad in [
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding : chunked",
        "Content-Length: 4\r\nContent-Length: 5",
        "Content-Length: +4",
        "Content-Length: 4, 4",
    ] {
        let mut wire = Wire::open(server.address()).await;
        wire.send(format!("POST /events HTTP/1.1\r\nHost: x\r\n{bad}\r\n\r\nabcd")).await;
        let answer = String::from_utf8(wire.until_closed().await).unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 "), "{bad}: {answer}");
    }
    did_not_panic(&server);
}

/// CVE-2023-44487: streams that are given up as soon as they are opened.
async fn rapid_resets_end_the_connection_and_disturb_nobody(lane: Lane) {
    let server = lane.server("").await;
    let socket = TcpStream::connect(server.address()).await.unwrap();
    let (requests, connection) = h2::client::handshake(socket).await.unwrap();
    let flood = tokio::spawn(async move {
        for _ in 0..100_000 {
            let Ok(mut ready) = requests.clone().ready().await else { return true };
            let Ok((answer, mut sender)) = ready.send_request(request(Method::GET, "/events"), true) else {
                return true;
            };
            sender.send_reset(Reason::CANCEL);
            drop(answer);
        }
        false
    });
    let ended = tokio::time::timeout(PATIENCE, connection).await.expect("the connection goes on");
    assert!(flood.await.unwrap(), "all of it was taken: {ended:?}");
    eventually("nothing is left", async || connections(&server).await.is_empty()).await;
    serves_others(&server).await;
    did_not_panic(&server);
}

on_both_lanes! {
    streams_and_publishing_share_a_connection,
    i4_a_stuck_stream_over_http2_is_cut_off_alone,
    a_server_that_stops_ends_streams_in_order,
    over_tls_the_protocol_is_agreed_upon,
    curl_gets_streams_by_prior_knowledge,
    what_can_be_read_in_two_ways_is_refused,
    nothing_after_chunks_is_taken_for_a_request,
    rapid_resets_end_the_connection_and_disturb_nobody,
}
