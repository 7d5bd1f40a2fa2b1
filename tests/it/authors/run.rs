//! A component on its author's machine: run, tested, measured, as the commands say it.

mod bench;
mod dev;
mod golden;
mod property;

use std::fs;
use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use super::{Author, Said};
use crate::support::{guest, ready_made};

impl Author {
    /// One who has a test guest as a component, by its own name.
    fn with_guest(name: &str) -> Self {
        let author = Self::new();
        fs::copy(guest(name), author.at(&format!("{name}.wasm"))).unwrap();
        author
    }

    fn writes(&self, path: &str, text: &str) {
        fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        fs::write(self.at(path), text).unwrap();
    }

    fn reads(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap()
    }

    /// Types `tidemill plugin …` with this on standard input.
    fn pipes(&self, arguments: &[&str], input: &str) -> Said {
        let mut command = self.command("", arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // One that refuses its arguments reads nothing.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let ended = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Said { code: ended.status.code().unwrap(), out: text(ended.stdout), err: text(ended.stderr) }
    }

    /// What becomes of inputs, as JSON.
    fn runs(&self, component: &str, input: &str) -> Vec<Value> {
        let said = self.pipes(&["run", component, "--json"], input);
        said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Without what differs from run to run.
fn outcome(mut ran: Value) -> Value {
    for name in ["us", "line", "backtrace", "log", "rerun"] {
        ran.as_object_mut().unwrap().remove(name);
    }
    ran
}

#[test]
fn each_event_has_its_outcome() {
    let author = Author::with_guest("faulty");
    let input = "{\"type\":\"a\",\"data\":{\"x\":1.50}}\n\n{\"type\":\"bad.drop\",\n \"id\":\"own\"}\n{\"type\":\"bad.reject\"}\n{\"type\":\"bad.length\"}\n";
    let ran = author.runs("faulty.wasm", input);
    let lines: Vec<&Value> = ran.iter().map(|ran| &ran["line"]).collect();
    assert_eq!(lines, [1, 3, 5, 6]);
    let mut outcomes: Vec<Value> = ran.into_iter().map(outcome).collect();
    let bad = outcomes.pop().unwrap();
    assert_eq!((&bad["outcome"], &bad["fault"]), (&json!("failed"), &json!("bad-output")));
    assert_eq!(
        outcomes,
        [
            json!({"outcome": "stored", "event": {"type": "a", "data": {"x": 1.5}}}),
            json!({"outcome": "dropped"}),
            json!({"outcome": "rejected", "problems": []}),
        ]
    );
}

#[test]
fn a_trap_names_the_line_of_the_author_and_can_be_run_again() {
    let author = Author::with_guest("faulty");
    let said = author.pipes(&["run", "faulty.wasm"], "{\"type\":\"a\"}\n{\"type\":\"bad.trap\"}\n{\"type\":\"b\"}\n");
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    for told in ["faulty.rs:", "decide", "a poison event", "input: {\"type\":\"bad.trap\"}"] {
        assert!(said.out.contains(told), "{told}: {}", said.out);
    }
    assert!(!said.out.contains("/rustc/"), "only the author's own calls: {}", said.out);
    assert!(said.err.contains("3 inputs: 2 stored, 1 failed"), "{}", said.err);
    let again = said.out.lines().find_map(|line| line.trim().strip_prefix("again: tidemill plugin run ")).unwrap();
    let (component, file) = again.split_once(" < ").unwrap();
    let again = author.pipes(&["run", component], &author.reads(file));
    assert!(again.code == 1 && again.out.contains("faulty.rs:"), "{}", again.out);
}

#[test]
fn limits_hold_and_the_next_event_goes_on() {
    let author = Author::with_guest("faulty");
    // Long enough to want too much memory on any machine.
    author.writes("faulty.toml", "limits.time = '2s'\n");
    let ran = author.runs("faulty.wasm", "{\"type\":\"bad.loop\"}\n{\"type\":\"bad.memory\"}\n{\"type\":\"a\"}");
    let faults: Vec<&Value> = ran.iter().map(|ran| &ran["fault"]).collect();
    assert_eq!(faults, [&json!("timeout"), &json!("memory"), &Value::Null]);
}

#[test]
fn what_a_plugin_logs_stands_with_the_event_and_so_do_events_beside() {
    let author = Author::with_guest("owner");
    let ran =
        author.runs("owner.wasm", "{\"type\":\"claimed.thing\",\"id\":\"7\",\"data\":{\"ok\":true,\"print\":true}}");
    let log = json!([
        {"level": "info", "message": "owner prints 7"},
        {"level": "warn", "message": "owner complains about 7"},
    ]);
    assert_eq!(ran[0]["log"], log);
    assert_eq!(ran[0]["event"]["data"]["seen"], true, "as it is stored");
}

#[test]
fn settings_lie_beside_the_component() {
    let author = Author::with_guest("echo_config");
    author.writes("echo_config.toml", "[config]\ngreeting = 'hello'\n");
    let ran = author.runs("echo_config.wasm", "{\"type\":\"echo\",\"data\":1}");
    assert!(ran[0].to_string().contains("hello"), "{ran:?}");
    author.writes("other.toml", "oder = 1\n");
    let said = author.pipes(&["run", "echo_config.wasm", "--settings", "other.toml"], "");
    assert!(said.code == 2 && said.err.contains("other.toml: unknown field `oder`"), "{}", said.err);
}

#[test]
fn webhooks_views_and_tools_are_asked_their_own_way() {
    let author = Author::with_guest("hook");
    let ran = author.runs("hook.wasm", "{\"delivery\":{\"body\":\"one\\ntwo\"}}\n{\"delivery\":{\"body\":\"refuse\"}}\n{\"delivery\":{\"body\":\"trap\"}}\n{\"call\":{\"tool\":\"x\"}}");
    assert_eq!(
        ran[0]["events"][1]["event"],
        json!({"type": "hook.two", "source": "/hooks/hook", "extensions": {"query": ""}, "data": 1})
    );
    assert_eq!((&ran[1]["status"], &ran[1]["detail"]), (&json!(403), &json!("not from you")));
    assert_eq!((&ran[2]["fault"], &ran[3]["outcome"]), (&json!("trap"), &json!("uncalled")));

    let author = Author::with_guest("team_view");
    let input = "{\"subscriber\":{}}\n{\"subscriber\":{\"parameters\":{\"team\":\"x\"}}}\n{\"type\":\"a\",\"subject\":\"x\"}\n{\"type\":\"a\",\"subject\":\"y\"}\n{\"type\":\"bad.trap\"}";
    let ran = author.runs("team_view.wasm", input);
    assert_eq!((&ran[0]["outcome"], &ran[1]["class"]), (&json!("refused"), &json!("x")));
    assert_eq!(
        (&ran[2]["visible"], &ran[3]["visible"], &ran[4]["fault"]),
        (&json!(true), &json!(false), &json!("trap"))
    );
    // The event alone would not do it: who looks is part of it.
    let file = ran[4]["rerun"].as_str().unwrap().split_once(" < ").unwrap().1.to_owned();
    assert_eq!(author.runs("team_view.wasm", &author.reads(&file))[1]["fault"], "trap");

    let author = Author::with_guest("kitchen");
    author.writes("kitchen.toml", "grants.publish = ['kitchen.*']\n");
    let ran = author.runs(
        "kitchen.wasm",
        "{\"call\":{\"tool\":\"boil_eggs\",\"arguments\":{\"minutes\":1}}}\n{\"call\":{\"tool\":\"fry\"}}",
    );
    assert!(ran[0]["detail"].as_str().unwrap().contains("minutes"), "{ran:?}");
    assert!(ran[1]["detail"].as_str().unwrap().contains("boil_eggs"), "{ran:?}");
}

#[test]
fn what_cannot_be_run_is_told_in_a_sentence() {
    let author = Author::with_guest("faulty");
    author.writes("core.wasm", "\0asm\u{1}\0\0\0");
    author.writes("text.wasm", "hello");
    let text = wat::parse_str("(component)").unwrap();
    fs::write(author.at("other.wasm"), text).unwrap();
    for (component, told) in [
        ("core.wasm", "core WebAssembly module"),
        ("text.wasm", "not a WebAssembly file"),
        ("other.wasm", "not a Tidemill plugin"),
        ("nowhere.wasm", "there is no nowhere.wasm"),
        (".", "tidemill plugin new"),
    ] {
        let said = author.pipes(&["run", component], "");
        assert_eq!(said.code, 2, "{component}: {}", said.err);
        assert!(said.err.contains(told) && said.err.lines().count() == 1, "{component}: {}", said.err);
    }
    let said = author.pipes(&["run", "faulty.wasm"], "{\"type\":\"a\"}\n{oops\n{\"tpye\":\"a\"}\n");
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(
        said.err.contains("line 2: not valid JSON") && said.err.contains("line 3: ") && said.err.contains("`tpye`")
    );
    assert!(said.err.contains("1 input: 1 stored, 2 not read"), "{}", said.err);
    for (input, told) in [("{oops\n", "0 inputs: 1 not read\n"), ("", "0 inputs\n")] {
        let said = author.pipes(&["run", "faulty.wasm"], input);
        assert!(said.err.ends_with(told), "{}", said.err);
    }
}

/// A component that waits for another one's settings is no other than those of the host's own.
#[test]
fn ready_made_plugins_run_as_well() {
    let author = Author::new();
    fs::copy(ready_made("redact"), author.at("redact.wasm")).unwrap();
    author.writes("redact.toml", "[config]\npaths = ['/password']\n");
    let ran = author.runs("redact.wasm", "{\"type\":\"login\",\"data\":{\"password\":\"x\",\"user\":\"u\"}}");
    assert!(ran[0]["event"]["data"]["password"] != "x" && ran[0]["event"]["data"]["user"] == "u", "{ran:?}");
}
