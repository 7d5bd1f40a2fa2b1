//! The program of a client: when it begins and ends, what it finds, and what becomes of what it prints.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{BEGINS, changed, example, message, open, running, start, started, with_script};
use crate::support::{Server, eventually, tidemill};

#[tokio::test]
async fn s2_15_16_each_client_has_a_program_that_ends_with_it() {
    let server = start().await;
    let (mut one, mut two) = (open(&server, "").await, open(&server, "").await);
    for wire in [&mut one, &mut two] {
        assert_eq!(message(wire).await["type"], "connection");
        assert_eq!(message(wire).await, json!({"type": "error", "message": BEGINS}));
    }
    running(&server, 2).await;
    let programs = started(&server);
    assert!(programs.len() == 2 && programs[0] != programs[1], "{programs:?}");
    drop(one);
    running(&server, 1).await;
    eventually("the program of the one is gone", async || {
        programs.iter().filter(|pid| Path::new(&format!("/proc/{pid}")).exists()).count() == 1
    })
    .await;
    // The other has not noticed.
    assert!(two.data().await.contains("heartbeat"));
    drop(two);
    running(&server, 0).await;
}

/// All of a group goes, also what does not want to.
#[tokio::test]
async fn s2_15_nothing_of_a_program_is_left_behind() {
    let server = with_script("trap '' TERM; sleep 1007 & echo [$$,$!]; wait; sleep 1007").await;
    let mut wire = open(&server, "").await;
    message(&mut wire).await;
    let processes = message(&mut wire).await;
    let alive = |index: usize| Path::new(&format!("/proc/{}", processes[index])).exists();
    assert!(alive(0) && alive(1), "{processes}");
    drop(wire);
    eventually("both are gone", async || !alive(0) && !alive(1)).await;
}

#[tokio::test]
async fn s2_05_06_07_08_what_a_program_prints_is_told_by_its_kind() {
    let server = with_script(
        "printf '{\"jsonrpc\": \"2.0\",\\t\"id\": 1, \"result\": {\"content\": [{\"type\": \"text\", \"text\": \"a\\\\nb\"}]}}\\n'; \
         echo 'Raw message content'; echo 'Error details here' >&2; exit 0",
    )
    .await;
    let mut wire = open(&server, "").await;
    let mut said = Vec::new();
    while said.last().is_none_or(|last: &Value| last["type"] != "close") {
        said.push(message(&mut wire).await);
    }
    assert_eq!(said.remove(0)["type"], "connection");
    assert_eq!(said.pop().unwrap(), json!({"type": "close", "code": 0}));
    for expected in [
        json!({"jsonrpc": "2.0", "id": 1, "result": {"content": [{"type": "text", "text": "a\nb"}]}}),
        json!({"type": "raw", "content": "Raw message content"}),
        json!({"type": "error", "message": "Error details here"}),
    ] {
        let at = said.iter().position(|message| *message == expected);
        said.remove(at.unwrap_or_else(|| panic!("there is no {expected} in {said:?}")));
    }
    assert!(said.is_empty(), "{said:?}");
    let (rest, whole) = wire.rest().await;
    assert!(whole && !rest.contains("data:"), "the stream is over: {rest}");
}

#[tokio::test]
async fn s2_07_28_a_program_that_fails_says_how_and_the_log_why() {
    let server = with_script("exit 3").await;
    let mut wire = open(&server, "").await;
    message(&mut wire).await;
    assert_eq!(message(&mut wire).await, json!({"type": "close", "code": 3}));
    eventually("the log says how it ended", async || server.log().contains("code=3")).await;

    let server = changed(&[(r#"["node", "index.js"]"#, r#"["no-such-program"]"#)]).await;
    let mut wire = open(&server, "").await;
    message(&mut wire).await;
    let error = message(&mut wire).await;
    assert!(error["type"] == "error" && error["message"].as_str().unwrap().contains("no-such-program"), "{error}");
    assert_eq!(message(&mut wire).await, json!({"type": "close", "code": null}));
    assert!(server.log().contains("no-such-program"));
}

#[tokio::test]
async fn s2_18_nothing_that_a_client_sends_reaches_its_program() {
    // It would repeat whatever it is told.
    let server = with_script("echo '[\"begins\"]'; exec cat").await;
    let mut wire = open(&server, "?types=tool.result").await;
    message(&mut wire).await;
    assert_eq!(message(&mut wire).await, json!(["begins"]));
    for method in ["POST", "PUT", "DELETE"] {
        let request = server.http.request(method.parse().unwrap(), server.url("/sse")).body("[\"injected\"]");
        assert_eq!(request.send().await.unwrap().status(), 405, "{method}");
    }
    assert_eq!(server.publish("tool.result", json!(["last"])).await.0, 200);
    assert_eq!(message(&mut wire).await, json!(["last"]), "and nothing before it");
}

/// The environment of a process.
fn environment(process: u32) -> BTreeMap<String, String> {
    let bytes = fs::read(format!("/proc/{process}/environ")).unwrap();
    let texts = bytes.split(|byte| *byte == 0).filter(|text| !text.is_empty());
    let pairs = texts.map(|text| std::str::from_utf8(text).unwrap().split_once('=').unwrap());
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[tokio::test]
async fn s2_19_a_program_gets_the_documented_variables_and_no_others() {
    let variables =
        [("SENPEX_CLIENT_ID", "acme"), ("SENPEX_SECRET_ID", "s3cret"), ("PORT", "4711"), ("OTHERS_SECRET", "x")];
    let server = Server::example("stdio-sse", &variables, &[]).await;
    let mut wire = open(&server, "").await;
    message(&mut wire).await;
    let begins = message(&mut wire).await;
    assert_eq!(begins["message"], "MCP server ready on stdio: account acme, with a secret, port 4711");
    let mut found = environment(started(&server)[0]);
    assert!(found.remove("PATH").is_some());
    let expected = variables[..3].iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    assert_eq!(found, expected.collect());
    assert!(!server.log().contains("s3cret"));
}

/// What the configuration means with these environment variables.
fn shown(variables: &[(&str, &str)]) -> String {
    let root = example("../..").canonicalize().unwrap();
    let mut command = tidemill(&root);
    command.args(["config", "show", "--config", "examples/stdio-sse/tidemill.toml"]).env_remove("PORT");
    let output = command.envs(variables.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn s2_04_14_19_28_the_defaults_are_those_of_the_document() {
    let plain = shown(&[]);
    assert!(plain.contains("listen = \"127.0.0.1:3000\""), "{plain}");
    assert!(shown(&[("PORT", "8080")]).contains("listen = \"127.0.0.1:8080\""));
    // Twice in the minute after which the document's watchdog gives up.
    assert!(plain.contains("${HEARTBEAT:-30s}"), "{plain}");
}
