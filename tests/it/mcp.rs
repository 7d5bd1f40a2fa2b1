//! The MCP server as its clients see it, byte by byte; real clients and the official suite stand beside it.

mod appearing;
mod bounds;
pub(crate) mod client;
mod clients;
mod hostile;
mod legacy;
mod notices;
mod sessions;

use reqwest::Method;
use serde_json::{Value, json};

use crate::auth::sha256;
use crate::support::Server;
use client::{Session, message, modern, plain, request};

/// Tokens of these names, and nobody without one.
fn tokens() -> String {
    let token =
        |name: &str, rest: &str| format!("[[auth.tokens]]\nname = '{name}'\nsha256 = '{}'\n{rest}\n", sha256(name));
    String::from("[auth]\nallow-anonymous = 'never'\n")
        + &token("ann", "type = 'team'\npublish = ['order.*']\nsubscribe = ['order.*']")
        + &token("bob", "type = 'team'\npublish = ['order.*']\nsubscribe = ['order.*']")
        + &token("root", "type = 'master'")
}

#[tokio::test]
async fn a_client_that_only_posts_json_publishes_and_reads_on_from_a_cursor() {
    let server = Server::start("", &[]).await;
    let tools = plain(&server, "tools/list", json!({})).await;
    let names: Vec<&str> =
        tools["result"]["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["list_event_types", "list_plugins", "publish_event", "read_events"]);

    let call = async |name: &str, arguments: Value| {
        let answer = plain(&server, "tools/call", json!({"name": name, "arguments": arguments})).await;
        answer["result"].clone()
    };
    for n in 0..3 {
        let stored = call("publish_event", json!({"type": "order.created", "data": {"n": n}})).await;
        assert_eq!((&stored["isError"], &stored["structuredContent"]["outcome"]), (&json!(false), &json!("stored")));
    }
    call("publish_event", json!({"type": "user.created"})).await;
    let data = |page: &Value| -> Vec<Value> {
        let events = page["structuredContent"]["events"].as_array().unwrap_or_else(|| panic!("{page}"));
        events.iter().map(|event| event["event"]["data"]["n"].clone()).collect()
    };
    let newest = call("read_events", json!({"types": ["order.*"], "limit": 2})).await;
    assert_eq!(data(&newest), [1, 2]);
    let first = call("read_events", json!({"types": ["order.*"], "limit": 1})).await;
    assert_eq!(data(&first), [2]);
    let next = newest["structuredContent"]["next"].clone();
    call("publish_event", json!({"type": "order.created", "data": {"n": 3}})).await;
    let later = call("read_events", json!({"types": ["order.*"], "after": next})).await;
    assert_eq!(data(&later), [3], "nothing twice, nothing missed");

    let resource = plain(&server, "resources/read", json!({"uri": "events://topic/order.*"})).await;
    let text: Value = serde_json::from_str(resource["result"]["contents"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(text["events"].as_array().unwrap().len(), 4);
    let since = format!("events://topic/order.created/since/{}", text["events"][2]["position"].as_str().unwrap());
    let resource = plain(&server, "resources/read", json!({"uri": since})).await;
    let text: Value = serde_json::from_str(resource["result"]["contents"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(text["events"][0]["event"]["data"]["n"], 3, "{text}");
}

#[tokio::test]
async fn what_is_wrong_is_said_with_its_name() {
    let server = Server::start("", &[]).await;
    let result = |answer: Value| {
        let result = answer["result"].clone();
        assert_eq!(result["isError"], true, "{answer}");
        result["content"][0]["text"].as_str().unwrap().to_owned()
    };
    for (name, arguments, expected) in [
        ("read_events", json!({"limit": 1001}), "limit: 1001 is greater than the maximum of 1000"),
        ("read_events", json!({"types": [""]}), "types: "),
        ("read_events", json!({"after": "soon"}), "after: "),
        ("publish_event", json!({"data": 1}), "\"type\" is a required property"),
        ("publish_event", json!({"type": ""}), "type"),
        ("list_plugins", json!({"all": true}), "'all' was unexpected"),
    ] {
        let said = result(plain(&server, "tools/call", json!({"name": name, "arguments": arguments})).await);
        assert!(said.contains(expected), "{name}: {said}");
    }
    for (method, params, code) in [
        ("tools/call", json!({"name": "none"}), -32602),
        ("resources/read", json!({"uri": "events://topic/"}), -32002),
        ("resources/read", json!({"uri": "file:///etc/passwd"}), -32002),
        ("resources/read", json!({"uri": format!("test://{}", "x".repeat(1018))}), -32602),
        ("tools/list", json!({"cursor": "2"}), -32602),
        ("nothing/like/it", json!({}), -32601),
    ] {
        let answer = plain(&server, method, params).await;
        assert_eq!(answer["error"]["code"], code, "{method}: {answer}");
    }
}

#[tokio::test]
async fn a_token_sees_and_publishes_what_is_its_own() {
    let server = Server::start(&tokens(), &[]).await;
    let call = async |token: &str, name: &str, arguments: Value| -> Value {
        let params = json!({"name": name, "arguments": arguments});
        let answer = modern(&server, Some(token), "tools/call", params).send().await.unwrap();
        let mut frames = client::Frames::new(answer);
        frames.message().await["result"].clone()
    };
    let refused = call("ann", "publish_event", json!({"type": "user.created"})).await;
    assert_eq!(
        (&refused["isError"], &refused["structuredContent"]["status"]),
        (&json!(true), &json!(403)),
        "{refused}"
    );
    let audience = json!({"clients": ["bob"]});
    call("root", "publish_event", json!({"type": "order.created", "data": "for bob", "audience": audience})).await;
    call("root", "publish_event", json!({"type": "user.created", "data": "for root"})).await;
    call("ann", "publish_event", json!({"type": "order.created", "data": "for all"})).await;
    for (token, sees) in [("ann", vec!["for all"]), ("bob", vec!["for bob", "for all"])] {
        let page = call(token, "read_events", json!({})).await;
        let events = page["structuredContent"]["events"].as_array().unwrap().iter();
        let data: Vec<&str> = events.map(|event| event["event"]["data"].as_str().unwrap()).collect();
        assert_eq!(data, sees, "{token}");
    }
    let beyond = call("ann", "read_events", json!({"types": ["user.*"]})).await;
    assert_eq!(beyond["isError"], true, "{beyond}");

    let nobody = request(&server, Method::POST, None).json(&message("tools/list", json!({}))).send().await.unwrap();
    assert_eq!(nobody.status(), 401);
    assert!(nobody.headers().contains_key("www-authenticate"));
}

#[tokio::test]
async fn strangers_at_an_open_mount_publish_nothing_and_see_no_plugins() {
    let config = tokens() + "[[mount]]\nkind = 'mcp'\npath = '/open'\nauth = 'none'\n";
    let server = Server::start(&config, &[]).await;
    let ask = async |method: &str, params: Value| -> Value {
        let asked = server.http.post(server.url("/open")).json(&message(method, params)).send().await.unwrap();
        asked.json().await.unwrap()
    };
    let listed = ask("tools/list", json!({})).await;
    let tools = listed["result"]["tools"].as_array().unwrap_or_else(|| panic!("{listed}"));
    let names: Vec<&str> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["list_event_types", "read_events"]);
    for (name, arguments) in [("publish_event", json!({"type": "order.created"})), ("list_plugins", json!({}))] {
        let refused = ask("tools/call", json!({"name": name, "arguments": arguments})).await;
        assert_eq!(refused["error"]["code"], -32602, "{refused}");
    }
    let page = ask("tools/call", json!({"name": "read_events", "arguments": {}})).await;
    assert_eq!(page["result"]["structuredContent"]["events"], json!([]), "{page}");
}

#[tokio::test]
async fn pages_of_other_sites_get_nothing() {
    let server = Server::start(&tokens(), &[]).await;
    let local = format!("http://{}", server.address());
    for (origin, expected) in
        [("http://evil.example", 403), ("null", 403), (local.as_str(), 200), ("http://localhost:5173", 200)]
    {
        let posted =
            modern(&server, Some("ann"), "tools/list", json!({})).header("origin", origin).send().await.unwrap();
        assert_eq!(posted.status(), expected, "{origin}");
    }
}

#[tokio::test]
async fn requests_are_counted_by_method_and_outcome() {
    let server = Server::start("", &[]).await;
    let session = Session::begin(&server, None).await;
    session.call("tools/list", json!({})).await;
    session.call("tools/call", json!({"name": "none"})).await;
    let metrics = server.http.get(server.url("/metrics")).send().await.unwrap().text().await.unwrap();
    for line in [
        "tidemill_mcp_requests_total{method=\"tools/list\",outcome=\"result\"} 1",
        "tidemill_mcp_requests_total{method=\"tools/call\",outcome=\"error\"} 1",
        "tidemill_mcp_open{what=\"sessions\"} 1",
    ] {
        assert!(metrics.contains(line), "{line} is missing");
    }
}
