//! Tools that come while clients are there: who is told, and who sees them.

use std::fs;

use serde_json::{Value, json};

use super::client::{Frames, Session, modern};
use crate::auth::sha256;
use crate::support::{Server, guest};

/// Both may call tools; one has the permission that a tool asks for.
fn tokens() -> String {
    let token = |name: &str, rest: &str| {
        format!("[[auth.tokens]]\nname = '{name}'\nsha256 = '{}'\ntype = 'team'\n{rest}\n", sha256(name))
    };
    let grants = "[plugins.hostile_tools.grants]\npublish = ['flood']\nstate = true\n";
    format!("{grants}[auth]\nallow-anonymous = 'never'\n")
        + &token("ann", "permissions = ['echoes']")
        + &token("bob", "")
}

fn names(listed: &Value) -> Vec<&str> {
    let tools = listed["result"]["tools"].as_array().unwrap_or_else(|| panic!("{listed}"));
    tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_tool_appears_at_once_for_those_who_have_its_permission() {
    let server = Server::start(&tokens(), &[]).await;
    let ann = Session::begin(&server, Some("ann")).await;
    let bob = Session::begin(&server, Some("bob")).await;
    let mut streams = [ann.stream().await, bob.stream().await];
    let filter = json!({"notifications": {"toolsListChanged": true}});
    let answer = modern(&server, Some("bob"), "subscriptions/listen", filter).send().await.unwrap();
    let mut listener = Frames::new(answer);
    assert_eq!(listener.message().await["method"], "notifications/subscriptions/acknowledged");

    let whole = server.plugins_dir().join("hostile_tools.wasm.part");
    fs::copy(guest("hostile_tools"), &whole).unwrap();
    fs::rename(&whole, server.plugins_dir().join("hostile_tools.wasm")).unwrap();
    for stream in streams.iter_mut().chain([&mut listener]) {
        let told = stream.message().await;
        assert_eq!(told["method"], "notifications/tools/list_changed", "{told}");
    }
    for (session, sees) in [(&ann, true), (&bob, false)] {
        let listed = session.call("tools/list", json!({})).await;
        assert!(names(&listed).contains(&"count"), "{listed}");
        assert_eq!(names(&listed).contains(&"echo"), sees, "{listed}");
    }
    let call = json!({"name": "echo", "arguments": {"n": 7}});
    let echoed = ann.call("tools/call", call.clone()).await;
    assert_eq!(echoed["result"]["content"][0]["text"], "ann: {\"n\":7}");
    let beyond = ann.call("tools/call", json!({"name": "echo", "arguments": {"n": 61}})).await;
    assert_eq!(beyond["result"]["isError"], true, "{beyond}");
    assert_eq!(beyond["result"]["content"][0]["text"], "n: 61 is greater than the maximum of 60");
    let refused = bob.call("tools/call", call).await;
    assert_eq!(refused["error"], json!({"code": -32602, "message": "Unknown tool: echo"}), "as if it were not there");

    fs::remove_file(server.plugins_dir().join("hostile_tools.wasm")).unwrap();
    assert_eq!(listener.message().await["method"], "notifications/tools/list_changed");
    assert!(!names(&ann.call("tools/list", json!({})).await).contains(&"echo"));
}
