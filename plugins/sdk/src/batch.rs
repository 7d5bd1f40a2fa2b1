//! Owns the reading of rows: what the host hands over (`types.batch` in the contract) seen as events.
//!
//! Nothing is copied, and nothing is decoded before somebody asks for it. Knows nothing about what a plugin does.
use crate::{Event, Fault};

/// Bytes of one row: seven spans of two `u32`, and the time as a `u64`.
pub(crate) const ROW: usize = 64;

/// Some events, in the order in which they were published per source: 1 to 64 of them.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    rows: &'a [u8],
    arena: &'a [u8],
}

impl<'a> Batch<'a> {
    /// Reads rows and their arena.
    ///
    /// # Errors
    ///
    /// [`Fault::Broken`] if the rows are not a multiple of 64 bytes or a span ends outside the arena, which no host that
    /// keeps the contract sends. After that no access to an event can fail or panic.
    pub fn decode(rows: &'a [u8], arena: &'a [u8]) -> Result<Self, Fault> {
        if !rows.len().is_multiple_of(ROW) {
            return Err(Fault::Broken(format!("rows: {} bytes are not a multiple of {ROW}", rows.len())));
        }
        let batch = Self { rows, arena };
        for (number, event) in batch.iter().enumerate() {
            if let Some(field) = event.misplaced() {
                let arena = arena.len();
                return Err(Fault::Broken(format!(
                    "row {number}: the {field} ends outside the arena of {arena} bytes"
                )));
            }
        }
        Ok(batch)
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.rows.len() / ROW
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The events, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Event<'a>> + use<'a> {
        let arena = self.arena;
        self.rows.as_chunks::<ROW>().0.iter().map(move |row| Event::new(row, arena))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn rows_of_a_wrong_length_are_refused() {
        let fault = Batch::decode(&[0; 65], b"").expect_err("65 is no multiple of 64");
        assert_eq!(fault, Fault::Broken("rows: 65 bytes are not a multiple of 64".into()));
    }

    #[test]
    fn every_span_outside_the_arena_is_refused() {
        for span in 0..7 {
            for (offset, length) in [(0u32, 5u32), (5, 1), (u32::MAX, u32::MAX), (u32::MAX, 1)] {
                let mut row = [0; ROW];
                row[span * 8..][..4].copy_from_slice(&offset.to_le_bytes());
                row[span * 8 + 4..][..4].copy_from_slice(&length.to_le_bytes());
                let fault = Batch::decode(&row, b"1234").expect_err("the span is outside");
                assert!(matches!(fault, Fault::Broken(why) if why.contains("ends outside the arena of 4 bytes")));
            }
        }
    }

    #[test]
    fn an_absent_attribute_may_point_anywhere() {
        let mut row = [0; ROW];
        row[..4].copy_from_slice(&u32::MAX.to_le_bytes());
        let batch = Batch::decode(&row, b"").expect("a span of length 0 is absent");
        assert_eq!(batch.iter().next().expect("one row").id(), "");
    }

    #[test]
    fn events_come_in_order() {
        let samples = [testing::event("a"), testing::event("b").subject("s"), testing::event("c")];
        let (rows, arena) = testing::encode(&samples);
        let batch = Batch::decode(&rows, &arena).expect("well formed");
        assert_eq!(batch.len(), 3);
        assert_eq!(batch.iter().map(|event| event.kind()).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(batch.iter().map(|event| event.subject()).collect::<Vec<_>>(), [None, Some("s"), None]);
    }
}
