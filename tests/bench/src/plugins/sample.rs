//! The events that plugins are given: real data in three sizes, one event in four of the type and with the member that
//! filters want. Must not know who is given them.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use serde_json::{Map, Value};
use tidemill_bench_guests::{FIELD, WANTED};
use tidemill_event::{Attributes, Data, Event, Timestamp};

use crate::payload::Payload;

/// Types of events in turn; the first one is wanted.
pub(super) const TYPES: [&str; 4] = [WANTED, "github.issues.closed", "github.push", "github.star.created"];

/// Events of one size.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    /// The size in words.
    pub(super) size: &'static str,
    /// So many as one call takes at most.
    pub(super) events: Vec<Event>,
}

impl Sample {
    /// The three sizes.
    pub(super) fn all(deliveries: &Path) -> Result<Vec<Self>> {
        let payloads = [
            ("200 B", Payload::ping(190)),
            ("1 KB", Payload::delivery(deliveries, 1_000)?),
            ("10 KB", Payload::delivery(deliveries, 10_000)?),
        ];
        payloads.into_iter().map(|(size, payload)| Self::of(size, &payload)).collect()
    }

    /// One of them.
    pub(super) fn named(deliveries: &Path, size: &str) -> Result<Self> {
        Self::all(deliveries)?.into_iter().find(|sample| sample.size == size).context("there is no such size")
    }

    fn of(size: &'static str, payload: &Payload) -> Result<Self> {
        let events = (0..64).map(|number| event(number, payload)).collect::<Result<_>>()?;
        Ok(Self { size, events })
    }

    /// A real delivery of about 1 KB as it is, under its own type.
    pub(super) fn real(deliveries: &Path) -> Result<Event> {
        let payload = Payload::delivery(deliveries, 1_000)?;
        make(0, &payload.event_type, payload.data.into_bytes())
    }
}

/// One event. The member that filters look at stands last, so that all data have to be read for it.
fn event(number: usize, payload: &Payload) -> Result<Event> {
    let mut data: Map<String, Value> = serde_json::from_str(&payload.data)?;
    data.insert(FIELD.to_owned(), Value::from(number % TYPES.len()));
    make(number, TYPES[number % TYPES.len()], serde_json::to_vec(&data)?)
}

fn make(number: usize, event_type: &str, data: Vec<u8>) -> Result<Event> {
    let extensions = Map::new();
    let attributes = Attributes {
        id: &format!("0193a5c0-7e3b-7d5a-9f3a-{number:012}"),
        source: "https://github.com/Codertocat/Hello-World",
        event_type,
        subject: None,
        content_type: Some("application/json"),
        data_schema: None,
        extensions: &extensions,
    };
    let time = Timestamp::from_unix_ms(1_763_000_000_000);
    Event::new(&attributes, time, Data::Bytes(data.into())).map_err(|problems| anyhow!("{problems:?}"))
}
