//! One event as a line of an export: CloudEvents JSON with what the log knows about it as extension attributes.

use std::io::Write;

use serde_json::json;
use tidemill_bus::cloudevents_json;
use tidemill_event::{AUDIENCE_ATTRIBUTE, Change, Event, Problem, Timestamp};
use tidemill_log::{KeptDeadLetter, Record};

use crate::http::cloudevents;

/// Where the event stood. An import gives out new positions.
const POSITION: &str = "position";
/// When the log took the event.
const STORED_AT: &str = "storedat";
/// The number of a dead letter.
const DEAD_LETTER: &str = "deadletter";

/// Appends the line of a record. Whether the event had attributes of these names itself, which the line cannot have.
pub(super) fn write_record(record: &Record, out: &mut Vec<u8>) -> bool {
    let own = without(&record.event, &[POSITION, STORED_AT]);
    out.append(&mut cloudevents_json(own.as_ref().unwrap_or(&record.event)));
    // The closing brace.
    out.pop();
    write_audience(&record.event, out);
    // Writing to a Vec does not fail; neither text needs escapes.
    let _ = writeln!(out, ",\"{POSITION}\":\"{}\",\"{STORED_AT}\":\"{}\"}}", record.position, record.stored_at);
    own.is_some()
}

/// Appends the line of a dead letter.
pub(super) fn write_dead_letter(kept: &KeptDeadLetter, out: &mut Vec<u8>) {
    let letter = &kept.letter;
    out.append(&mut cloudevents_json(&letter.event));
    out.pop();
    write_audience(&letter.event, out);
    let attributes = json!({
        STORED_AT: kept.stored_at.to_string(),
        DEAD_LETTER: kept.number.to_string(),
        "deadletterattempts": kept.attempts,
        "deadletterplugin": letter.plugin,
        "deadletterversion": letter.version,
        "deadletterreason": letter.reason,
        "deadletterdetail": letter.detail,
    });
    let _ = writeln!(out, ",{}", &attributes.to_string()[1..]);
}

/// Appends who an event is for, which an import must not forget. Subscribers are not shown it.
fn write_audience(event: &Event, out: &mut Vec<u8>) {
    if let Some(audience) = event.audience() {
        // Writing to a Vec does not fail.
        let _ = write!(out, ",\"{AUDIENCE_ATTRIBUTE}\":{}", json!(audience.json()));
    }
}

/// The event of a line, and when it was stored before, if the line says so.
pub(super) fn read(line: &[u8]) -> Result<(Event, Option<Timestamp>), Vec<Problem>> {
    let problem = |at: &str, detail: String| vec![Problem::new(at, detail)];
    let text = std::str::from_utf8(line).map_err(|error| problem("", format!("not UTF-8: {error}")))?;
    let mut members = cloudevents::members(text)?;
    if members.remove(POSITION).is_none() && members.contains_key(DEAD_LETTER) {
        let detail = "this is a dead letter, which no plugin has accepted; publish it to a server instead";
        return Err(problem(DEAD_LETTER, detail.into()));
    }
    let stored_at = match members.remove(STORED_AT) {
        None => None,
        Some(raw) => {
            let text: String = serde_json::from_str(raw.get())
                .map_err(|_| problem(STORED_AT, format!("`{STORED_AT}` is a time as text")))?;
            Some(text.parse().map_err(|error: tidemill_event::TimestampError| problem(STORED_AT, error.to_string()))?)
        }
    };
    Ok((cloudevents::from_members(members)?.event, stored_at))
}

/// The event without extension attributes of these names, if it has any of them.
fn without(event: &Event, names: &[&str]) -> Option<Event> {
    // Most events have none: a look at the text is enough.
    let text = event.extensions_json().filter(|text| names.iter().any(|name| text.contains(name)))?;
    let extensions: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).unwrap_or_default();
    let names: Vec<_> = names.iter().filter(|name| extensions.contains_key(**name)).collect();
    let removed = names.into_iter().map(|name| ((*name).to_owned(), String::new())).collect::<Vec<_>>();
    if removed.is_empty() {
        return None;
    }
    Change { extensions: removed, ..Change::default() }.apply(event, 0).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value};
    use tidemill_event::{Attributes, Audience, Data, Position};
    use tidemill_log::DeadLetter;

    use super::*;

    fn line(event: &Event) -> (Vec<u8>, bool) {
        let position = Position::new(7, 42);
        let record = Record { position, stored_at: Timestamp::from_unix_ms(1_234), event: event.clone() };
        let mut line = Vec::new();
        let renamed = write_record(&record, &mut line);
        (line, renamed)
    }

    fn event(content_type: Option<&str>, extensions: &Map<String, Value>, data: Data) -> Event {
        let attributes = Attributes {
            id: "1",
            source: "/s",
            event_type: "a.b",
            subject: None,
            content_type,
            data_schema: None,
            extensions,
        };
        Event::new(&attributes, Timestamp::from_unix_ms(5), data).unwrap()
    }

    fn extension() -> impl Strategy<Value = Value> {
        prop_oneof![
            "[ -~é家🌊]{0,20}".prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from)
        ]
    }

    proptest! {
        #[test]
        fn what_is_exported_is_imported(
            id in "[!-~é家🌊]{1,40}", subject in prop::option::of("[ -~é家🌊]{1,40}"), schema in prop::option::of("[!-~]{1,20}"),
            extensions in prop::collection::btree_map("x[a-z0-9]{1,10}", extension(), 0..4), time in 0..253_402_300_799_999_u64,
            is_json: bool, json in prop::option::of(extension()), bytes: Vec<u8>, text in prop::option::of("\\PC{0,40}\n"),
        ) {
            let extensions: Map<String, Value> = extensions.into_iter().collect();
            let json = json.map(|value| Value::from(vec![value]).to_string().into_bytes());
            let data = if is_json { json.unwrap_or_default() } else { text.map_or(bytes, String::into_bytes) };
            let attributes = Attributes {
                id: &id, source: "/s", event_type: "a.b", subject: subject.as_deref(),
                content_type: (!is_json).then_some("text/plain; charset=x"), data_schema: schema.as_deref(),
                extensions: &extensions,
            };
            let event = Event::new(&attributes, Timestamp::from_unix_ms(time), Data::Bytes(data.into())).unwrap();
            let (line, renamed) = line(&event);
            let ends = line.iter().filter(|byte| **byte == b'\n').count();
            prop_assert_eq!((renamed, ends, line.last()), (false, 1, Some(&b'\n')));
            prop_assert_eq!(read(&line), Ok((event, Some(Timestamp::from_unix_ms(1_234)))));
        }
    }

    /// An export that forgot the audience would make a log that shows the event to everybody.
    #[test]
    fn the_audience_goes_with_the_event() {
        let audience = Audience::parse("audience", "{\"groups\":[\"a\\\"b\"]}").unwrap();
        let extensions = Map::from_iter([("position".into(), "mine".into())]);
        for extensions in [Map::new(), extensions] {
            let event = event(None, &extensions, Data::Empty).with_audience(Some(audience.clone().into()));
            assert_eq!(read(&line(&event).0).unwrap().0.audience(), event.audience());
        }
        let wrong = r#"{"specversion":"1.0","id":"1","source":"/s","type":"a","tidemillaudience":"{}"}"#;
        assert_eq!(read(wrong.as_bytes()).unwrap_err()[0].at, AUDIENCE_ATTRIBUTE);
    }

    #[test]
    fn attributes_of_the_event_give_way_to_those_of_the_log() {
        let extensions: Map<String, Value> = [("position", "mine"), ("storedat", "mine"), ("kept", "position")]
            .map(|(n, v)| (n.into(), v.into()))
            .into_iter()
            .collect();
        let (line, renamed) = line(&event(None, &extensions, Data::Empty));
        let text = String::from_utf8(line.clone()).unwrap();
        assert!(
            renamed && text.matches("\"position\":").count() == 1 && text.contains(r#""position":"7.42""#),
            "{text}"
        );
        let kept = Map::from_iter([("kept".into(), "position".into())]);
        assert_eq!(read(&line).unwrap().0, event(None, &kept, Data::Empty));
    }

    #[test]
    fn dead_letters_are_no_events() {
        let event = event(Some("text/plain"), &Map::new(), Data::Bytes("x".into()));
        let [plugin, version, reason, detail] = ["p", "1", "trap", "line\nline \"é\""].map(str::to_owned);
        let letter = DeadLetter { event, plugin, version, generation: 5, reason, detail };
        let mut line = Vec::new();
        write_dead_letter(
            &KeptDeadLetter { number: 3, stored_at: Timestamp::default(), attempts: 2, letter },
            &mut line,
        );
        let value: Value = serde_json::from_slice(&line).unwrap();
        assert_eq!((&value["deadletter"], &value["deadletterdetail"]), (&json!("3"), &json!("line\nline \"é\"")));
        assert_eq!((&value["id"], &value["data"], &value["deadletterattempts"]), (&json!("1"), &json!("x"), &json!(2)));
        assert_eq!(read(&line).unwrap_err()[0].at, "deadletter");
    }

    #[test]
    fn what_is_wrong_with_a_line_is_named() {
        let at = |line: &[u8]| read(line).unwrap_err()[0].at.clone();
        assert_eq!(at(b"\xff"), "");
        assert_eq!(at(b"[]"), "");
        assert_eq!(at(br#"{"specversion":"1.0","id":"1","source":"/s","type":"a","storedat":"soon"}"#), "storedat");
        assert_eq!(at(br#"{"specversion":"1.0","id":"1","source":"/s","type":"a","data":{"#), "");
    }
}
