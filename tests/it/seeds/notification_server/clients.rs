//! The document's clients as they are, in a browser, in React and in Python, and clients of MCP at the same address.

use std::path::Path;

use serde_json::{Value, json};

use super::{DOCUMENTED, Listener, call, example, notify, start};
use crate::clients::{Script, documented_browser, documented_python, node, passes, python};
use crate::support::Server;

async fn task(server: &Server) -> Value {
    call(server, "simulate_progress", json!({"task_name": "Backup", "duration_seconds": 1, "step_count": 2})).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_10_the_javascript_client_works_on_a_page_of_another_site() {
    let server = start().await;
    let functions = ["updateProgressBar", "showNotification", "updateConnectionStatus"];
    let program = example("clients/browser.js");
    let mut browser =
        Script::start(&mut documented_browser(&program, DOCUMENTED, &server.url(""), "elsewhere", &functions));
    let connected = json!({"call": "updateConnectionStatus", "with": ["connected"]});
    // The page is ready, and the stream has begun, in whichever order.
    let mut begun = [browser.next().await, browser.next().await];
    begun.sort_by_key(|said| said.get("ready").is_none());
    assert_eq!(begun, [json!({"ready": true}), connected]);
    let done = task(&server).await;
    for percent in [50, 100] {
        let task = &done["structuredContent"]["task_id"];
        assert_eq!(browser.next().await, json!({"call": "updateProgressBar", "with": [task, percent]}));
    }
    notify(&server, "All done").await;
    assert_eq!(browser.next().await, json!({"call": "showNotification", "with": ["All done", "info"]}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_10_the_react_hook_shows_notifications_and_progress() {
    let server = start().await;
    let bundle = Path::new(env!("CARGO_TARGET_TMPDIR")).join("react-page.js");
    let parts = ["clients/react.jsx", "clients/react-page.jsx"].map(example);
    passes(node("bundle.mjs").arg(&bundle).args(parts));
    // Whatever the page shows, as text.
    let watch = "new MutationObserver(() => console.log(document.body.innerText.split(/\\s*\\n\\s*/)))
        .observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });\n";
    let watched = bundle.with_file_name("react-page-watched.js");
    std::fs::write(&watched, format!("{watch}{}", std::fs::read_to_string(&bundle).unwrap())).unwrap();
    let mut browser = Script::start(&mut documented_browser(&watched, DOCUMENTED, &server.url(""), "elsewhere", &[]));
    // The hook does not say when it is connected.
    crate::support::eventually("the page listens", async || {
        call(&server, "connection_status", json!({})).await["structuredContent"]["active_connections"] == 1
    })
    .await;
    notify(&server, "Hello from afar").await;
    shows(&mut browser, &["Hello from afar"]).await;
    task(&server).await;
    shows(&mut browser, &["Hello from afar", "Completed step 2 of 2"]).await;
}

/// Waits until a page shows all of this.
async fn shows(browser: &mut Script, expected: &[&str]) {
    loop {
        let said = browser.next().await;
        assert!(said.get("error").is_none(), "{said}");
        let shown = said["log"][0].to_string();
        if expected.iter().all(|text| shown.contains(text)) {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_11_the_python_client_prints_progress_and_notifications() {
    let server = start().await;
    let mut command =
        documented_python(&example("clients/client.py"), DOCUMENTED, &server.url(""), &["listen_to_notifications"]);
    let mut python = Script::start(command.env("NO_PROXY", "127.0.0.1"));
    crate::support::eventually("it listens", async || {
        call(&server, "connection_status", json!({})).await["structuredContent"]["active_connections"] == 1
    })
    .await;
    task(&server).await;
    notify(&server, "All done").await;
    for expected in [
        "Progress: 50.0% - Completed step 1 of 2",
        "Progress: 100.0% - Completed step 2 of 2",
        "Notification: All done",
    ] {
        assert_eq!(python.line().await, expected);
    }
}

/// Sessions of MCP, requests of the newest revision, plain posts and plain streams do not get in each other's way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_01_02_clients_of_mcp_use_the_address_at_the_same_time() {
    let server = start().await;
    let (mut listener, _) = Listener::connect(&server).await;
    let url = server.url("/mcp");
    let mut typescript = Script::start_talking(node("mcp_client.mjs").arg(&url));
    let mut snake = Script::start_talking(python("mcp_client.py").arg(&url).env("NO_PROXY", "127.0.0.1"));
    let told = typescript.next().await;
    assert_eq!((&told["session"], &told["server"]["name"]), (&json!(true), &json!("notification-server")), "{told}");
    for ready in [told, snake.next().await] {
        assert!(ready["ready"].as_array().unwrap().contains(&json!("simulate_progress")), "{ready}");
    }
    // The stream of a session is not one of those that are counted.
    let status = call(&server, "connection_status", json!({})).await;
    assert_eq!(status["structuredContent"]["active_connections"], 1, "{status}");

    let ask = json!({"name": "simulate_progress",
        "arguments": {"task_name": "Backup", "duration_seconds": 1, "step_count": 2}});
    typescript.tell(&ask);
    snake.tell(&ask);
    let plain = task(&server).await;
    let mut tasks = vec![plain["structuredContent"]["task_id"].clone()];
    for client in [&mut typescript, &mut snake] {
        let answer = client.next().await;
        let progress: Vec<_> = answer["progress"].as_array().unwrap().iter().map(Value::as_f64).collect();
        assert_eq!(progress, [Some(50.0), Some(100.0)], "it is told of its own task alone: {answer}");
        tasks.push(answer["result"]["structuredContent"]["task_id"].clone());
    }
    let mut seen = Vec::new();
    for _ in 0..6 {
        let event = listener.next().await;
        assert_eq!(event["type"], "progress");
        seen.push(event["task_id"].clone());
    }
    assert!(tasks.iter().all(|task| seen.iter().filter(|seen| *seen == task).count() == 2), "{tasks:?} {seen:?}");
}
