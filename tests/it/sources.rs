//! Sources: programs of the operator whose lines become events, and that do not outlive the server.

use std::fs;

use serde_json::{Value, json};
use toml::Value as Toml;

use crate::figures::Figures;
use crate::support::{Server, Subscriber, eventually, terminate, tidemill};

/// A source that runs a script, with more keys.
fn source(name: &str, script: &str, keys: &str) -> String {
    let command = Toml::from(vec!["sh", "-c", script]);
    format!("[[source]]\nname = '{name}'\nenvironment = ['PATH']\nmode = 'shared'\ncommand = {command}\n{keys}\n")
}

/// Processes of a group that have not ended.
fn members(group: u64) -> Vec<String> {
    let stats = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let stat = fs::read_to_string(entry.ok()?.path().join("stat")).ok()?;
        let fields: Vec<String> = stat[stat.rfind(')')? + 2..].split(' ').map(str::to_owned).collect();
        (fields[2] == group.to_string() && fields[0] != "Z").then_some(stat)
    });
    stats.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_of_a_shared_process_become_events() {
    let typed = source(
        "typed",
        "echo '{\"n\": 1}'; echo 'no JSON'; echo oops >&2; echo '{\"n\": 2}'; exec sleep 1000",
        "publish = { type = 'build.line' }",
    );
    let made = source(
        "made",
        "echo '{\"kind\":\"a\",\"n\":1}'; echo '{\"skip\":true}'; echo '{\"kind\":\" \"}'; exec sleep 1000",
        "publish = { source = '/made', event = '''if .skip then empty else {type: \"made.\\(.kind)\", subject: \"s\", data: {n}} end''' }",
    );
    let server = Server::start(&format!("{typed}{made}"), &[]).await;
    let mut stream = Subscriber::open(&server, "types=build.*,made.*&since=earliest&envelope=cloudevents").await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let event: Value = serde_json::from_str(&stream.next().await.data).unwrap();
        seen.push(json!([event["source"], event["type"], event["subject"], event["data"]]));
    }
    seen.sort_by_key(Value::to_string);
    assert_eq!(
        seen,
        [
            json!(["/made", "made.a", "s", {"n": 1}]),
            json!(["/sources/typed", "build.line", null, {"n": 1}]),
            json!(["/sources/typed", "build.line", null, {"n": 2}]),
        ]
    );
    eventually("what is no event is told", async || server.log().contains("lines were not published")).await;
    let figures = Figures::read(&server).await;
    let of = |name: &str, source: &str| figures.get(name, &[("source", source)]) as u64;
    assert_eq!((of("tidemill_source_published_total", "typed"), of("tidemill_source_processes", "typed")), (2, 1));
    assert_eq!(
        (of("tidemill_source_published_total", "made"), of("tidemill_source_unpublished_total", "made")),
        (1, 1)
    );
    let lines = |kind| figures.get("tidemill_source_lines_total", &[("source", "typed"), ("kind", kind)]) as u64;
    assert_eq!([lines("json"), lines("raw"), lines("error")], [2, 1, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_leaves_no_process_behind() {
    let text = source(
        "it",
        "trap 'echo \"[\\\"bye\\\"]\"; exit 0' TERM; sleep 1005 & echo [$$]; wait",
        "publish = { type = 'group' }",
    );
    let mut server = Server::start(&text, &[]).await;
    let mut stream = Subscriber::open(&server, "types=group&since=earliest").await;
    let group: Value = serde_json::from_str(&stream.next().await.data).unwrap();
    let group = group[0].as_u64().unwrap();
    assert!(!members(group).is_empty());
    terminate(&server);
    let status = server.wait();
    assert!(status.success(), "{}", server.log());
    assert_eq!(members(group), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_leaves_no_process_behind() {
    let text = source("it", "trap '' TERM HUP; sleep 1006 & echo [$$]; wait", "publish = { type = 'group' }");
    let mut server = Server::start(&text, &[]).await;
    let mut stream = Subscriber::open(&server, "types=group&since=earliest").await;
    let group: Value = serde_json::from_str(&stream.next().await.data).unwrap();
    let group = group[0].as_u64().unwrap();
    assert!(!members(group).is_empty());
    server.kill();
    eventually("nothing is left", async || members(group).is_empty()).await;
}

#[test]
fn mistakes_in_sources_are_all_named_with_their_place() {
    let directory = tempfile::tempdir().unwrap();
    let check = |text: &str| {
        let file = directory.path().join("tidemill.toml");
        fs::write(&file, text).unwrap();
        let output = tidemill(directory.path()).args(["config", "check", "--config"]).arg(&file).output().unwrap();
        String::from_utf8(output.stderr).unwrap() + &String::from_utf8(output.stdout).unwrap()
    };
    let good = "[[source]]\nname = 'a'\ncommand = ['true']\n";
    assert!(check(good).contains("OK"), "{}", check(good));
    for (text, told) in [
        (format!("{good}{good}"), "`source` has two sources with the name \"a\""),
        ("[source]\nname = 'a'".into(), "write `[[source]]`, with two brackets"),
        ("[[source]]\ncommand = ['true']".into(), "`source.name` is missing"),
        (
            "[[source]]\nname = 'A b'\ncommand = ['true']".into(),
            "`source.name` is \"A b\": expected a name in lower case",
        ),
        ("[[source]]\nname = 'a'".into(), "`source.command` is empty"),
        ("[[source]]\nname = 'a'\ncommand = []".into(), "`source.command` is empty"),
        (
            "[[source]]\nname = 'a'\ncommand = 'node index.js'".into(),
            "`source.command` is \"node index.js\": expected a list",
        ),
        (format!("{good}directory = 'none'"), "which is no directory; it is relative to this file"),
        (format!("{good}environment = ['A=B']"), "`source.environment`"),
        (format!("{good}set = {{ 1A = 'x' }}"), "`source.set.1A` must be a variable's name"),
        (format!("{good}line_max = 1"), "`source.line_max` is not a known key here: did you mean `line-max`?"),
        (format!("{good}output-max = '1KiB'"), "`source.output-max` is less than `line-max`"),
        (format!("{good}restart = {{ first = '1s' }}"), "`source.restart` is for `mode = \"shared\"`"),
        (
            format!("{good}mode = 'shared'\nprocesses-max = 3"),
            "`source.processes-max` is for `mode = \"per-connection\"`",
        ),
        (format!("{good}mode = 'shared'\nrestart = {{ frist = '1s' }}"), "did you mean `first`?"),
        (format!("{good}mode = 'shared'\nrestart = {{ first = '1h' }}"), "`source.restart.most` is less than"),
        (format!("{good}mode = 'shared'\npublish = {{}}"), "`source.publish.type` is missing"),
        (
            format!("{good}mode = 'shared'\npublish = {{ event = 'nope' }}"),
            "`source.publish.event` is not a jq program",
        ),
        (format!("{good}mode = 'shared'\npublish = {{ type = 'a', event = '.' }}"), "do not go together"),
        (format!("{good}stop-after = '1h'"), "`source.stop-after` is \"1h\": expected"),
    ] {
        let found = check(&text);
        assert!(found.contains(told) && found.contains("tidemill.toml:"), "{text}\n{found}");
        assert!(found.contains("the configuration has 1 problem:"), "{text}\n{found}");
    }
}
