//! Commands that are sent, and their answers on the stream.

use serde_json::{Value, json};

use super::{Listener, post, start, token};
use crate::support::Server;

async fn send(server: &Server, token: &str, connection: &str, message: Value) -> (u16, Value) {
    post(server, "/mcp/sse/send", token, &json!({"connectionId": connection, "message": message})).await
}

fn call(name: &str, arguments: Value) -> Value {
    let mut call = json!({"method": "tools/call", "params": {"name": name}});
    call["params"]["arguments"] = arguments;
    call
}

#[tokio::test]
async fn s3_07_08_09_17_commands_are_answered_on_the_stream_to_those_who_may() {
    let server = start(&[]).await;
    for (kind, permissions, creates) in
        [("team", &["read", "write"][..], true), ("readonly", &["read"], false), ("master", &[], true)]
    {
        let token = token(kind, permissions);
        let mut listener = Listener::open(&server, &token).await;
        let connection = listener.connection.clone();
        let (status, told) = send(&server, &token, &connection, json!({"method": "tools/list"})).await;
        assert_eq!((status, &told["success"], &told["sent"]), (200, &json!(true), &json!(true)), "{told}");
        let answer = listener.next("mcp-response").await;
        assert_eq!((&answer["method"], &answer["requestId"]), (&json!("tools/list"), &told["requestId"]));
        let tools: Vec<&str> =
            answer["result"]["tools"].as_array().unwrap().iter().filter_map(|tool| tool["name"].as_str()).collect();
        assert!(tools.contains(&"list_projects") && tools.contains(&"long_report"), "{tools:?}");
        assert_eq!(tools.contains(&"create_project"), creates, "{kind}: {tools:?}");

        send(&server, &token, &connection, call("list_projects", json!({}))).await;
        assert_eq!(listener.next("mcp-response").await["method"], "tools/call");
        let result = listener.next("tool-result").await;
        assert_eq!(result["method"], "list_projects");
        assert_eq!(result["result"]["projects"][0]["name"], "tide tables", "{result}");

        send(&server, &token, &connection, call("create_project", json!({"name": "harbour map"}))).await;
        if creates {
            // What comes first is left to the bus.
            assert_eq!(listener.next("tool-result").await["method"], "create_project");
        } else {
            assert_eq!(listener.next("mcp-error").await["error"]["code"], -32601);
        }
    }
}

#[tokio::test]
async fn s3_10_26_a_long_tool_tells_how_far_it_is() {
    let server = start(&[]).await;
    let token = token("team", &["read"]);
    let mut listener = Listener::open(&server, &token).await;
    let connection = listener.connection.clone();
    send(&server, &token, &connection, call("long_report", json!({"steps": 4, "seconds": 2}))).await;
    let mut before = 0.0;
    let result = loop {
        let told = listener.next("tool-result").await;
        assert_eq!(told["method"], "long_report");
        let Some(progress) = told["metadata"]["progress"].as_f64() else { break told };
        assert!(progress > before && progress <= 100.0, "{told}");
        before = progress;
    };
    assert!(before > 0.0, "it told nothing");
    assert_eq!(result["result"]["parts"], 4, "{result}");
}

#[tokio::test]
async fn s3_06_07_11_mistakes_are_told_where_they_are_made() {
    let server = start(&[]).await;
    let team = token("team", &["read"]);
    let mut listener = Listener::open(&server, &team).await;
    let connection = listener.connection.clone();
    send(&server, &team, &connection, call("no_such_tool", json!({}))).await;
    let told = listener.next("mcp-error").await;
    assert_eq!(
        (&told["method"], &told["error"]),
        (&json!("tools/call"), &json!({"message": "Tool not found", "code": -32601}))
    );
    send(&server, &team, &connection, json!({"method": "no/such"})).await;
    assert_eq!(listener.next("mcp-error").await["error"]["code"], -32601);

    for (body, status, says) in [
        (json!({"message": {"method": "tools/list"}}), 400, "connectionId"),
        (json!({"connectionId": connection}), 400, "message"),
        (json!({"connectionId": connection, "message": {}}), 400, "method"),
        (
            json!({"connectionId": "00000000-0000-4000-8000-000000000000", "message": {"method": "ping"}}),
            404,
            "connection",
        ),
    ] {
        let (found, told) = post(&server, "/mcp/sse/send", &team, &body).await;
        assert!(found == status && told["error"].as_str().unwrap().contains(says), "{body}: {found} {told}");
    }
    let (status, told) = send(&server, &token("readonly", &[]), &connection, json!({"method": "ping"})).await;
    assert!(status == 403 && told["error"].is_string(), "{status} {told}");
    let unknown = server.http.post(server.url("/mcp/sse/send")).json(&json!({})).send().await.unwrap();
    assert_eq!(unknown.status(), 401);
}
