//! `examples/all-five`: the documented systems in one process, on one bus, at one address.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::clients::Script;
use crate::support::{Server, ready_made};

const FIVE: [&str; 5] = ["sse-integration", "event-driven", "stdio-sse", "mcp-sse", "notification-server"];

/// Of the test's own.
const SECRET: &str = "a secret of thirty-two bytes and more";

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").canonicalize().unwrap()
}

fn config(example: &str) -> String {
    fs::read_to_string(examples().join(example).join("tidemill.toml")).unwrap()
}

/// Copies what is in version control.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if entry.path().is_file() {
            fs::copy(entry.path(), to.join(&name)).unwrap();
        } else if !["plugins", "node_modules", "target"].iter().any(|built| name == *built) {
            copy(&entry.path(), &to.join(&name));
        }
    }
}

/// The example as it is, with a secret.
async fn start() -> Server {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for example in FIVE {
        copy(&examples().join(example), &path.join("examples").join(example));
    }
    fs::create_dir(path.join("plugins")).unwrap();
    for plugin in ["cel", "json-schema", "notification-server"] {
        fs::copy(ready_made(plugin), path.join(format!("plugins/{plugin}.wasm"))).unwrap();
        let settings = ready_made(plugin).with_extension("toml");
        fs::copy(settings, path.join(format!("plugins/{plugin}.toml"))).unwrap();
    }
    let secret = path.join("examples/mcp-sse/secret.txt");
    fs::write(&secret, SECRET).unwrap();
    fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    // It stands at the top here.
    let config = config("all-five").replace("\"../", "\"examples/").replace("\"data/all-five\"", "\"data\"");
    Server::start_in(directory, &config).await
}

fn token(name: &str, kind: &str) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let claims = json!({"tokenId": name, "type": kind, "permissions": ["read", "write"], "iat": now, "exp": now + 600});
    encode(&Header::default(), &claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
}

/// A stream as curl prints it.
struct Stream(Script);

impl Stream {
    fn open(server: &Server, path: &str) -> Self {
        let mut curl = Command::new("curl");
        curl.args(["-sN", "-H", "Accept: text/event-stream", &server.url(path)]).env("NO_PROXY", "127.0.0.1");
        Self(Script::start(&mut curl))
    }

    /// The next data.
    async fn next(&mut self) -> Value {
        let line = self.0.line_after("data: ").await;
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// The next data of an event of this name.
    async fn named(&mut self, name: &str) -> Value {
        while self.0.line_after("event: ").await != name {}
        self.next().await
    }

    /// The next data for which this holds.
    async fn until(&mut self, holds: impl Fn(&Value) -> bool) -> Value {
        loop {
            let data = self.next().await;
            if holds(&data) {
                return data;
            }
        }
    }
}

async fn post(server: &Server, path: &str, token: Option<&str>, body: Value) -> (u16, Value) {
    let request = server.http.post(server.url(path)).json(&body);
    let answer = token.into_iter().fold(request, |request, token| request.bearer_auth(token)).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s8_6_each_system_is_there_and_what_a_tool_tells_is_seen_where_it_belongs() {
    let server = start().await;
    let (master, team) = (token("boss", "master"), token("ann", "team"));
    let mut events = Stream::open(&server, "/events");
    let mut processes = Stream::open(&server, "/sse");
    let mut backlog = Stream::open(&server, &format!("/mcp/sse?token={team}"));
    let mut notifications = Stream::open(&server, "/mcp");

    // Each greets in its own words.
    assert_eq!(events.named("connection_established").await["type"], "connection_established");
    let hello = processes.next().await;
    assert_eq!((&hello["type"], &hello["status"]), (&json!("connection"), &json!("connected")));
    let welcome = backlog.named("connection-status").await;
    assert_eq!(welcome["result"]["status"], "connected");
    let hello = notifications.next().await;
    assert_eq!((&hello["type"], &hello["client_count"]), (&json!("status"), &json!(1)));

    // sse-integration, event-driven: a broadcast, and an event of a type that is declared.
    let custom = json!({"type": "custom_event", "data": {"message": "Hello World"}});
    let (status, answer) = post(&server, "/events/broadcast", None, custom).await;
    assert_eq!((status, &answer["success"]), (200, &json!(true)), "{answer}");
    assert_eq!(events.named("custom_event").await["message"], "Hello World");
    let started = json!({"type": "workflow_started", "data": {"workflowId": "w1", "name": "Enrolment", "steps": []}});
    assert_eq!(post(&server, "/events/broadcast", None, started).await.0, 200);
    assert_eq!(events.named("workflow_started").await["workflowId"], "w1");
    let lacking = json!({"type": "workflow_started", "data": {"name": "Enrolment"}});
    assert_eq!(post(&server, "/events/broadcast", None, lacking).await.0, 422);

    // stdio-sse: the process of this connection says on standard error that it runs.
    let error = processes.until(|data| data["type"] == "error").await;
    assert!(error["message"].is_string(), "{error}");

    // mcp-sse: nothing without a token, and a broadcast is for those who have one.
    let refused = server.http.get(server.url("/mcp/sse")).send().await.unwrap();
    assert_eq!(refused.status(), 401);
    let message =
        json!({"message": {"type": "mcp-notification", "result": {"message": "maintenance", "level": "warning"}}});
    assert_eq!(post(&server, "/mcp/sse/broadcast", Some(&team), message.clone()).await.0, 403);
    let (status, answer) = post(&server, "/mcp/sse/broadcast", Some(&master), message).await;
    assert_eq!((status, &answer["sentCount"]), (200, &json!(1)), "{answer}");
    let told = backlog.until(|data| data["result"]["message"] == "maintenance").await;
    assert_eq!(told["type"], "mcp-notification");

    // notification-server: its own stream, and the bridge.
    let call = |name: &str, arguments: Value| {
        post(
            &server,
            "/mcp",
            None,
            json!({
                "jsonrpc": "2.0", "id": "3", "method": "tools/call", "params": {"name": name, "arguments": arguments},
            }),
        )
    };
    let (status, answer) = call("send_notification", json!({"message": "Hello", "type": "info"})).await;
    assert_eq!((status, &answer["result"]["isError"]), (200, &json!(false)), "{answer}");
    let told = notifications.next().await;
    assert_eq!((&told["type"], &told["message"]), (&json!("notification"), &json!("Hello")));
    let bridged = events.named("notification.notification").await;
    assert_eq!((&bridged["type"], &bridged["message"]), (&json!("notification.notification"), &json!("Hello")));
    assert_eq!(bridged["data"]["notification_id"], told["notification_id"], "it is the same event");

    // What the others tell stayed where it belongs.
    let (_, _) = call("send_notification", json!({"message": "last", "type": "info"})).await;
    let mut seen = Vec::new();
    while seen.last().is_none_or(|data: &Value| data["message"] != "last") {
        seen.push(events.next().await);
    }
    assert!(!seen.iter().any(|data| data["type"] == "mcp-notification"), "without a token: {seen:?}");
    assert_eq!(notifications.next().await["message"], "last", "and no other event");
}

#[tokio::test]
async fn s8_6_pages_and_figures_of_all_are_at_one_address() {
    let server = start().await;
    let master = token("boss", "master");
    for (path, member, value) in [
        ("/health", "service", json!("all-five")),
        ("/health", "status", json!("ok")),
        ("/events/health", "status", json!("healthy")),
        ("/events/stats", "currentConnections", json!(0)),
        ("/mcp/sse/stats", "totalConnections", json!(0)),
    ] {
        let answer = server.http.get(server.url(path)).bearer_auth(&master).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.json::<Value>().await.unwrap()[member], value, "{path}");
    }
    for path in ["/", "/sse-demo.html", "/dashboard.html"] {
        let answer = server.http.get(server.url(path)).send().await.unwrap();
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        assert!(answer.status() == 200 && kind.starts_with("text/html"), "{path}: {kind}");
    }
}

/// Whatever path one of the examples has is there, of the same kind.
#[test]
fn s8_6_every_mount_of_the_five_is_there() {
    let mounts = |example: &str| -> BTreeSet<(String, String)> {
        let config: toml::Table = config(example).parse().unwrap();
        let mounts = config["mount"].as_array().unwrap().iter();
        let text = |mount: &toml::Value, key: &str| {
            mount.get(key).and_then(toml::Value::as_str).unwrap_or("stream").to_owned()
        };
        mounts.map(|mount| (text(mount, "path"), text(mount, "kind"))).collect()
    };
    let all = mounts("all-five");
    for example in FIVE {
        let missing: Vec<_> = mounts(example).difference(&all).cloned().collect();
        assert!(missing.is_empty(), "all-five lacks mounts of {example}: {missing:?}");
    }
}
