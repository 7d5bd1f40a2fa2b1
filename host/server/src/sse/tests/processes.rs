//! Streams with a process.

use std::fs;

use super::*;
use crate::sse::words::tell;

/// As clients of a documented system expect it: unnamed messages, the greeting first.
const PROFILE: &str = "source = 'it'\nframing = 'message'\nids = 'none'\ntypes = 'nothing'\n\
    hello = [{ data = '{type: \"connection\", status: \"connected\", id: .connection.id}' }]";

fn source(script: &str, keys: &str) -> String {
    let command = toml::Value::from(vec!["sh", "-c", script]);
    format!("[[source]]\nname = 'it'\nenvironment = ['PATH']\ncommand = {command}\n{keys}\n")
}

async fn until(what: impl Fn() -> bool) {
    for _ in 0..3000 {
        if what() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it does not become so");
}

/// Tells a connection's process something; otherwise the status of the answer.
fn told(bench: &Bench, id: Uuid, who: &Principal, text: &Bytes) -> Result<(), u16> {
    let told = bench.app.connections.addressee(id, None, who).and_then(|found| tell(&found.input.unwrap(), text));
    told.map_err(|problem| problem.into_response().status().as_u16())
}

/// The name of a connection, from its greeting.
async fn name(client: &mut Client) -> Uuid {
    data(&client.frames(2).await[1])["id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_is_greeted_has_its_process_s_words_and_ends_with_it() {
    let script = "echo '{\"jsonrpc\": \"2.0\"}'; echo text; sleep 0.2; echo oops >&2; sleep 0.2; exit 3";
    let bench = Bench::with(&source(script, "")).await;
    let sse = mount("/sse", PROFILE);
    let (mut one, mut two) = (bench.open(&sse, "", None).await, bench.open(&sse, "", None).await);
    for client in [&mut one, &mut two] {
        let text = client.rest().await;
        let data: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
        assert!(data[0].starts_with("{\"type\":\"connection\",\"status\":\"connected\""), "{text}");
        let words = [
            "{\"jsonrpc\":\"2.0\"}",
            "{\"type\":\"raw\",\"content\":\"text\"}",
            "{\"type\":\"error\",\"message\":\"oops\"}",
            "{\"type\":\"close\",\"code\":3}",
        ];
        assert_eq!(data[1..], words);
        assert!(!text.contains("event:"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_ends_its_process_and_no_other() {
    let bench = Bench::with(&source("echo ready; exec sleep 1007", "processes-max = 2")).await;
    let sse = mount("/sse", PROFILE);
    let (mut one, mut two) = (bench.open(&sse, "", None).await, bench.open(&sse, "", None).await);
    one.frames(3).await;
    two.frames(3).await;
    let running = || bench.app.sources.figures().map(|(_, figures)| figures.running()).sum::<usize>();
    assert_eq!(running(), 2);
    drop(one);
    until(|| running() == 1).await;
    let mut three = bench.open(&sse, "", None).await;
    three.frames(3).await;
    assert_eq!(running(), 2);
    drop((two, three));
    until(|| running() == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_does_not_read_holds_up_its_own_process_alone() {
    let directory = tempfile::tempdir().unwrap();
    let progress = directory.path().join("progress");
    let long = format!("\\\"{}\\\"", "x".repeat(8000));
    let flood = format!("i=0; while :; do i=$((i+1)); echo \"[$i,{long}]\"; echo $i > {}; done", progress.display());
    let bench = Bench::with(&source(&flood, "line-max = '16KiB'\noutput-max = '16KiB'")).await;
    let mut client = bench.open(&mount("/sse", PROFILE), "", None).await;
    client.frames(2).await;
    let written = || fs::read_to_string(&progress).ok().and_then(|text| text.trim().parse::<usize>().ok()).unwrap_or(0);
    let (mut last, mut same) = (0, 0);
    while same < 10 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = written();
        same = if now > 0 && now == last { same + 1 } else { 0 };
        last = now;
    }
    // Nothing is lost once it reads again.
    let frames = client.frames(last + 10).await;
    for (at, frame) in frames[2..].iter().enumerate() {
        assert_eq!(data(frame)[0], json!(at + 1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_s_process_is_told_by_its_own_client_only() {
    let bench =
        Bench::with(&source("read line; echo \"$line\"; exec 0<&-; sleep 0.1; exec sleep 1008", "line-max = '1KiB'"))
            .await;
    let mut client = bench.open(&mount("/sse", PROFILE), "", None).await;
    let id = name(&mut client).await;
    let (me, text) = (Principal::anonymous(), Bytes::from_static(b"{\"a\": 1}"));
    let status = |who: &Principal, id: Uuid, text: &Bytes| told(&bench, id, who, text);
    let other = Principal::bearer(
        "other".into(),
        crate::auth::Rights::new(crate::auth::TokenType::Master, Vec::new(), Vec::new(), None, None).unwrap(),
        None,
        None,
    );
    assert_eq!(status(&other, id, &text), Err(403));
    assert_eq!(status(&me, Uuid::new_v4(), &text), Err(404));
    assert_eq!(status(&me, id, &Bytes::from_static(b"{")), Err(400));
    assert_eq!(status(&me, id, &Bytes::from(json!("x".repeat(2000)).to_string())), Err(413));
    assert_eq!(status(&me, id, &text), Ok(()));
    assert_eq!(data(&client.frames(3).await[2]), json!({"a": 1}));
    until(|| status(&me, id, &text) == Err(409)).await;
    drop(client);
    until(|| status(&me, id, &text) == Err(404)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_does_not_read_is_said_to_be_busy() {
    let bench = Bench::with(&source("exec sleep 1009", "line-max = '1KiB'")).await;
    let mut client = bench.open(&mount("/sse", PROFILE), "", None).await;
    let (id, me) = (name(&mut client).await, Principal::anonymous());
    let text = Bytes::from(json!("x".repeat(1000)).to_string());
    let status = || told(&bench, id, &me, &text);
    until(|| status() == Err(429)).await;
}
