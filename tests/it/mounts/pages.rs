//! What pages of other sites may do with mounts, how many requests are taken, and what is said of methods and headers.

use reqwest::Method;

use super::{answer, json_of, post};
use crate::support::{Http2, Server, Wire};

/// As a document says it, to the letter.
const OPEN: &str = r#"
[[mount]]
path = "/mcp/sse"
cors = { origins = "${ALLOWED_ORIGINS:-*}", headers = ["authorization", "cache-control"], always = true }
headers = { "Cache-Control" = "no-cache", Connection = "keep-alive", "X-Served-By" = "demo" }

[[mount]]
path = "/mcp/sse"
kind = "publish"
event = '{type: "x", data: .body}'
origins = ["loopback", "https://a.example"]
cors = { origins = ["https://a.example"], credentials = true, max-age = "1m" }

[[mount]]
path = "/off"
enabled = ["true", "${OFF:-false}"]
kind = "figures"
answer = "."
"#;

#[tokio::test]
async fn a_mount_says_itself_which_pages_may_read_it() {
    let server = Server::start(OPEN, &[]).await;
    let mut wire = Wire::open(server.address()).await;
    wire.send("GET /mcp/sse HTTP/1.1\r\nHost: x\r\nOrigin: https://any.example\r\n\r\n").await;
    let head = wire.head().await.unwrap();
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-cache"),
        ("connection", "keep-alive"),
        ("access-control-allow-origin", "*"),
        ("access-control-allow-headers", "Authorization, Cache-Control"),
        ("access-control-allow-methods", "GET, OPTIONS"),
        ("x-served-by", "demo"),
    ] {
        assert_eq!(head.get(name), Some(value), "{head:?}");
    }
    // A header that HTTP/2 does not know would end the connection.
    let mut http2 = Http2::open(server.address()).await;
    let mut stream = http2.get("/mcp/sse").await;
    assert_eq!(stream.status, 200);
    stream.until("retry:").await;

    let preflight = |method: &str, origin: &str| {
        let request = server.http.request(Method::OPTIONS, server.url("/mcp/sse"));
        request.header("origin", origin).header("access-control-request-method", method)
    };
    let (status, headers, _) = answer(preflight("GET", "https://any.example")).await;
    assert_eq!((status, &headers["access-control-allow-origin"]), (200, "*"));
    let (status, headers, _) = answer(preflight("POST", "https://a.example")).await;
    assert_eq!((status, &headers["access-control-allow-origin"]), (200, "https://a.example"));
    assert_eq!((&headers["access-control-max-age"], &headers["access-control-allow-credentials"]), ("60", "true"));
    assert!(!answer(preflight("POST", "https://b.example")).await.1.has("access-control-allow-origin"));

    // The other mount at the path takes what is posted, from pages that it knows.
    for (origin, status) in [
        (None, 200),
        (Some("https://a.example"), 200),
        (Some("https://b.example"), 403),
        (Some("http://localhost.b.example"), 403),
    ] {
        let request = post(&server, "/mcp/sse", "1");
        let request = origin.iter().fold(request, |request, origin| request.header("origin", *origin));
        assert_eq!(json_of(request).await.0, status, "{origin:?}");
    }
    let (status, headers, _) = answer(server.http.delete(server.url("/mcp/sse"))).await;
    assert_eq!((status, &headers["allow"]), (405, "GET, POST, HEAD, OPTIONS"));
    let (status, headers, _) = answer(server.http.request(Method::OPTIONS, server.url("/mcp/sse"))).await;
    assert_eq!((status, &headers["allow"]), (200, "GET, POST, HEAD, OPTIONS"));
    let (status, problem) = json_of(server.http.get(server.url("/off"))).await;
    assert!(status == 404 && problem["detail"].as_str().unwrap().contains("switched off"), "{problem}");
}

#[tokio::test]
async fn what_a_mount_says_of_pages_is_in_place_of_what_the_server_says() {
    let mount = |path: &str, rest: &str| {
        format!("[[mount]]\npath = '{path}'\nkind = 'publish'\nevent = '{{type: \"x\"}}'\n{rest}\n")
    };
    let own = mount("/own", "cors = { origins = ['https://a.example'] }");
    let config = format!("[cors]\norigins = ['https://b.example']\n{own}{}", mount("/plain", ""));
    let server = Server::start(&config, &[]).await;
    for (path, page, status) in [
        ("/own", "https://a.example", 200),
        ("/own", "https://b.example", 403),
        ("/plain", "https://a.example", 403),
        ("/plain", "https://b.example", 200),
    ] {
        let sent = json_of(post(&server, path, "1").header("origin", page)).await;
        assert_eq!(sent.0, status, "{path} {page}: {}", sent.1);
    }
}

#[tokio::test]
async fn who_asks_for_headers_alone_is_no_client() {
    let mount = "[[mount]]\npath = '/told'\non-change = { type = 'clients', data = '.change' }\n";
    let server = Server::start(mount, &[]).await;
    for path in ["/told", "/events"] {
        let (status, headers, _) = answer(server.http.head(server.url(path))).await;
        assert_eq!((status, &headers["content-type"]), (200, "text/event-stream"));
    }
    let mut wire = Wire::open(server.address()).await;
    wire.send("GET /told HTTP/1.1\r\nHost: x\r\n\r\n").await;
    wire.until("retry:").await;
    let (_, told) = json_of(server.http.get(server.url("/events/poll?types=clients&since=earliest&wait=20s"))).await;
    let told: Vec<_> = told["events"].as_array().unwrap().iter().map(|event| event["event"]["data"].clone()).collect();
    assert_eq!(told, ["connected"]);
}

#[tokio::test]
async fn one_address_may_send_so_many_requests_and_a_stream_counts_once() {
    let server = Server::start(
        "[[mount]]\npath = '/sse'\nrequests = { most = 2, window = '15m' }\nproblem = '{error: .detail}'\n",
        &[],
    )
    .await;
    let mut wire = Wire::open(server.address()).await;
    wire.send("GET /sse HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let head = wire.head().await.unwrap();
    assert_eq!(head.get("ratelimit-policy"), Some("\"requests\";q=2;w=900"));
    assert_eq!(head.get("ratelimit"), Some("\"requests\";r=1;t=450"));
    wire.until("retry:").await;
    for number in 0..5 {
        assert_eq!(server.publish("a", number.into()).await.0, 200);
    }
    wire.until("data: 4").await;
    // Whatever is wrong with a request, it was one.
    assert_eq!(answer(server.http.get(server.url("/sse?nonsense=1"))).await.0, 400);
    let (status, headers, body) = answer(server.http.get(server.url("/sse"))).await;
    let wait: u64 = headers["retry-after"].parse().unwrap();
    assert!(status == 429 && (1..=450).contains(&wait) && body.contains("error"), "{status} {headers:?} {body}");
    let metrics = answer(server.http.get(server.url("/metrics"))).await.2;
    assert!(metrics.contains("limit=\"mount.requests\"} 1"), "{metrics}");
}
