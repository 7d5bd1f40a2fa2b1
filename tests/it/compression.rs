//! Compressed streams (`subscribe.compression`), on both lanes: clients that others wrote decode them as they come, and
//! what they decode to is the stream that everybody gets.

mod decoded;

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::clients::{Script, need_chromium, node};
use crate::lanes::{did_not_panic, farewell, on_both_lanes, serves_others};
use crate::support::{Lane, Secure, Server, Wire, eventually, publish_lines, terminate};
use decoded::{Decoded, decode};

const CONFIG: &str = "[subscribe]\ncompression = [\"zstd\", \"gzip\"]\nretry = \"3s\"\n";

async fn publish(server: &Server, data: &Value) {
    let (status, answer) = server.publish("tick", data.clone()).await;
    assert_eq!(status, 200, "{answer}");
}

/// The codings of those who listen.
async fn codings(server: &Server) -> Vec<String> {
    let connections = server.get("/connections").await.1["connections"].as_array().unwrap().clone();
    connections.iter().map(|one| one["coding"].as_str().unwrap().to_owned()).collect()
}

async fn listens_in(server: &Server, coding: &str) {
    eventually(&format!("it listens in {coding}"), async || codings(server).await == [coding]).await;
}

/// Small events, which are stored, and larger ones, which are compressed.
fn ticks() -> impl Iterator<Item = Value> {
    (0..6).map(|n| if n % 2 == 0 { json!(n) } else { json!({"n": n, "text": "the tide turns ".repeat(40)}) })
}

async fn curl_decodes_each_event_before_the_next(lane: Lane) {
    let server = lane.server(CONFIG).await;
    for coding in ["gzip", "zstd", "identity"] {
        let mut curl = Command::new("curl");
        curl.args(["-sSN", "--compressed", "--max-time", "120", "-H"]).arg(format!("Accept-Encoding: {coding}"));
        let mut curl = Script::start(curl.arg(server.url("/events?types=tick&limit=6")));
        listens_in(&server, coding).await;
        for tick in ticks() {
            publish(&server, &tick).await;
            assert_eq!(curl.line_after("data: ").await, tick.to_string(), "{coding}");
        }
        // A decoder that missed the end of its stream, or found that it is wrong, would complain.
        let (status, errors) = curl.end().await;
        assert!(status.success() && errors.is_empty(), "{coding}: {status}: {errors}");
    }
    did_not_panic(&server);
}

async fn node_and_chromium_decode_each_event_before_the_next(lane: Lane) {
    need_chromium();
    // On this machine it would choose Zstandard.
    let server = lane.server("[subscribe]\ncompression = [\"gzip\"]\n").await;
    for script in ["node_eventsource.mjs", "browser_eventsource.mjs"] {
        let mut client = Script::start(node(script).args([&server.url("/events?types=tick"), "tick"]));
        assert_eq!(client.next().await, json!({"open": 1}));
        listens_in(&server, "gzip").await;
        for tick in ticks() {
            publish(&server, &tick).await;
            assert_eq!(client.next().await["data"], tick.to_string(), "{script}");
        }
        drop(client);
        eventually("it has left", async || codings(&server).await.is_empty()).await;
    }
    did_not_panic(&server);
}

/// From elsewhere browsers take Zstandard over TLS only.
async fn chromium_decodes_zstandard_over_tls(lane: Lane) {
    need_chromium();
    let secure = Secure::start(lane, CONFIG).await;
    let url = format!("https://{}/events?types=tick", secure.address);
    let mut client = Script::start(node("browser_eventsource.mjs").args([&url, "tick"]));
    assert_eq!(client.next().await, json!({"open": 1}));
    listens_in(&secure.server, "zstd").await;
    for tick in ticks() {
        publish(&secure.server, &tick).await;
        assert_eq!(client.next().await["data"], tick.to_string());
    }
}

/// Whatever the coding: the same events, the same positions, and the next one follows the last.
async fn subscribers_in_different_codings_see_the_same_and_resume(lane: Lane) {
    let server = lane.server(CONFIG).await;
    let headers = ["gzip", "zstd", "gzip;q=0.1, identity;q=0.2", "gzip", "zstd;q=0, gzip"];
    let mut streams = Vec::new();
    for accept in headers {
        streams.push(Decoded::subscribe(server.address(), "types=tick", accept, "").await);
    }
    let got: Vec<&str> = streams.iter().map(|stream| stream.coding.as_str()).collect();
    assert_eq!(got, ["gzip", "zstd", "identity", "gzip", "gzip"]);
    let mut last = String::new();
    for tick in ticks() {
        publish(&server, &tick).await;
        let mut frames = Vec::new();
        for stream in &mut streams {
            frames.push(stream.frame().await);
        }
        assert!(frames.iter().all(|frame| *frame == frames[0]), "{frames:?}");
        assert!(frames[0].contains(&format!("data: {tick}\n")), "{frames:?}");
        last = frames[0].lines().find_map(|line| line.strip_prefix("id: ")).unwrap().to_owned();
    }
    drop(streams);
    let lines: Vec<String> = (0..2_000).map(|n| json!({"type": "tick", "data": n}).to_string()).collect();
    publish_lines(&server, &lines).await;
    for accept in headers {
        let resume = format!("Last-Event-ID: {last}\r\n");
        let mut stream = Decoded::subscribe(server.address(), "types=tick", accept, &resume).await;
        for n in 0..2_000 {
            assert!(stream.frame().await.ends_with(&format!("data: {n}\n\n")), "{accept}");
        }
    }
    did_not_panic(&server);
}

/// What `gunzip -t` says: the end is there, and everything before it.
async fn a_stop_ends_streams_as_their_format_wants(lane: Lane) {
    let mut server = lane.server(CONFIG).await;
    let mut streams = Vec::new();
    for accept in ["gzip", "zstd"] {
        streams.push(Decoded::subscribe(server.address(), "types=tick&heartbeat=1s", accept, "").await);
    }
    for stream in &mut streams {
        // Between events there are other frames, which count as well.
        assert!(stream.frame_or_beat().await.starts_with(": heartbeat"));
    }
    let ticks: Vec<Value> = ticks().collect();
    for tick in &ticks {
        publish(&server, tick).await;
        // What is not on its way when a server stops comes after the reconnect.
        for stream in &mut streams {
            assert!(stream.frame().await.ends_with(&format!("data: {tick}\n\n")));
        }
    }
    terminate(&server);
    for mut stream in streams {
        let (coded, plain, ended) = stream.rest().await;
        assert!(ended, "the body was cut off");
        assert_eq!(decode(&stream.coding, &coded), plain, "somebody else's decoder takes it to its end");
        let frames: Vec<&str> = plain.matches("data: ").collect();
        assert_eq!(frames.len(), ticks.len(), "{plain}");
        farewell(plain.rsplit_once("\n\nretry").map(|(_, rest)| format!("retry{rest}")).as_deref().unwrap(), "");
        if stream.coding == "gzip" {
            let mut gunzip = Command::new("gunzip").arg("-t").stdin(Stdio::piped()).spawn().unwrap();
            gunzip.stdin.take().unwrap().write_all(&coded).unwrap();
            assert!(gunzip.wait().unwrap().success());
        }
    }
    assert!(server.wait().success(), "{}", server.log());
}

async fn whoever_asks_in_vain_gets_frames_as_they_are(lane: Lane) {
    let server = lane.server(CONFIG).await;
    let garbage = ["br", "", ";;;,,,", "gzip;q=0", "gzip;q=2", "\u{b5}", "gzip;q=0.0001", &"x,".repeat(3_000)];
    for accept in garbage {
        let mut stream = Decoded::subscribe(server.address(), "types=tick", accept, "").await;
        assert_eq!((&*stream.coding, stream.vary.as_deref()), ("identity", Some("accept-encoding")), "{accept}");
        publish(&server, &json!(1)).await;
        assert!(stream.frame().await.ends_with("data: 1\n\n"));
    }
    did_not_panic(&server);
    // Unless it is said, nobody gets anything else.
    let server = lane.server("").await;
    let stream = Decoded::subscribe(server.address(), "types=tick", "gzip, zstd", "").await;
    assert_eq!((&*stream.coding, stream.vary.as_deref()), ("identity", None));
}

/// Invariant I4: in any coding, one that reads nothing is cut, and nobody else notices.
async fn a_reader_that_is_stuck_is_cut(lane: Lane) {
    let server = lane.server(&CONFIG.replace("retry", "write-timeout = \"1s\"\nretry")).await;
    for accept in ["gzip", "zstd"] {
        let mut stuck = Wire::open_small(server.address()).await;
        stuck.send(format!("GET /events?types=tick HTTP/1.1\r\nHost: x\r\nAccept-Encoding: {accept}\r\n\r\n")).await;
        listens_in(&server, accept).await;
        let mut quick = Decoded::subscribe(server.address(), "types=tick", accept, "").await;
        for n in 0..60 {
            let noise = decoded::noise(n, 100_000);
            publish(&server, &json!(noise)).await;
            assert!(quick.frame().await.contains(&noise), "{accept}");
        }
        let evicted = async || server.get("/events/stats").await.1["subscribers"]["evicted"].as_u64().unwrap();
        eventually("it is cut", async || evicted().await == if accept == "gzip" { 1 } else { 2 }).await;
        drop((stuck, quick));
        eventually("all have left", async || codings(&server).await.is_empty()).await;
    }
    serves_others(&server).await;
    did_not_panic(&server);
}

on_both_lanes!(
    curl_decodes_each_event_before_the_next,
    node_and_chromium_decode_each_event_before_the_next,
    chromium_decodes_zstandard_over_tls,
    subscribers_in_different_codings_see_the_same_and_resume,
    a_stop_ends_streams_as_their_format_wants,
    whoever_asks_in_vain_gets_frames_as_they_are,
    a_reader_that_is_stuck_is_cut,
);
