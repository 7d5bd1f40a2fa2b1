//! `examples/sse-integration`: a stream for `onmessage` and `addEventListener`, its health, its figures, a broadcast.

mod clients;
mod paths;
mod switches;

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::Server;
pub(super) use clients::with_package;

/// As the document writes the server's address.
pub(super) const DOCUMENTED: &str = "http://localhost:3001";

/// A file of an example.
pub(super) fn example(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(file)
}

async fn start() -> Server {
    Server::example("sse-integration", &[], &[]).await
}

/// The command that follows a comment of the document, word by word but for the server's address.
fn documented(server: &Server, comment: &str) -> Command {
    let text = std::fs::read_to_string(example("sse-integration/clients/commands.sh")).unwrap();
    let (_, from) = text.split_once(&format!("# {comment}\n")).expect("the document has this comment");
    let command = from.split("\n\n").next().unwrap();
    assert!(command.starts_with("curl ") && command.contains(DOCUMENTED), "{command}");
    let mut shell = Command::new("sh");
    shell.arg("-ec").arg(format!("exec {}", command.replace(DOCUMENTED, &server.url(""))));
    shell.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1").stdin(Stdio::null());
    shell
}

/// What a command prints that ends by itself.
fn printed(command: &mut Command) -> Value {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// Tells everybody something, in the documented way.
async fn broadcast(server: &Server, body: &Value) -> (u16, Value) {
    let request = server.http.post(server.url("/events/broadcast")).header("content-type", "application/json");
    let answer = request.body(body.to_string()).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// The first thing that happens in the document.
fn server_connected() -> Value {
    let connection = json!({"id": "sis", "name": "Student records", "transport": "sse", "capabilities": ["students"]});
    json!({"type": "server_connected", "serverId": "sis", "data": {"connection": connection}})
}
