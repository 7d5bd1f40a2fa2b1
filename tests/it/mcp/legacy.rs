//! The transport of 2024-11-05.

use reqwest::Response;
use serde_json::{Value, json};

use super::client::{Frames, message};
use super::tokens;
use crate::support::{Server, eventually};

pub(super) async fn open(server: &Server, token: &str) -> (Frames, String) {
    let opened = server.http.get(server.url("/mcp/legacy/sse")).bearer_auth(token).send().await.unwrap();
    assert_eq!(
        (opened.status().as_u16(), &opened.headers()["content-type"]),
        (200, &"text/event-stream".parse().unwrap())
    );
    let mut stream = Frames::new(opened);
    let (name, address) = stream.frame().await.unwrap();
    assert_eq!(name, "endpoint");
    (stream, address)
}

pub(super) async fn post(server: &Server, token: &str, address: &str, body: Value) -> Response {
    server.http.post(server.url(address)).bearer_auth(token).json(&body).send().await.unwrap()
}

#[tokio::test]
async fn what_the_server_says_comes_on_the_stream_and_only_its_client_is_heard() {
    let server = Server::start(&tokens(), &[]).await;
    let (mut stream, address) = open(&server, "ann").await;
    let client = json!({"name": "old", "version": "1"});
    let params = json!({"protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": client});
    assert_eq!(post(&server, "bob", &address, message("initialize", params.clone())).await.status(), 404);
    assert_eq!(post(&server, "ann", &address, message("initialize", params)).await.status(), 202);
    let (name, said) = stream.frame().await.unwrap();
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((name.as_str(), &said["result"]["protocolVersion"]), ("message", &json!("2024-11-05")), "{said}");
    let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    assert_eq!(post(&server, "ann", &address, initialized).await.status(), 202);
    let event = json!({"name": "publish_event", "arguments": {"type": "order.created"}});
    assert_eq!(post(&server, "ann", &address, message("tools/call", event)).await.status(), 202);
    let said = stream.message().await;
    assert_eq!(said["result"]["structuredContent"]["outcome"], "stored", "{said}");

    assert_eq!(post(&server, "ann", &address, json!({"no": "message"})).await.status(), 400);
    assert_eq!(post(&server, "ann", "/mcp/legacy/messages", message("ping", json!({}))).await.status(), 400);
    drop(stream);
    eventually("the stream's address is gone with it", async || {
        post(&server, "ann", &address, message("ping", json!({}))).await.status() == 404
    })
    .await;
}

#[tokio::test]
async fn pages_of_other_sites_open_no_stream() {
    let server = Server::start(&tokens(), &[]).await;
    let request =
        server.http.get(server.url("/mcp/legacy/sse")).bearer_auth("ann").header("origin", "http://evil.example");
    assert_eq!(request.send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn it_is_where_the_configuration_mounts_it() {
    let old = "[[mount]]\npath = '/sse'\nkind = 'mcp-sse'\nmessages = '/message'\n\
               [server]\nbase-path = '/base'\n";
    let server = Server::start(&format!("{}{old}", tokens()), &[]).await;
    let opened = server.http.get(server.url("/base/sse")).bearer_auth("ann").send().await.unwrap();
    let mut stream = Frames::new(opened);
    let address = stream.frame().await.unwrap().1;
    assert!(address.starts_with("/base/message?sessionId="), "{address}");
    let client = json!({"name": "old", "version": "1"});
    let params = json!({"protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": client});
    assert_eq!(post(&server, "ann", &address, message("initialize", params)).await.status(), 202);
    assert_eq!(stream.message().await["result"]["serverInfo"]["name"], "tidemill");
    let get = async |path: &str| {
        let answer = server.http.get(server.url(path)).bearer_auth("ann").send().await.unwrap();
        (answer.status().as_u16(), answer.headers().get("allow").map(|allow| allow.to_str().unwrap().to_owned()))
    };
    assert_eq!(get("/base/mcp/legacy/sse").await, (404, None));
    assert_eq!(get("/base/message").await, (405, Some("POST, OPTIONS".to_owned())));
    // What only reads and does not say that it is of the protocol is for another mount, and there is none.
    assert_eq!(get("/base/mcp").await, (405, Some("POST, DELETE, OPTIONS".to_owned())));
    let server = Server::start("[mcp]\nenabled = false\n", &[]).await;
    for path in ["/mcp", "/mcp/legacy/sse"] {
        assert_eq!(server.get(path).await.0, 404, "{path}");
    }
}
