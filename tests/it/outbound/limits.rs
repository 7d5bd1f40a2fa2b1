//! The limits of outbound HTTP: however a host or a plugin behaves, requests end, and little of them is kept.

use std::fs;

use serde_json::json;

use super::{Post, granted};
use crate::support::{Origin, Server, Subscriber, eventually, guest, publish_lines};

fn limited(origin: &Origin, limits: &str) -> String {
    format!("{}[plugins.courier.limits]\n{limits}\n", granted(&[origin.url("")]))
}

#[tokio::test]
async fn what_is_too_large_is_not_taken() {
    let origin = Origin::start().await;
    let mut post = Post::open(&limited(&origin, "http-bytes = \"64KiB\"")).await;
    for path in ["/bytes/65536", "/chunks/65536"] {
        let told = post.get(&origin.url(path)).await;
        assert_eq!(told["body"].as_str().map(str::len), Some(65_536), "{path}: {told}");
    }
    for path in ["/bytes/65537", "/chunks/65537", "/chunks/100000000", "/headers/100000"] {
        let told = post.get(&origin.url(path)).await;
        assert!(told["error"].as_str().is_some_and(|error| error.starts_with("too large")), "{path}: {told}");
    }
    let told = post.errand(json!({"url": origin.url("/echo"), "body_bytes": 65_536})).await;
    assert!(told["error"].as_str().unwrap().contains("body of the answer"), "with the echo's head it is more: {told}");
    let told = post.errand(json!({"url": origin.url("/echo"), "body_bytes": 65_537})).await;
    assert!(told["error"].as_str().unwrap().contains("body of the request"), "{told}");
    assert_eq!(post.outcomes().await, json!({"ok": 2, "too-large": 6}));
}

/// No head, or a body without end: the request ends, and the plugin goes on with that.
#[tokio::test]
async fn a_host_that_does_not_answer_ends_with_the_requests_time() {
    let origin = Origin::start().await;
    let mut post = Post::open(&limited(&origin, "http-time = \"300ms\"")).await;
    for path in ["/silent", "/drip"] {
        assert_eq!(post.get(&origin.url(path)).await, json!({"error": "timed out: waiting for its answer"}), "{path}");
    }
    assert_eq!(post.outcomes().await, json!({"timed-out": 2}));
    let faults = post.server.get("/plugins/courier").await.1["figures"]["faults"].clone();
    assert!(faults.as_object().unwrap().values().all(|count| *count == 0), "{faults}");
}

/// A call may wait for longer than it may compute, and what it waited is not taken for computing.
#[tokio::test]
async fn waiting_is_not_computing_and_computing_afterwards_is_stopped() {
    let origin = Origin::start().await;
    let mut post = Post::open(&limited(&origin, "time = \"20ms\"\nhttp-time = \"10s\"")).await;
    assert_eq!(post.get(&origin.url("/slow/200")).await["body"], "slow");
    let (status, answer) = post.server.publish("errand", json!({"url": origin.url("/slow/200"), "spin": true})).await;
    assert_eq!((status, &answer["outcome"]), (500, &json!("failed")), "{answer}");
    assert!(answer["detail"].as_str().unwrap().contains("timeout"), "{answer}");
}

/// A plugin that waits on and on runs out of patience. That is not the event's fault: it is asked again, and nothing is
/// lost once the host answers.
#[tokio::test]
async fn a_call_that_waits_too_long_is_repeated_and_blames_no_event() {
    let origin = Origin::start().await;
    let mut post = Post::open(&limited(&origin, "http-time = \"200ms\"")).await;
    let errand = json!({"type": "errand", "data": {"url": origin.url("/silent"), "times": 5}});
    let request = post.server.http.post(post.server.url("/events")).header("content-type", "application/json");
    let publishing = tokio::spawn(request.body(errand.to_string()).send());
    let figures = async || post.server.get("/plugins/courier").await.1["figures"].clone();
    eventually("the call is repeated", async || figures().await["calls"].as_u64() >= Some(2)).await;
    origin.speak();
    assert_eq!(publishing.await.unwrap().unwrap().status(), 200);
    assert_eq!(post.stream.next().await.json()["body"], "hello");
    let figures = post.server.get("/plugins/courier").await.1["figures"].clone();
    assert!(figures["faults"].as_object().unwrap().values().all(|count| *count == 0), "{figures}");
    assert!(figures["retried"].as_u64() >= Some(1), "{figures}");
}

/// Deliveries wait beside the pipeline, and their senders can try again.
#[tokio::test]
async fn a_delivery_that_waits_too_long_is_to_be_sent_again() {
    let origin = Origin::start().await;
    let post = Post::open(&limited(&origin, "http-time = \"200ms\"")).await;
    let deliver = async || {
        let request = post.server.http.post(post.server.url("/hooks/courier")).body(origin.url("/silent"));
        request.send().await.unwrap().status()
    };
    assert_eq!(deliver().await, 503);
    origin.speak();
    assert_eq!(deliver().await, 200);
}

/// The patience of a call is for all of its events.
#[tokio::test]
async fn batches_of_a_plugin_that_may_wait_are_small() {
    let origin = Origin::start().await;
    let post = Post::open(&granted(&[origin.url("")])).await;
    let lines = vec![json!({"type": "errand.none", "data": {"url": "https://not.granted"}}).to_string(); 64];
    for result in publish_lines(&post.server, &lines).await {
        assert_eq!(result["outcome"], "stored", "{result}");
    }
    let calls = post.server.get("/plugins/courier").await.1["figures"]["calls"].clone();
    assert!(calls.as_u64() >= Some(8), "{calls}");
}

/// Over all instances of a plugin; what is too much waits.
#[tokio::test]
async fn so_many_requests_go_on_at_once() {
    let origin = Origin::start().await;
    let workers = "[pipeline]\nworkers = 6\n";
    let mut post = Post::open(&format!("{workers}{}", limited(&origin, "http-concurrency = 2"))).await;
    let lines: Vec<String> = (0..30)
        .map(|n| {
            json!({"type": "errand", "source": format!("/{n}"), "data": {"url": origin.url("/slow/50")}}).to_string()
        })
        .collect();
    for result in publish_lines(&post.server, &lines).await {
        assert_eq!(result["outcome"], "stored", "{result}");
    }
    for message in post.stream.take(30).await {
        assert_eq!(message.json()["body"], "slow");
    }
    assert_eq!((origin.requests(), origin.most_at_once()), (30, 2));
}

/// Ten thousand requests in one call: the server sees the few that may go on at once, and the call ends.
#[tokio::test]
async fn a_flood_of_requests_is_bounded() {
    let origin = Origin::start().await;
    let grants = granted(&[origin.url("")]).replace("courier", "flooder");
    let grants = format!("[limits]\ntime = \"5s\"\n{grants}");
    let server = Server::start(&grants, &[("flooder", &guest("flooder"))]).await;
    let (status, answer) = server.publish("flood.requests", json!(origin.address)).await;
    assert_eq!((status, &answer["outcome"]), (500, &json!("failed")), "{answer}");
    assert!(answer["detail"].as_str().unwrap().contains("resource table"), "{answer}");
    assert!(origin.most_at_once() <= 8, "{} at once", origin.most_at_once());
    assert!(origin.requests() < 10_000, "{}", origin.requests());
    assert_eq!(server.publish("good", json!(origin.address)).await.1["outcome"], "stored");
}

/// Nor do they fill the host's log.
#[tokio::test]
async fn wrong_requests_are_not_written_about() {
    let server = Server::start("[limits]\ntime = \"2s\"\n", &[("flooder", &guest("flooder"))]).await;
    let before = server.log().lines().count();
    assert_eq!(server.publish("flood.nowhere", json!("")).await.1["outcome"], "stored");
    let log = server.log();
    assert!(log.contains("wants http: http://a.test — not granted") && log.lines().count() < before + 50, "{log}");
}

/// What requests are made of is kept by the host, where no limit on the guest's memory sees it. Without any grant.
#[tokio::test]
async fn words_of_requests_are_short() {
    let limits = "[limits]\ntime = \"10s\"\n";
    let server = Server::start(limits, &[("flooder", &guest("flooder"))]).await;
    let (status, answer) = server.publish("flood.words", json!("127.0.0.1:1")).await;
    assert_eq!((status, &answer["outcome"]), (200, &json!("stored")), "{answer}");
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let taken = line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10;
    assert!(taken < 700 << 20, "the host took {taken} bytes");
}

#[tokio::test]
async fn clocks_are_as_coarse_as_the_operator_wants() {
    let nanoseconds = async |limits: &str| {
        let server = Server::start(limits, &[("watchful", &guest("watchful"))]).await;
        let mut stream = Subscriber::open(&server, "").await;
        server.publish("time.now", json!({})).await;
        let told = stream.next().await.json();
        (told["passed"].as_u64().unwrap(), told["wall"].as_u64().unwrap())
    };
    let (passed, _) = nanoseconds("").await;
    assert!(passed > 0);
    let (passed, wall) = nanoseconds("[plugins.watchful.limits]\nclock = \"1s\"\n").await;
    assert_eq!((passed % 1_000_000_000, wall), (0, 0));
}
