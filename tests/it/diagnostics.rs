//! `GET /diagnostics/buffering`, with and without a proxy that holds answers back.

use std::time::SystemTime;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::Server;

/// Passes nothing on before the answer has ended.
async fn buffering_proxy(server: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, server) = (listener.local_addr().unwrap().to_string(), server.to_owned());
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut upstream = TcpStream::connect(server).await.unwrap();
        let mut buffer = vec![0; 64 << 10];
        let length = client.read(&mut buffer).await.unwrap();
        upstream.write_all(&buffer[..length]).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"0\r\n\r\n") {
            let length = upstream.read(&mut buffer).await.unwrap();
            answer.extend_from_slice(&buffer[..length]);
        }
        client.write_all(&answer).await.unwrap();
    });
    address
}

/// Reads the stream as its last event says: whether the first piece came when the last had been sent.
async fn is_buffered(server: &Server, address: &str) -> bool {
    let mut answer = server.http.get(format!("http://{address}/diagnostics/buffering")).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    assert_eq!(answer.headers()["x-accel-buffering"], "no", "as other streams have it");
    let mut text = String::from_utf8(answer.chunk().await.unwrap().unwrap().to_vec()).unwrap();
    let first = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis();
    while let Some(chunk) = answer.chunk().await.unwrap() {
        text += std::str::from_utf8(&chunk).unwrap();
    }
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let data: Vec<Value> = data.map(|data| serde_json::from_str(data).unwrap()).collect();
    let (verdict, pieces) = data.split_last().unwrap();
    assert_eq!(verdict["pieces"].as_u64(), Some(pieces.len() as u64), "{text}");
    assert!(text.contains("\n\nevent: verdict\n"), "{text}");
    first >= u128::from(pieces.last().unwrap()["sentAt"].as_u64().unwrap())
}

#[tokio::test]
async fn a_proxy_that_buffers_is_told_from_none() {
    let server = Server::start("", &[]).await;
    assert!(!is_buffered(&server, server.address()).await);
    let proxy = buffering_proxy(server.address()).await;
    assert!(is_buffered(&server, &proxy).await);
}
