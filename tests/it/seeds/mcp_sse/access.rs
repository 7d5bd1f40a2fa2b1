//! Who may listen, what they are told if they may not, and what pages of other sites may.

use serde_json::json;

use super::{Listener, answer, get, now, post, signed, start, token};
use crate::support::Wire;

#[tokio::test]
async fn s3_01_02_a_token_is_taken_from_the_address_and_from_both_headers() {
    let server = start(&[]).await;
    let team = token("team", &["read"]);
    let url = server.url("/mcp/sse");
    for request in [
        server.http.get(format!("{url}?token={team}")),
        server.http.get(&url).bearer_auth(&team),
        server.http.get(&url).header("x-auth-token", &team),
    ] {
        let listener = Listener::of(request).await;
        assert_eq!(listener.connection.len(), 36);
    }
    assert!(!server.log().contains(&team), "a token is in the log");
}

#[tokio::test]
async fn s3_01_36_what_is_wrong_with_a_token_can_be_told_apart() {
    let server = start(&[]).await;
    let url = server.url("/mcp/sse");
    let old = signed(&json!({"tokenId": "t", "type": "team", "permissions": [], "iat": 1, "exp": now() - 600}));
    let other = token("team", &[]);
    let forged = format!("{}x{}", &other[..other.len() - 9], &other[other.len() - 8..]);
    for (request, says) in [
        (server.http.get(&url), "there is no token"),
        (server.http.get(&url).header("authorization", "Token x"), "not of the form"),
        (server.http.get(&url).bearer_auth(old), "expired"),
        (server.http.get(&url).bearer_auth(forged), "signature"),
        (server.http.get(format!("{url}?token=nonsense")), "no token like this"),
    ] {
        let (status, body) = answer(request).await;
        assert_eq!((status, body.as_object().unwrap().len()), (401, 1), "{says}: {body}");
        assert!(body["error"].as_str().unwrap().contains(says), "{says}: {body}");
    }
    // A permission that is missing is another answer.
    for path in ["/mcp/sse/stats", "/mcp/sse/broadcast"] {
        let team = token("team", &["read", "write"]);
        let (status, body) = match path {
            "/mcp/sse/stats" => get(&server, path, &team).await,
            _ => post(&server, path, &team, &json!({"message": {"type": "mcp-notification"}})).await,
        };
        assert_eq!((status, body.as_object().unwrap().len()), (403, 1), "{body}");
        assert!(body["error"].as_str().unwrap().contains("master"), "{body}");
    }
}

#[tokio::test]
async fn s3_03_21_the_stream_has_the_documented_headers_and_answers_preflights() {
    let server = start(&[]).await;
    let mut wire = Wire::open(server.address()).await;
    let team = token("team", &[]);
    wire.send(format!(
        "GET /mcp/sse HTTP/1.1\r\nHost: localhost\r\nOrigin: https://a.example\r\nAuthorization: Bearer {team}\r\n\r\n"
    ))
    .await;
    let head = wire.head().await.unwrap();
    assert_eq!(head.status, 200);
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-cache"),
        ("connection", "keep-alive"),
        ("access-control-allow-origin", "*"),
        ("access-control-allow-headers", "Authorization, Cache-Control"),
        ("access-control-allow-methods", "GET, OPTIONS"),
    ] {
        assert!(head.get(name).is_some_and(|own| own.eq_ignore_ascii_case(value)), "{name}: {head:?}");
    }
    for (path, method, header) in [
        ("/mcp/sse", "GET", "authorization"),
        ("/mcp/sse/send", "POST", "content-type"),
        ("/mcp/sse/broadcast", "POST", "authorization"),
    ] {
        let asked =
            server.http.request(reqwest::Method::OPTIONS, server.url(path)).header("origin", "https://a.example");
        let asked =
            asked.header("access-control-request-method", method).header("access-control-request-headers", header);
        let answered = asked.send().await.unwrap();
        assert!(answered.status().is_success(), "{path}: {answered:?}");
        let allowed = answered.headers()["access-control-allow-headers"].to_str().unwrap().to_lowercase();
        assert!(allowed.contains(header), "{path}: {allowed}");
        assert!(answered.headers()["access-control-allow-methods"].to_str().unwrap().contains(method), "{path}");
    }
}

#[tokio::test]
async fn s3_21_only_pages_of_the_allowed_origins_may_read() {
    let server = start(&[("ALLOWED_ORIGINS", "https://a.example,https://b.example")]).await;
    for (origin, allowed) in [("https://a.example", true), ("https://b.example", true), ("https://c.example", false)] {
        let asked = server.http.get(server.url("/mcp/sse/stats")).bearer_auth(token("master", &[]));
        let answered = asked.header("origin", origin).send().await.unwrap();
        let found = answered.headers().get("access-control-allow-origin").map(|value| value.to_str().unwrap());
        assert_eq!(found, allowed.then_some(origin), "{answered:?}");
    }
}

#[tokio::test]
async fn s3_18_types_of_tokens_have_places_and_an_address_has_requests() {
    let server = start(&[]).await;
    let readonly = token("readonly", &[]);
    let mut listeners = Vec::new();
    for _ in 0..20 {
        listeners.push(Listener::open(&server, &readonly).await);
    }
    let (status, body) = get(&server, "/mcp/sse", &readonly).await;
    assert!(status == 503 && body["error"].as_str().unwrap().contains("readonly"), "{status} {body}");
    // Others have places of their own.
    Listener::open(&server, &token("team", &[])).await;
    let boss = token("master", &[]);
    for _ in 0..100 {
        assert_eq!(get(&server, "/mcp/sse/stats", &boss).await.0, 200);
    }
    let answered = server.http.get(server.url("/mcp/sse/stats")).bearer_auth(&boss).send().await.unwrap();
    assert!(answered.status() == 429 && answered.headers().contains_key("retry-after"), "{answered:?}");
    let body: serde_json::Value = answered.json().await.unwrap();
    assert!(body["error"].is_string(), "{body}");
}
