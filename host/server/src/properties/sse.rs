//! Frames: whatever an event holds, an independent parser reads one event from them, with the same fields.
//!
//! Input: a digit for envelope and framing, then `id`, `type`, `subject`, `datacontenttype`, the value of an extension, and
//! data, with a byte 0xFE in between, which no text has.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use sse_stream::{Sse, SseStream};
use tidemill_bus::{Encoding, Envelope, Framing, write_record};
use tidemill_event::{Attributes, Data, Event, Position, Timestamp};
use tidemill_log::Record;

const SEPARATOR: u8 = 0xfe;

/// Reads the frames of an event, and of another behind it, which must be untouched.
pub(super) fn check(input: &[u8]) {
    let Some((encoding, event)) = read(input) else { return };
    let next = event_of("next", "next.type", None, None, None, Data::Empty).expect("a plain event");
    let records = [record(41, event), record(42, next)];
    let mut frames = Vec::new();
    for record in &records {
        write_record(record, &encoding, &mut frames);
    }
    // Parsers differ in what they make of it: some end lines there.
    assert!(!frames.contains(&b'\r'), "a carriage return in a frame");
    assert!(std::str::from_utf8(&frames).is_ok(), "frames are text");
    let expected: Vec<Frame<'_>> = records.iter().flat_map(|record| expected(record, &encoding)).collect();
    let found = parse(frames);
    assert_eq!(found.len(), expected.len(), "frames: {found:?}");
    for (found, expected) in found.iter().zip(&expected) {
        expected.is(found);
    }
}

/// A frame as a subscriber should see it.
struct Frame<'a> {
    id: Option<String>,
    name: Option<&'a str>,
    event: &'a Event,
    envelope: Envelope,
}

impl Frame<'_> {
    fn is(&self, found: &Sse) {
        assert_eq!((&found.id, found.event.as_deref()), (&self.id, self.name));
        assert_eq!(found.retry, None);
        let data = found.data.as_deref().expect("a frame without data is no event");
        if self.envelope == Envelope::CloudEvents {
            let read: BTreeMap<String, &RawValue> = serde_json::from_str(data).expect("the JSON format");
            // Numbers of the data may be larger than this reader's: they go through as they came.
            let attributes = read.into_iter().filter(|(name, _)| name != "data");
            let read: BTreeMap<String, Value> = attributes
                .map(|(name, text)| (name, serde_json::from_str(text.get()).expect("an attribute")))
                .collect();
            let text = |name: &str| read.get(name).and_then(Value::as_str);
            let Self { event, .. } = self;
            assert_eq!((text("id"), text("source")), (Some(event.id()), Some(event.source())));
            assert_eq!((text("type"), text("subject")), (Some(event.event_type()), event.subject()));
            assert_eq!(text("datacontenttype"), event.content_type());
            for (name, value) in event.extensions() {
                assert_eq!(read.get(&name), Some(&value), "{name}");
            }
        } else {
            assert_eq!(data, shown(self.event));
        }
    }
}

fn expected<'r>(record: &'r Record, encoding: &Encoding) -> Vec<Frame<'r>> {
    let event = &record.event;
    let frame = |id: bool, named: bool| Frame {
        id: id.then(|| record.position.to_string()),
        name: named.then(|| event.event_type()),
        event,
        envelope: encoding.envelope.clone(),
    };
    match encoding.framing {
        Framing::Named => vec![frame(true, true)],
        Framing::Message => vec![frame(true, false)],
        Framing::Both => vec![frame(false, true), frame(true, false)],
        Framing::Json => unreachable!("is no stream"),
    }
}

/// Data as subscribers are shown it.
fn shown(event: &Event) -> String {
    match std::str::from_utf8(event.data()) {
        Ok("") => "null".to_owned(),
        Ok(text) if event.is_json() => text.to_owned(),
        Ok(text) => text.replace("\r\n", "\n").replace('\r', "\n"),
        Err(_) => BASE64.encode(event.data()),
    }
}

fn read(input: &[u8]) -> Option<(Encoding, Event)> {
    let (choice, rest) = input.split_first()?;
    let mut parts = rest.splitn(6, |byte| *byte == SEPARATOR);
    let mut text = || parts.next().map(String::from_utf8_lossy);
    let (id, event_type, subject, content_type, extension) = (text()?, text()?, text()?, text()?, text()?);
    let data = Data::Bytes(Bytes::copy_from_slice(parts.next()?));
    let some = |text: &'_ str| (!text.is_empty()).then(|| text.to_owned());
    let (subject, content_type, extension) = (some(&subject), some(&content_type), some(&extension));
    let choice = choice.wrapping_sub(b'0');
    let envelope = if choice & 1 == 0 { Envelope::Data } else { Envelope::CloudEvents };
    let framing = [Framing::Named, Framing::Message, Framing::Both][usize::from(choice >> 1) % 3];
    let event = event_of(&id, &event_type, subject.as_deref(), content_type.as_deref(), extension.as_deref(), data)?;
    Some((Encoding { envelope, framing, without_ids: false }, event))
}

fn event_of(
    id: &str,
    event_type: &str,
    subject: Option<&str>,
    content_type: Option<&str>,
    extension: Option<&str>,
    data: Data,
) -> Option<Event> {
    let extensions: Map<String, Value> = extension.map(|value| ("ext".to_owned(), value.into())).into_iter().collect();
    let attributes =
        Attributes { id, source: "/s", event_type, subject, content_type, data_schema: None, extensions: &extensions };
    Event::new(&attributes, Timestamp::from_unix_ms(1_000), data).ok()
}

fn record(sequence: u64, event: Event) -> Record {
    Record { position: Position::new(7, sequence), stored_at: Timestamp::from_unix_ms(1_000), event }
}

fn parse(frames: Vec<u8>) -> Vec<Sse> {
    let bytes = stream::iter([Ok::<_, std::convert::Infallible>(Bytes::from(frames))]);
    let events = SseStream::from_bytes_stream(bytes).map(|event| event.expect("frames that can be read"));
    events.collect().now_or_never().expect("all bytes are there")
}
