//! Packs events into the rows and the arena that cross into a guest (`wit/v0.1/types.wit`).
//!
//! Owns the byte layout on the host's side. The attributes of an event are one text already, so that packing is one
//! copy for them, one for the data and one row.

use tidemill_event::Event;

use crate::bindings::types::Batch;
use crate::limits::BATCH_BYTES_MAX;

const ROW_BYTES: usize = 64;

/// Index of each span's attribute in [`Event::attributes_text`], in the order of a row.
const PARTS: [usize; 6] = [0, 1, 2, 3, 4, 6];

impl Batch {
    /// An empty batch, kept by whoever calls plugins so that its memory is used again.
    pub(crate) const fn empty() -> Self {
        Self { rows: Vec::new(), arena: Vec::new() }
    }

    /// Fills the batch: all attributes first, then all data, so that what most plugins read lies together.
    pub(crate) fn pack(&mut self, events: &[&Event], with_data: bool) {
        self.rows.clear();
        self.arena.clear();
        for event in events {
            let base = self.arena.len();
            let (text, ends) = event.attributes_text();
            self.arena.extend_from_slice(text.as_bytes());
            let mut row = [0; ROW_BYTES];
            for (span, part) in PARTS.into_iter().enumerate() {
                let start = if part == 0 { 0 } else { ends[part - 1] };
                put_span(&mut row, span, base + start as usize, (ends[part] - start) as usize);
            }
            row[56..].copy_from_slice(&event.time().unix_ms().to_le_bytes());
            self.rows.extend_from_slice(&row);
        }
        if with_data {
            for (event, row) in events.iter().zip(self.rows.chunks_exact_mut(ROW_BYTES)) {
                put_span(row, 6, self.arena.len(), event.data().len());
                self.arena.extend_from_slice(event.data());
            }
        }
    }
}

/// How many of the first events make one batch: at least one, at most so many and 256 KiB.
pub(crate) fn batch_len(events: &[&Event], most: usize) -> usize {
    let mut bytes = 0;
    let fitting = events.iter().take(most).take_while(|event| {
        bytes += event.weight();
        bytes <= BATCH_BYTES_MAX
    });
    fitting.count().max(1).min(events.len())
}

fn put_span(row: &mut [u8], span: usize, at: usize, len: usize) {
    // Offsets fit: an arena is at most one event or 256 KiB.
    let (at, len) = if len == 0 { (0, 0) } else { (at, len) };
    row[span * 8..span * 8 + 4].copy_from_slice(&u32::try_from(at).unwrap_or(u32::MAX).to_le_bytes());
    row[span * 8 + 4..span * 8 + 8].copy_from_slice(&u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::BATCH_EVENTS_MAX;
    use serde_json::{Map, Value};
    use tidemill_event::{Attributes, Data, Timestamp};

    fn event(id: &str, data: &str) -> Event {
        let extensions = Map::from_iter([("ext".to_owned(), Value::from(id))]);
        let attributes = Attributes {
            id,
            source: "/src",
            event_type: "a.b",
            subject: None,
            content_type: Some("text/plain"),
            data_schema: Some("urn:not-in-rows"),
            extensions: &extensions,
        };
        Event::new(&attributes, Timestamp::from_unix_ms(77), Data::Bytes(data.to_owned().into())).unwrap()
    }

    fn texts(batch: &Batch, row: usize) -> Vec<String> {
        let row = &batch.rows[row * ROW_BYTES..][..ROW_BYTES];
        let number = |at: usize| u32::from_le_bytes(row[at..at + 4].try_into().unwrap()) as usize;
        (0..7)
            .map(|span| (number(span * 8), number(span * 8 + 4)))
            .map(|(at, len)| String::from_utf8(batch.arena[at..at + len].to_vec()).unwrap())
            .collect()
    }

    #[test]
    fn rows_point_at_what_the_contract_says() {
        let (one, two) = (event("one", "first"), event("two", ""));
        let mut batch = Batch::empty();
        batch.pack(&[&one, &two], true);
        assert_eq!(texts(&batch, 0), ["one", "/src", "a.b", "", "text/plain", r#"{"ext":"one"}"#, "first"]);
        assert_eq!(texts(&batch, 1), ["two", "/src", "a.b", "", "text/plain", r#"{"ext":"two"}"#, ""]);
        assert_eq!(batch.rows[56..64], 77_u64.to_le_bytes());
        batch.pack(&[&two, &one], false);
        assert_eq!(texts(&batch, 1)[0], "one");
        assert_eq!(texts(&batch, 1)[6], "");
    }

    #[test]
    fn batches_are_bounded_in_events_and_bytes() {
        let small = event("s", "x");
        let large = event("l", &"x".repeat(BATCH_BYTES_MAX));
        assert_eq!(batch_len(&vec![&small; 100], BATCH_EVENTS_MAX), BATCH_EVENTS_MAX);
        assert_eq!(batch_len(&vec![&small; 100], 8), 8);
        assert_eq!(batch_len(&[&large, &small], BATCH_EVENTS_MAX), 1);
        assert_eq!(batch_len(&[&small, &large], BATCH_EVENTS_MAX), 1);
        assert_eq!(batch_len(&[], BATCH_EVENTS_MAX), 0);
    }
}
