//! An event as bytes, for a store to keep.
//!
//! Owns the form and its version. Must not know where the bytes are kept, nor whether they came back undamaged: a store
//! has its own check. Reading does not check the data again; it refuses bytes whose structure is not an event's.

use bytes::Bytes;

use crate::attributes::Packed;
use crate::{Event, Timestamp};

/// The first byte of every stored event. Another form gets another number; what was stored stays readable.
const VERSION: u8 = 1;
/// Version, time in milliseconds, and where each of the seven attributes ends.
const HEADER: usize = 1 + 8 + 7 * 2;

/// Bytes are not a stored event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoredError {
    /// Written by a later version of this program.
    #[error("it is stored in form {0}, which this version does not know")]
    UnknownForm(u8),
    /// Not written by this program.
    #[error("it is not a stored event")]
    Malformed,
}

impl Event {
    /// Appends the event in its stored form: a version byte, the time in milliseconds (8 bytes), the end offsets of the
    /// attributes (7 × 2 bytes), all little-endian, then the attributes' text and the data.
    pub fn write_stored(&self, out: &mut Vec<u8>) {
        let (text, ends) = self.attributes_text();
        out.reserve(HEADER + text.len() + self.data().len());
        out.push(VERSION);
        out.extend_from_slice(&self.time().unix_ms().to_le_bytes());
        for end in ends {
            // The limits on attributes keep their text under 64 KiB.
            out.extend_from_slice(&u16::try_from(*end).unwrap_or(u16::MAX).to_le_bytes());
        }
        out.extend_from_slice(text.as_bytes());
        out.extend_from_slice(self.data());
    }

    /// Bytes that [`write_stored`](Self::write_stored) writes.
    pub fn stored_len(&self) -> usize {
        HEADER + self.attributes_text().0.len() + self.data().len()
    }

    /// Reads the stored form.
    pub fn read_stored(bytes: &[u8]) -> Result<Self, StoredError> {
        let (version, _) = bytes.split_first().ok_or(StoredError::Malformed)?;
        if *version != VERSION {
            return Err(StoredError::UnknownForm(*version));
        }
        let (header, rest) = bytes.split_at_checked(HEADER).ok_or(StoredError::Malformed)?;
        let mut time = [0; 8];
        time.copy_from_slice(&header[1..9]);
        let mut ends = [0_u32; 7];
        for (end, bytes) in ends.iter_mut().zip(header[9..].chunks_exact(2)) {
            *end = u32::from(u16::from_le_bytes([bytes[0], bytes[1]]));
        }
        let (text, data) = rest.split_at_checked(ends[6] as usize).ok_or(StoredError::Malformed)?;
        let text = std::str::from_utf8(text).map_err(|_| StoredError::Malformed)?;
        let attributes = Packed::from_parts(text.into(), ends).ok_or(StoredError::Malformed)?;
        let time = Timestamp::from_unix_ms(u64::from_le_bytes(time));
        Ok(Self::from_stored(attributes, time, Bytes::copy_from_slice(data)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Attributes, Data};
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    fn event(subject: Option<&str>, data: &[u8]) -> Event {
        let extensions = Map::from_iter([("traceid".to_owned(), Value::from("ü"))]);
        let attributes = Attributes {
            id: "1",
            source: "/s",
            event_type: "a.b",
            subject,
            content_type: Some("application/octet-stream"),
            data_schema: None,
            extensions: &extensions,
        };
        let data = Data::Bytes(Bytes::copy_from_slice(data));
        Event::new(&attributes, Timestamp::from_unix_ms(1_234_567), data).unwrap()
    }

    proptest! {
        #[test]
        fn what_is_stored_comes_back(subject in prop::option::of("[a-zäöü]{1,9}"), data in prop::collection::vec(any::<u8>(), 0..50)) {
            let event = event(subject.as_deref(), &data);
            let mut bytes = Vec::new();
            event.write_stored(&mut bytes);
            prop_assert_eq!(bytes.len(), event.stored_len());
            prop_assert_eq!(Event::read_stored(&bytes), Ok(event));
        }

        /// Whatever is read instead, there is an answer and no panic, then and when the event is looked at.
        #[test]
        fn no_bytes_break_the_reader(mut bytes in prop::collection::vec(any::<u8>(), 0..80), version in 0_u8..3) {
            if let Some(first) = bytes.first_mut() {
                *first = version;
            }
            if let Ok(event) = Event::read_stored(&bytes) {
                let _ = (event.id(), event.subject(), event.extensions(), event.is_json());
            }
        }
    }

    #[test]
    fn other_forms_are_named() {
        assert_eq!(Event::read_stored(&[9, 0]), Err(StoredError::UnknownForm(9)));
        assert_eq!(Event::read_stored(&[]), Err(StoredError::Malformed));
        assert_eq!(Event::read_stored(&[1, 2]), Err(StoredError::Malformed));
    }
}
