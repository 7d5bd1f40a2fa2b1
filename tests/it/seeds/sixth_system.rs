//! `examples/sixth-system`: a feed of which the host knows nothing, by configuration alone.

use std::fs;

use serde_json::{Value, json};

use super::sse_integration::example;
use crate::clients::{Script, documented_node, documented_python};
use crate::support::{Server, Subscriber, Wire};

/// As its documentation writes the server's address.
const DOCUMENTED: &str = "http://127.0.0.1:4280";

async fn start() -> Server {
    Server::example("sixth-system", &[("BUILD_FEED_TICK", "1s")], &[]).await
}

/// What a build says, and the answer.
async fn say(server: &Server, body: &Value) -> (u16, Value) {
    let answer = server.http.put(server.url("/api/builds/live")).body(body.to_string()).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[test]
fn no_file_of_the_host_knows_of_it() {
    let mut folders = vec![example("../host"), example("../plugins")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let known =
                    ["api/builds", "build.log", "X-Build-Feed", "BUILD_FEED"].iter().find(|word| text.contains(**word));
                assert!(known.is_none(), "{} names {known:?}", path.display());
            }
        }
    }
}

#[tokio::test]
async fn its_programs_in_python_and_node_watch_builds() {
    let server = start().await;
    let url = server.url("");
    let mut python =
        Script::start(&mut documented_python(&example("sixth-system/clients/watch.py"), DOCUMENTED, &url, &["watch"]));
    assert_eq!(python.line().await, "watching, 1 in all");
    let mut node = Script::start(&mut documented_node(&example("sixth-system/clients/watch.mjs"), 5, DOCUMENTED, &url));
    assert_eq!(node.next().await["log"], json!(["watchers", 2]));
    let (status, told) = say(&server, &json!({"k": "line", "b": 42, "ln": 7, "txt": "unused", "lvl": "warn"})).await;
    assert_eq!((status, &told["seen"]), (200, &json!(2)), "{told}");
    assert_eq!(python.line().await, "#42:7 [warn] unused");
    assert_eq!(log_after_ticks(&mut node).await, json!(["warn", "42:7", "unused"]));
    assert_eq!(say(&server, &json!({"k": "verdict", "b": 42, "ok": false, "secs": 3.5})).await.0, 200);
    assert_eq!(python.line().await, "#42 failed after 3.5 s");
    assert_eq!(log_after_ticks(&mut node).await, json!(["failed", 42, 3.5]));
    // Silence, and a heartbeat that counts.
    assert_eq!(node.next().await["log"], json!(["tick", 2]));
    let (_, summary) = server.get("/api/builds/summary").await;
    assert_eq!((&summary["watching"], &summary["broken"]), (&json!(2), &json!([42])), "{summary}");
}

async fn log_after_ticks(node: &mut Script) -> Value {
    loop {
        let said = node.next().await["log"].clone();
        if said[0] != "tick" {
            return said;
        }
    }
}

#[tokio::test]
async fn who_comes_late_sees_the_last_lines_in_short_names_and_others_see_events() {
    let server = start().await;
    for number in 0..25 {
        assert_eq!(say(&server, &json!({"k": "line", "b": 1, "ln": number, "txt": "…"})).await.0, 200);
    }
    assert_eq!(server.publish("elsewhere", json!(1)).await.0, 200);
    let mut wire = Wire::open(server.address()).await;
    wire.send("GET /api/builds/live HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_eq!(wire.head().await.unwrap().get("x-build-feed"), Some("2"));
    let told = wire.until(r#""ln":24,"#).await;
    assert!(told.contains(r#""ln":5,"#) && !told.contains(r#""ln":4,"#) && !told.contains("elsewhere"), "{told}");
    let mut bus = Subscriber::open(&server, "types=build.*&since=earliest").await;
    let event = bus.next().await;
    assert_eq!((&*event.event, event.json()["text"].as_str()), ("build.log", Some("…")));
}

#[tokio::test]
async fn mistakes_are_told_in_its_own_words() {
    let server = start().await;
    for (body, says) in [
        (json!([]), "`b` is missing"),
        (json!({"k": "line", "txt": "x"}), "`b` is missing"),
        (json!({"b": 1, "k": "other"}), "`k` is other"),
        (json!({"b": 1}), "`k` is null"),
        (json!({"b": 1, "k": "line"}), "`txt` is missing"),
        (json!({"b": 1, "k": "verdict", "ok": "yes"}), "`ok` is missing"),
    ] {
        let (status, told) = say(&server, &body).await;
        assert_eq!((status, &told["code"]), (400, &json!(400)), "{body}: {told}");
        assert!(told["oops"].as_str().unwrap().contains(says), "{body}: {told}");
    }
}
