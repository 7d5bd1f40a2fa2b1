//! HTTPS: the same streams on both lanes, what comes in the middle of them, and certificates that cannot be used.

mod commands;
mod reload;

use std::fs;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::lanes::{did_not_panic, farewell, on_both_lanes, serves_others};
use crate::support::{
    Lane, PATIENCE, Secure, Server, Wire, certificate, eventually, publish_lines, sleeps, terminate, tidemill,
};

fn curl(secure: &Secure, path: &str) -> Command {
    let mut curl = Command::new("curl");
    curl.args(["-sSN", "--max-time", "60", "--cacert"]).arg(secure.certificate());
    curl.arg(format!("https://{}{path}", secure.address)).stdout(Stdio::piped()).stderr(Stdio::piped());
    curl
}

async fn connections(server: &Server) -> usize {
    server.get("/connections").await.1["connections"].as_array().unwrap().len()
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

async fn curl_publishes_and_gets_whole_streams(lane: Lane) {
    let secure = Secure::start(lane, "").await;
    let stream = curl(&secure, "/events?types=a&limit=2").spawn().unwrap();
    eventually("it listens", async || connections(&secure.server).await == 1).await;
    for number in [1, 2] {
        let event = json!({"type": "a", "data": number}).to_string();
        let answer = curl(&secure, "/events").args(["--json", &event]).output().unwrap();
        assert!(text(&answer).contains("\"stored\""), "{answer:?}");
    }
    let stream = tokio::task::spawn_blocking(|| stream.wait_with_output().unwrap()).await.unwrap();
    let data: Vec<String> =
        text(&stream).lines().filter_map(|line| line.strip_prefix("data: ").map(str::to_owned)).collect();
    assert_eq!(data, ["1", "2"]);

    let stranger = Command::new("curl").args(["-sS", &format!("https://{}/livez", secure.address)]).output().unwrap();
    assert_eq!(stranger.status.code(), Some(60), "it trusts nobody: {stranger:?}");
    did_not_panic(&secure.server);
}

async fn whoever_speaks_something_else_is_sent_away(lane: Lane) {
    let secure = Secure::start(lane, "").await;
    for wrong in [&b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"[..], b"\x16\x03\x01\xff\xff", &[0; 4096]] {
        let mut wire = Wire::open(&secure.address).await;
        wire.send(wrong).await;
        wire.half_close().await;
        let answer = wire.until_closed().await;
        assert!(!answer.starts_with(b"HTTP"), "{}", String::from_utf8_lossy(&answer));
    }
    serves_others(&secure.server).await;
    did_not_panic(&secure.server);
}

/// Invariant I4: a subscriber over TLS that reads nothing holds up nobody, and gets everything later, whole.
async fn i4_stuck_readers_over_tls_slow_nobody_and_get_everything_later(lane: Lane) {
    const EVENTS: usize = 16_000;
    const BATCH: usize = 400;
    let secure = Secure::start(lane, "[subscribe]\nring-max = \"2MiB\"\n").await;
    let server = &secure.server;
    let mut stuck = Wire::open_small(server.address()).await;
    stuck.ask("types=n").await;
    stuck.greeting().await;
    let mut quick = Wire::subscribe(server.address(), "types=n").await;
    let filler = "x".repeat(1_300);
    for from in (0..EVENTS).step_by(BATCH) {
        let event = |number| json!({"type": "n", "data": format!("{number} {filler}")}).to_string();
        let lines: Vec<String> = (from..from + BATCH).map(event).collect();
        assert!(publish_lines(server, &lines).await.iter().all(|result| result["outcome"] == "stored"));
        for number in from..from + BATCH {
            assert_eq!(quick.data().await, format!("\"{number} {filler}\""));
        }
    }
    let listed = server.get("/connections").await.1["connections"].clone();
    let behind = listed.as_array().unwrap().iter().filter(|one| one["lag"].as_u64() > Some(1_000)).count();
    assert_eq!(behind, 1, "{listed:#}");
    for number in 0..EVENTS {
        assert_eq!(stuck.data().await, format!("\"{number} {filler}\""));
    }
    did_not_panic(server);
}

async fn a_stream_over_tls_ends_as_a_whole_when_the_server_stops(lane: Lane) {
    let mut secure = Secure::start(lane, "[subscribe]\nretry = \"3s\"\n").await;
    let mut wire = Wire::subscribe(secure.server.address(), "types=a").await;
    terminate(&secure.server);
    let (rest, whole) = wire.rest().await;
    assert!(whole, "{rest:?} is cut off");
    farewell(&rest, "");
    assert!(secure.server.wait().success());
}

async fn read_until(stream: &mut TlsStream<TcpStream>, what: &str) {
    let (mut seen, mut buffer) = (String::new(), [0; 4096]);
    while !seen.contains(what) {
        let length = tokio::time::timeout(PATIENCE, stream.read(&mut buffer)).await.expect(what).unwrap();
        assert!(length > 0, "it ended: {seen}");
        seen += std::str::from_utf8(&buffer[..length]).unwrap();
    }
}

/// RFC 8446, 4.6.3: the other side may ask for new keys at any time, and has to be answered with new ones.
async fn keys_may_change_in_the_middle_of_a_stream(lane: Lane) {
    let secure = Secure::start(lane, "").await;
    let mut stream = secure.connect().await;
    stream.write_all(b"GET /events?types=a HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    read_until(&mut stream, "\nid: ").await;
    for number in 0..5 {
        stream.get_mut().1.refresh_traffic_keys().unwrap();
        stream.flush().await.unwrap();
        let (status, answer) = secure.server.publish("a", json!(format!("event {number}"))).await;
        assert_eq!(status, 200, "{answer}");
        read_until(&mut stream, &format!("event {number}")).await;
    }
    did_not_panic(&secure.server);
}

async fn a_client_that_says_goodbye_or_garbage_is_gone(lane: Lane) {
    let secure = Secure::start(lane, "").await;
    for garbage in [false, true] {
        let mut stream = secure.connect().await;
        stream.write_all(b"GET /events?types=a HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        read_until(&mut stream, "\nid: ").await;
        assert_eq!(connections(&secure.server).await, 1);
        if garbage {
            // No record of the session: nobody else could have it accepted either.
            stream.get_mut().0.write_all(&[0x17, 3, 3, 0, 32].repeat(8)).await.unwrap();
        } else {
            stream.shutdown().await.unwrap();
        }
        eventually("it left", async || connections(&secure.server).await == 0).await;
    }
    serves_others(&secure.server).await;
    did_not_panic(&secure.server);
}

async fn a_head_may_come_in_many_records(lane: Lane) {
    let secure = Secure::start(lane, "").await;
    let mut stream = secure.connect().await;
    for byte in b"GET /events?types=a HTTP/1.1\r\nHost: x\r\n\r\n" {
        stream.write_all(&[*byte]).await.unwrap();
        stream.flush().await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    read_until(&mut stream, "\nid: ").await;
    secure.server.publish("a", json!("it came")).await;
    read_until(&mut stream, "it came").await;
}

on_both_lanes! {
    curl_publishes_and_gets_whole_streams,
    whoever_speaks_something_else_is_sent_away,
    i4_stuck_readers_over_tls_slow_nobody_and_get_everything_later,
    a_stream_over_tls_ends_as_a_whole_when_the_server_stops,
    keys_may_change_in_the_middle_of_a_stream,
    a_client_that_says_goodbye_or_garbage_is_gone,
    a_head_may_come_in_many_records,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_lanes_answer_alike_and_the_light_one_carries_streams_over_tls() {
    const EVENTS: u64 = 200;
    let mut heads = Vec::new();
    for lane in Lane::BOTH {
        let secure = Secure::start(lane, "[log]\ndurability = \"os\"\n").await;
        let mut wire = Wire::open(secure.server.address()).await;
        wire.ask("types=a").await;
        let (head, _) = wire.greeting().await;
        heads.push(head.lines.into_iter().filter(|line| !line.starts_with("date: ")).collect::<Vec<_>>());
        let asleep = || sleeps(secure.server.pid(), "tidemill-sse");
        let before = asleep();
        for number in 0..EVENTS {
            secure.server.publish("a", json!(number)).await;
            assert_eq!(wire.data().await, number.to_string());
        }
        let often = before.map(|before| asleep().unwrap() - before > EVENTS / 2);
        assert_eq!(often, (lane == Lane::Auto).then_some(true));
    }
    assert_eq!(heads[0], heads[1]);
}

#[test]
fn certificates_that_cannot_be_used_are_named_with_what_to_do() {
    let directory = TempDir::new().unwrap();
    for name in ["one", "two"] {
        certificate(directory.path(), name);
    }
    fs::write(directory.path().join("empty.pem"), "").unwrap();
    fs::create_dir(directory.path().join("plugins")).unwrap();
    for (tls, told) in [
        ("certificate = \"one.pem\"", "`tls.certificate`"),
        ("key = \"one.key\"", "set both for HTTPS"),
        ("certificate = \"none.pem\"\nkey = \"one.key\"", "`tls.certificate`: cannot read none.pem"),
        ("certificate = \"empty.pem\"\nkey = \"one.key\"", "`tls.certificate`: empty.pem has no certificate in PEM"),
        ("certificate = \"one.key\"\nkey = \"one.key\"", "`tls.certificate`: one.key has no certificate in PEM"),
        ("certificate = \"one.pem\"\nkey = \"none.key\"", "`tls.key`: cannot read none.key"),
        ("certificate = \"one.pem\"\nkey = \"one.pem\"", "`tls.key`: one.pem has no private key in PEM"),
        ("certificate = \"one.pem\"\nkey = \"plugins\"", "`tls.key`: plugins is not a file"),
        ("certificate = \"one.pem\"\nkey = \"two.key\"", "`tls.certificate` and `tls.key` do not fit each other"),
    ] {
        fs::write(directory.path().join("tidemill.toml"), format!("[tls]\n{tls}\n")).unwrap();
        let output = tidemill(directory.path()).args(["serve", "--listen", "127.0.0.1:0"]).output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && errors.contains(told), "{tls}: {errors}");
        assert!(!errors.contains("panicked"), "{errors}");
    }
}
