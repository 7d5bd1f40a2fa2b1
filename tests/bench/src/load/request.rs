//! A publish request rendered once; per send only digits of the same width are written into it.
//! Must not know connections.

use anyhow::{Result, ensure};
use memchr::memmem;

use super::marker::{Marker, SLOT};
use super::spec::LoadSpec;

/// The bytes of a request with the places of its markers.
#[derive(Debug)]
pub(super) struct RequestTemplate {
    bytes: Vec<u8>,
    slots: Vec<usize>,
}

impl RequestTemplate {
    pub(super) fn render(spec: &LoadSpec) -> Result<Self> {
        let publish = &spec.publish;
        ensure!(publish.batch > 0, "a request needs at least one event");
        let markers = memmem::find_iter(publish.item.as_bytes(), SLOT).count();
        ensure!(markers == 1, "an event needs exactly one marker {SLOT}, this one has {markers}");
        let body = vec![publish.item.as_str(); publish.batch].join("\n");
        let bytes = format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\n{}Content-Type: {}\r\nContent-Length: {}\r\n\r\n{body}",
            publish.path,
            spec.address,
            publish.headers,
            publish.content_type,
            body.len()
        )
        .into_bytes();
        let slots = memmem::find_iter(&bytes, SLOT).collect();
        Ok(Self { bytes, slots })
    }

    /// Events in one request.
    pub(super) fn events(&self) -> u64 {
        self.slots.len() as u64
    }

    /// The request with the markers of the events from `first` on, all due at the same time.
    pub(super) fn stamped(&mut self, first: u64, due_ns: u64) -> &[u8] {
        for (slot, sequence) in self.slots.iter().zip(first..) {
            Marker { sequence, due_ns }.write(&mut self.bytes[*slot..*slot + SLOT.len()]);
        }
        &self.bytes
    }
}
