//! Programs of the document, word by word but for address, token and connection.

use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{DOCUMENTED, Listener, example, get, post, start, token};
use crate::clients::{Script, documented_browser, documented_node, need_chromium, node};
use crate::support::{Server, eventually};

/// Programs of the document, one after the other, with something else in places.
fn program(files: &[&str], changes: &[(&str, &str)]) -> tempfile::NamedTempFile {
    let read = |file: &&str| std::fs::read_to_string(example(&format!("clients/{file}"))).unwrap();
    let mut text = files.iter().map(read).collect::<Vec<_>>().join("\n");
    for (from, to) in changes {
        assert!(text.contains(from), "{files:?} do not have {from}");
        text = text.replace(from, to);
    }
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

/// The only stream there is, once it is there.
async fn connection(server: &Server) -> String {
    let boss = token("master", &[]);
    let list = async || get(server, "/connections", &boss).await.1;
    eventually("somebody listens", async || {
        list().await["connections"].as_array().is_some_and(|list| !list.is_empty())
    })
    .await;
    list().await["connections"][0]["uuid"].as_str().unwrap().to_owned()
}

async fn send(server: &Server, token: &str, message: Value) {
    let body = json!({"connectionId": connection(server).await, "message": message});
    let (status, told) = post(server, "/mcp/sse/send", token, &body).await;
    assert_eq!(status, 200, "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_08_19_the_documented_program_for_node_gets_the_tools() {
    for version in [4, 5] {
        let server = start(&[]).await;
        let team = token("team", &["read"]);
        let file = program(&["node.mjs"], &[("your-token", &team)]);
        let mut script = Script::start(&mut documented_node(file.path(), version, DOCUMENTED, &server.url("")));
        send(&server, &team, json!({"method": "tools/list"})).await;
        let log = script.next().await;
        assert_eq!(log["log"][0], "Tools:");
        assert!(log["log"][1].as_array().unwrap().iter().any(|tool| tool["name"] == "list_projects"), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_04_05_14_26_the_documented_programs_for_pages_work_on_another_site() {
    need_chromium();
    let server = start(&[("HEARTBEAT_INTERVAL", "1s")]).await;
    let team = token("team", &["read"]);
    let file = program(&["browser.js", "dashboard.js", "progress.js", "errors.js"], &[("your-token", &team)]);
    let functions = ["updateProjectList", "sendMCPCommand", "updateProgressBar"];
    let address = format!("\"{}", server.url("/mcp/sse"));
    let mut page = Script::start(&mut documented_browser(file.path(), "\"/mcp/sse", &address, "elsewhere", &functions));
    send(
        &server,
        &team,
        json!({"method": "tools/call", "params": {"name": "long_report", "arguments": {"steps": 2, "seconds": 1}}}),
    )
    .await;
    send(&server, &team, json!({"method": "tools/call", "params": {"name": "list_projects", "arguments": {}}})).await;
    let [mut welcome, mut alive, mut progress, mut listed, mut answered] = [false; 5];
    while !(welcome && alive && progress && listed && answered) {
        let said = page.next().await;
        assert!(said.get("error").is_none(), "{said}");
        welcome |= said["log"][0] == "Welcome:" && said["log"][1]["result"]["connectionId"].is_string();
        alive |= said["log"][0] == "Server alive";
        answered |= said["log"][0] == "Response:";
        progress |= said["call"] == "updateProgressBar" && said["with"][0].is_number();
        listed |= said["call"] == "updateProjectList" && said["with"][0]["projects"].is_array();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_07_12_the_documented_requests_of_programs_work() {
    let server = start(&[]).await;
    let team = token("team", &["read"]);
    let mut listener = Listener::open(&server, &team).await;
    for (name, change) in
        [("send.js", ("your-token", team.clone())), ("broadcast.js", ("master-token", token("master", &[])))]
    {
        let mut changes = vec![(change.0, &*change.1)];
        if name == "send.js" {
            changes.push(("your-connection-id", &listener.connection));
        }
        let file = program(&[name], &changes);
        let address = format!("\"{}", server.url("/mcp/sse"));
        let script = Script::start(&mut documented_node(file.path(), 5, "\"/mcp/sse", &address));
        let told = if name == "send.js" {
            listener.next("mcp-response").await
        } else {
            listener.next("mcp-notification").await
        };
        let expected = if name == "send.js" { &told["result"]["tools"][0]["name"] } else { &told["result"]["message"] };
        assert!(expected.is_string(), "{told}");
        drop(script);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_01_07_13_22_the_documented_commands_work() {
    let server = start(&[]).await;
    let (team, boss) = (token("team", &["read"]), token("master", &[]));
    let shell = |file: &str, comment: &str, more: &[(&str, &str)]| {
        let text = std::fs::read_to_string(example(&format!("clients/{file}"))).unwrap();
        let (_, from) = text.split_once(comment).expect("the document has this comment");
        let mut command =
            from.split_once('\n').unwrap().1.split("\n\n").next().unwrap().replace(DOCUMENTED, &server.url(""));
        for (from, to) in more {
            assert!(command.contains(from), "{command}");
            command = command.replace(from, to);
        }
        let mut shell = Command::new("sh");
        shell.arg("-ec").arg(format!("exec {command}")).stdin(Stdio::null());
        shell.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
        shell
    };
    let printed = |mut command: Command| -> Value {
        let output = command.output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    };
    let mut listens = Script::start(&mut shell("commands.sh", "# Establish SSE connection", &[("your-token", &team)]));
    listens.line_after("event: mcp-notification").await;
    let welcome: Value = serde_json::from_str(&listens.line_after("data: ").await).unwrap();
    let id = welcome["result"]["connectionId"].as_str().unwrap().to_owned();
    let told =
        printed(shell("commands.sh", "# Send command", &[("your-token", &team), ("connection-id-from-sse", &id)]));
    assert_eq!(told["success"], true, "{told}");
    listens.line_after("event: mcp-response").await;
    let answer: Value = serde_json::from_str(&listens.line_after("data: ").await).unwrap();
    assert!(answer["result"]["tools"].is_array(), "{answer}");
    let stats = printed(shell("stats.sh", "# Get SSE stats", &[("master-token", &boss)]));
    assert_eq!(stats["connectionsByType"], json!({"master": 0, "team": 1, "readonly": 0}));
    assert_eq!(printed(shell("debug.sh", "# Check server health", &[]))["status"], "healthy");
    assert_eq!(printed(shell("debug.sh", "# Test authentication", &[("your-token", &boss)]))["totalConnections"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_20_the_test_script_finds_that_all_of_it_works() {
    let server = start(&[]).await;
    // Has its packages installed.
    drop(node("documented_node.mjs"));
    let folder = server.directory().join("examples/mcp-sse");
    let packages =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients/node_modules").canonicalize().unwrap();
    symlink(packages, folder.join("node_modules")).unwrap();
    let run = |token: &str| {
        let mut npm = Command::new("npm");
        npm.args(["run", "test-sse"])
            .current_dir(&folder)
            .env("SERVER_URL", server.url(""))
            .env("MCP_AUTH_TOKEN", token);
        npm.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1").output().unwrap()
    };
    for (kind, says) in [("master", "1 connections"), ("team", "this token is none")] {
        let output = run(&token(kind, &["read"]));
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && printed.contains(says) && !printed.contains("FAILED"), "{output:?}");
    }
    assert!(!run("nonsense").status.success(), "it finds nothing wrong");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_20_the_demo_page_connects_sends_and_shows() {
    need_chromium();
    let server = start(&[]).await;
    let token = token("team", &["read", "write"]);
    let screenshot = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mcp-sse-demo.png");
    let value = |id: &str, value: &str| format!("document.getElementById('{id}').value = {}", json!(value));
    let click = |id: &str| format!("document.getElementById('{id}').click()");
    let shown = |text: &str| format!("document.getElementById('log').textContent.includes({})", json!(text));
    let steps = [
        format!("({}, {}, true)", value("token", &token), click("connect")),
        "document.getElementById('state').value.startsWith('connected as')".to_owned(),
        format!("({}, true)", click("send")),
        shown("create_project"),
        format!(
            "({}, {}, {}, true)",
            value("method", "tools/call"),
            value("params", r#"{"name":"long_report","arguments":{"seconds":1}}"#),
            click("send")
        ),
        "document.getElementById('progress').value === 100".to_owned(),
        shown("tool-result"),
    ];
    let mut page = Script::start(node("page.mjs").arg(server.url("/demo-sse.html")).arg(&screenshot).args(&steps));
    for step in &steps {
        assert_eq!(page.next().await, json!({"held": step}));
    }
    assert_eq!(page.next().await, json!({"errors": []}));
}
