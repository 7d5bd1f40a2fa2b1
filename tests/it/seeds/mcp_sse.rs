//! `examples/mcp-sse`: a stream with tokens, commands whose answers come on it, broadcasts, statistics.

mod access;
mod broadcasts;
mod clients;
mod commands;
mod monitored;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};
use sse_stream::{Sse, SseStream};

use crate::support::{PATIENCE, Server, eventually, guest};

/// As the document writes the server's address.
const DOCUMENTED: &str = "http://localhost:3000";

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

/// A file of the example.
fn example(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/mcp-sse").join(file).canonicalize().unwrap()
}

/// The example with its plugin.
async fn start(variables: &[(&str, &str)]) -> Server {
    let secret = secret();
    let mut all = vec![("JWT_SECRET_FILE", secret.to_str().unwrap())];
    all.extend(variables);
    let server = Server::example("mcp-sse", &all, &[]).await;
    fs::copy(guest("projects"), server.directory().join("examples/mcp-sse/plugins/projects.wasm")).unwrap();
    let boss = token("master", &[]);
    eventually("the plugin is loaded", async || get(&server, "/event-types/project.created", &boss).await.0 == 200)
        .await;
    server
}

fn secret() -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mcp-sse-secret.txt");
    // In one step: tests are processes of their own.
    let mut file = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    file.write_all(SECRET).unwrap();
    file.persist(&path).unwrap();
    path
}

/// A token as the document's programs make it.
fn token(kind: &str, permissions: &[&str]) -> String {
    signed(
        &json!({"tokenId": format!("{kind}-1"), "type": kind, "permissions": permissions, "iat": now(), "exp": now() + 600}),
    )
}

fn signed(claims: &Value) -> String {
    encode(&Header::default(), claims, &EncodingKey::from_secret(SECRET)).unwrap()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

async fn get(server: &Server, path: &str, token: &str) -> (u16, Value) {
    answer(server.http.get(server.url(path)).bearer_auth(token)).await
}

async fn post(server: &Server, path: &str, token: &str, body: &Value) -> (u16, Value) {
    answer(server.http.post(server.url(path)).bearer_auth(token).json(body)).await
}

async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
    (status, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
}

/// A stream, and the connection that its welcome told.
struct Listener {
    stream: BoxStream<'static, Result<Sse, sse_stream::Error>>,
    connection: String,
    /// The last `id:` line.
    place: String,
}

impl Listener {
    async fn open(server: &Server, token: &str) -> Self {
        Self::of(server.http.get(server.url("/mcp/sse")).bearer_auth(token)).await
    }

    async fn of(request: reqwest::RequestBuilder) -> Self {
        // The stream has no end.
        let answer = request.timeout(PATIENCE * 10).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
        let stream = SseStream::from_bytes_stream(answer.bytes_stream()).boxed();
        let mut listener = Self { stream, connection: String::new(), place: String::new() };
        let status = listener.next("connection-status").await;
        let welcome = listener.next("mcp-notification").await;
        assert_eq!(status["result"]["status"], "connected");
        assert_eq!(status["result"]["connectionId"], welcome["result"]["connectionId"]);
        listener.connection = welcome["result"]["connectionId"].as_str().unwrap().to_owned();
        listener
    }

    /// The data of the next event that has this name. All have the envelope of the document, encoded once.
    async fn next(&mut self, name: &str) -> Value {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.stream.next()).await.unwrap_or_else(|_| panic!("no {name}"));
            let Sse { event, data, id, .. } = next.expect("the stream ended").unwrap();
            self.place = id.unwrap_or(std::mem::take(&mut self.place));
            let (Some(event), Some(data)) = (event, data) else { continue };
            let data: Value = serde_json::from_str(&data).unwrap();
            assert_eq!(data["type"], *event, "{data}");
            let written = data["timestamp"].as_str().unwrap();
            assert!(written.len() >= 20 && written.ends_with('Z'), "{data}");
            if event == name {
                return data;
            }
        }
    }
}
