//! What is there beside the stream: pages, what the server says of itself, and headers.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::{BEGINS, open, running, start};
use crate::clients::{Script, need_chromium, node};
use crate::support::Wire;

#[tokio::test]
async fn s2_20_the_demo_page_shows_what_comes_and_connects_and_disconnects() {
    need_chromium();
    let server = start().await;
    let screenshot = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stdio-sse.png");
    let mut page = Script::start(node("page.mjs").arg(server.url("/sse-demo.html")).arg(&screenshot).args([
        "document.querySelector('#status').textContent === 'connected'",
        "document.querySelector('#messages').textContent.includes('\"connection\"')",
        &format!("document.querySelector('#messages').textContent.includes({BEGINS:?})"),
        "document.querySelector('#messages').textContent.includes('heartbeat')",
        "document.querySelector('#count').textContent == document.querySelectorAll('#messages li').length",
        "document.querySelector('#time').textContent !== '0 s'",
        "(document.querySelector('#disconnect').click(), document.querySelector('#status').textContent === 'disconnected')",
        "(document.querySelector('#connect').click(), true)",
        "document.querySelector('#status').textContent === 'connected'",
        "document.querySelectorAll('#messages li').length >= 5",
    ]));
    loop {
        let said = page.next().await;
        if let Some(errors) = said["errors"].as_array() {
            assert!(errors.is_empty(), "{errors:?}");
            break;
        }
    }
    assert!(fs::metadata(&screenshot).unwrap().len() > 10_000, "{} is a picture of the page", screenshot.display());
    // The browser is gone.
    running(&server, 0).await;
}

#[tokio::test]
async fn s2_21_22_23_26_what_is_there_says_so_and_there_is_no_chat() {
    let server = start().await;
    let page = server.http.get(server.url("/")).send().await.unwrap();
    assert_eq!(
        (page.status().as_u16(), &page.headers()["content-type"]),
        (200, &"text/html; charset=utf-8".parse().unwrap())
    );
    let page = page.text().await.unwrap();
    assert!(page.contains("There is no chat"), "{page}");
    let (_, info) = server.get("/api").await;
    // Whatever the page and the server name is there.
    let mut named: Vec<&str> = page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    named.extend(info["endpoints"].as_array().unwrap().iter().map(|endpoint| endpoint["path"].as_str().unwrap()));
    assert!(named.contains(&"/sse") && named.contains(&"/sse-demo.html"), "{named:?}");
    for path in named {
        let status = server.http.get(server.url(path)).send().await.unwrap().status();
        assert_eq!(status, 200, "{path}");
    }
    let stream = open(&server, "").await;
    let (_, health) = server.get("/health").await;
    assert_eq!(
        (&health["status"], &health["service"], &health["connections"]),
        (&json!("ok"), &json!("stdio-sse"), &json!(1))
    );
    drop(stream);
    let chat = server.http.post(server.url("/chat")).json(&json!({"message": "hello"})).send().await.unwrap();
    assert_eq!(chat.status(), 404);
}

#[tokio::test]
async fn s2_09_headers_are_those_of_the_document_for_every_site() {
    let server = start().await;
    let mut wire = Wire::open(server.address()).await;
    wire.send("GET /sse HTTP/1.1\r\nHost: localhost\r\nOrigin: https://any.example\r\n\r\n").await;
    let head = wire.head().await.unwrap();
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-cache"),
        ("connection", "keep-alive"),
        ("access-control-allow-origin", "*"),
    ] {
        assert_eq!(head.get(name), Some(value), "{head:?}");
    }
}
