//! An event as bytes, for a store to keep.
//!
//! Owns the form and its version. Must not know where the bytes are kept, nor whether they came back undamaged: a store
//! has its own check. Reading does not check the data again; it refuses bytes whose structure is not an event's.

use std::sync::Arc;

use bytes::Bytes;

use crate::attributes::Packed;
use crate::{Audience, Event, Timestamp};

/// The first byte of every stored event. Another form gets another number; what was stored stays readable.
const FOR_ALL: u8 = 1;
/// An event with an audience. A program that does not know this form reads nothing of it, rather than show it to everybody.
const FOR_AUDIENCE: u8 = 2;
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
    /// attributes (7 × 2 bytes), all little-endian, then the attributes' text and the data. An event with an audience has
    /// that between the two, its length (2 bytes) before it.
    pub fn write_stored(&self, out: &mut Vec<u8>) {
        let (text, ends) = self.attributes_text();
        out.reserve(HEADER + text.len() + self.data().len());
        out.push(if self.audience().is_some() { FOR_AUDIENCE } else { FOR_ALL });
        out.extend_from_slice(&self.time().unix_ms().to_le_bytes());
        for end in ends {
            // The limits on attributes keep their text under 64 KiB.
            out.extend_from_slice(&u16::try_from(*end).unwrap_or(u16::MAX).to_le_bytes());
        }
        out.extend_from_slice(text.as_bytes());
        if let Some(audience) = self.audience() {
            let audience = audience.json();
            // Its limit keeps it under 64 KiB.
            out.extend_from_slice(&u16::try_from(audience.len()).unwrap_or(u16::MAX).to_le_bytes());
            out.extend_from_slice(audience.as_bytes());
        }
        out.extend_from_slice(self.data());
    }

    /// Bytes that [`write_stored`](Self::write_stored) writes.
    pub fn stored_len(&self) -> usize {
        let audience = self.audience().map_or(0, |audience| 2 + audience.json().len());
        HEADER + self.attributes_text().0.len() + audience + self.data().len()
    }

    /// Reads the stored form.
    pub fn read_stored(bytes: &[u8]) -> Result<Self, StoredError> {
        let (version, _) = bytes.split_first().ok_or(StoredError::Malformed)?;
        if ![FOR_ALL, FOR_AUDIENCE].contains(version) {
            return Err(StoredError::UnknownForm(*version));
        }
        let (header, rest) = bytes.split_at_checked(HEADER).ok_or(StoredError::Malformed)?;
        let mut time = [0; 8];
        time.copy_from_slice(&header[1..9]);
        let mut ends = [0_u32; 7];
        for (end, bytes) in ends.iter_mut().zip(header[9..].chunks_exact(2)) {
            *end = u32::from(u16::from_le_bytes([bytes[0], bytes[1]]));
        }
        let (text, rest) = rest.split_at_checked(ends[6] as usize).ok_or(StoredError::Malformed)?;
        let text = std::str::from_utf8(text).map_err(|_| StoredError::Malformed)?;
        let (audience, data) = if *version == FOR_AUDIENCE {
            let (audience, data) = split_audience(rest).ok_or(StoredError::Malformed)?;
            (Some(Arc::new(audience)), data)
        } else {
            (None, rest)
        };
        let attributes = Packed::from_parts(text.into(), ends).ok_or(StoredError::Malformed)?;
        let time = Timestamp::from_unix_ms(u64::from_le_bytes(time));
        Ok(Self::from_stored(attributes, time, Bytes::copy_from_slice(data)).with_audience(audience))
    }
}

/// The audience that bytes begin with, and what follows it.
fn split_audience(bytes: &[u8]) -> Option<(Audience, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (audience, rest) = rest.split_at_checked(u16::from_le_bytes(*length).into())?;
    Some((Audience::from_stored(audience)?, rest))
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

    fn audience(groups: &[String]) -> Arc<Audience> {
        Arc::new(Audience::parse("audience", &serde_json::json!({"groups": groups}).to_string()).unwrap())
    }

    proptest! {
        #[test]
        fn what_is_stored_comes_back(
            subject in prop::option::of("[a-zäöü]{1,9}"), data in prop::collection::vec(any::<u8>(), 0..50),
            groups in prop::collection::vec("[a-zü]{1,5}", 0..4),
        ) {
            let audience = (!groups.is_empty()).then(|| audience(&groups));
            let event = event(subject.as_deref(), &data).with_audience(audience);
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
                let _ = (event.id(), event.subject(), event.extensions(), event.is_json(), event.audience());
            }
        }
    }

    /// Logs of programs that knew no audience stay readable, and an event without one is written as it always was.
    #[test]
    fn the_first_form_stays() {
        let event = event(Some("s"), b"x");
        let mut stored = Vec::new();
        event.write_stored(&mut stored);
        let ends = [1_u16, 3, 6, 7, 31, 31, 47].map(u16::to_le_bytes).concat();
        let text = "1/sa.bsapplication/octet-stream{\"traceid\":\"ü\"}";
        let form = [&[1_u8][..], &1_234_567_u64.to_le_bytes(), &ends, text.as_bytes(), b"x"].concat();
        assert_eq!(stored, form);
        assert_eq!(Event::read_stored(&form), Ok(event));
    }

    /// An event whose audience cannot be read is no event, rather than one for everybody.
    #[test]
    fn a_damaged_audience_shows_nothing() {
        let event = event(None, b"").with_audience(Some(audience(&["g".to_owned()])));
        let mut stored = Vec::new();
        event.write_stored(&mut stored);
        let begin = stored.len() - "{\"groups\":[\"g\"]}".len();
        for cut in begin - 2..stored.len() {
            assert_eq!(Event::read_stored(&stored[..cut]), Err(StoredError::Malformed), "{cut}");
        }
        let nobody = "{}".len() as u8;
        stored.truncate(begin - 2);
        stored.extend([nobody, 0, b'{', b'}']);
        assert_eq!(Event::read_stored(&stored), Err(StoredError::Malformed));
    }

    #[test]
    fn other_forms_are_named() {
        assert_eq!(Event::read_stored(&[9, 0]), Err(StoredError::UnknownForm(9)));
        assert_eq!(Event::read_stored(&[]), Err(StoredError::Malformed));
        assert_eq!(Event::read_stored(&[1, 2]), Err(StoredError::Malformed));
    }
}
