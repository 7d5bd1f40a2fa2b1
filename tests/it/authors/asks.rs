//! What a plugin asks the host for, in a running host: state, events of its own, lines, figures, and what a call by a client says
//! meanwhile. The same plugin in every language, in `asks/`.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::Author;
use super::whole::{serve, stored};
use crate::support::{Server, Subscriber};

const MANIFEST: &str =
    "kinds = [\"transform\", \"tools\"]\nuses = [\"state\", \"bus\", \"meter\", \"call\", \"server\"]\n";
const GRANTS: &str = "[grants]\nstate = true\npublish = [\"alert.*\"]\nfigures = true\n";
const VERSION: &str = "2026-07-28";

/// Builds the plugin of a language from its source, and asks it.
pub(super) async fn the_host_is_asked(tools: PathBuf, language: &str, file: &str, source: &str) {
    let author = Author::with_tools(tools);
    author.succeeds("", &["new", "asks", "--lang", language, "--kind", "transform,tools"]);
    fs::write(author.at("asks").join(file), source).unwrap();
    let about = format!("name = \"asks\"\nlanguage = \"{language}\"\n{MANIFEST}");
    fs::write(author.at("asks/tidemill-plugin.toml"), about).unwrap();
    author.succeeds("asks", &["build"]);
    let component = author.at("asks/dist/asks.wasm");
    fs::write(author.at("granted.toml"), GRANTS).unwrap();
    let server = serve("asks", &component, Some(&author.at("granted.toml"))).await;
    keys_are_kept(&server).await;
    events_are_published(&server).await;
    lines_and_figures_are_there(&server).await;
    a_call_says_how_far_it_is(&server).await;
    the_client_is_asked(&server).await;

    let server = Server::start("", &[("asks", &component)]).await;
    let refused = server.plugin_until("asks", |plugin| plugin["state"] == "failed").await.to_string();
    for missing in ["state — not granted (`state = true`)", "publish — not granted", "figures — not granted"] {
        assert!(refused.contains(missing), "{missing}: {refused}");
    }
}

/// What the plugin says to an event.
async fn said(server: &Server, kind: &str) -> Value {
    let (status, answer) = server.publish(kind, json!({})).await;
    assert_eq!(status, 200, "{answer}\n{}", server.log());
    stored(server, &answer).await
}

async fn keys_are_kept(server: &Server) {
    for sum in 1..=2 {
        let expected = json!({
            "sum": sum,
            "empty": "written", "emptyThere": true, "nothing": false,
            "large": "written", "largeSize": 1 << 20,
            "tooLarge": "a value of 1048577 bytes; at most 1048576 are possible",
            "noKey": "a key of 0 bytes; at most 256 are possible",
            "stale": "the key changed meanwhile", "staleVersion": true, "newer": true,
            "noNumber": "its value is no number, which has eight bytes",
            "many": true, "window": 5,
            "keys": 2, "lines": "leer\nzähler\n",
            "deleted": true, "deletedAgain": false,
        });
        assert_eq!(said(server, "ask.state").await, expected);
    }
}

async fn events_are_published(server: &Server) {
    let mut alerts = Subscriber::open(server, "types=alert.*&envelope=cloudevents").await;
    let why = "`other.high` is none of the types that it may publish (`grants.publish`)";
    assert_eq!(said(server, "ask.bus").await, json!({"published": true, "refused": true, "why": why}));
    let first = alerts.next().await.json();
    let attributes = ["type", "id", "source", "subject", "datacontenttype", "origin", "data"].map(|name| &first[name]);
    assert_eq!(
        attributes,
        ["alert.high", "a-1", "/plugins/asks/here", "é", "text/plain", "the test", "Zoë"],
        "{first}"
    );
    let second = alerts.next().await.json();
    assert_eq!((&second["source"], &second["data"]), (&json!("/plugins/asks"), &json!({"plain": true})), "{second}");
}

async fn lines_and_figures_are_there(server: &Server) {
    assert_eq!(said(server, "ask.log").await, json!({"logged": true}));
    let log = server.log();
    let line = log.lines().find(|line| line.contains("gezählt")).unwrap_or_else(|| panic!("{log}"));
    assert!(line.contains("WARN") && line.contains("größe") && line.contains("alice"), "{line}");
    let figures = server.get("/plugins/asks").await.1["figures"].clone();
    assert_eq!((&figures["own"]["counted"], &figures["own_lost"]), (&json!(2), &json!(0)), "{figures}");
    assert_eq!(
        (&figures["own"]["size"]["count"], &figures["own"]["size"]["sum"]),
        (&json!(1), &json!(0.5)),
        "{figures}"
    );
}

async fn a_call_says_how_far_it_is(server: &Server) {
    let mut steps = Subscriber::open(server, "types=tidemill.tool.progress,alert.tool").await;
    let done = call(server, json!({"name": "work", "arguments": {}})).await;
    let expected = json!({"slept": true, "published": true, "streams": 1, "nowhere": false});
    assert_eq!(done["structuredContent"], expected, "{done}\n{}", server.log());
    assert_eq!(done["content"][0], json!({"type": "text", "text": "done"}), "{done}");
    let image = &done["content"][1];
    assert_eq!((&image["data"], &image["mimeType"]), (&json!("AQI="), &json!("image/png")), "{done}");
    assert_eq!(
        (&done["content"][2]["uri"], &done["content"][2]["name"]),
        (&json!("asks://1"), &json!("One")),
        "{done}"
    );
    assert_eq!(done["content"][3]["resource"]["text"], "two", "{done}");
    let half = steps.next().await.json();
    assert_eq!((&half["percent"], &half["message"]), (&json!(50.0), &json!("half")), "{half}");
    let whole = steps.next().await.json();
    assert_eq!(
        (&whole["done"], &whole["total"], &whole["message"]),
        (&json!(2.0), &Value::Null, &Value::Null),
        "{whole}"
    );
}

async fn the_client_is_asked(server: &Server) {
    let asked = call(server, json!({"name": "greet", "arguments": {}})).await;
    assert_eq!(asked["inputRequests"]["who"]["params"]["message"], "Who?", "{asked}\n{}", server.log());
    let answer = json!({"who": {"action": "accept", "content": {"name": "Zoë"}}});
    let again = json!({
        "name": "greet", "arguments": {}, "inputResponses": answer, "requestState": asked["requestState"],
    });
    let greeted = call(server, again).await;
    assert_eq!(greeted["content"], json!([{"type": "text", "text": "höflich Zoë"}]), "{greeted}");
}

/// What a client of tools hears.
async fn call(server: &Server, mut params: Value) -> Value {
    let name = params["name"].as_str().unwrap().to_owned();
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": VERSION,
        "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}},
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    });
    let request = server.http.post(server.url("/mcp")).header("accept", "application/json, text/event-stream");
    let request =
        request.header("mcp-protocol-version", VERSION).header("mcp-method", "tools/call").header("mcp-name", name);
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let text = request.json(&message).send().await.unwrap().text().await.unwrap();
    // Its last message, which may come as a stream.
    let last = text.lines().filter_map(|line| line.strip_prefix("data:")).rfind(|data| data.contains("\"id\":1"));
    let answer: Value = serde_json::from_str(last.unwrap_or(&text)).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert!(answer["error"].is_null(), "{answer}\n{}", server.log());
    answer["result"].clone()
}
