//! What the document would like to have one day.

use serde_json::json;

use super::{DOCUMENTED, changed, example, message, open, running, start, started};
use crate::clients::{Script, documented_python};
use crate::reconfigured::token;
use crate::support::{Http2, Server, Wire};

#[tokio::test]
async fn s2_29_events_have_names_for_those_who_want_to_listen_to_some() {
    let server = start().await;
    let mut wire = open(&server, "?framing=named").await;
    wire.until("connected").await;
    assert_eq!(server.publish("tool.result", json!({"jsonrpc": "2.0", "id": 1})).await.0, 200);
    wire.until("event: tool.result\ndata: {\"jsonrpc\":\"2.0\",\"id\":1}\n\n").await;
}

#[tokio::test]
async fn s2_30_the_stream_can_be_for_those_who_have_a_token() {
    let token = format!("{}\n# The stream.", token("t0ken", "type = 'team'\nsubscribe = ['*']"));
    let server = changed(&[
        ("source = \"mcp\"\nauth = \"none\"", "source = \"mcp\"\nauth = \"token\""),
        ("# The stream.", token.as_str()),
    ])
    .await;
    let answer = server.http.get(server.url("/sse")).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    assert!(started(&server).is_empty(), "no program was started for somebody who may not come in");
    let answer = server.http.get(server.url("/sse")).bearer_auth("t0ken").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    running(&server, 1).await;
}

#[tokio::test]
async fn s2_31_one_address_may_open_so_many_streams() {
    let server = changed(&[
        ("processes-max = 64", "processes-max = 2"),
        ("framing = \"message\"", "framing = \"message\"\nrequests = { most = 3, window = \"15m\" }"),
    ])
    .await;
    let streams = [open(&server, "").await, open(&server, "").await];
    running(&server, 2).await;
    let too_many = server.http.get(server.url("/sse")).send().await.unwrap();
    assert_eq!(too_many.status(), 503, "no more programs");
    let too_often = server.http.get(server.url("/sse")).send().await.unwrap();
    assert_eq!((too_often.status().as_u16(), too_often.headers().contains_key("retry-after")), (429, true));
    drop(streams);
}

#[tokio::test]
async fn s2_32_the_stream_is_compressed_for_those_who_ask() {
    let server = changed(&[("[log]", "[subscribe]\ncompression = [\"gzip\"]\n\n[log]")]).await;
    let mut wire = Wire::open(server.address()).await;
    wire.send("GET /sse HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n").await;
    assert_eq!(wire.head().await.unwrap().get("content-encoding"), Some("gzip"));
    // The document's program asks by itself, and reads each message as it comes.
    let program = example("clients/client.py");
    let mut client = Script::start(&mut documented_python(&program, DOCUMENTED, &server.url(""), &[]));
    assert!(client.line_after("Received: ").await.contains("'connected'"));
    assert!(client.line_after("Received: ").await.contains("MCP server ready"));
    assert_eq!(server.publish("tool.result", json!({"n": 1})).await.0, 200);
    assert_eq!(client.line_after("Received: ").await, "{'n': 1}");
}

#[tokio::test]
async fn s2_33_a_client_chooses_how_often_there_is_a_heartbeat() {
    let server = Server::example("stdio-sse", &[], &[]).await;
    let mut wire = open(&server, "?heartbeat=1s").await;
    wire.until("data: {\"type\":\"heartbeat\",\"timestamp\":\"").await;
    let answer = server.http.get(server.url("/sse?heartbeat=1ms")).send().await.unwrap();
    assert_eq!(answer.status(), 400);
}

#[tokio::test]
async fn s2_34_streams_share_a_connection_and_may_share_a_program() {
    let server = changed(&[("processes-max = 64", "mode = \"shared\"\n#")]).await;
    let mut connection = Http2::open(server.address()).await;
    let mut streams = [connection.get("/sse").await, connection.get("/sse").await];
    for stream in &mut streams {
        stream.until("\"connected\"").await;
    }
    assert_eq!(server.publish("tool.result", json!({"n": 1})).await.0, 200);
    for stream in &mut streams {
        stream.until("data: {\"n\":1}").await;
    }
    running(&server, 1).await;
    assert_eq!(started(&server).len(), 1);
}

#[tokio::test]
async fn s2_35_clients_get_what_they_ask_for_and_nothing_else() {
    let server = start().await;
    let (mut all, mut some) = (open(&server, "").await, open(&server, "?subjects=echo").await);
    for wire in [&mut all, &mut some] {
        assert_eq!(message(wire).await["type"], "connection");
        assert_eq!(message(wire).await["type"], "error");
    }
    for (name, subject, number) in [
        ("order.created", "echo", 1),
        ("tool.result", "fail", 2),
        ("tool.result", "echo", 3),
        ("tool.result", "fail", 4),
    ] {
        let event = json!({"type": name, "subject": subject, "data": {"n": number}});
        assert_eq!(server.post("application/json", event.to_string()).await.0, 200);
    }
    for number in 2..=4 {
        assert_eq!(message(&mut all).await, json!({"n": number}));
    }
    assert_eq!(message(&mut some).await, json!({"n": 3}));
    assert!(some.data().await.contains("heartbeat"), "nothing else");
    // Other events are not for those who have no token.
    let answer = server.http.get(server.url("/sse?types=order.created")).send().await.unwrap();
    assert_eq!(answer.status(), 403);
}
