//! Tools that misbehave, called over MCP: each call fails and says why, and whoever else calls or publishes notices nothing.

use futures_util::future::join_all;
use serde_json::json;

use super::client::{Session, plain};
use crate::support::{Server, guest};

const CONFIG: &str = "[plugins.hostile_tools.grants]\npublish = [\"flood\"]\nstate = true\n\
    [plugins.hostile_tools.breaker]\nfaults = 0\n\
    [plugins.hostile_tools.limits]\ntool-time = \"500ms\"\ntool-compute = \"300ms\"\nmemory = \"8MiB\"\nlog-lines = 10\n";

async fn server() -> Server {
    Server::start(CONFIG, &[("hostile_tools", &guest("hostile_tools"))]).await
}

#[tokio::test]
async fn calls_that_fail_say_why_while_others_go_on() {
    let server = server().await;
    let session = Session::begin(&server, None).await;
    let failing = [
        ("trap", "unreachable"),
        ("spin", "`tool-compute`"),
        ("sleep", "`tool-time`"),
        ("grow", "bytes of memory"),
        ("flood-output", "memory"),
        ("nonsense", "asks for no input"),
        ("wrong-result", "n: 61 is greater than the maximum of 60"),
        ("state", "`state`"),
    ];
    let failures = join_all(failing.map(async |(name, why)| {
        let session = Session::begin(&server, None).await;
        let answer = session.call("tools/call", json!({"name": name})).await;
        let said = answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{name}: {answer}"));
        assert_eq!(answer["result"]["isError"], true, "{name}: {answer}");
        assert!(said.contains(name) && said.contains("hostile_tools") && said.contains(why), "{name}: {said}");
    }));
    let others = async {
        for n in 0..20 {
            let counted = plain(&server, "tools/call", json!({"name": "count"})).await;
            assert_eq!(counted["result"]["isError"], false, "{counted}");
            assert_eq!(server.publish("tick", json!(n)).await.0, 200);
        }
    };
    tokio::join!(failures, others);
    let unknown = session.call("nothing/like/it", json!({})).await;
    assert_eq!(unknown["error"]["code"], -32601, "{unknown}");
    let range = session.call("tools/call", json!({"name": "echo", "arguments": {"n": 61}})).await;
    assert_eq!(range["result"]["isError"], true, "{range}");
    assert_eq!(range["result"]["content"][0]["text"], "n: 61 is greater than the maximum of 60");
}
