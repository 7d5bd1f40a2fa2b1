//! What a stream says by itself, as configured: hellos, heartbeats, and what others are told of its clients.

use std::sync::Arc;
use std::time::Duration;

use tidemill_event::is_reserved_type;
use tidemill_jq_program::Program;

use super::keys::{Keys, Take};
use crate::limits::{HEARTBEAT_MAX, HEARTBEAT_MIN};

/// One thing that is said first.
#[derive(Debug, Clone)]
pub(crate) struct Hello {
    /// None: a message, whatever the framing.
    pub(crate) name: Option<String>,
    pub(crate) data: Arc<Program>,
}

/// What is said when there is nothing else.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heartbeat {
    pub(crate) form: Form,
    /// How often, in place of the server's.
    pub(crate) every: Option<Duration>,
}

/// What a heartbeat is to clients.
#[derive(Debug, Clone, Default)]
pub(crate) enum Form {
    /// Nothing.
    #[default]
    Comment,
    /// A message without a name.
    Message(Arc<Program>),
    /// An event with a name.
    Named(String, Arc<Program>),
}

/// What is announced of clients that come and go.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) event_type: String,
    pub(crate) data: Arc<Program>,
}

impl Hello {
    pub(super) const fn take() -> Take<Self> {
        (&["name", "data"], |keys| {
            let name = keys.name("name");
            data(keys, "a hello is a jq program that makes its data").map(|data| Self { name, data })
        })
    }
}

impl Heartbeat {
    pub(super) const fn take() -> Take<Self> {
        (&["form", "every", "name", "data"], |keys| {
            let every = keys.span("every", HEARTBEAT_MIN..=HEARTBEAT_MAX);
            let form = keys.choice("form", &[("comment", 0), ("message", 1), ("named", 2)]).unwrap_or(0);
            let form = match form {
                0 => {
                    for key in ["name", "data"] {
                        if keys.text(key).is_some() {
                            keys.wrong(
                                key,
                                "is for heartbeats that clients see: say `form = \"message\"` or `\"named\"`",
                            );
                        }
                    }
                    Form::Comment
                }
                1 => {
                    if keys.text("name").is_some() {
                        keys.wrong("name", "is for `form = \"named\"`; a message has none");
                    }
                    Form::Message(data(keys, WHY)?)
                }
                _ => Form::Named(keys.name("name").unwrap_or_else(|| "heartbeat".into()), data(keys, WHY)?),
            };
            Some(Self { form, every })
        })
    }
}

const WHY: &str = "a heartbeat that clients see is a jq program that makes its data, such as `{type: \"heartbeat\"}`";

impl Change {
    pub(super) const fn take() -> Take<Self> {
        (&["type", "data"], |keys| {
            let event_type = keys.name("type");
            if event_type.as_deref().is_some_and(is_reserved_type) {
                keys.wrong("type", "begins as types do that the host alone makes: choose one without `tidemill.`");
            }
            let event_type = keys.needed("type", event_type, "it is the type of the event that is announced");
            let data = data(keys, "it is a jq program that makes the event's data");
            Some(Self { event_type: event_type?, data: data? })
        })
    }
}

fn data(keys: &mut Keys<'_>, why: &str) -> Option<Arc<Program>> {
    let data = keys.program("data");
    keys.needed("data", data, why).map(Arc::new)
}
