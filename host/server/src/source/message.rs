//! What a process says, and its JSON: one text on one line, whatever the process wrote, so that nothing of it can be taken for
//! a field of an event stream.

use bytes::Bytes;
use serde_json::json;
use tidemill_event::JsonText;

/// One message of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message {
    /// A line that is a JSON text; it is passed on as it is, without white space between its tokens.
    Json(JsonText),
    /// A line that is none.
    Raw(String),
    /// A line on standard error, or something that the server has to say about the process.
    Error(String),
    /// It has ended; the last message of a process.
    Close {
        /// Its exit code. None if there is none: killed by a signal, or not started at all.
        code: Option<i32>,
        /// The signal that killed it.
        signal: Option<i32>,
    },
}

impl Message {
    /// Of a line on standard output. None of an empty one.
    pub(super) fn of_output(line: &Bytes) -> Option<Self> {
        if line.trim_ascii().is_empty() {
            return None;
        }
        Some(JsonText::parse(line).map_or_else(|_| Self::Raw(text(line)), Self::Json))
    }

    /// Of a line on standard error. None of an empty one.
    pub(super) fn of_errors(line: &Bytes) -> Option<Self> {
        (!line.trim_ascii().is_empty()).then(|| Self::Error(text(line)))
    }

    /// As clients read it: JSON on one line.
    pub(crate) fn data(&self) -> Bytes {
        match self {
            Self::Json(text) => return text.as_bytes().clone(),
            Self::Raw(content) => json!({"type": "raw", "content": content}),
            Self::Error(message) => json!({"type": "error", "message": message}),
            Self::Close { code, signal: None } => json!({"type": "close", "code": code}),
            Self::Close { code, signal } => json!({"type": "close", "code": code, "signal": signal}),
        }
        .to_string()
        .into()
    }

    /// Bytes that it holds.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Json(text) => text.as_bytes().len(),
            Self::Raw(text) | Self::Error(text) => text.len(),
            Self::Close { .. } => 0,
        }
    }
}

/// Bytes that are no UTF-8 become U+FFFD.
fn text(line: &Bytes) -> String {
    String::from_utf8_lossy(line).into_owned()
}
