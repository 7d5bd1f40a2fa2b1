//! The documented environment variables.

use std::path::Path;

use reqwest::header::ORIGIN;

use super::{example, start};
use crate::support::{Server, Wire, tidemill};

/// What a new client is told before anything happens.
async fn told_first(server: &Server) -> String {
    let mut wire = Wire::open(server.address()).await;
    wire.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_eq!(wire.head().await.unwrap().status, 200);
    assert_eq!(server.publish("end", serde_json::Value::Null).await.0, 200);
    wire.until("\nevent: end\n").await
}

#[tokio::test]
async fn s0_01_02_03_the_switches_are_those_of_the_document() {
    let server = start().await;
    let told = told_first(&server).await;
    assert!(told.contains("event: connection_established\n") && told.contains("event: pattern_enabled\n"), "{told}");
    assert!(told.contains(r#""data":{"name":"sse"}"#), "{told}");

    let server = Server::example("sse-integration", &[("INTEGRATION_SSE", "false")], &[]).await;
    let told = told_first(&server).await;
    assert!(told.contains("event: connection_established\n") && !told.contains("pattern_enabled"), "{told}");

    let endpoint = Server::example("sse-integration", &[("INTEGRATION_SSE_ENABLED", "false")], &[]).await;
    let all = Server::example("sse-integration", &[("INTEGRATION_ENABLED", "false")], &[]).await;
    for (server, path, status) in [
        (&endpoint, "/events", 404),
        (&endpoint, "/events/health", 200),
        (&all, "/events", 404),
        (&all, "/events/health", 404),
        (&all, "/events/stats", 404),
    ] {
        assert_eq!(server.get(path).await.0, status, "{path}");
    }
    for server in [endpoint, all] {
        let broadcast = server.http.post(server.url("/events/broadcast")).body(r#"{"type":"custom_event"}"#);
        assert_eq!(broadcast.send().await.unwrap().status(), 404);
    }
}

/// What `tidemill config show` says of an example.
fn shown(name: &str, arguments: &[&Path], variables: &[(&str, &str)]) -> String {
    let mut command = tidemill(&example("").canonicalize().unwrap().join(".."));
    command.args(["config", "show", "--config"]).arg(format!("examples/{name}/tidemill.toml"));
    let output = command.args(arguments).envs(variables.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn s0_04_15_the_documented_file_of_variables_is_one() {
    let file = example("sse-integration/clients/environment.env");
    let with = [Path::new("--env-file"), &file];
    assert!(shown("sse-integration", &with, &[]).contains("listen = \"127.0.0.1:3001\""));
    assert!(shown("sse-integration", &[], &[]).contains("listen = \"127.0.0.1:3001\""), "the documented port");
    // What is set already wins.
    let elsewhere = [("INTEGRATION_SSE_PORT", "4711")];
    assert!(shown("sse-integration", &with, &elsewhere).contains("listen = \"127.0.0.1:4711\""));
}

#[tokio::test]
async fn s0_05_pages_of_the_listed_sites_may_read_the_stream() {
    let allowed = async |server: &Server, path: &str, origin: &str| {
        let answer = server.http.get(server.url(path)).header(ORIGIN, origin).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.headers().get("access-control-allow-origin").map(|origin| origin.to_str().unwrap().to_owned())
    };
    let all = start().await;
    let listed = [("INTEGRATION_SSE_CORS_ORIGINS", "https://a.example,https://b.example")];
    let some = Server::example("sse-integration", &listed, &[]).await;
    for path in ["/events", "/events/health", "/events/stats"] {
        assert_eq!(allowed(&all, path, "https://any.example").await.as_deref(), Some("*"), "{path}");
        assert_eq!(allowed(&some, path, "https://b.example").await.as_deref(), Some("https://b.example"), "{path}");
        assert_eq!(allowed(&some, path, "https://c.example").await, None, "{path}");
    }
    // Reading harms nobody; telling everybody something is for pages that are listed.
    for (server, origin, status) in
        [(&all, "https://any.example", 403), (&some, "https://c.example", 403), (&some, "https://a.example", 200)]
    {
        let request = server.http.post(server.url("/events/broadcast")).header(ORIGIN, origin);
        assert_eq!(request.body(r#"{"type":"custom_event"}"#).send().await.unwrap().status(), status, "{origin}");
    }
}
