//! The frames of some records, encoded when somebody first wants them: one for each usual form at hand, those of
//! projections and other unusual ones only where they are looked at. Must not know whose records they are.

use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
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

/// The latest unusual forms, each made by whoever comes first, without the lock.
type Others = Mutex<Vec<(Encoding, Arc<OnceLock<Encoded>>)>>;

#[derive(Debug)]
pub(crate) struct Encoded {
    bytes: Bytes,
    /// Where each record's frames end.
    ends: Vec<usize>,
}

impl Forms {
    /// Looks at the frames of all records in a form. They take about `size` bytes.
    pub(crate) fn with<R>(
        &self,
        records: &[Arc<Record>],
        encoding: &Encoding,
        size: usize,
        look: impl FnOnce(&Encoded) -> R,
    ) -> R {
        let make = || Encoded::of(records, encoding, size);
        match encoding.index() {
            Some(index) => look(self.usual[index].get_or_init(make)),
            None => look(self.other(encoding).get_or_init(make)),
        }
    }

    /// Whether these are all frames in a form. Frames that nobody wanted yet are not made for that.
    pub(crate) fn are_all(&self, frames: &Bytes, encoding: &Encoding) -> bool {
        let whole =
            |encoded: &Encoded| encoded.bytes.as_ptr() == frames.as_ptr() && encoded.bytes.len() == frames.len();
        if let Some(index) = encoding.index() {
            return self.usual[index].get().is_some_and(whole);
        }
        let Some(others) = self.others.get() else { return false };
        let others = others.lock().unwrap_or_else(PoisonError::into_inner);
        let known = others.iter().find(|(other, _)| other == encoding);
        known.and_then(|(_, encoded)| encoded.get()).is_some_and(whole)
    }

    fn other(&self, encoding: &Encoding) -> Arc<OnceLock<Encoded>> {
        let mut others = self.others.get_or_init(Box::default).lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = others.iter().find(|(other, _)| other == encoding) {
            return Arc::clone(known);
        }
        if others.len() == FORMS_MAX {
            others.remove(0);
        }
        let new = Arc::default();
        others.push((encoding.clone(), Arc::clone(&new)));
        new
    }
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
    pub(crate) fn frames(&self, records: Range<usize>) -> Bytes {
        let start = if records.start == 0 { 0 } else { self.ends[records.start - 1] };
        self.bytes.slice(start..self.ends[records.end - 1])
    }

    /// How many of some records have frames.
    pub(crate) fn shown(&self, records: Range<usize>) -> usize {
        let start = |index: usize| if index == 0 { 0 } else { self.ends[index - 1] };
        records.filter(|index| self.ends[*index] > start(*index)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projection::tests::{Even, projected};
    use crate::ring::tests::record;

    fn records() -> Vec<Arc<Record>> {
        (1..=4).map(|sequence| record(sequence, "t")).collect()
    }

    #[test]
    fn what_is_not_shown_has_no_frames() {
        let (forms, records) = (Forms::default(), records());
        let encoding = projected(Even::default());
        let look = |range: Range<usize>| {
            forms.with(&records, &encoding, 0, |encoded| (encoded.frames(range.clone()), encoded.shown(range)))
        };
        assert_eq!(look(0..1), (Bytes::new(), 0));
        assert_eq!(look(0..2), (Bytes::from("id: 1.2\nevent: even\ndata: {\"n\":2}\n\n"), 1));
        assert_eq!(look(0..4).1, 2);
        let all = forms.with(&records, &encoding, 0, |encoded| encoded.frames(0..4));
        assert!(forms.are_all(&all, &encoding) && !forms.are_all(&all, &Encoding::default()));
    }

    /// Looking a second time, from wherever, asks the projection nothing.
    #[test]
    fn a_projection_is_asked_once_for_each_record_and_framing() {
        let (forms, records) = (Forms::default(), records());
        let even = Even::default();
        let asked = Arc::clone(&even.asked);
        let mut encoding = projected(even);
        for framing in [crate::Framing::Named, crate::Framing::Both, crate::Framing::Named] {
            encoding.framing = framing;
            (0..3).for_each(|_| forms.with(&records, &encoding, 0, |_| ()));
        }
        assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), 8);
    }

    #[test]
    fn unusual_forms_are_kept_where_they_are_wanted_and_bounded() {
        let (forms, records) = (Forms::default(), records());
        forms.with(&records, &Encoding::default(), 0, |_| ());
        assert!(forms.others.get().is_none(), "nobody wanted one");
        for _ in 0..2 * FORMS_MAX {
            forms.with(&records, &projected(Even::default()), 0, |_| ());
        }
        assert_eq!(forms.others.get().unwrap().lock().unwrap().len(), FORMS_MAX);
    }
}
