//! Requests of plugins to granted hosts and to others, in a running host. The same plugin in every language, in `asks/http.*`.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::Author;
use super::whole::{serve, stored};
use crate::support::{Origin, Server};

/// Builds the plugin of a language from its source, and has it send requests.
pub(super) async fn requests_are_sent(tools: PathBuf, language: &str, file: &str, source: &str) {
    let author = Author::with_tools(tools);
    author.succeeds("", &["new", "sends", "--lang", language, "--kind", "transform", "--uses", "http"]);
    fs::write(author.at("sends").join(file), source).unwrap();
    author.succeeds("sends", &["build"]);
    let component = author.at("sends/dist/sends.wasm");
    let (origin, hasty) = (Origin::start().await, hasty().await);
    let granted = format!(
        "[grants]\nhttp = [\"http://wanted.test\", {hasty:?}, {:?}]\nprivate-networks = [\"127.0.0.0/8\"]\n",
        origin.url("")
    );
    fs::write(author.at("granted.toml"), granted).unwrap();
    let server = serve("sends", &component, Some(&author.at("granted.toml"))).await;

    let hello = send(&server, json!({"url": origin.url("/hello")})).await;
    assert_eq!(hello, json!({"status": 200, "served": "1", "body": "hello"}));
    let long = send(&server, json!({"url": origin.url("/bytes/100000?a#b")})).await;
    assert_eq!(long["body"].as_str().map(str::len), Some(100_000));
    let body = "grüße".repeat(2_000);
    let echoed = send(&server, json!({"method": "POST", "url": origin.url("/echo/a?b=c#d"), "body": body})).await;
    let told = echoed["body"].as_str().unwrap();
    assert!(told.starts_with("POST /echo/a?b=c\n") && told.ends_with(&format!("\n\n{body}")), "{told:.200}");
    assert!(told.contains("content-length: 14000\n") && told.contains("x-mine: yes\n"), "{told:.200}");
    for (url, why) in [
        ("http://127.0.0.1:1/", "denied: the host was not granted"),
        ("ftp://127.0.0.1/", "does not begin with `https://` or `http://`"),
        (&*origin.url("/silent"), "timed out: waiting for its answer"),
    ] {
        let refused = send(&server, json!({"url": url})).await;
        assert!(refused["error"].as_str().is_some_and(|told| told.contains(why)), "{url}: {refused}");
    }

    let denied = send(&server, json!({"method": "POST", "url": "http://127.0.0.1:1/", "body": body})).await;
    assert_eq!(denied["error"], "denied: the host was not granted");
    if matches!(language, "javascript" | "python") {
        let early = send(&server, json!({"method": "POST", "url": hasty, "body": "x".repeat(900_000)})).await;
        assert_eq!((&early["status"], &early["body"]), (&json!(401), &json!("no")), "{early}");
    }

    let server = Server::start("", &[("sends", &component)]).await;
    let refused = server.plugin_until("sends", |plugin| plugin["state"] == "failed").await.to_string();
    assert!(refused.contains("http: http://wanted.test — not granted"), "{refused}");
}

async fn send(server: &Server, request: Value) -> Value {
    let (status, answer) = server.publish("send", request).await;
    assert_eq!(status, 200, "{answer}\n{}", server.log());
    stored(server, &answer).await
}

/// The URL of a server that has read enough once it knows the head of a request: it answers, and closes.
async fn hasty() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let read = socket.read(&mut [0; 1024]).await.unwrap();
            assert!(read > 0, "there is a request");
            let answer = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno";
            socket.write_all(answer).await.unwrap();
            // What was not read resets the connection: not before the answer is there.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    url
}
