//! What plugins say: the `log` import, standard output and standard error, all as lines under the plugin's name.
//!
//! Owns the rate limit: a plugin that floods is counted, not written.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use tracing::Level;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::limits::LOG_LINE_BYTES_MAX;

/// One plugin's voice, shared by all its instances.
#[derive(Debug)]
pub(crate) struct Voice {
    plugin: String,
    lines_per_second: u32,
    window: Mutex<Window>,
}

#[derive(Debug)]
struct Window {
    began: Instant,
    written: u32,
    suppressed: u64,
}

impl Voice {
    pub(crate) fn new(plugin: &str, lines_per_second: u32) -> Arc<Self> {
        let window = Window { began: Instant::now(), written: 0, suppressed: 0 };
        Arc::new(Self { plugin: plugin.to_owned(), lines_per_second, window: Mutex::new(window) })
    }

    /// Writes a line, or counts it if there were too many in this second. Whether it was written.
    pub(crate) fn say(&self, level: Level, message: &str, fields: &[(String, String)]) -> bool {
        if !self.admit() {
            return false;
        }
        let message = cut(message, LOG_LINE_BYTES_MAX);
        let plugin = self.plugin.as_str();
        let fields = fields.iter().take(16).fold(String::new(), |text, (name, value)| format!("{text} {name}={value}"));
        let fields = cut(fields.trim_start(), LOG_LINE_BYTES_MAX);
        match level {
            Level::ERROR => tracing::error!(target: "plugin", plugin, fields, "{message}"),
            Level::WARN => tracing::warn!(target: "plugin", plugin, fields, "{message}"),
            Level::INFO => tracing::info!(target: "plugin", plugin, fields, "{message}"),
            Level::DEBUG => tracing::debug!(target: "plugin", plugin, fields, "{message}"),
            Level::TRACE => tracing::trace!(target: "plugin", plugin, fields, "{message}"),
        }
        true
    }

    fn admit(&self) -> bool {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.began.elapsed() >= Duration::from_secs(1) {
            let suppressed = std::mem::take(&mut window.suppressed);
            if suppressed > 0 {
                tracing::warn!(target: "plugin", plugin = self.plugin, suppressed, "log lines over the limit were not written");
            }
            (window.began, window.written) = (Instant::now(), 0);
        }
        if window.written < self.lines_per_second {
            window.written += 1;
            return true;
        }
        window.suppressed += 1;
        false
    }
}

/// A line's text within its bound, and without control characters that could forge further lines.
pub(crate) fn cut(text: &str, bytes: usize) -> String {
    text[..text.floor_char_boundary(bytes)]
        .chars()
        .map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c })
        .collect()
}

/// Standard output or standard error of one instance.
#[derive(Debug, Clone)]
pub(crate) struct Stdio {
    voice: Arc<Voice>,
    level: Level,
    partial: Vec<u8>,
}

impl Stdio {
    pub(crate) fn new(voice: &Arc<Voice>, level: Level) -> Self {
        Self { voice: Arc::clone(voice), level, partial: Vec::new() }
    }

    fn take(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LOG_LINE_BYTES_MAX.saturating_sub(self.partial.len());
            self.partial.extend_from_slice(&part[..part.len().min(room)]);
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.partial);
                let text = String::from_utf8_lossy(&line);
                self.voice.say(self.level, text.trim_end(), &[]);
            }
        }
    }
}

impl IsTerminal for Stdio {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Stdio {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Stdio {
    async fn ready(&mut self) {}
}

impl OutputStream for Stdio {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(64 << 10)
    }
}

impl AsyncWrite for Stdio {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.take(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_over_the_rate_are_counted() {
        let voice = Voice::new("p", 3);
        for _ in 0..10 {
            voice.say(Level::INFO, "line", &[]);
        }
        let window = voice.window.lock().unwrap();
        assert_eq!((window.written, window.suppressed), (3, 7));
    }

    #[test]
    fn output_becomes_whole_lines_of_bounded_length() {
        let voice = Voice::new("p", 1000);
        let mut stdio = Stdio::new(&voice, Level::INFO);
        stdio.take(b"one\ntwo");
        assert_eq!(stdio.partial, b"two");
        stdio.take(&vec![b'x'; 100_000]);
        assert_eq!(stdio.partial.len(), LOG_LINE_BYTES_MAX);
        stdio.take(b"\n");
        assert_eq!((stdio.partial.len(), voice.window.lock().unwrap().written), (0, 2));
    }

    #[test]
    fn control_characters_cannot_forge_lines() {
        assert_eq!(cut("a\nb\x1b[0m", 100), "a\u{fffd}b\u{fffd}[0m");
    }
}
