//! `tidemill log`: looks at a log, checks it, and carries it elsewhere.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use crate::support::{Server, Subscriber, guest, tidemill};

/// Runs `tidemill log` in a directory.
fn log(directory: &Path, arguments: &[&str]) -> Output {
    tidemill(directory).arg("log").args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What it said on standard output, once it ended with this code.
fn told(run: &Output, code: i32) -> String {
    assert_eq!(run.status.code(), Some(code), "{}{}", text(&run.stdout), text(&run.stderr));
    text(&run.stdout)
}

fn json_lines(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn server() -> Server {
    Server::start("", &[]).await
}

async fn publish_numbers(server: &Server, numbers: std::ops::Range<u64>) {
    for n in numbers {
        let (status, answer) = server.publish("n", json!(format!("<<{n:04}>>").repeat(20))).await;
        assert_eq!(status, 200, "{answer}");
    }
}

/// Every kind of content that is written in a way of its own.
fn special() -> Vec<Value> {
    let with = |id: &str, members: Value| {
        let mut event = json!({"specversion": "1.0", "id": id, "source": "/s", "type": "special"});
        event.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        event
    };
    vec![
        with("nothing", json!({})),
        with("null", json!({"data": null})),
        with("binary", json!({"datacontenttype": "image/png", "data_base64": "/wD+gA=="})),
        with("lines", json!({"datacontenttype": "text/plain", "data": "one\r\ntwo\u{2028}\n\n\"three\"\\"})),
        with("Ünïcode", json!({"subject": "дом/家", "data": {"é": "🌊\u{0}\u{7f}"}})),
        with("attributes", json!({"traceid": "a\"b", "sampled": true, "count": -7, "positions": "mine"})),
        with("schema", json!({"dataschema": "urn:x:1", "datacontenttype": "application/x+json", "data": [1, {}]})),
        with("time", json!({"time": "1999-12-31T23:59:59.999Z", "data": "no object"})),
    ]
}

async fn publish_special(server: &Server) {
    let events = special();
    let (status, answer) =
        server.post("application/cloudevents-batch+json", Value::from(events.clone()).to_string()).await;
    let results = answer["results"].as_array().unwrap();
    assert!(status == 200 && results.iter().all(|result| result["outcome"] == "stored"), "{answer}");
    assert_eq!(results.len(), events.len());
    // Digits beyond what a number in memory holds.
    let digits = r#"{"type": "special", "id": "digits", "data": 1.00000000000000000000000000000000001}"#;
    assert_eq!(server.post("application/json", digits).await.0, 200);
}

/// All events of the types that tests publish, as the server hands them out.
async fn events(server: &Server) -> Vec<String> {
    let query = "since=earliest&types=special,n&envelope=cloudevents";
    let count = server.get("/events/stats").await.1["log"]["events"].as_u64().unwrap();
    let mut stream = Subscriber::open(server, &format!("{query}&limit={count}")).await;
    stream.take(usize::try_from(count).unwrap()).await.into_iter().map(|message| message.data).collect()
}

#[tokio::test]
async fn an_export_becomes_a_log_with_the_same_events_in_the_same_order() {
    let mut server = server().await;
    publish_special(&server).await;
    publish_numbers(&server, 0..50).await;
    let before = events(&server).await;
    assert_eq!(before.len(), special().len() + 51);
    server.stop();

    let exported = log(server.directory(), &["export", "--out", "events.jsonl"]);
    assert_eq!(told(&exported, 0), format!("exported {} events\n", before.len()));
    let lines = fs::read_to_string(server.directory().join("events.jsonl")).unwrap();
    for line in json_lines(&lines) {
        assert!(line["position"].as_str().unwrap().contains('.') && line["storedat"].is_string(), "{line}");
    }

    let new = tempfile::tempdir().unwrap();
    fs::create_dir(new.path().join("plugins")).unwrap();
    let file = server.directory().join("events.jsonl");
    let imported = told(&log(new.path(), &["import", file.to_str().unwrap(), "--json"]), 0);
    let imported: Value = serde_json::from_str(&imported).unwrap();
    assert_eq!((&imported["events"], &imported["skipped"]), (&json!(before.len()), &json!(0)));
    // What only the log knows: the time is kept, the position is new.
    let again = json_lines(&told(&log(new.path(), &["export"]), 0));
    for (was, is) in json_lines(&lines).iter().zip(&again) {
        assert_eq!(was["storedat"], is["storedat"]);
        assert!(is["position"].as_str().unwrap().starts_with(&format!("{}.", imported["epoch"])), "{is}");
    }
    assert!(told(&log(new.path(), &["verify"]), 0).contains("is whole"));

    let restored = Server::start_in(new, "").await;
    assert_eq!(events(&restored).await, before);
    publish_numbers(&restored, 50..51).await;
    assert_eq!(events(&restored).await.len(), before.len() + 1, "it goes on");
}

#[tokio::test]
async fn info_and_export_work_beside_a_running_server() {
    let mut server = Server::start("", &[("faulty", &guest("faulty"))]).await;
    publish_special(&server).await;
    publish_numbers(&server, 0..700).await;
    server.publish("bad.trap", json!(1)).await;
    let (_, stats) = server.get("/events/stats").await;
    assert_eq!(stats["deadLetters"]["count"], 1, "{stats}");
    let info: Value = serde_json::from_str(&told(&log(server.directory(), &["info", "--json"]), 0)).unwrap();
    for name in ["epoch", "first", "last", "events", "bytes"] {
        assert_eq!(info[name], stats["log"][name], "{name}: {info}");
    }
    assert_eq!(info["deadLetters"], stats["deadLetters"]);
    assert!(info["oldestStoredAt"].as_str() <= info["newestStoredAt"].as_str() && info["diskBytes"].as_u64() > Some(0));

    let types = |arguments: &[&str]| -> Vec<Value> {
        json_lines(&told(&log(server.directory(), &[&["export"], arguments].concat()), 0))
    };
    let all = types(&["--types", "n"]);
    assert_eq!(all.len(), 700);
    let (position, time) = (all[600]["position"].as_str().unwrap(), all[600]["storedat"].as_str().unwrap());
    assert_eq!(types(&["--since", position])[0], all[601], "what follows it");
    let since_time = types(&["--since", time, "--types", "n"]);
    assert!(since_time.contains(&all[600]) && since_time.iter().all(|line| line["storedat"].as_str() >= Some(time)));
    let dead = types(&["--dead-letters"]);
    assert_eq!((dead.len(), &dead[0]["type"], &dead[0]["deadletterplugin"]), (1, &json!("bad.trap"), &json!("faulty")));

    // The same figures without a server, and the schema version is the file's.
    server.stop();
    let header = fs::read(server.data("log.db")).unwrap();
    let after: Value = serde_json::from_str(&told(&log(server.directory(), &["info", "--json"]), 0)).unwrap();
    assert_eq!((&after["events"], &after["bytes"]), (&info["events"], &info["bytes"]));
    assert_eq!(after["schemaVersion"], u32::from_be_bytes(header[60..64].try_into().unwrap()));
    let text = told(&log(server.directory(), &["info"]), 0);
    assert!(text.contains("last position") && text.contains("dead letters    1, "), "{text}");
}

#[tokio::test]
async fn a_damaged_event_is_named_and_the_others_are_exported() {
    let mut server = server().await;
    publish_numbers(&server, 0..300).await;
    server.stop();
    let whole = told(&log(server.directory(), &["verify"]), 0);
    assert!(whole.contains("is whole: 300 events"), "{whole}");

    let copy = tempfile::tempdir().unwrap();
    let mut database = fs::read(server.data("log.db")).unwrap();
    let at = database.windows(8).position(|window| window == b"<<0150>>").unwrap();
    database[at + 3] ^= 1;
    fs::create_dir(copy.path().join("data")).unwrap();
    fs::write(copy.path().join("data/log.db"), database).unwrap();
    let run = told(&log(copy.path(), &["verify"]), 1);
    // An event's number is one less than its sequence.
    assert!(run.contains("sequence 151") && run.contains("299 events") && run.contains("log export"), "{run}");
    let run: Value = serde_json::from_str(&told(&log(copy.path(), &["verify", "--json"]), 1)).unwrap();
    assert_eq!((&run["whole"], &run["damaged"][0]["sequence"]), (&json!(false), &json!(151)), "{run}");
    // What was counted when it was written.
    assert!(told(&log(copy.path(), &["info"]), 0).contains("events          300"));

    let run = log(copy.path(), &["export"]);
    assert_eq!(json_lines(&told(&run, 4)).len(), 299);
    let remarks = text(&run.stderr);
    assert!(remarks.contains("event 151 cannot be read") && remarks.contains("299 events"), "{remarks}");
}

#[tokio::test]
async fn an_import_refuses_what_is_there_and_names_every_bad_line() {
    let directory = tempfile::tempdir().unwrap();
    let good = r#"{"specversion":"1.0","id":"1","source":"/s","type":"a","storedat":"2020-01-02T03:04:05Z"}"#;
    let lines = [good, "{oops", good, r#"{"specversion":"1.0","id":"2","source":"/s"}"#, "", "[]"];
    fs::write(directory.path().join("bad.jsonl"), lines.join("\n")).unwrap();
    let run = log(directory.path(), &["import", "bad.jsonl"]);
    told(&run, 1);
    let named = text(&run.stderr);
    for expected in ["line 2: ", "line 4: type: ", "line 6: ", "3 lines are bad; nothing was made", "--skip-bad"] {
        assert!(named.contains(expected), "{expected} in {named}");
    }
    assert!(!directory.path().join("data").exists());

    let run = log(directory.path(), &["import", "bad.jsonl", "--skip-bad"]);
    assert!(told(&run, 4).contains("imported 2 events") && text(&run.stderr).contains("line 4: type: "));
    let lines = json_lines(&told(&log(directory.path(), &["export"]), 0));
    assert_eq!((lines.len(), &lines[1]["storedat"]), (2, &json!("2020-01-02T03:04:05.000Z")));

    let refused = log(directory.path(), &["import", "bad.jsonl"]);
    told(&refused, 2);
    assert!(text(&refused.stderr).contains("there is a log in"), "{}", text(&refused.stderr));
}

#[test]
fn an_import_reads_standard_input() {
    let directory = tempfile::tempdir().unwrap();
    let run = |input: &str, data: &str| {
        let mut command = tidemill(directory.path());
        command.args(["log", "import", "-", "--data", data]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let good = r#"{"specversion":"1.0","id":"1","source":"/s","type":"tidemill.made-here"}"#;
    assert!(told(&run(good, "one"), 0).contains("imported 1 events into one, epoch "));
    let bad = run(&format!("{good}\n{{}}\n"), "two");
    told(&bad, 1);
    assert!(text(&bad.stderr).contains("line 2: "), "{}", text(&bad.stderr));
    assert!(!directory.path().join("two/log.db").exists());
    told(&log(directory.path(), &["verify", "--data", "two"]), 2);
}

#[test]
fn a_file_that_is_there_is_replaced_only_on_request() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("empty.jsonl"), "").unwrap();
    let nothing = log(directory.path(), &["export", "--out", "out.jsonl"]);
    told(&nothing, 2);
    assert!(text(&nothing.stderr).contains("there is no log in"), "{}", text(&nothing.stderr));
    told(&log(directory.path(), &["import", "empty.jsonl"]), 0);
    fs::write(directory.path().join("out.jsonl"), "precious").unwrap();
    let refused = log(directory.path(), &["export", "--out", "out.jsonl"]);
    told(&refused, 2);
    assert!(text(&refused.stderr).contains("--force"), "{}", text(&refused.stderr));
    assert_eq!(fs::read_to_string(directory.path().join("out.jsonl")).unwrap(), "precious");
    told(&log(directory.path(), &["export", "--out", "out.jsonl", "--force"]), 0);
    assert_eq!(fs::read_to_string(directory.path().join("out.jsonl")).unwrap(), "");
    let foreign = log(directory.path(), &["export", "--since", "7.1"]);
    told(&foreign, 2);
    assert!(text(&foreign.stderr).contains("another log"), "{}", text(&foreign.stderr));
    let left: Vec<_> = fs::read_dir(directory.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().ends_with(".partial")), "{left:?}");
}
