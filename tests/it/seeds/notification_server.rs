//! `examples/notification-server`: tools that tell everybody who listens, at one address with MCP.

mod clients;
mod planned;
mod steps;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::clients::Script;
use crate::support::{Server, ready_made};

/// As the document writes the server's address.
const DOCUMENTED: &str = "http://127.0.0.1:8005";

fn example(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/notification-server").join(file)
}

/// The example as it is.
async fn start() -> Server {
    start_changed(&[], "").await
}

/// The example with something else in places, and more in front of it.
async fn start_changed(changes: &[(&str, &str)], more: &str) -> Server {
    let mut config = fs::read_to_string(example("tidemill.toml")).unwrap();
    for (from, to) in changes {
        assert!(config.contains(from), "the example does not have {from}");
        config = config.replace(from, to);
    }
    // Where the tests keep plugins and data; keys stand before tables.
    let config = config.replace("data-dir = \"data/notification-server\"", "");
    Server::start(&format!("{config}\n{more}"), &[("notification-server", &ready_made("notification-server"))]).await
}

/// A command of the document, word by word but for the server's address.
fn shell(server: &Server, file: &str) -> Command {
    let text = fs::read_to_string(example(&format!("clients/{file}"))).unwrap();
    assert!(text.contains(DOCUMENTED), "{file} names no server");
    let mut shell = Command::new("stdbuf");
    // What a terminal shows at once waits in a pipe otherwise.
    shell.args(["-o0", "sh", "-ec"]).arg(format!("exec {}", text.replace(DOCUMENTED, &server.url(""))));
    shell.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
    shell
}

/// What a command of the document is answered.
fn answered(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// Somebody who listens as the document says.
struct Listener(Script);

impl Listener {
    /// One that is connected, and what it was told first.
    async fn connect(server: &Server) -> (Self, Value) {
        let mut listener = Self(Script::start(&mut shell(server, "stream.sh")));
        let hello = listener.next().await;
        (listener, hello)
    }

    /// One that asks for something more.
    fn asking(server: &Server, parameters: &str, headers: &[&str]) -> Self {
        let mut curl = Command::new("curl");
        curl.args(["-sN", "-H", "Accept: text/event-stream"]);
        headers.iter().for_each(|header| {
            curl.args(["-H", header]);
        });
        Self(Script::start(curl.arg(format!("{}{parameters}", server.url("/mcp"))).env("NO_PROXY", "127.0.0.1")))
    }

    async fn next(&mut self) -> Value {
        let line = self.0.line_after("data: ").await;
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }
}

/// What a tool answers to a client that only posts JSON.
async fn call(server: &Server, tool: &str, arguments: Value) -> Value {
    let params = json!({"name": tool, "arguments": arguments});
    let body = json!({"jsonrpc": "2.0", "method": "tools/call", "params": params, "id": "1"});
    let answer: Value = server.http.post(server.url("/mcp")).json(&body).send().await.unwrap().json().await.unwrap();
    answer["result"].clone()
}

async fn notify(server: &Server, message: &str) -> Value {
    call(server, "send_notification", json!({"message": message, "type": "info"})).await
}

fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{result}"))
}

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

/// `2024-01-15T10:30:00.000Z`
fn is_time(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    text.len() == 24 && text.ends_with('Z') && humantime::parse_rfc3339(text).is_ok()
}

fn is_uuid(value: &Value) -> bool {
    value.as_str().is_some_and(|text| uuid::Uuid::parse_str(text).is_ok())
}
