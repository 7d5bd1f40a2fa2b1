//! Plugins that abuse what they were granted: floods of state, values over values, far too much at once, answers without
//! end.

use serde_json::{Value, json};

use super::harm::largest_resident_bytes;
use crate::support::{Server, guest, publish_lines};

const CONFIG: &str =
    "[plugins.keeper.grants]\nstate = true\n[plugins.keeper.limits]\nstate = \"1MiB\"\ntime = \"100ms\"\n";

async fn server() -> Server {
    Server::start(CONFIG, &[("keeper", &guest("keeper")), ("stamp", &guest("stamp_v1"))]).await
}

/// Among other events of other types and sources.
async fn among_others(server: &Server, op: Value) -> Value {
    let event = |source: u64, event_type: &str, data: &Value| {
        json!({"source": format!("/{source}"), "type": event_type, "data": data}).to_string()
    };
    let others = json!({"op": "count", "key": "others"});
    let mut lines: Vec<String> = (0..20).map(|n| event(n, "keep.it", &others)).collect();
    lines.insert(9, event(9, "keep.bad", &op));
    lines.push(event(30, "other", &json!(1)));
    let mut answers = publish_lines(server, &lines).await;
    let bad = answers.remove(9);
    assert!(answers.iter().all(|answer| answer["outcome"] == "stored"), "{op}: {answers:?}");
    bad
}

async fn kept(server: &Server) -> Value {
    server.get("/plugins/keeper").await.1["state_usage"].clone()
}

async fn counted(server: &Server) -> Value {
    let op = json!({"op": "count", "key": "others", "by": 0});
    let answer = server.publish("keep.it", op).await.1;
    let position = answer["position"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    server.get(&format!("/events/{position}")).await.1["event"]["data"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_state_ends_at_the_quota() {
    let server = server().await;
    let flood = among_others(&server, json!({"op": "flood"})).await;
    assert_eq!(flood["outcome"], "stored", "{flood}");
    let position = flood["position"].as_str().unwrap();
    let said = server.get(&format!("/events/{position}")).await.1["event"]["data"].clone();
    assert!(said["stopped"].as_str().unwrap().contains("no room") && said["keys"].as_u64().unwrap() > 900, "{said}");
    let usage = kept(&server).await;
    assert!(usage["bytes"].as_u64().unwrap() <= 1 << 20, "{usage}");
    // What is there can still be worked with.
    assert_eq!(counted(&server).await, json!(20));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writing_for_ever_costs_the_call_and_leaves_nothing() {
    let server = server().await;
    let before = largest_resident_bytes(&server);
    let hammer = among_others(&server, json!({"op": "hammer", "key": "big"})).await;
    assert_eq!((&hammer["outcome"], &hammer["by"]), (&json!("failed"), &json!("keeper")), "{hammer}");
    assert!(hammer["detail"].as_str().unwrap().contains("timeout"), "{hammer}");
    assert_eq!(counted(&server).await, json!(20), "every other event was counted once");
    assert_eq!(kept(&server).await["keys"], 1);
    let grown = largest_resident_bytes(&server) - before;
    assert!(grown < 128 << 20, "{grown} bytes more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_much_at_once_costs_the_call() {
    let server = server().await;
    server.publish("keep.it", json!({"op": "put", "key": "big", "bytes": 900_000})).await;
    for (times, expected) in [(2, "stored"), (1_000, "output-bytes"), (1_001, "at most 1000")] {
        let answer = among_others(&server, json!({"op": "many", "key": "big", "times": times})).await;
        assert!(answer.to_string().contains(expected), "{times}: {answer}");
    }
    assert_eq!(counted(&server).await, json!(60));
}
