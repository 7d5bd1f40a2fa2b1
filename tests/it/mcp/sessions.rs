//! Whose sessions are, and when they end.

use reqwest::Method;
use serde_json::json;

use super::client::{Session, message};
use super::tokens;
use crate::support::{Server, eventually};

#[tokio::test]
async fn a_session_is_for_whoever_began_it() {
    let server = Server::start(&tokens(), &[]).await;
    let session = Session::begin(&server, Some("ann")).await;
    let list = || Some(message("tools/list", json!({})));
    for (token, expected) in [("bob", 404), ("root", 404), ("ann", 200)] {
        assert_eq!(session.send_as(Some(token), Method::POST, list()).await.status(), expected, "POST by {token}");
        let streams = session.send_as(Some(token), Method::GET, None).await;
        assert_eq!(streams.status(), expected, "GET by {token}");
    }
    assert_eq!(session.send_as(Some("bob"), Method::DELETE, None).await.status(), 404, "nor may others end it");
    assert_eq!(session.send(Method::POST, list()).await.status(), 200);
    assert!(session.send(Method::DELETE, None).await.status().is_success());
    assert_eq!(session.send(Method::POST, list()).await.status(), 404, "it is over");
}

#[tokio::test]
async fn a_session_ends_when_nobody_uses_it_and_not_while_a_stream_is_open() {
    let server = Server::start("[mcp]\nsession-idle = '1s'\n", &[]).await;
    let (kept, left) = (Session::begin(&server, None).await, Session::begin(&server, None).await);
    let stream = kept.stream().await;
    let open = async || {
        let metrics = server.http.get(server.url("/metrics")).send().await.unwrap().text().await.unwrap();
        metrics.contains("tidemill_mcp_open{what=\"sessions\"} 1\n")
    };
    eventually("one of two sessions ends", open).await;
    let list = || Some(message("tools/list", json!({})));
    assert_eq!(left.send(Method::POST, list()).await.status(), 404);
    assert_eq!(kept.send(Method::POST, list()).await.status(), 200);
    drop(stream);
}

#[tokio::test]
async fn a_server_that_stops_ends_sessions_and_their_streams() {
    let mut server = Server::start("", &[]).await;
    let mut stream = Session::begin(&server, None).await.stream().await;
    server.stop();
    stream.end().await;
    assert!(!server.log().contains("stopped at the deadline"), "{}", server.log());
}
