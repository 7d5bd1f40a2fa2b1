//! `examples/stdio-sse`: a program for each client, whose output is streamed.

mod bridge;
mod clients;
mod lifecycle;
mod pages;
mod planned;
mod tools;

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::figures::Figures;
use crate::support::{Server, Wire, eventually};

/// As the document writes the server's address.
const DOCUMENTED: &str = "http://localhost:3000";

/// What the program of the example says when it begins.
const BEGINS: &str = "MCP server ready on stdio: account nobody, without a secret, port 3000";

/// A file of the example.
fn example(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/stdio-sse").join(file)
}

/// The example, with more heartbeats than the document has, so that tests need not wait for them.
async fn start() -> Server {
    Server::example("stdio-sse", &[("HEARTBEAT", "1s")], &[]).await
}

/// The example with another configuration: each text replaced by another.
async fn changed(changes: &[(&str, &str)]) -> Server {
    let directory = tempfile::tempdir().unwrap();
    for folder in ["server", "pages"] {
        fs::create_dir(directory.path().join(folder)).unwrap();
        for file in fs::read_dir(example(folder)).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), directory.path().join(folder).join(file.file_name())).unwrap();
        }
    }
    let mut config = fs::read_to_string(example("tidemill.toml")).unwrap();
    for (from, to) in changes {
        assert!(config.contains(from), "the configuration has no {from}");
        config = config.replace(from, to);
    }
    Server::start_in(directory, &config).await
}

/// The example with another program: a script.
async fn with_script(script: &str) -> Server {
    let command = toml::Value::from(vec!["sh", "-c", script]);
    changed(&[(r#"command = ["node", "index.js"]"#, &format!("command = {command}"))]).await
}

/// Opens the stream as plainly as can be.
async fn open(server: &Server, rest: &str) -> Wire {
    let mut wire = Wire::open(server.address()).await;
    wire.send(format!("GET /sse{rest} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
    let head = wire.head().await.unwrap();
    assert_eq!((head.status, head.get("content-type")), (200, Some("text/event-stream")), "{head:?}");
    wire
}

/// The next message that is not a heartbeat.
async fn message(wire: &mut Wire) -> Value {
    loop {
        let message: Value = serde_json::from_str(&wire.data().await).unwrap();
        if message["type"] != "heartbeat" {
            return message;
        }
    }
}

/// Waits until so many programs run.
async fn running(server: &Server, programs: u64) {
    eventually("so many programs run", async || {
        Figures::read(server).await.get("tidemill_source_processes", &[("source", "mcp")]) as u64 == programs
    })
    .await;
}

/// The programs that were started, by their process ids, in order.
fn started(server: &Server) -> Vec<u32> {
    let log = server.log();
    let lines = log.lines().filter(|line| line.contains(" started `"));
    lines.map(|line| line.rsplit_once("pid=").unwrap().1.trim().parse().unwrap()).collect()
}
