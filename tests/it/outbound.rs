//! Outbound HTTP: a plugin reaches the hosts that it was granted, within its limits, and nothing else.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Abrupt, Origin, Server, Subscriber, certificate, guest, prepare, tidemill};

mod beside;
mod limits;
mod wants;

/// A server with the plugin `courier`, and what it publishes.
struct Post {
    server: Server,
    stream: Subscriber,
}

impl Post {
    async fn open(config: &str) -> Self {
        Self::opened(Server::start(config, &[("courier", &guest("courier"))]).await).await
    }

    async fn opened(server: Server) -> Self {
        let stream = Subscriber::open(&server, "types=errand.*,errand").await;
        Self { server, stream }
    }

    /// Has the plugin send a request, and what it tells of it.
    async fn errand(&mut self, errand: Value) -> Value {
        let (status, answer) = self.server.publish("errand", errand.clone()).await;
        assert_eq!((status, &answer["outcome"]), (200, &json!("stored")), "{errand}: {answer}");
        self.stream.next().await.json()
    }

    async fn get(&mut self, url: &str) -> Value {
        self.errand(json!({"url": url})).await
    }

    /// Requests by outcome, those that there are.
    async fn outcomes(&self) -> Value {
        let mut http = self.server.get("/plugins/courier").await.1["figures"]["http"].clone();
        http.as_object_mut().unwrap().retain(|_, count| *count != 0);
        http
    }
}

/// Grants hosts, and loopback.
fn granted(hosts: &[String]) -> String {
    format!("[plugins.courier.grants]\nhttp = {hosts:?}\nprivate-networks = [\"127.0.0.0/8\"]\n")
}

#[tokio::test]
async fn a_granted_host_is_reached() {
    let origin = Origin::start().await;
    let mut post = Post::open(&granted(&[origin.url("")])).await;
    let told = post.get(&origin.url("/hello")).await;
    assert_eq!(told, json!({"status": 200, "served": "1", "body": "hello"}));
    let headers = json!({"X-Mine": "1", "Cookie": "a=b"});
    let told = post.errand(json!({"url": origin.url("/echo/a?b=c"), "body": "grüße", "headers": headers})).await;
    let mut lines: Vec<&str> = told["body"].as_str().unwrap().lines().collect();
    lines[1..5].sort_unstable();
    let host = format!("host: {}", origin.address);
    let expected = ["POST /echo/a?b=c", "content-length: 7", "cookie: a=b", &host, "x-mine: 1", "", "grüße"];
    assert_eq!(lines, expected, "nothing is added but what HTTP needs");
    for header in ["Host", "Connection", "Transfer-Encoding", "Proxy-Authorization"] {
        let told = post.errand(json!({"url": origin.url("/echo"), "headers": {header: "x"}})).await;
        assert!(told["error"].as_str().is_some_and(|error| error.contains("header")), "{header}: {told}");
    }
    assert_eq!(origin.requests(), 2);
    assert_eq!(post.outcomes().await, json!({"ok": 2}));
    let metrics = post.server.http.get(post.server.url("/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("tidemill_plugin_http_requests_total{plugin=\"courier\",outcome=\"ok\"} 2"), "{metrics}");
    assert!(
        metrics.contains("tidemill_plugin_http_requests_total{plugin=\"courier\",outcome=\"denied\"} 0"),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_host_over_tls_is_reached_if_its_certificate_is_trusted() {
    let directory = tempfile::tempdir().unwrap();
    certificate(directory.path(), "origin");
    let origin = Origin::start_secure(directory.path(), "origin").await;
    let url = format!("https://{}/hello", origin.address);
    let grants = granted(&[format!("https://{}", origin.address)]);

    let mut post = Post::open(&grants).await;
    assert_eq!(post.get(&url).await, json!({"error": "the host's certificate is not trusted"}));

    fs::create_dir(directory.path().join("plugins")).unwrap();
    fs::copy(guest("courier"), directory.path().join("plugins/courier.wasm")).unwrap();
    let config = format!("{grants}[http-client]\nroots = \"origin.pem\"\n");
    let mut post = Post::opened(Server::start_in(directory, &config).await).await;
    assert_eq!(post.get(&url).await["body"], "hello");
    let plain = post.get(&origin.url("/hello")).await;
    assert_eq!(plain, json!({"error": "denied: the host was not granted"}), "plain HTTP was not granted");
}

/// A server that refuses need not hear the whole body first.
#[tokio::test]
async fn an_early_answer_is_an_answer() {
    let abrupt = Abrupt::start().await;
    let nowhere = format!("http://{}.test", "a".repeat(64));
    let mut post = Post::open(&granted(&[abrupt.url(""), nowhere.clone()])).await;
    let told = post.errand(json!({"url": abrupt.url("/early"), "body_bytes": 900_000})).await;
    assert_eq!(told, json!({"status": 401, "served": null, "body": "who?\n"}));
    assert_eq!(post.get(&abrupt.url("/nonsense")).await, json!({"error": "HttpProtocolError"}));
    let told = post.get(&nowhere).await["error"].as_str().unwrap().to_owned();
    assert!(told.starts_with("its name was not found: failed to lookup address information"), "{told}");
}

/// Invariant I5. Each of these leads to the server, which hears nothing.
#[tokio::test]
async fn i5_requests_go_nowhere_that_was_not_granted() {
    let origin = Origin::start().await;
    let port = origin.port();
    let hosts = [format!("https://127.0.0.1:{port}"), "http://127.0.0.1:1".into(), format!("http://*.test:{port}")];
    let mut post = Post::open(&granted(&hosts)).await;
    let denied = json!({"error": "denied: the host was not granted"});
    for host in ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "127.0.0.1.", "localhost", "test", "[::ffff:127.0.0.1]"]
    {
        assert_eq!(post.get(&format!("http://{host}:{port}/")).await, denied, "{host}");
    }
    for authority in ["a.test@127.0.0.1", "127.0.0.1:1@127.0.0.1", "a.test:1@127.0.0.1"] {
        let told = post.get(&format!("http://{authority}:{port}/")).await;
        assert!(
            told["error"].as_str().is_some_and(|error| error.contains("its URL names no host")),
            "{authority}: {told}"
        );
    }
    assert_eq!(origin.requests(), 0);
    let log = post.server.log();
    assert!(log.contains(&format!("wants http: http://127.0.0.1:{port} — not granted")), "{log}");
    assert!(log.contains(&format!("http = [\"http://127.0.0.1:{port}\"]")), "{log}");
    assert_eq!(post.outcomes().await, json!({"denied": 8, "failed": 3}));
}

/// Invariant I5. The hosts are granted, their addresses are not: they are this machine's own.
#[tokio::test]
async fn i5_private_addresses_are_denied_however_they_are_written() {
    let origin = Origin::start().await;
    let port = origin.port();
    let names = [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "0.0.0.0",
        "10.0.0.1",
        "169.254.169.254",
    ];
    let hosts: Vec<String> = names.iter().map(|name| format!("http://{name}:{port}")).collect();
    let mut post = Post::open(&format!("[plugins.courier.grants]\nhttp = {hosts:?}\n")).await;
    let other_spellings = ["2130706433", "0x7f.1", "017700000001", "127.1", "LOCALHOST", "localhost.", "0"];
    for name in names.iter().chain(&other_spellings) {
        let told = post.get(&format!("http://{name}:{port}/")).await;
        assert_eq!(told, json!({"error": "denied: its address is not public and was not granted"}), "{name}");
    }
    assert_eq!(origin.requests(), 0);
    assert!(post.server.log().contains("private-networks = [\"127.0.0.1/32\"]"), "{}", post.server.log());
    // Its own server is no exception.
    let own = post.server.url("/plugins");
    assert!(post.get(&own).await["error"].as_str().unwrap().starts_with("denied"));
}

/// A granted network makes the same names work, in every spelling.
#[tokio::test]
async fn private_addresses_are_reached_in_a_granted_network() {
    let origin = Origin::start().await;
    let port = origin.port();
    let mut post = Post::open(&granted(&[origin.url(""), format!("http://localhost:{port}")])).await;
    for name in ["127.0.0.1", "2130706433", "0x7f.1", "localhost", "LocalHost."] {
        let told = post.get(&format!("http://{name}:{port}/echo")).await;
        assert_eq!(told["status"], 200, "{name}: {told}");
    }
}

#[tokio::test]
async fn a_redirect_leads_no_further_than_a_request() {
    let (origin, other) = (Origin::start().await, Origin::start().await);
    let mut post = Post::open(&granted(&[origin.url("")])).await;
    let to = |url: String| origin.url(&format!("/redirect?{url}"));
    let told = post.get(&to(other.url("/hello"))).await;
    assert_eq!(told["status"], 302, "the host follows none: {told}");
    let told = post.errand(json!({"url": to(other.url("/hello")), "follow": true})).await;
    assert_eq!(told, json!({"error": "denied: the host was not granted"}));
    assert_eq!(other.requests(), 0);
    let told = post.errand(json!({"url": to(origin.url("/hello")), "follow": true})).await;
    assert_eq!(told["body"], "hello");
}

/// Neither the environment of the host nor what is not there leads a request elsewhere.
#[tokio::test]
async fn proxies_of_the_environment_are_not_asked() {
    let (origin, proxy) = (Origin::start().await, Origin::start().await);
    let mut server = Server::start(&granted(&[origin.url("")]), &[("courier", &guest("courier"))]).await;
    server.stop();
    let mut command = serve(server.directory());
    for name in ["http_proxy", "HTTP_PROXY", "ALL_PROXY"] {
        command.env(name, proxy.url(""));
    }
    server.start_again_with(&mut command).unwrap();
    let mut post = Post::opened(server).await;
    assert_eq!(post.get(&origin.url("/hello")).await["body"], "hello");
    assert_eq!((origin.requests(), proxy.requests()), (1, 0));
}

fn serve(directory: &Path) -> std::process::Command {
    let mut command = tidemill(directory);
    command.args(["serve", "--listen", "127.0.0.1:0", "--print-addr"]);
    prepare(&mut command);
    command
}
