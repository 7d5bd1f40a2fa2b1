//! Requests of plugins to granted hosts and to others, in a running host. The same plugin in every language, in `asks/http.*`.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::Author;
use super::whole::{serve, stored};
use crate::support::{Abrupt, Origin, Server};

/// Builds the plugin of a language from its source, and has it send requests.
pub(super) async fn requests_are_sent(tools: PathBuf, language: &str, file: &str, source: &str) {
    let author = Author::with_tools(tools);
    author.succeeds("", &["new", "sends", "--lang", language, "--kind", "transform", "--uses", "http"]);
    fs::write(author.at("sends").join(file), source).unwrap();
    author.succeeds("sends", &["build"]);
    let component = author.at("sends/dist/sends.wasm");
    let (origin, abrupt) = (Origin::start().await, Abrupt::start().await);
    let hosts = ["http://wanted.test".to_owned(), origin.url(""), abrupt.url(""), no_name("")];
    let granted = format!("[grants]\nhttp = {hosts:?}\nprivate-networks = [\"127.0.0.0/8\"]\n");
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
    let early =
        send(&server, json!({"method": "POST", "url": abrupt.url("/early"), "body": "x".repeat(900_000)})).await;
    assert_eq!((&early["status"], &early["body"]), (&json!(401), &json!("who?\n")), "{early}");
    for (length, answer) in [
        ("14000", json!(200)),
        ("50", json!("the header content-length says 50 bytes, the body has 14000; leave the header out")),
    ] {
        let asked = json!({"url": origin.url("/echo/a"), "method": "POST", "body": body, "length": length});
        let sent = send(&server, asked).await;
        assert!(sent["status"] == answer || sent["error"] == answer, "{length}: {sent:.300}");
    }
    for (url, why) in [
        (&*no_name("/"), "failed to lookup address information"),
        ("http://127.0.0.1:1/", "denied: the host was not granted"),
        ("ftp://127.0.0.1/", "does not begin with `https://` or `http://`"),
        (&*origin.url("/silent"), "timed out: waiting for its answer"),
    ] {
        let refused = send(&server, json!({"url": url})).await;
        assert!(refused["error"].as_str().is_some_and(|told| told.contains(why)), "{url}: {refused}");
    }

    let nonsense = send(&server, json!({"url": abrupt.url("/nonsense")})).await.to_string();
    // As languages write it.
    assert!(nonsense.replace('-', "").to_lowercase().contains("httpprotocolerror"), "{nonsense}");
    let denied = send(&server, json!({"method": "POST", "url": "http://127.0.0.1:1/", "body": body})).await;
    assert_eq!(denied["error"], "denied: the host was not granted");

    let server = Server::start("", &[("sends", &component)]).await;
    let refused = server.plugin_until("sends", |plugin| plugin["state"] == "failed").await.to_string();
    assert!(refused.contains("http: http://wanted.test — not granted"), "{refused}");
}

/// A host of which nobody has to be asked that there is none: its label is too long.
fn no_name(path: &str) -> String {
    format!("http://{}.test{path}", "a".repeat(64))
}

async fn send(server: &Server, request: Value) -> Value {
    let (status, answer) = server.publish("send", request).await;
    assert_eq!(status, 200, "{answer}\n{}", server.log());
    stored(server, &answer).await
}
