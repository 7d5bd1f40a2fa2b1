//! The commands that people try first, against a real server.

use std::io::{BufRead, BufReader, Write};
use std::process::{Output, Stdio};

use serde_json::json;

use crate::support::{Abrupt, Canned, Server, Subscriber, guest, tidemill};

fn run_tidemill(arguments: &[&str]) -> Output {
    let directory = tempfile::tempdir().unwrap();
    tidemill(directory.path()).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn publish_and_tail_meet() {
    let server = Server::start("", &[]).await;
    let url = server.url("");
    let directory = tempfile::tempdir().unwrap();
    let mut tail = tidemill(directory.path())
        .args(["tail", "--url", &url, "--types", "order.*", "--since", "earliest", "--limit", "2"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let one = run_tidemill(&["publish", "--url", &url, "order.created", r#"{"total": 12}"#]);
    assert!(one.status.success(), "{}", text(&one.stderr));
    server.publish("other", json!(1)).await;
    let two = run_tidemill(&["publish", "--url", &url, "order.paid", "--subject", "7"]);
    assert!(two.status.success(), "{}", text(&two.stderr));
    let lines: Vec<String> = BufReader::new(tail.stdout.take().unwrap()).lines().map(Result::unwrap).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].contains("order.created") && lines[0].contains(r#"{"total":12}"#), "{lines:?}");
    assert!(lines[1].contains("order.paid"), "{lines:?}");
    assert!(tail.wait().unwrap().success());
}

#[tokio::test]
async fn a_file_is_published_with_each_mistake_by_its_line() {
    let server = Server::start("", &[("faulty", &guest("faulty"))]).await;
    let mut stream = Subscriber::open(&server, "").await;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "{{\"type\":\"a\"}}\n{{\"type\":\"\"}}\n{{\"type\":\"bad.drop\"}}\n{{\"type\":\"b\"}}").unwrap();
    let path = file.path().to_str().unwrap();
    let run = run_tidemill(&["publish", "--url", &server.url(""), "--file", path]);
    let told = text(&run.stdout) + &text(&run.stderr);
    assert_eq!(run.status.code(), Some(1), "{told}");
    assert!(told.contains('2') && told.contains("type"), "{told}");
    let types: Vec<String> = stream.take(2).await.into_iter().map(|message| message.event).collect();
    assert_eq!(types, ["a", "b"]);
}

#[test]
fn no_server_is_said_with_its_address_and_what_to_do() {
    let run = run_tidemill(&["publish", "--url", "http://127.0.0.1:1", "a"]);
    let told = text(&run.stderr);
    assert_eq!(run.status.code(), Some(3), "{told}");
    assert!(told.contains("127.0.0.1:1") && told.contains("tidemill serve"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_says_before_it_closes_is_told() {
    let server = Abrupt::start().await;
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("big.wasm"), vec![0; 16 << 20]).unwrap();
    let run = |arguments: &[&str]| {
        let run = tidemill(directory.path()).args(arguments).output().unwrap();
        (run.status.code(), text(&run.stderr))
    };
    let (code, told) = run(&["plugin", "upload", "big.wasm", "--url", &server.url("")]);
    assert!(code == Some(1) && told.contains("the most is 1 MiB"), "{told}");
    // Whatever it did with the event, it was reached.
    for way in ["/none", "/long"] {
        let (code, told) = run(&["publish", "a", "--url", &server.url(way)]);
        assert!(code == Some(1) && told.contains("unknown whether the event was stored"), "{way}: {told}");
    }
    std::fs::write(directory.path().join("events.ndjson"), "{\"type\":\"a\"}\n").unwrap();
    let (code, told) = run(&["publish", "--file", "events.ndjson", "--url", &server.url("/none")]);
    assert!(code == Some(1) && told.contains("unknown which of its events were stored"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn words_of_a_server_do_nothing_to_a_terminal() {
    let canned = Canned::start().await;
    let run = |path: &str| run_tidemill(&["publish", "a", "--url", &format!("http://{}{path}", canned.address)]);
    canned.answer("/page/events", 500, "\u{1b}]0;owned\u{7}");
    canned.answer("/ours/events", 422, r#"{"outcome":"rejected","detail":"no\u001b[2J\nstored at 7"}"#);
    canned.answer("/there/events", 307, "http://a/\u{9b}2J");
    for path in ["/page", "/ours", "/there"] {
        let told = text(&run(path).stderr);
        assert!(told.contains("\\u{") && !told.trim_end().contains(char::is_control), "{told:?}");
    }
}

#[test]
fn a_wrong_configuration_starts_nothing_and_names_the_key() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("tidemill.toml"), "listn = \"127.0.0.1:0\"\n[publish]\nbody-max = \"many\"\n")
        .unwrap();
    let run = tidemill(directory.path()).arg("serve").output().unwrap();
    let told = text(&run.stderr);
    assert_eq!(run.status.code(), Some(2), "{told}");
    assert!(told.contains("listn") && told.contains("`listen`") && told.contains("body-max"), "{told}");
    assert!(!directory.path().join("data").exists());
}

#[tokio::test]
async fn variables_come_from_a_file_and_those_that_are_set_win() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    write("tidemill.toml", "listen = '127.0.0.1:${PORT_OF_IT}'\n[publish]\nbatch-max = '${BATCH_OF_IT}'\n");
    write(".env", "PORT_OF_IT=8123\nexport BATCH_OF_IT=\"7\"\nTIDEMILL_PUBLISH_BODY_MAX=2KiB\n");
    let show = |args: &[&str]| {
        let mut command = crate::support::tidemill(directory.path());
        command.args(["config", "show"]).args(args).env("PORT_OF_IT", "8124").output().unwrap()
    };
    let shown = show(&["--env-file", ".env"]);
    let text = String::from_utf8(shown.stdout).unwrap();
    for line in ["listen = \"127.0.0.1:8124\"", "batch-max = 7", "body-max = \"2KiB\""] {
        assert!(text.contains(line), "{line}: {text}");
    }
    let refused = show(&[]);
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.status.code() == Some(2) && told.contains("`BATCH_OF_IT`, which is not set"), "{told}");
}

#[test]
fn a_new_plugin_is_gone_on_with_by_dev() {
    let new = run_tidemill(&["plugin", "new", "rules"]);
    assert!(text(&new.stderr).contains("cd rules\n  tidemill plugin dev"), "{}", text(&new.stderr));
}

#[test]
fn help_has_every_input_of_a_run_and_the_exit_codes_of_an_upload() {
    let run = text(&run_tidemill(&["plugin", "run", "--help"]).stdout);
    for input in ["delivery", "call", "prompt", "resource", "completion", "subscriber"] {
        assert!(run.contains(&format!("{{\"{input}\": ")), "{input}: {run}");
    }
    let upload = text(&run_tidemill(&["plugin", "upload", "--help"]).stdout);
    assert!(upload.contains("Exit codes: 0 ") && upload.contains("3 the server is"), "{upload}");
}
