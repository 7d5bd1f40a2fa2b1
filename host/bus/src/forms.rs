//! The frames of some records, encoded when somebody first wants them: one for each usual form at hand, those of
//! projections and other unusual ones only where they are looked at. Must not know whose records they are.

use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::{Bytes, BytesMut};
use tidemill_log::Record;

use crate::Encoding;
use crate::frame::write_record;
use crate::limits::FORMS_MAX;

/// Frames in every form that was wanted.
#[derive(Debug, Default)]
pub(crate) struct Forms {
    usual: [OnceLock<Encoded>; Encoding::USUAL],
    others: OnceLock<Box<Others>>,
}

/// The latest unusual forms.
type Others = Mutex<Vec<(Encoding, Arc<[OnceLock<Bytes>]>)>>;

#[derive(Debug)]
struct Encoded {
    bytes: Bytes,
    /// Where each record's frames end.
    ends: Vec<usize>,
}

impl Forms {
    /// The frames of some of the records in a form. Those of usual forms are made for all records at once, which take about
    /// `size` bytes; a projection is asked for what is wanted and for nothing else: it is somebody's program, and events that
    /// nobody wants through it are none of its business.
    pub(crate) fn frames(
        &self,
        records: &[Arc<Record>],
        range: Range<usize>,
        encoding: &Encoding,
        size: usize,
    ) -> Bytes {
        if let Some(index) = encoding.index() {
            return self.usual[index].get_or_init(|| Encoded::of(records, encoding, size)).frames(range);
        }
        let frames = self.other(encoding, records.len());
        let mut pieces = range.map(|index| frame(&frames, records, index, encoding)).filter(|piece| !piece.is_empty());
        let first = pieces.next().unwrap_or_default();
        let Some(second) = pieces.next() else { return first };
        let mut joined = BytesMut::from(&first[..]);
        joined.extend_from_slice(&second);
        pieces.for_each(|piece| joined.extend_from_slice(&piece));
        joined.freeze()
    }

    /// How many of some records have frames in a form that is unusual.
    pub(crate) fn shown(&self, records: &[Arc<Record>], range: Range<usize>, encoding: &Encoding) -> usize {
        let frames = self.other(encoding, records.len());
        range.filter(|index| !frame(&frames, records, *index, encoding).is_empty()).count()
    }

    /// Whether these are all frames in a form, which are kept in one piece anyway.
    pub(crate) fn are_all(&self, frames: &Bytes, encoding: &Encoding) -> bool {
        let whole =
            |encoded: &Encoded| encoded.bytes.as_ptr() == frames.as_ptr() && encoded.bytes.len() == frames.len();
        encoding.index().and_then(|index| self.usual[index].get()).is_some_and(whole)
    }

    fn other(&self, encoding: &Encoding, records: usize) -> Arc<[OnceLock<Bytes>]> {
        let mut others = self.others.get_or_init(Box::default).lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = others.iter().find(|(other, _)| other == encoding) {
            return Arc::clone(known);
        }
        if others.len() == FORMS_MAX {
            others.remove(0);
        }
        let new: Arc<[OnceLock<Bytes>]> = (0..records).map(|_| OnceLock::new()).collect();
        others.push((encoding.clone(), Arc::clone(&new)));
        new
    }
}

/// One record's frames, made by whoever comes first.
fn frame(frames: &[OnceLock<Bytes>], records: &[Arc<Record>], index: usize, encoding: &Encoding) -> Bytes {
    let make = || {
        let mut bytes = Vec::new();
        write_record(&records[index], encoding, &mut bytes);
        bytes.into()
    };
    frames[index].get_or_init(make).clone()
}

impl Encoded {
    fn of(records: &[Arc<Record>], encoding: &Encoding, size: usize) -> Self {
        let mut bytes = Vec::with_capacity(size);
        let ends = records.iter().map(|record| {
            write_record(record, encoding, &mut bytes);
            bytes.len()
        });
        let ends = ends.collect();
        Self { bytes: bytes.into(), ends }
    }

    /// The frames of some records, without a copy.
    fn frames(&self, records: Range<usize>) -> Bytes {
        let start = if records.start == 0 { 0 } else { self.ends[records.start - 1] };
        self.bytes.slice(start..self.ends[records.end - 1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projection::tests::{Even, projected};
    use crate::ring::tests::record;
    use std::sync::atomic::Ordering::Relaxed;

    fn records() -> Vec<Arc<Record>> {
        (1..=4).map(|sequence| record(sequence, "t")).collect()
    }

    #[test]
    fn what_is_not_shown_has_no_frames() {
        let (forms, records) = (Forms::default(), records());
        let encoding = projected(Even::default());
        let look = |range: Range<usize>| {
            (forms.frames(&records, range.clone(), &encoding, 0), forms.shown(&records, range, &encoding))
        };
        let even = |n: u64| format!("id: 1.{n}\nevent: even\ndata: {{\"n\":{n}}}\n\n");
        assert_eq!(look(0..1), (Bytes::new(), 0));
        assert_eq!(look(0..2), (Bytes::from(even(2)), 1));
        assert_eq!(look(0..4), (Bytes::from(even(2) + &even(4)), 2));
    }

    /// Looking a second time, from wherever, asks the projection nothing, and nobody asks it about what is not wanted.
    #[test]
    fn a_projection_is_asked_once_for_each_record_that_is_wanted_and_framing() {
        let (forms, records) = (Forms::default(), records());
        let even = Even::default();
        let asked = Arc::clone(&even.asked);
        let mut encoding = projected(even);
        for framing in [crate::Framing::Named, crate::Framing::Both, crate::Framing::Named] {
            encoding.framing = framing;
            (0..3).for_each(|_| drop(forms.frames(&records, 1..3, &encoding, 0)));
        }
        assert_eq!(asked.load(Relaxed), 4);
        assert_eq!((forms.shown(&records, 1..4, &encoding), asked.load(Relaxed)), (2, 5));
    }

    #[test]
    fn unusual_forms_are_kept_where_they_are_wanted_and_bounded() {
        let (forms, records) = (Forms::default(), records());
        let all = forms.frames(&records, 0..4, &Encoding::default(), 0);
        assert!(forms.are_all(&all, &Encoding::default()) && !forms.are_all(&all.slice(1..), &Encoding::default()));
        assert!(forms.others.get().is_none(), "nobody wanted one");
        for _ in 0..2 * FORMS_MAX {
            forms.shown(&records, 0..1, &projected(Even::default()));
        }
        assert_eq!(forms.others.get().unwrap().lock().unwrap().len(), FORMS_MAX);
    }
}
