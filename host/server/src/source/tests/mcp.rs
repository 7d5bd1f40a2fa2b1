//! A real stdio MCP server, the npm package `@modelcontextprotocol/server-everything`.

use std::path::Path;
use std::process::Command;

use super::*;

/// Installs the packages of `tests/clients`, unless they are there. The lock and the mark are those of `tests/it/clients/script.rs`.
fn clients() -> std::path::PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let (clients, temporary) = (root.join("tests/clients"), root.join("target/tmp"));
    fs::create_dir_all(&temporary).unwrap();
    let lock = fs::File::create(temporary.join("npm.lock")).unwrap();
    lock.lock().unwrap();
    let wanted = fs::read(clients.join("package-lock.json")).unwrap();
    let installed = clients.join("node_modules/.installed");
    if !fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        let mut npm = Command::new("npm");
        npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--engine-strict=false"]);
        let output = npm.current_dir(&clients).output().expect("this test needs `npm`");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        fs::write(&installed, wanted).unwrap();
    }
    clients
}

/// The answer to a request; notifications and lines on standard error are passed over.
async fn answer(messages: &mut Messages, id: u64) -> Value {
    loop {
        let message = next(messages).await;
        assert_ne!(message["type"], "close", "{message}");
        if message["id"] == id {
            return message;
        }
    }
}

#[tokio::test]
async fn a_stdio_mcp_server_is_initialized_listed_and_called() {
    let clients = clients().display().to_string();
    let sources = sources(&format!(
        "[[source]]\nname = 'it'\nenvironment = ['PATH']\ndirectory = '{clients}'\n\
         command = ['node', 'node_modules/@modelcontextprotocol/server-everything/dist/index.js', 'stdio']\n"
    ));
    let Attached { mut messages, input } = attach(&sources);
    let send = |message: Value| input.send(&Bytes::from(message.to_string())).unwrap();
    let client = json!({"name": "tidemill", "version": "1"});
    let initialize = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client});
    send(json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": initialize}));
    let server = answer(&mut messages, 1).await;
    assert_eq!(server["result"]["protocolVersion"], "2025-06-18", "{server}");
    send(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    send(json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"}));
    let tools = answer(&mut messages, 2).await;
    let tools: Vec<&str> =
        tools["result"]["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert!(tools.contains(&"echo"), "{tools:?}");
    let call = json!({"name": "echo", "arguments": {"message": "héllo\n\"you\""}});
    send(json!({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": call}));
    let echoed = answer(&mut messages, 3).await;
    let text = echoed["result"]["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("héllo\n\"you\""), "{echoed}");
    drop(messages);
    until(|| sources.get("it").unwrap().figures.running() == 0).await;
}
