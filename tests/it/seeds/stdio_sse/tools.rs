//! Tools over plain requests, and their results on the stream.

use serde_json::{Value, json};

use super::{changed, message, open};
use crate::reconfigured::token;
use crate::support::Server;

/// Calls a tool as somebody.
async fn call(server: &Server, who: Option<&str>, tool: &str, body: &str) -> (u16, Value) {
    let request = server.http.post(server.url(&format!("/mcp/tools/{tool}"))).body(body.to_owned());
    let request = who.iter().fold(request, |request, token| request.bearer_auth(token));
    let answer = request.header("content-type", "application/json").send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn s2_24_25_36_tools_are_listed_and_called_and_their_results_streamed() {
    let ann = format!("{}\n# The stream.", token("ann", "type = 'master'"));
    let server = changed(&[("# The stream.", &ann)]).await;
    let (status, list) = server.get("/mcp/tools").await;
    assert_eq!((status, &list["jsonrpc"]), (200, &json!("2.0")), "{list}");
    let tools = list["result"]["tools"].as_array().unwrap();
    assert!(
        tools.iter().any(|tool| tool["name"] == "read_events" && tool["inputSchema"]["type"] == "object"),
        "{list}"
    );

    let (mut nobody, mut anns) = (open(&server, "").await, {
        let mut wire = crate::support::Wire::open(server.address()).await;
        wire.send("GET /sse HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ann\r\n\r\n").await;
        assert_eq!(wire.head().await.unwrap().status, 200);
        wire
    });
    for wire in [&mut nobody, &mut anns] {
        assert_eq!(message(wire).await["type"], "connection");
        assert_eq!(message(wire).await["type"], "error");
    }
    let (status, hers) = call(&server, Some("ann"), "list_plugins", "{}").await;
    assert_eq!(status, 200, "{hers}");
    let (status, answer) = call(&server, None, "list_event_types", "{}").await;
    assert_eq!((status, &answer["jsonrpc"]), (200, &json!("2.0")), "{answer}");
    assert!(answer["result"]["content"].is_array() && answer["id"].is_string(), "{answer}");
    assert_eq!(message(&mut anns).await, hers);
    assert_eq!(message(&mut nobody).await, answer, "not hers, which came before");

    for (tool, body, status, says) in [
        ("no_such_tool", "{}", 404, "no_such_tool"),
        ("read_events", r#"{"limit":0}"#, 400, "limit"),
        ("read_events", "[]", 400, ""),
        ("read_events", "{", 400, ""),
    ] {
        let (found, error) = call(&server, None, tool, body).await;
        assert!(found == status && error.to_string().contains(says), "{tool} {body}: {found} {error}");
    }
}
