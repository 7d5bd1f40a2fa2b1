//! The document's programs: curl, Python, the npm package `eventsource`, and what it has for browsers, in Chromium.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::{BEGINS, DOCUMENTED, example, running, start};
use crate::clients::{Proxy, Script, documented_browser, documented_node, documented_python};
use crate::support::{Server, eventually};

/// Whether a text is a time as the document writes it.
fn is_time(text: &Value) -> bool {
    let text = text.as_str().unwrap();
    text.len() == "2025-12-15T18:00:00.000Z".len() && text.as_bytes()[19] == b'.' && text.ends_with('Z')
}

fn assert_connection(message: &Value) {
    assert_eq!((&message["type"], &message["status"]), (&json!("connection"), &json!("connected")));
    assert!(is_time(&message["timestamp"]) && message.as_object().unwrap().len() == 3, "{message}");
}

fn assert_heartbeat(message: &Value) {
    assert_eq!(message["type"], "heartbeat", "{message}");
    assert!(is_time(&message["timestamp"]) && message.as_object().unwrap().len() == 2, "{message}");
}

#[tokio::test]
async fn s2_01_02_03_04_06_10_the_documented_command_prints_data_lines() {
    let server = start().await;
    let command = fs::read_to_string(example("clients/stream.sh")).unwrap();
    let mut curl = Command::new("sh");
    curl.arg("-c").arg(command.replace(DOCUMENTED, &server.url(""))).env("NO_PROXY", "127.0.0.1");
    let mut curl = Script::start(&mut curl);
    let mut messages: Vec<Value> = Vec::new();
    while messages.len() < 4 {
        let line = curl.line().await;
        assert!(!line.starts_with("event:"), "{line}");
        if let Some(data) = line.strip_prefix("data: ") {
            messages.push(serde_json::from_str(data).unwrap());
            assert_eq!(curl.line().await, "", "each is one line, and an empty one after it");
        }
    }
    assert_connection(&messages[0]);
    assert_eq!(messages.iter().filter(|message| **message == json!({"type": "error", "message": BEGINS})).count(), 1);
    for message in messages[1..].iter().filter(|message| message["type"] != "error") {
        assert_heartbeat(message);
    }
}

#[tokio::test]
async fn s2_11_the_documented_program_in_python_reads_line_by_line() {
    let server = start().await;
    let program = example("clients/client.py");
    let mut client = Script::start(&mut documented_python(&program, DOCUMENTED, &server.url(""), &[]));
    let first = client.line_after("Received: ").await;
    assert!(first.starts_with("{'type': 'connection', 'status': 'connected', 'timestamp': '"), "{first}");
    let mut kinds = BTreeSet::new();
    while kinds.len() < 2 {
        let said = client.line_after("Received: {'type': '").await;
        kinds.insert(said.split('\'').next().unwrap().to_owned());
    }
    assert_eq!(kinds, ["error", "heartbeat"].map(str::to_owned).into());
}

#[tokio::test]
async fn s2_12_the_documented_program_for_node_has_the_default_import() {
    let server = start().await;
    let program = example("clients/node.mjs");
    let mut client = Script::start(&mut documented_node(&program, 2, DOCUMENTED, &server.url("")));
    let first = client.next().await;
    assert_eq!(first["log"][0], "Received:");
    assert_connection(&first["log"][1]);
    loop {
        let said = client.next().await;
        if said["log"][1]["type"] == "heartbeat" {
            return assert_heartbeat(&said["log"][1]);
        }
    }
}

/// It closes at the first error: what it got until then counts.
#[tokio::test]
async fn s2_01_07_13_the_documented_program_for_browsers_connects_from_another_site_and_closes_at_an_error() {
    let mut server = start().await;
    let program = example("clients/browser.js");
    let mut client = Script::start(&mut documented_browser(&program, DOCUMENTED, &server.url(""), "elsewhere", &[]));
    let mut said = Vec::new();
    while !said.contains(&json!({"log": ["Heartbeat received"]}))
        || !said.contains(&json!({"error": format!("Error: {BEGINS}")}))
    {
        let line = client.next().await;
        if line["ready"] != true {
            said.push(line);
        }
    }
    assert_eq!(said[0], json!({"log": ["Connected to MCP server"]}));
    assert_eq!(said[1]["log"][0], "Received:");
    assert_connection(&said[1]["log"][1]);
    assert_eq!(said[2], json!({"log": ["Connection established"]}));

    server.stop();
    let mut last = client.next().await;
    let mut closing = Vec::new();
    while !last["error"].as_str().is_some_and(|error| error.starts_with("SSE Error:")) {
        closing.push(last);
        last = client.next().await;
    }
    assert!(closing.contains(&json!({"log": ["Data:", {"type": "close", "code": 0}]})), "{closing:?}");
}

/// The connections of the stream that the server has, by their names.
async fn connected(server: &Server) -> BTreeSet<String> {
    let (_, list) = server.get("/connections").await;
    let list = list["connections"].as_array().unwrap_or_else(|| panic!("{list}"));
    list.iter().map(|connection| connection["uuid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s2_13_the_documented_reconnection_gets_a_new_program_each_time() {
    let server = start().await;
    let proxy = Proxy::start(server.address()).await;
    let stream = format!("http://{}/sse", proxy.address());
    let mut client =
        Script::start(&mut documented_browser(&example("clients/reconnection.js"), "/sse", &stream, "elsewhere", &[]));
    assert_eq!(client.next().await, json!({"ready": true}));
    let mut before = BTreeSet::new();
    for _ in 0..3 {
        eventually("it is there again", async || {
            let now = connected(&server).await;
            now.len() == 1 && now.is_disjoint(&before)
        })
        .await;
        running(&server, 1).await;
        before.extend(connected(&server).await);
        proxy.cut();
    }
}

/// What the document has for a stream that is there already: each in a block of its own, with a stream of its own.
#[tokio::test]
async fn s2_02_14_27_the_documented_fragments_get_messages() {
    let server = start().await;
    let mut program = "document.body.innerHTML = '<div id=\"logs\"></div>';\n".to_owned();
    for fragment in ["custom-events", "monitoring", "status", "debugging", "logging", "watchdog"] {
        let text = fs::read_to_string(example(&format!("clients/{fragment}.js"))).unwrap();
        // What nobody would see happens visibly.
        let seen = match fragment {
            "logging" => "setInterval(() => logContainer.innerHTML.includes('heartbeat') && seen('logging'), 100);",
            "watchdog" => {
                "const began = lastHeartbeat; setInterval(() => lastHeartbeat > began && seen('watchdog'), 100);"
            }
            _ => "",
        };
        program += &format!("{{ const eventSource = new EventSource('{DOCUMENTED}/sse');\n{text}\n{seen} }}\n");
    }
    let file = server.directory().join("fragments.js");
    fs::write(&file, program).unwrap();
    let functions =
        ["handleConnection", "handleHeartbeat", "handleError", "updateDashboard", "updateConnectionStatus", "seen"];
    // Six connections are what a browser has for one host: the page itself comes from another.
    let mut client =
        Script::start(&mut documented_browser(&file, DOCUMENTED, &server.url(""), "elsewhere", &functions));
    let mut wanted: BTreeSet<String> = functions.into_iter().map(str::to_owned).collect();
    wanted.extend(["seen logging", "seen watchdog", "[DEBUG]"].map(str::to_owned));
    wanted.remove("seen");
    while !wanted.is_empty() {
        let said = client.next().await;
        let call = said["call"].as_str().or(said["log"][0].as_str()).unwrap_or_default();
        match call {
            "seen" => wanted.remove(&format!("seen {}", said["with"][0].as_str().unwrap())),
            "updateConnectionStatus" => {
                assert_eq!(said["with"], json!(["Connected"]));
                wanted.remove(call)
            }
            _ => wanted.remove(call),
        };
    }
}
