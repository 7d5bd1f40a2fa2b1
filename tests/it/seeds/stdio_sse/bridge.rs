//! A stdio MCP server that others wrote, behind the example's stream, with a way to its standard input.

use serde_json::{Value, json};

use super::{changed, message, open, running};
use crate::clients::node;
use crate::support::{Server, Wire};

/// Sends a message to the program of a connection.
async fn send(server: &Server, connection: &Value, message: Value) -> u16 {
    let body = json!({"connection": connection, "message": message});
    let answer = server.http.post(server.url("/sse/send")).json(&body).send().await.unwrap();
    answer.status().as_u16()
}

/// The answer to a request; whatever else the program says is passed over.
async fn answer(wire: &mut Wire, id: u64) -> Value {
    loop {
        let said = message(wire).await;
        assert_ne!(said["type"], "close", "{said}");
        if said["id"] == id {
            return said;
        }
    }
}

#[tokio::test]
async fn a_real_stdio_mcp_server_is_talked_to_and_streamed() {
    // Whatever else: it sees to the packages being there.
    let script = node("page.mjs");
    let script = std::path::Path::new(script.get_args().next().unwrap());
    let program = script.with_file_name("node_modules/@modelcontextprotocol/server-everything/dist/index.js");
    let command = toml::Value::from(vec!["node", program.to_str().unwrap(), "stdio"]);
    let readme = std::fs::read_to_string(super::example("README.md")).unwrap();
    let (_, mount) = readme.split_once("```toml\n").unwrap();
    let mount = format!("{}\n# The stream.", mount.split("```").next().unwrap());
    let server = changed(&[
        (r#"command = ["node", "index.js"]"#, &format!("command = {command}")),
        ("# The stream.", &mount),
        (r#"status: "connected", "#, r#"status: "connected", id: .connection.id, "#),
    ])
    .await;
    let (mut one, mut two) = (open(&server, "").await, open(&server, "").await);
    let (first, second) = (message(&mut one).await["id"].clone(), message(&mut two).await["id"].clone());
    let client = json!({"name": "browser", "version": "1"});
    let initialize = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client});
    for (connection, wire) in [(&first, &mut one), (&second, &mut two)] {
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": initialize});
        assert_eq!(send(&server, connection, message).await, 200);
        let about = answer(wire, 1).await;
        assert_eq!(about["result"]["protocolVersion"], "2025-06-18", "{about}");
        let message = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        assert_eq!(send(&server, connection, message).await, 200);
    }
    let call = |text: &str| json!({"name": "echo", "arguments": {"message": text}});
    let message = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call("héllo\nyou")});
    assert_eq!(send(&server, &first, message).await, 200);
    let message = json!({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": call("other")});
    assert_eq!(send(&server, &second, message).await, 200);
    let echoed = answer(&mut one, 2).await;
    assert_eq!(echoed["result"]["content"][0]["text"], "Echo: héllo\nyou", "{echoed}");
    // Its own answer, and not that of the other.
    let echoed = answer(&mut two, 3).await;
    assert_eq!(echoed["result"]["content"][0]["text"], "Echo: other", "{echoed}");
    let nobody = json!("00000000-0000-4000-8000-000000000000");
    assert_eq!(send(&server, &nobody, json!({})).await, 404);
    drop((one, two));
    running(&server, 0).await;
}
