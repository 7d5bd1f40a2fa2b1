//! One connection on which a request follows the answer to the one before. Knows as much of HTTP as the host's answers need.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

/// A connection.
pub(super) struct Exchange {
    socket: TcpStream,
    answer: Vec<u8>,
}

impl Exchange {
    pub(super) fn open(address: SocketAddr) -> Result<Self> {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        Ok(Self { socket, answer: Vec::new() })
    }

    /// Sends a request and reads its answer, which must be a good one.
    pub(super) fn send(&mut self, request: &[u8]) -> Result<()> {
        self.socket.write_all(request)?;
        self.answer.clear();
        let mut buffer = [0; 16 << 10];
        while !is_whole(&self.answer)? {
            let count = self.socket.read(&mut buffer)?;
            ensure!(count > 0, "the host hung up");
            self.answer.extend_from_slice(&buffer[..count]);
        }
        let answer = String::from_utf8_lossy(&self.answer);
        ensure!(!answer.contains("\"isError\":true") && !answer.contains("\"error\":"), "the host answered {answer}");
        Ok(())
    }
}

/// Whether an answer is there to its end.
fn is_whole(answer: &[u8]) -> Result<bool> {
    let Some(at) = memchr::memmem::find(answer, b"\r\n\r\n") else { return Ok(false) };
    let (head, body) = (std::str::from_utf8(&answer[..at])?.to_ascii_lowercase(), &answer[at + 4..]);
    ensure!(head.starts_with("http/1.1 200"), "the host answered {head}");
    if head.contains("transfer-encoding: chunked") {
        return Ok(body.ends_with(b"0\r\n\r\n"));
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).context("no length")?;
    Ok(body.len() >= length.parse()?)
}

/// A plain request.
pub(super) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes()
}

/// One event.
pub(super) fn publish() -> Vec<u8> {
    post("/events", "", &json!({"type": "bench.tick", "data": {"n": 1}}))
}

/// A call without a session, answered in JSON.
pub(super) fn call(tool: &str) -> Vec<u8> {
    let params = json!({"name": tool, "arguments": {}});
    post("/mcp", "", &json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}))
}

/// A call that goes on for so long and tells its steps, as a client of 2026-07-28 makes it.
pub(super) fn long_call(seconds: u64, steps: u64) -> Vec<u8> {
    let meta = json!({
        "progressToken": 1,
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let arguments = json!({"task_name": "bench", "duration_seconds": seconds, "step_count": steps});
    let params = json!({"name": "simulate_progress", "arguments": arguments, "_meta": meta});
    let headers = "Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\n\
        Mcp-Method: tools/call\r\nMcp-Name: simulate_progress\r\n";
    post("/mcp", headers, &json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}))
}

fn post(path: &str, headers: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}
