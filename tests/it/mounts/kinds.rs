//! What mounts of each kind do.

use std::fs;

use serde_json::json;

use super::{answer, json_of, post};
use crate::support::{Server, Subscriber, Wire};

/// As documents of other systems have it.
const BROADCAST: &str = r#"
[[mount]]
path = "/events/broadcast"
kind = "publish"
problem = "{success: false, error: .detail}"
event = '''
  .body as $b
  | if ($b | type) != "object" or ($b.type | type) != "string" then error("`type` is missing: say what happened")
    else {id, type: $b.type, time: .now, data: $b.data, audience: $b.filter} | with_entries(select(.value != null)) end
'''
answer = '{success: true, message: .event.type, id, clientsNotified: .recipients, of: .connections, position}'
of = "/events"

[[mount]]
path = "/plain"
kind = "publish"
methods = "PUT"
event = '.body | select(. != null) | {type: "plain", data: .}'
"#;

#[tokio::test]
async fn a_body_becomes_an_event() {
    let server = Server::start(BROADCAST, &[]).await;
    let (mut one, _two) = (Subscriber::open(&server, "").await, Subscriber::open(&server, "types=other").await);
    let (status, told) =
        json_of(post(&server, "/events/broadcast", r#"{"type":"custom_event","data":{"n":1.50}}"#)).await;
    let event = one.next().await;
    assert_eq!((&*event.event, &*event.data), ("custom_event", r#"{"n":1.50}"#));
    assert_eq!(
        (status, &told["message"], &told["clientsNotified"], &told["of"], &told["position"]),
        (200, &json!("custom_event"), &json!(1), &json!(2), &json!(event.id))
    );
    assert_eq!(told["id"].as_str().unwrap().len(), 36, "{told}");
    // For nobody who is here.
    let (status, told) =
        json_of(post(&server, "/events/broadcast", r#"{"type":"other","filter":{"tokenTypes":["team"]}}"#)).await;
    assert_eq!((status, &told["clientsNotified"]), (200, &json!(0)));
    for (body, status, says) in [
        ("{", 400, "not valid JSON"),
        ("", 400, "not valid JSON"),
        ("[]", 400, "`type` is missing"),
        (r#"{"data":1}"#, 400, "`type` is missing"),
        (r#"{"type":"tidemill.x"}"#, 422, "tidemill"),
        (r#"{"type":"a b"}"#, 422, "type"),
    ] {
        let (found, told) = json_of(post(&server, "/events/broadcast", body)).await;
        assert_eq!((found, &told["success"]), (status, &json!(false)), "{body}: {told}");
        assert!(told["error"].as_str().unwrap().contains(says), "{body}: {told}");
    }
    let put = |body: &str| server.http.put(server.url("/plain")).body(body.to_owned());
    let (status, told) = json_of(put("7")).await;
    assert_eq!((status, &told["outcome"]), (200, &json!("stored")), "{told}");
    assert_eq!(json_of(put("null")).await.0, 400);
    let (status, headers, _) = answer(post(&server, "/plain", "7")).await;
    assert_eq!((status, &headers["allow"]), (405, "PUT, OPTIONS"));
    assert_eq!(json_of(put(&"7".repeat(2 << 20))).await.0, 413);
}

const FIGURES: &str = r#"
[[mount]]
path = "/health"
kind = "figures"
answer = '{status: (if .status == "ok" then "healthy" else .status end), timestamp: .now, uptime, version}'

[[mount]]
path = "/events/stats"
kind = "figures"
of = "/sse"
history = 2
answer = '''{totalConnections: .connections.total, currentConnections: .connections.current, by: .connections.byType,
    oldest: .connections.oldest, age: .connections.averageAgeSeconds, sent: .events.stored, eventHistory: [.history[].data]}'''

[[mount]]
path = "/sse"
types = "shown"

[[mount]]
path = "/api"
kind = "figures"
answer = "{mounts, listen}"

[[mount]]
path = "/broken"
kind = "figures"
answer = ".nothing.at[0].all | error(\"no\")"

[[mount]]
path = "/shaped"
types = "shown"
projection = "{n: .data} | select(.n != 1)"

[[mount]]
path = "/shaped/history"
kind = "figures"
of = "/shaped"
history = 5
answer = ".history"
"#;

#[tokio::test]
async fn figures_are_told_in_any_shape() {
    let server = Server::start(FIGURES, &[]).await;
    let (status, health) = server.get("/health").await;
    assert_eq!((status, &health["status"], &health["version"]), (200, &json!("healthy"), &json!("0.1.0")));
    let stamp = health["timestamp"].as_str().unwrap();
    assert!(stamp.ends_with('Z') && stamp.as_bytes()[19] == b'.' && stamp.len() == 24, "{stamp}");
    assert!(health["uptime"].as_f64().is_some());
    let mut wire = Wire::open(server.address()).await;
    wire.send("GET /sse HTTP/1.1\r\nHost: x\r\n\r\n").await;
    wire.until("retry:").await;
    let _elsewhere = Subscriber::open(&server, "").await;
    for (name, data) in [("shown", 1), ("shown", 2), ("hidden", 3), ("shown", 4)] {
        assert_eq!(server.publish(name, json!(data)).await.0, 200);
    }
    let (_, stats) = server.get("/events/stats").await;
    assert_eq!(
        (&stats["totalConnections"], &stats["currentConnections"], &stats["eventHistory"]),
        (&json!(2), &json!(1), &json!([2, 4])),
        "{stats}"
    );
    assert_eq!(stats["by"], json!({"anonymous": 1, "readonly": 0, "team": 0, "master": 0}));
    assert!(stats["oldest"].is_string() && stats["age"].is_number(), "{stats}");
    assert_eq!(server.get("/shaped/history").await.1, json!([{"n": 2}, {"n": 4}]));
    let (_, api) = server.get("/api").await;
    assert_eq!(api["mounts"][2], json!({"path": "/sse", "kind": "stream"}), "{api}");
    assert_eq!(server.get("/broken").await.0, 503);
    let (status, headers, body) = answer(server.http.head(server.url("/health"))).await;
    assert_eq!((status, &headers["content-type"], &*body), (200, "application/json", ""));
}

#[tokio::test]
async fn a_file_is_served_as_it_is_at_the_moment() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir_all(directory.path().join("plugins")).unwrap();
    fs::create_dir(directory.path().join("public")).unwrap();
    let page = directory.path().join("public/demo.html");
    fs::write(&page, "<p>é").unwrap();
    let config = "[[mount]]\npath = '/sse-demo.html'\nkind = 'file'\nfile = 'public/demo.html'\n\
                  [[mount]]\npath = '/'\nkind = 'file'\nfile = 'public/demo.html'\ncsp = \"default-src 'none'\"\n\
                  [[mount]]\npath = '/folder'\nkind = 'file'\nfile = 'public'\n\
                  [[mount]]\npath = '/large'\nkind = 'file'\nfile = 'large.bin'\n";
    fs::write(directory.path().join("large.bin"), vec![0; (4 << 20) + 1]).unwrap();
    let server = Server::start_in(directory, config).await;
    let get = |path: &str| server.http.get(server.url(path));
    let (status, headers, body) = answer(get("/sse-demo.html")).await;
    assert_eq!((status, &*body, &headers["content-type"]), (200, "<p>é", "text/html; charset=utf-8"));
    assert_eq!(&headers["x-content-type-options"], "nosniff");
    assert!(headers["content-security-policy"].starts_with("default-src 'self'"));
    assert_eq!(&answer(get("/")).await.1["content-security-policy"], "default-src 'none'");
    let tag = headers["etag"].to_owned();
    let (status, _, body) = answer(get("/sse-demo.html").header("if-none-match", &tag)).await;
    assert_eq!((status, &*body), (304, ""));
    fs::write(&page, "<p>other").unwrap();
    let (status, _, body) = answer(get("/sse-demo.html").header("if-none-match", &tag)).await;
    assert_eq!((status, &*body), (200, "<p>other"));
    for path in ["/folder", "/large", "/sse-demo.html/x", "/sse-demo.html/"] {
        assert_eq!(answer(get(path)).await.0, 404, "{path}");
    }
    fs::remove_file(&page).unwrap();
    let (status, _, body) = answer(get("/sse-demo.html")).await;
    assert!(status == 404 && !body.contains("public"), "{body}");
}

#[tokio::test]
async fn agents_and_plain_readers_share_a_path() {
    let server = Server::start(
        "[[mount]]\npath = '/agents'\nkind = 'mcp'\nname = 'notifier'\nversion = '1.2.3'\n\
         [[mount]]\npath = '/agents'\nframing = 'message'\n",
        &[],
    )
    .await;
    let body = json!({"jsonrpc": "2.0", "id": "1", "method": "initialize", "params": {"protocolVersion": "2025-06-18",
        "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}});
    let (status, told) = json_of(post(&server, "/agents", &body.to_string())).await;
    assert_eq!((status, &told["result"]["serverInfo"]["name"]), (200, &json!("notifier")), "{told}");
    assert_eq!(told["result"]["serverInfo"]["version"], "1.2.3");
    let mut wire = Wire::open(server.address()).await;
    wire.send("GET /agents HTTP/1.1\r\nHost: x\r\n\r\n").await;
    wire.until("retry:").await;
    let of_protocol = server.http.get(server.url("/agents")).header("mcp-session-id", "unknown");
    assert_ne!(answer(of_protocol.header("accept", "text/event-stream")).await.0, 200);
}
