//! Writes events as Server-Sent Events (WHATWG HTML, "Server-sent events").
//!
//! Every frame ends with a blank line and carries the position as its `id:`, so that a reader that is cut off anywhere
//! resumes after the last frame that it had whole.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use tidemill_event::{Event, Position};
use tidemill_log::Record;

use crate::{Encoding, Envelope, Framing, Shown};

/// Appends the frames of one record.
pub fn write_record(record: &Record, encoding: &Encoding, out: &mut Vec<u8>) {
    let event = &record.event;
    let shown = match &encoding.envelope {
        Envelope::Projected(projection) => match projection.project(record) {
            None => return,
            shown => shown,
        },
        Envelope::Data | Envelope::CloudEvents => None,
    };
    let name = shown.as_ref().and_then(Shown::name).unwrap_or(event.event_type());
    let payload = |out: &mut Vec<u8>| match &shown {
        Some(shown) => write_lines(shown.data(), out),
        None => write_payload(event, &encoding.envelope, out),
    };
    if encoding.framing == Framing::Json {
        // Writing to a Vec does not fail.
        let _ = write!(out, "{{\"position\":\"{}\",\"event\":", record.position);
        write_cloudevents_json(event, out);
        out.extend_from_slice(b"},");
        return;
    }
    // Of two frames only the last has the id: a cut between them repeats the event instead of losing half of it.
    if encoding.framing == Framing::Both {
        write_name(name, out);
        payload(out);
        out.push(b'\n');
    }
    if !encoding.without_ids {
        write_id(record.position, out);
    }
    if encoding.framing == Framing::Named {
        write_name(name, out);
    }
    payload(out);
    out.push(b'\n');
}

/// Frames of something that the host itself says to one subscriber, such as `tidemill.gap`, in the subscriber's framing;
/// without a name it is a message in each. With a position it moves the place from which the subscriber would resume.
pub fn host_frames(framing: Framing, position: Option<Position>, name: Option<&str>, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + data.len());
    if let (Framing::Both, Some(name)) = (framing, name) {
        write_name(name, &mut out);
        write_lines(data, &mut out);
        out.push(b'\n');
    }
    if let Some(position) = position {
        write_id(position, &mut out);
    }
    if let (Framing::Named, Some(name)) = (framing, name) {
        write_name(name, &mut out);
    }
    write_lines(data, &mut out);
    out.push(b'\n');
    out
}

/// An event in the CloudEvents JSON format 1.0.2.
pub fn cloudevents_json(event: &Event) -> Vec<u8> {
    let mut out = Vec::new();
    write_cloudevents_json(event, &mut out);
    out
}

fn write_id(position: Position, out: &mut Vec<u8>) {
    // Writing to a Vec does not fail.
    let _ = writeln!(out, "id: {position}");
}

fn write_name(name: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.push(b'\n');
}

fn write_payload(event: &Event, envelope: &Envelope, out: &mut Vec<u8>) {
    match envelope {
        Envelope::CloudEvents | Envelope::Projected(_) => {
            out.extend_from_slice(b"data: ");
            write_cloudevents_json(event, out);
            out.push(b'\n');
        }
        // A frame without data would not be dispatched by EventSource.
        Envelope::Data if event.data().is_empty() => out.extend_from_slice(b"data: null\n"),
        Envelope::Data if event.is_json() => {
            out.extend_from_slice(b"data: ");
            out.extend_from_slice(event.data());
            out.push(b'\n');
        }
        Envelope::Data if std::str::from_utf8(event.data()).is_ok() => write_lines(event.data(), out),
        Envelope::Data => {
            out.extend_from_slice(b"data: ");
            out.extend_from_slice(BASE64.encode(event.data()).as_bytes());
            out.push(b'\n');
        }
    }
}

/// One `data:` line per line of text; carriage returns end lines too.
fn write_lines(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    loop {
        let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(&rest[..end]);
        out.push(b'\n');
        if end == rest.len() {
            return;
        }
        let both = rest[end..].starts_with(b"\r\n");
        rest = &rest[end + 1 + usize::from(both)..];
    }
}

/// The CloudEvents JSON format 1.0.2: JSON data as `data`, other text as a `data` string, other bytes as `data_base64`.
fn write_cloudevents_json(event: &Event, out: &mut Vec<u8>) {
    let string = |text: &str, out: &mut Vec<u8>| {
        // Writing a string to a Vec does not fail.
        let _ = serde_json::to_writer(out, text);
    };
    let member = |name: &str, text: Option<&str>, out: &mut Vec<u8>| {
        if let Some(text) = text {
            let _ = write!(out, ",\"{name}\":");
            string(text, out);
        }
    };
    out.extend_from_slice(b"{\"specversion\":\"1.0\"");
    member("id", Some(event.id()), out);
    member("source", Some(event.source()), out);
    member("type", Some(event.event_type()), out);
    member("subject", event.subject(), out);
    let _ = write!(out, ",\"time\":\"{}\"", event.time());
    member("datacontenttype", event.content_type(), out);
    member("dataschema", event.data_schema(), out);
    if let Some(extensions) = event.extensions_json() {
        out.push(b',');
        out.extend_from_slice(&extensions.as_bytes()[1..extensions.len() - 1]);
    }
    if event.is_json() {
        out.extend_from_slice(b",\"data\":");
        out.extend_from_slice(event.data());
    } else if !event.data().is_empty() {
        match std::str::from_utf8(event.data()) {
            Ok(text) => member("data", Some(text), out),
            Err(_) => member("data_base64", Some(&BASE64.encode(event.data())), out),
        }
    }
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};
    use tidemill_event::{Attributes, Data, Timestamp};

    fn record(content_type: Option<&str>, data: Bytes) -> Record {
        let extensions = Map::from_iter([("traceid".to_owned(), Value::from("x\"y"))]);
        let attributes = Attributes {
            id: "1",
            source: "/s",
            event_type: "a.b",
            subject: Some("it's"),
            content_type,
            data_schema: None,
            extensions: &extensions,
        };
        let time = Timestamp::from_unix_ms(1_000);
        let event = Event::new(&attributes, time, Data::Bytes(data)).unwrap();
        Record { position: Position::new(7, 42), stored_at: time, event }
    }

    fn frames(record: &Record, envelope: Envelope, framing: Framing) -> String {
        let mut out = Vec::new();
        write_record(record, &Encoding { envelope, framing, without_ids: false }, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_three_framings() {
        let record = record(None, "{\"n\":1}".into());
        let frames = |framing| frames(&record, Envelope::Data, framing);
        assert_eq!(frames(Framing::Named), "id: 7.42\nevent: a.b\ndata: {\"n\":1}\n\n");
        assert_eq!(frames(Framing::Message), "id: 7.42\ndata: {\"n\":1}\n\n");
        assert_eq!(frames(Framing::Both), "event: a.b\ndata: {\"n\":1}\n\nid: 7.42\ndata: {\"n\":1}\n\n");
    }

    #[test]
    fn what_the_host_says_has_the_framing_of_events() {
        let said =
            |framing, name| String::from_utf8(host_frames(framing, Some(Position::new(7, 1)), name, b"{}")).unwrap();
        let message = "id: 7.1\ndata: {}\n\n";
        assert_eq!(said(Framing::Named, Some("a")), "id: 7.1\nevent: a\ndata: {}\n\n");
        assert_eq!(said(Framing::Message, Some("a")), message);
        assert_eq!(said(Framing::Both, Some("a")), format!("event: a\ndata: {{}}\n\n{message}"));
        for framing in [Framing::Named, Framing::Message, Framing::Both] {
            assert_eq!(said(framing, None), message);
        }
    }

    #[test]
    fn without_ids_nothing_has_one() {
        let record = record(None, "{}".into());
        for framing in [Framing::Named, Framing::Message, Framing::Both] {
            let mut out = Vec::new();
            let encoding = Encoding { framing, without_ids: true, ..Encoding::default() };
            write_record(&record, &encoding, &mut out);
            assert!(!String::from_utf8(out).unwrap().contains("id:"), "{framing:?}");
        }
    }

    #[test]
    fn data_that_is_not_json() {
        let data = |content_type, data: &'static [u8]| {
            frames(&record(Some(content_type), Bytes::from_static(data)), Envelope::Data, Framing::Message)
        };
        assert_eq!(
            data("text/plain", b"one\ntwo\r\nthree\rfour"),
            "id: 7.42\ndata: one\ndata: two\ndata: three\ndata: four\n\n"
        );
        assert_eq!(data("text/plain", b"\n"), "id: 7.42\ndata: \ndata: \n\n");
        assert_eq!(data("image/png", &[0xff, 0]), "id: 7.42\ndata: /wA=\n\n");
        assert_eq!(data("application/json", b""), "id: 7.42\ndata: null\n\n");
    }

    #[test]
    fn the_cloudevents_envelope_is_the_json_format() {
        let parse = |content_type, data: &'static [u8]| -> Value {
            let text = frames(&record(content_type, Bytes::from_static(data)), Envelope::CloudEvents, Framing::Message);
            let line = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
            serde_json::from_str(line).unwrap()
        };
        let expected = json!({
            "specversion": "1.0", "id": "1", "source": "/s", "type": "a.b", "subject": "it's",
            "time": "1970-01-01T00:00:01.000Z", "traceid": "x\"y", "data": {"n": 1},
        });
        assert_eq!(parse(None, b"{\"n\":1}"), expected);
        assert_eq!(parse(Some("text/plain"), b"a\nb")["data"], "a\nb");
        assert_eq!(parse(Some("image/png"), &[0xff, 0])["data_base64"], "/wA=");
        assert_eq!(parse(None, b"").get("data"), None);
    }

    proptest! {
        /// Whatever the data, a parser that follows the specification gets it back, in one event.
        #[test]
        fn no_data_breaks_a_frame(text in "[a-c \n\r:]{0,20}") {
            let shown = frames(&record(Some("text/plain"), text.clone().into()), Envelope::Data, Framing::Named);
            prop_assert!(shown.ends_with("\n\n") && !shown.trim_end_matches('\n').contains("\n\n"));
            let lines = shown.lines().filter_map(|line| line.strip_prefix("data: "));
            let expected = text.replace("\r\n", "\n").replace('\r', "\n");
            let expected = if text.is_empty() { "null" } else { expected.as_str() };
            prop_assert_eq!(lines.collect::<Vec<_>>().join("\n"), expected);
        }
    }
}
