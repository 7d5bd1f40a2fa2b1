//! What plugins keep between events, through the real server: counted once, kept with the events, gone with what failed.

use serde_json::{Value, json};

use crate::support::{PATIENCE, Server, eventually, guest, publish_lines};

const GRANTED: &str = "[plugins.keeper.grants]\nstate = true\n";

async fn server(config: &str) -> Server {
    Server::start(&format!("{GRANTED}{config}"), &[("keeper", &guest("keeper"))]).await
}

fn event(event_type: &str, op: &Value) -> String {
    json!({"source": "/s", "type": event_type, "data": op}).to_string()
}

/// Publishes one event; its answer, and what the plugin made of its data.
async fn keep(server: &Server, event_type: &str, op: Value) -> (Value, Value) {
    let answer = publish_lines(server, &[event(event_type, &op)]).await.remove(0);
    let Some(position) = answer["position"].as_str() else { return (answer, Value::Null) };
    let stored = server.get(&format!("/events/{position}")).await.1;
    (answer, stored["event"]["data"].clone())
}

async fn done(server: &Server, op: Value) -> Value {
    keep(server, "keep.it", op).await.1
}

async fn usage(server: &Server) -> Value {
    server.get("/plugins/keeper").await.1["state_usage"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn state_has_to_be_granted() {
    let server = Server::start("", &[("keeper", &guest("keeper"))]).await;
    let keeper = server.get("/plugins/keeper").await.1;
    assert_eq!(keeper["state"], "failed");
    assert!(keeper["error"].as_str().unwrap().contains("state — not granted (`state = true`)"), "{keeper}");
    // The sidecar says so, and it runs.
    std::fs::write(server.plugins_dir().join("keeper.toml"), "[grants]\nstate = true\n").unwrap();
    eventually("it runs", async || server.get("/plugins/keeper").await.1["state"] == "running").await;
    let keeper = server.get("/plugins/keeper").await.1;
    assert_eq!((&keeper["wants"], &keeper["grants"]["state"]), (&json!(["state"]), &json!(true)));
    assert_eq!(done(&server, json!({"op": "count"})).await, json!(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_outlives_reloads_and_the_server() {
    let mut server = server("").await;
    for expected in 1..=3 {
        assert_eq!(done(&server, json!({"op": "count"})).await, json!(expected));
    }
    assert_eq!(done(&server, json!({"op": "put", "key": "text", "bytes": 5})).await, json!("written"));
    // The next version, or the same one with other settings.
    std::fs::write(server.plugins_dir().join("keeper.toml"), "order = 5\n").unwrap();
    eventually("it was reloaded", async || server.get("/plugins/keeper").await.1["order"] == 5).await;
    assert_eq!(done(&server, json!({"op": "count"})).await, json!(4));
    server.kill();
    server.start_again();
    assert_eq!(done(&server, json!({"op": "count"})).await, json!(5));
    assert_eq!(done(&server, json!({"op": "get", "key": "text"})).await, json!(5));
    assert_eq!(usage(&server).await["keys"], 2);
    let cleared = server.http.delete(server.url("/plugins/keeper/state")).send().await.unwrap();
    assert_eq!(cleared.json::<Value>().await.unwrap(), json!({"keys": 2}));
    assert_eq!(usage(&server).await, json!({"keys": 0, "bytes": 0}));
    assert_eq!(done(&server, json!({"op": "count"})).await, json!(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_call_leaves_nothing_behind() {
    let server = server("").await;
    let count = json!({"op": "count"});
    // In one batch: the poison event is found by halving it, which calls the plugin again for the others.
    let lines: Vec<String> = (0..40).map(|n| event(if n == 17 { "keep.trap" } else { "keep.it" }, &count)).collect();
    let answers = publish_lines(&server, &lines).await;
    assert_eq!(answers.iter().filter(|answer| answer["outcome"] == "stored").count(), 39, "{answers:?}");
    assert_eq!(done(&server, count.clone()).await, json!(40), "39 events, each counted once");
    // What it did for an event that it dropped stays.
    keep(&server, "keep.drop", count.clone()).await;
    assert_eq!(done(&server, count).await, json!(42));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_that_is_to_be_asked_again_has_written_nothing() {
    let server = server("").await;
    let count = json!({"op": "count"});
    let waiting = async { keep(&server, "keep.retry", count.clone()).await };
    let unlocking = async {
        eventually("it was asked", async || {
            server.get("/plugins/keeper").await.1["figures"]["retried"].as_u64().unwrap() > 1
        })
        .await;
        let unlock = json!({"source": "/other", "type": "keep.it", "data": {"op": "put", "key": "again"}}).to_string();
        publish_lines(&server, &[unlock]).await
    };
    let ((answer, data), _) = tokio::join!(waiting, unlocking);
    assert_eq!((&answer["outcome"], data), (&json!("stored"), json!(1)), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_times_and_lists() {
    let server = server("").await;
    let once = event("keep.it", &json!({"op": "once"}));
    let with_id = once.replacen('{', "{\"id\":\"a\",", 1);
    assert_eq!(publish_lines(&server, &[with_id]).await[0]["outcome"], "stored");
    assert_eq!(done(&server, json!({"op": "get", "key": "seen/a"})).await, json!(0), "an empty value is a value");
    done(&server, json!({"op": "put-for", "key": "seen/b", "ms": 60_000})).await;
    done(&server, json!({"op": "put-for", "key": "short", "ms": 1})).await;
    done(&server, json!({"op": "put", "key": "other"})).await;
    assert_eq!(done(&server, json!({"op": "keys", "key": "seen/"})).await, json!(["seen/a", "seen/b"]));
    assert_eq!(done(&server, json!({"op": "keys", "key": "seen/", "after": "seen/a"})).await, json!(["seen/b"]));
    assert_eq!(done(&server, json!({"op": "keys", "key": "seen/", "limit": 1})).await, json!(["seen/a"]));
    assert_eq!(done(&server, json!({"op": "get", "key": "short"})).await, Value::Null);
    assert_eq!(done(&server, json!({"op": "delete", "key": "seen/a"})).await, json!(true));
    assert_eq!(done(&server, json!({"op": "delete", "key": "seen/a"})).await, json!(false));
    let text = done(&server, json!({"op": "count", "key": "other"})).await;
    assert!(text.as_str().unwrap().contains("no number"), "{text}");
    // A window ends although it is counted in all the time.
    let counts = async {
        let mut before = 0;
        loop {
            let count = done(&server, json!({"op": "window", "key": "w"})).await.as_i64().unwrap();
            if count <= before {
                return count;
            }
            before = count;
        }
    };
    assert_eq!(tokio::time::timeout(PATIENCE, counts).await.unwrap(), 1);
}

/// Several pipeline workers, many sources, one key.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn counting_is_exact_whoever_counts() {
    let server = server("[pipeline]\nworkers = 4\n").await;
    let publisher = |source: u64| {
        let lines: Vec<String> = (0..100)
            .map(|n| {
                json!({"source": format!("/{source}/{}", n % 7), "type": "keep.it", "data": {"op": "count"}})
                    .to_string()
            })
            .collect();
        let server = &server;
        async move { publish_lines(server, &lines).await }
    };
    let answers = futures_util::future::join_all((0..8).map(publisher)).await;
    assert!(answers.iter().flatten().all(|answer| answer["outcome"] == "stored"), "{answers:?}");
    assert_eq!(done(&server, json!({"op": "count", "by": 0})).await, json!(800));
}
