//! What clients cannot have more of than there is: sessions that nobody knows, calls that nobody waits for, answers that nobody
//! takes, and what needs a permission.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::client::{LEGACY, MODERN, Session, message, modern, plain, request};
use super::{legacy, tokens};
use crate::support::{Server, eventually, guest, ready_made};

fn initialize(version: &str) -> Value {
    let client = json!({"name": "test", "version": "1"});
    message("initialize", json!({"protocolVersion": version, "capabilities": {}, "clientInfo": client}))
}

async fn figure(server: &Server, what: &str) -> String {
    let metrics = server.http.get(server.url("/metrics")).send().await.unwrap().text().await.unwrap();
    let line = format!("tidemill_mcp_open{{what=\"{what}\"}} ");
    metrics.lines().find_map(|own| own.strip_prefix(&line)).unwrap().to_owned()
}

#[tokio::test]
async fn however_a_session_begins_it_is_counted_and_ends() {
    let server = Server::start("[mcp]\nsession-idle = '1s'\n", &[]).await;
    for (version, accept) in [(LEGACY, "*/*"), (MODERN, "application/json, text/event-stream"), (MODERN, "*/*")] {
        let begins = server.http.post(server.url("/mcp")).header("accept", accept);
        let begun = begins.header("mcp-protocol-version", version).json(&initialize(version)).send().await.unwrap();
        let id = begun.headers().get("mcp-session-id").map(|id| id.to_str().unwrap().to_owned());
        let id = id.unwrap_or_else(|| panic!("{version}, {accept}: {begun:?}"));
        let session = request(&server, Method::POST, None).header("mcp-session-id", id);
        let listed = session.json(&message("tools/list", json!({}))).send().await.unwrap();
        assert_eq!(listed.status(), 200, "{version}, {accept}: nobody knows the session");
    }
    eventually("all of them end", async || figure(&server, "sessions").await == "0").await;
}

#[tokio::test]
async fn a_mount_in_place_of_the_servers_own_mcp_is_not_disturbed() {
    let server = Server::start("[[mount]]\npath = '/mcp'\nkind = 'mcp'\nname = 'other'\n", &[]).await;
    let session = Session::begin(&server, None).await;
    for method in [Method::GET, Method::PUT, Method::PATCH] {
        let answer = request(&server, method.clone(), None).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers().contains_key("allow")), (405, true), "{method}");
    }
    let listed = session.send(Method::POST, Some(message("tools/list", json!({})))).await;
    assert_eq!(listed.status(), 200, "the session has ended");
}

#[tokio::test]
async fn what_a_mount_does_not_take_the_servers_own_mcp_does_not_take_for_it() {
    let mount = "[[mount]]\npath = '/mcp'\nkind = 'mcp'\nmethods = ['GET', 'DELETE']\n";
    let server = Server::start(mount, &[]).await;
    let posted = request(&server, Method::POST, None).json(&initialize(LEGACY)).send().await.unwrap();
    assert_eq!(posted.status(), 405);
}

#[tokio::test]
async fn answers_that_nobody_takes_are_bounded() {
    let server = Server::start(&tokens(), &[]).await;
    let large = json!({"type": "order.created", "data": "x".repeat(200_000)});
    let published = modern(&server, Some("ann"), "tools/call", json!({"name": "publish_event", "arguments": large}));
    assert_eq!(published.send().await.unwrap().status(), 200);
    let (mut stream, address) = legacy::open(&server, "ann").await;
    assert_eq!(legacy::post(&server, "ann", &address, initialize(LEGACY)).await.status(), 202);
    stream.message().await;
    let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    assert_eq!(legacy::post(&server, "ann", &address, initialized).await.status(), 202);

    // Each answer has the event twice; what the connection itself takes in between is some of them.
    let ask = |id: usize| {
        let params = json!({"name": "read_events", "arguments": {}});
        json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params})
    };
    let mut taken = 0;
    let refused = loop {
        let answer = legacy::post(&server, "ann", &address, ask(taken)).await;
        if answer.status() != StatusCode::ACCEPTED {
            break answer;
        }
        taken += 1;
        assert!(taken < 500, "there is no bound");
    };
    assert_eq!((refused.status(), taken >= 64), (StatusCode::TOO_MANY_REQUESTS, true), "{taken}");
    for _ in 0..taken {
        let said = stream.message().await;
        assert!(said["result"]["structuredContent"]["events"].is_array());
    }
    assert_eq!(legacy::post(&server, "ann", &address, ask(taken)).await.status(), 202, "there is room again");
    stream.message().await;

    // What is cancelled is not answered: it needs no room. Nor does what nobody asked for make any.
    for id in 0..130 {
        let cancelled = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}});
        assert_eq!(legacy::post(&server, "ann", &address, cancelled).await.status(), 202);
    }
    assert_eq!(legacy::post(&server, "ann", &address, message("ping", json!({}))).await.status(), 202);
    assert!(stream.message().await["result"].is_object());
}

#[tokio::test]
async fn calls_that_nobody_waits_for_are_counted() {
    let grants = "[plugins.notification-server.grants]\npublish = [\"notification.*\"]\nfigures = true\n";
    let server = Server::start(grants, &[("notification-server", &ready_made("notification-server"))]).await;
    let session = Session::begin(&server, None).await;
    let arguments = json!({"task_name": "long", "duration_seconds": 60, "step_count": 1});
    for id in 0..64 {
        let params = json!({"name": "simulate_progress", "arguments": arguments});
        let call = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params});
        drop(session.send(Method::POST, Some(call)).await);
    }
    // The last of them may be on their way yet.
    eventually("there are too many calls", async || {
        let refused = session.call("tools/call", json!({"name": "list_event_types"})).await;
        refused["error"]["message"].as_str().is_some_and(|said| said.contains("too many calls"))
    })
    .await;
    assert!(session.call("tools/list", json!({})).await["result"].is_object(), "what is no call goes on");
    for id in 0..64 {
        let cancelled = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}});
        assert_eq!(session.send(Method::POST, Some(cancelled)).await.status(), 202);
    }
    eventually("there is room again", async || {
        session.call("tools/call", json!({"name": "list_event_types"})).await["result"].is_object()
    })
    .await;
}

#[tokio::test]
async fn bodies_have_the_bounds_of_others() {
    let server = Server::start("[publish]\nbody-max = '2KiB'\n", &[]).await;
    let post = || server.http.post(server.url("/mcp")).header("content-type", "application/json");
    assert_eq!(post().header("content-encoding", "gzip").body("{}").send().await.unwrap().status(), 415);
    let large = message("tools/call", json!({"name": "list_plugins", "arguments": {"a": "x".repeat(1 << 20)}}));
    assert_eq!(post().json(&large).send().await.unwrap().status(), 413);
    let event = json!({"type": "order.created", "data": "x".repeat(2 << 10)});
    let answer = plain(&server, "tools/call", json!({"name": "publish_event", "arguments": event})).await;
    assert_eq!(answer["result"]["structuredContent"]["status"], 413, "{answer}");
}

#[tokio::test]
async fn who_only_reads_json_gets_json_whatever_the_plugin_logs() {
    let server = Server::start("", &[("mcp-conformance", &guest("mcp_conformance"))]).await;
    let answer = plain(&server, "tools/call", json!({"name": "test_tool_with_logging"})).await;
    assert_eq!(answer["result"]["isError"], false, "{answer}");
}

#[tokio::test]
async fn what_needs_a_permission_is_named_to_those_alone_who_have_it() {
    let plugins = [("hostile-tools", guest("hostile_tools")), ("mcp-conformance", guest("mcp_conformance"))];
    let plugins = plugins.each_ref().map(|(name, path)| (*name, path.as_path()));
    let grants = "[plugins.hostile-tools.grants]\nstate = true\npublish = ['flood']\n";
    let server = Server::start(&(tokens() + grants), &plugins).await;
    let session = Session::begin(&server, Some("ann")).await;
    let list = json!({"name": "list_plugins", "arguments": {}});
    for (token, sees) in [("ann", false), ("root", true)] {
        let got = server.http.get(server.url("/plugins")).bearer_auth(token).send().await.unwrap();
        let one = server.http.get(server.url("/plugins/hostile-tools")).bearer_auth(token).send().await.unwrap();
        let mut frames =
            super::client::Frames::new(modern(&server, Some(token), "tools/call", list.clone()).send().await.unwrap());
        for text in [got.text().await.unwrap(), one.text().await.unwrap(), frames.message().await.to_string()] {
            assert!(text.contains("hostile"), "{text}");
            assert_eq!(text.contains("\"echo\""), sees, "{token}: {text}");
        }
    }
    for (uri, is_there) in [("test://watched-resource", true), ("test://none", false)] {
        let told = session.call("resources/subscribe", json!({"uri": uri})).await;
        assert_eq!(told["result"].is_object(), is_there, "{uri}: {told}");
    }
}
