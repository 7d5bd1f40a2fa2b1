//! How an event becomes what a subscriber reads, where that is neither its data nor the whole of it. Must not know what
//! does it: a language, a plugin or a test.

use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tidemill_event::check_type;
use tidemill_log::Record;

/// Makes of a record what its frames show. Asked once for each record and framing, by whichever thread comes first.
pub trait Project: Send + Sync + Debug {
    /// What is shown of a record; none: it is not, and subscribers pass over it.
    fn project(&self, record: &Record) -> Option<Shown>;
}

/// What a frame shows. It cannot break the frame, nor be taken for something that the connection itself says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    name: Option<String>,
    data: Vec<u8>,
}

/// A projection in use. It equals its clones and nothing else.
#[derive(Debug, Clone)]
pub struct Projection(Arc<Numbered>);

#[derive(Debug)]
struct Numbered {
    number: u64,
    project: Box<dyn Project>,
}

impl Shown {
    /// One line of data, under a name for the `event:` line; none: the event's type. An error says what is wrong.
    pub fn new(name: Option<String>, data: Vec<u8>) -> Result<Self, String> {
        if let Some(name) = &name {
            check_type(name).map_err(|problem| format!("the name {name:?} is not possible: {}", problem.detail))?;
        }
        match memchr::memchr2(b'\n', b'\r', &data) {
            Some(_) => Err("the data has more than one line".into()),
            None => Ok(Self { name, data }),
        }
    }

    /// The name, if it is not the event's type.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The data.
    pub fn data(&self) -> &[u8] {
        &self.data
    }
}

impl Projection {
    /// One that is like no other.
    pub fn new(project: impl Project + 'static) -> Self {
        static NUMBERS: AtomicU64 = AtomicU64::new(1);
        Self(Arc::new(Numbered { number: NUMBERS.fetch_add(1, Relaxed), project: Box::new(project) }))
    }

    /// What tells it from others, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.0.number
    }

    /// What it makes of a record.
    pub fn project(&self, record: &Record) -> Option<Shown> {
        self.0.project.project(record)
    }
}

impl PartialEq for Projection {
    fn eq(&self, other: &Self) -> bool {
        self.number() == other.number()
    }
}

impl Eq for Projection {}

impl Hash for Projection {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.number().hash(state);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{Encoding, Envelope};

    /// Shows every other event.
    #[derive(Debug, Default)]
    pub(crate) struct Even {
        /// How often it was asked.
        pub(crate) asked: Arc<AtomicU64>,
    }

    impl Project for Even {
        fn project(&self, record: &Record) -> Option<Shown> {
            self.asked.fetch_add(1, Relaxed);
            let n = record.position.sequence;
            let shown = Shown::new(Some("even".into()), format!("{{\"n\":{n}}}").into()).unwrap();
            n.is_multiple_of(2).then_some(shown)
        }
    }

    pub(crate) fn projected(project: impl Project + 'static) -> Encoding {
        Encoding { envelope: Envelope::Projected(Projection::new(project)), ..Encoding::default() }
    }

    #[test]
    fn what_is_shown_cannot_break_a_frame() {
        assert!(Shown::new(None, b"{\"a\":1}".to_vec()).is_ok());
        assert!(Shown::new(Some("tool-result".into()), vec![]).is_ok());
        for name in ["error", "open", "a\ndata: x", "", "a b"] {
            assert!(Shown::new(Some(name.into()), vec![]).unwrap_err().contains("name"), "{name:?}");
        }
        for data in ["a\n", "\r", "a\n\nid: 9.9"] {
            assert!(Shown::new(None, data.into()).is_err(), "{data:?}");
        }
    }
}
