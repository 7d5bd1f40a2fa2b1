//! Standard input of a process, for whoever may write to it: one JSON text to a line, in the order in which they were sent.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use bytes::{BufMut, Bytes, BytesMut};
use tidemill_event::{JsonError, JsonText};
use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;

use super::queue::{self, NotNow, Receiver, Sender};
use crate::config;
use crate::limits::SOURCE_INPUT_LINES_MAX;

/// Where lines for a process are put. It outlives processes: of a shared source it is that of the one that runs.
#[derive(Clone)]
pub(crate) struct Input {
    /// None if none runs.
    to: Arc<ArcSwapOption<Sender<Bytes>>>,
    source: Arc<config::Source>,
}

/// Why a text was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsent {
    /// Not usable JSON.
    #[error("{0}")]
    NotJson(#[from] JsonError),
    /// Longer than lines of the source may be.
    #[error("the text has {bytes} bytes; a line to `{source_name}` has at most {most} (`line-max`)")]
    TooLong {
        /// Of the text.
        bytes: usize,
        /// That it may have.
        most: usize,
        /// Whose line it would be.
        source_name: String,
    },
    /// Nobody reads it.
    #[error("the process of `{0}` has ended, or reads no input any more")]
    Ended(String),
    /// It does not read what is there already.
    #[error("the process of `{0}` has not read what was sent before; send it again later")]
    Busy(String),
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input").field("source", &self.source.name).finish_non_exhaustive()
    }
}

impl Input {
    /// Of a source that does not run yet.
    pub(super) fn new(source: &Arc<config::Source>) -> Self {
        Self { to: Arc::default(), source: Arc::clone(source) }
    }

    /// Sends a JSON text as one line. Does not wait.
    pub(crate) fn send(&self, text: &Bytes) -> Result<(), Unsent> {
        let text = JsonText::parse(text)?.into_bytes();
        let name = || self.source.name.clone();
        if text.len() > self.source.line_max {
            return Err(Unsent::TooLong { bytes: text.len(), most: self.source.line_max, source_name: name() });
        }
        let mut line = BytesMut::with_capacity(text.len() + 1);
        line.put(text);
        line.put_u8(b'\n');
        let to = self.to.load();
        let to = to.as_ref().ok_or_else(|| Unsent::Ended(name()))?;
        let bytes = line.len();
        to.try_put(line.freeze(), bytes).map_err(|error| match error {
            NotNow::Full => Unsent::Busy(name()),
            NotNow::Closed => Unsent::Ended(name()),
        })
    }

    /// From now on lines are for a new process.
    pub(super) fn open(&self) -> Receiver<Bytes> {
        let (to, lines) = queue::with_items(self.source.line_max, SOURCE_INPUT_LINES_MAX);
        self.to.store(Some(Arc::new(to)));
        lines
    }

    /// From now on there is nobody to read them.
    pub(super) fn close(&self) {
        self.to.store(None);
    }
}

/// Writes lines to a process until it takes no more.
pub(super) async fn write(mut lines: Receiver<Bytes>, mut to: ChildStdin) {
    while let Some(line) = lines.take().await {
        if let Err(error) = to.write_all(&line).await {
            tracing::debug!("a process takes no input any more: {error}");
            return;
        }
    }
}
