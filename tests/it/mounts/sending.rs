//! Messages for one connection: methods of MCP whose answers come on its stream, and lines for its process.

use serde_json::{Value, json};

use super::{example, json_of, post};
use crate::mcp::client::Frames;
use crate::reconfigured::token;
use crate::support::{Server, eventually, ready_made};

fn config(rest: &str) -> String {
    let tokens = ["ann", "bob"].map(|name| token(name, "type = 'team'\npublish = ['order.*']\nsubscribe = ['*']"));
    let other =
        "[[mount]]\npath = '/other'\nprivate = true\nhello = [{ data = '{result: {connectionId: .connection.id}}' }]\n";
    let documented = example("kind = \"send\"");
    format!("[auth]\nallow-anonymous = 'never'\n{}{documented}{other}{rest}", tokens.concat())
}

/// A stream, and the name of its connection.
async fn open(server: &Server, path: &str, token: &str) -> (Frames, Value) {
    let opened = server.http.get(server.url(path)).bearer_auth(token).send().await.unwrap();
    assert_eq!(opened.status(), 200);
    let mut frames = Frames::new(opened);
    let hello = frames.message().await;
    (frames, hello["result"]["connectionId"].clone())
}

async fn send(server: &Server, token: &str, body: &Value) -> (u16, Value) {
    json_of(post(server, "/mcp/sse/send", &body.to_string()).bearer_auth(token)).await
}

/// The next frame, with its name.
async fn next(frames: &mut Frames) -> (String, Value) {
    let (name, data) = frames.frame().await.expect("the stream has ended");
    (name, serde_json::from_str(&data).unwrap())
}

#[tokio::test]
async fn what_is_asked_for_a_connection_is_answered_on_its_stream() {
    let server = Server::start(&config(""), &[]).await;
    let (mut stream, id) = open(&server, "/mcp/sse", "ann").await;
    let ask = async |method: &str, params: Value| {
        let body = json!({"connectionId": id, "message": {"method": method, "params": params}});
        let (status, told) = send(&server, "ann", &body).await;
        assert_eq!((status, &told["success"], &told["sent"]), (200, &json!(true), &json!(true)), "{told}");
        told["requestId"].clone()
    };
    let request = ask("tools/list", Value::Null).await;
    let (name, said) = next(&mut stream).await;
    assert_eq!((&*name, &said["type"], &said["requestId"]), ("mcp-response", &json!("mcp-response"), &request));
    assert!(said["result"]["tools"].as_array().unwrap().iter().any(|tool| tool["name"] == "publish_event"), "{said}");

    let call = |name: &str, arguments: Value| json!({"name": name, "arguments": arguments});
    let request = ask("tools/call", call("publish_event", json!({"type": "order.created"}))).await;
    let (name, said) = next(&mut stream).await;
    assert_eq!((&*name, &said["method"]), ("mcp-response", &json!("tools/call")));
    assert_eq!(said["result"]["structuredContent"]["outcome"], "stored", "{said}");
    let (name, said) = next(&mut stream).await;
    assert_eq!((&*name, &said["method"], &said["requestId"]), ("tool-result", &json!("publish_event"), &request));
    assert_eq!(said["result"]["outcome"], "stored", "a text that is JSON is taken apart: {said}");

    ask("tools/call", call("read_events", json!({"limit": 1001}))).await;
    next(&mut stream).await;
    let (_, said) = next(&mut stream).await;
    assert_eq!((&said["method"], &said["result"]["isError"]), (&json!("read_events"), &json!(true)), "{said}");
    // The rights are those of whoever asks.
    ask("tools/call", call("publish_event", json!({"type": "user.created"}))).await;
    assert_eq!(next(&mut stream).await.1["result"]["isError"], true);
    next(&mut stream).await;

    ask("tools/call", call("no_such_tool", json!({}))).await;
    let (name, said) = next(&mut stream).await;
    assert_eq!((&*name, &said["method"]), ("mcp-error", &json!("tools/call")));
    assert_eq!(said["error"], json!({"code": -32601, "message": "Tool not found"}));
    ask("no/such/method", Value::Null).await;
    assert_eq!(next(&mut stream).await.1["error"]["code"], -32601);
}

#[tokio::test]
async fn what_cannot_be_sent_is_told_apart() {
    let server = Server::start(&config(""), &[]).await;
    let (mut stream, id) = open(&server, "/mcp/sse", "ann").await;
    let (_other, elsewhere) = open(&server, "/other", "ann").await;
    let list = json!({"method": "tools/list"});
    for (token, body, status, says) in [
        ("ann", json!({"message": list}), 400, "`connectionId` is missing"),
        ("ann", json!([]), 400, "`connectionId` is missing"),
        ("ann", json!({"connectionId": id}), 400, "`message` is missing"),
        ("ann", json!({"connectionId": 1, "message": list}), 400, "`connection` must be a text"),
        ("ann", json!({"connectionId": id, "message": {}}), 400, "`method` is missing"),
        ("ann", json!({"connectionId": id, "message": {"method": 1}}), 400, "`method` must be a text"),
        ("ann", json!({"connectionId": id, "message": {"method": "ping", "params": []}}), 400, "`params` must be"),
        ("ann", json!({"connectionId": "x", "message": list}), 404, "there is no connection"),
        ("ann", json!({"connectionId": uuid::Uuid::nil().to_string(), "message": list}), 404, "there is no connection"),
        ("ann", json!({"connectionId": elsewhere, "message": list}), 404, "at /mcp/sse"),
        ("bob", json!({"connectionId": id, "message": list}), 403, "somebody else's"),
        ("eve", json!({"connectionId": id, "message": list}), 401, "no token like this"),
    ] {
        let (found, told) = send(&server, token, &body).await;
        assert_eq!((found, told.as_object().unwrap().len()), (status, 1), "{body}: {told}");
        assert!(told["error"].as_str().unwrap().contains(says), "{body}: {told}");
    }
    let (status, _) = json_of(post(&server, "/mcp/sse/send", "{").bearer_auth("ann")).await;
    assert_eq!(status, 400);
    // Nothing of it came; what is right does.
    let (status, _) = send(&server, "ann", &json!({"connectionId": id, "message": list})).await;
    assert_eq!((status, &*next(&mut stream).await.0), (200, "mcp-response"));
    drop(stream);
    eventually("the connection is not there any more", async || {
        send(&server, "ann", &json!({"connectionId": id, "message": list})).await.0 == 404
    })
    .await;
}

#[tokio::test]
async fn a_long_call_tells_how_far_it_is_and_ends_with_its_connection() {
    let settings = "[plugins.notification-server.grants]\npublish = ['notification.*']\nfigures = true\n\
                    [plugins.notification-server.limits]\ntool-concurrency = 32\n";
    let server = Server::start(&config(settings), &[("notification-server", &ready_made("notification-server"))]).await;
    let (mut stream, id) = open(&server, "/mcp/sse", "ann").await;
    let call = async |seconds: u32| {
        let arguments = json!({"task_name": "Backup", "duration_seconds": seconds, "step_count": 2});
        let params = json!({"name": "simulate_progress", "arguments": arguments});
        send(&server, "ann", &json!({"connectionId": id, "message": {"method": "tools/call", "params": params}})).await
    };
    assert_eq!(call(1).await.0, 200);
    for percent in [50.0, 100.0] {
        let (name, said) = next(&mut stream).await;
        assert_eq!((&*name, &said["method"]), ("tool-result", &json!("simulate_progress")));
        assert_eq!(said["metadata"]["progress"], json!(percent), "{said}");
    }
    assert_eq!(next(&mut stream).await.0, "mcp-response");
    // Its text is none that is JSON.
    assert_eq!(next(&mut stream).await.1["result"]["isError"], false);
    for _ in 0..16 {
        assert_eq!(call(60).await.0, 200);
    }
    let (status, told) = call(60).await;
    assert_eq!(status, 429, "{told}");
    assert!(told["error"].as_str().unwrap().contains("16 answers"), "{told}");
    let figures = async || {
        let answer = server.http.get(server.url("/plugins/notification-server")).bearer_auth("ann").send().await;
        let plugin: Value = serde_json::from_str(&answer.unwrap().text().await.unwrap()).unwrap();
        plugin["figures"].clone()
    };
    eventually("all calls go on", async || figures().await["client_calls_running"] == 16).await;
    drop(stream);
    eventually("no call goes on", async || figures().await["client_calls_running"] == 0).await;
    assert_eq!(figures().await["client_calls"]["complete"], 1, "none of them came to its end");
}

#[tokio::test]
async fn a_connection_with_a_process_has_lines_written_to_it() {
    let source = "[[source]]\nname = 'echo'\nenvironment = ['PATH']\ncommand = ['sh', '-c', \
                  'while read -r line; do echo \"[$line]\"; done']\n";
    let mounts = "[[mount]]\npath = '/echo'\nsource = 'echo'\nframing = 'message'\nids = 'none'\ntypes = 'nothing'\n\
                  hello = [{ data = '{result: {connectionId: .connection.id}}' }]\n\
                  [[mount]]\npath = '/echo/send'\nkind = 'send'\nto = '/echo'\n";
    let server = Server::start(&config(&format!("{source}{mounts}")), &[]).await;
    let (mut stream, id) = open(&server, "/echo", "ann").await;
    let send = async |body: Value| json_of(post(&server, "/echo/send", &body.to_string()).bearer_auth("ann")).await.0;
    assert_eq!(send(json!({"connection": id, "text": {"n": 1}})).await, 200);
    assert_eq!(stream.message().await, json!([{"n": 1}]));
    assert_eq!(send(json!({"connection": id, "message": {"method": "ping"}})).await, 200);
    assert_eq!(stream.message().await, json!([{"method": "ping"}]));
    assert_eq!(send(json!({"connection": id, "n": 2})).await, 200);
    assert_eq!(stream.message().await, json!([{"connection": id, "n": 2}]));
    assert_eq!(send(json!({"n": 2})).await, 400);
}
