//! Profiles as they are written, and what is wrong with some.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, json};
use tidemill_event::{Attributes, Data, Event, Position, Timestamp};
use tidemill_log::Record;

use super::*;

fn take(text: &str) -> Result<Profile, Vec<String>> {
    Profile::take(&mut text.parse().unwrap())
}

/// What the default encoding of a profile makes of an event.
fn shown(profile: &Profile, event_type: &str, data: &'static str) -> String {
    let attributes = Attributes {
        id: "1",
        source: "server-1",
        event_type,
        subject: None,
        content_type: None,
        data_schema: None,
        extensions: &Map::new(),
    };
    let time = Timestamp::from_unix_ms(1_000);
    let event = Event::new(&attributes, time, Data::Bytes(Bytes::from_static(data.as_bytes()))).unwrap();
    let mut out = Vec::new();
    let record = Record { position: Position::new(7, 42), stored_at: time, event };
    tidemill_bus::write_record(&record, &profile.encoding(), &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn a_table_without_keys_is_what_events_are() {
    let mut table: toml::Table = "path = \"/events\"\nkind = \"stream\"".parse().unwrap();
    let profile = Profile::take(&mut table).unwrap();
    assert_eq!((profile.encoding(), table.len()), (Encoding::default(), 2), "keys of others are left");
    assert_eq!(profile, Profile::default());
    assert_ne!(profile, take("history = 1").unwrap());
    assert_eq!(take("name = '.type'").unwrap(), take("name = '.type'").unwrap(), "though each has frames of its own");
}

#[test]
fn a_flat_and_nested_projection_in_both_framings() {
    let profile = take(
        r#"
        framing = "both"
        projection = '({id, type, serverId: .source, timestamp: .time, data}) as $e | (.data | objects // {}) + $e'
        "#,
    )
    .unwrap();
    let data =
        r#"{"connection":{"name":"a"},"type":"x","id":1,"serverId":"server-1","timestamp":"1970-01-01T00:00:01.000Z"}"#;
    let frames = shown(&profile, "server_connected", data);
    let lines: Vec<&str> = frames.lines().collect();
    assert_eq!((lines[0], lines[2], lines[3]), ("event: server_connected", "", "id: 7.42"));
    assert_eq!(lines[1], lines[4], "the same JSON twice");
    let read: serde_json::Value = serde_json::from_str(lines[4].strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!((&read["connection"]["name"], &read["data"]["connection"]["name"]), (&json!("a"), &json!("a")));
    assert_eq!((&read["type"], &read["id"]), (&json!("server_connected"), &json!("1")));
}

#[test]
fn names_and_what_is_not_shown() {
    let profile = take("name = '.data.kind // .type'\nids = \"none\"").unwrap();
    assert_eq!(shown(&profile, "t", "{\"kind\":\"k\"}"), "event: k\ndata: {\"kind\":\"k\"}\n\n");
    assert_eq!(shown(&profile, "t", "{}"), "event: t\ndata: {}\n\n");
    assert_eq!(profile.failures.count(), 0);
    for data in ["{\"kind\":\"error\"}", "{\"kind\":\"a\\ndata: x\"}", "{\"kind\":1}", "[]", "{\"kind\":\"open\"}"] {
        assert_eq!(shown(&profile, "t", data), "", "{data}");
    }
    assert_eq!(profile.failures.count(), 5);
    let profile = take("projection = 'select(.type == \"a\") | .position'").unwrap();
    assert_eq!(shown(&profile, "a", "1"), "id: 7.42\nevent: a\ndata: \"7.42\"\n\n");
    assert_eq!((shown(&profile, "b", "1"), profile.failures.count()), (String::new(), 0));
    let whole = take("envelope = \"cloudevents\"\nname = '\"all\"'").unwrap();
    assert!(shown(&whole, "t", "1").contains("event: all\ndata: {\"specversion\":\"1.0\""));
}

#[test]
fn the_whole_of_a_profile() {
    let profile = take(
        r#"
        types = ["a.*", "b"]
        sources = "/one, /two"
        framing = "message"
        hello = [{ data = '{type: "connection"}' }, { name = "welcome", data = '{id: .connection.id}' }]
        heartbeat = { form = "named", every = "30s", data = '{now}' }
        gap = '{type: "gap"} + .'
        history = 10
        retry = "2s"
        source = "tool"
        on-change = { type = "clients_changed", data = '{count: .connections}' }
        "#,
    )
    .unwrap();
    assert_eq!((profile.types.len(), profile.sources.len(), profile.hello.len()), (2, 2, 2));
    assert_eq!((profile.history, profile.retry), (10, Some(Duration::from_secs(2))));
    assert!(profile.private, "a source speaks to one client");
    assert!(matches!(&profile.heartbeat.form, Form::Named(name, _) if name == "heartbeat"));
    assert_eq!(profile.heartbeat.every, Some(Duration::from_secs(30)));
    assert_eq!(profile.on_change.unwrap().event_type, "clients_changed");
}

#[test]
fn mistakes_name_the_key_and_the_fix() {
    for (text, parts) in [
        ("framing = \"sse\"", &["`framing` is \"sse\"", "\"message\""][..]),
        ("projection = '{type'", &["`projection` is no jq program", "line 1, column"]),
        ("name = 'nope'", &["`name` is no jq program", "undefined"]),
        ("projection = '.'\nenvelope = \"data\"", &["`envelope` does not go with `projection`"]),
        ("types = [\"a**\"]", &["`types` has the pattern `a**`"]),
        ("types = 3", &["`types` is 3", "a list"]),
        ("history = 1001", &["`history` is 1001", "1000"]),
        ("ids = \"none\"\nreplay = true", &["`replay` needs ids"]),
        ("hello = [{ name = \"a\" }]", &["`hello[0]`: `data` is missing"]),
        ("hello = [{ name = \"error\", data = '.' }]", &["`hello[0]`: `name` is no name of an event"]),
        ("hello = [{ nmae = \"a\", data = '.' }]", &["`hello[0]`: `nmae` is no key; did you mean `name`?"]),
        ("heartbeat = { form = \"message\" }", &["`heartbeat`: `data` is missing"]),
        ("heartbeat = { form = \"data\" }", &["`heartbeat`: `form` is \"data\"", "\"comment\""]),
        ("heartbeat = { data = '.' }", &["`heartbeat`: `data` is for heartbeats that clients see"]),
        ("heartbeat = { form = \"message\", name = \"a\", data = '.' }", &["`name` is for `form = \"named\"`"]),
        ("heartbeat = { every = \"1ms\" }", &["`every` is \"1ms\"", "between 1s and 10m"]),
        ("heartbeat = 3", &["`heartbeat` is 3", "a table"]),
        ("on-change = { data = '.' }", &["`on-change`: `type` is missing"]),
        ("on-change = { type = \"tidemill.x\", data = '.' }", &["`on-change`: `type` begins as types do"]),
        ("private = \"yes\"", &["`private` is \"yes\"", "`true`"]),
    ] {
        let problems = take(text).unwrap_err();
        assert_eq!(problems.len(), 1, "{text}: {problems:?}");
        parts.iter().for_each(|part| assert!(problems[0].contains(part), "{text}: {problems:?}"));
    }
    assert_eq!(take("framing = 1\nids = 2\nretry = 3").unwrap_err().len(), 3, "all of them at once");
}

/// Frames are made by whichever thread comes first.
#[test]
fn a_profile_is_shared_by_threads() {
    let profile = Arc::new(take("projection = '{n: .data}'").unwrap());
    let threads: Vec<_> = (0..2).map(|_| Arc::clone(&profile)).collect();
    let threads = threads.into_iter().map(|own| std::thread::spawn(move || shown(&own, "t", "1")));
    for thread in threads.collect::<Vec<_>>() {
        assert!(thread.join().unwrap().ends_with("data: {\"n\":1}\n\n"));
    }
}

#[test]
fn examples_of_the_documentation_are_good() {
    let text = include_str!("../../../../../docs/mounts.md");
    let blocks = text.split("```toml\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    let mut count = 0;
    for block in blocks {
        let file: toml::Table = block.parse().unwrap_or_else(|error| panic!("{error}: {block}"));
        let mounts = file.get("mount").and_then(toml::Value::as_array).cloned().unwrap_or_default();
        for mut mount in mounts.into_iter().filter_map(|mount| mount.try_into::<toml::Table>().ok()) {
            if mount.get("kind").is_none_or(|kind| kind.as_str() == Some("stream")) {
                Profile::take(&mut mount).unwrap_or_else(|problems| panic!("{problems:?}: {block}"));
                count += 1;
            }
        }
    }
    assert!(count >= 4, "{count}");
}
