//! A stream that is decoded bit by bit as it comes, by the usual libraries.

use std::io::{Read, Write};

use flate2::write::GzDecoder;

use crate::support::{PATIENCE, Wire};

/// An open stream.
pub(super) struct Decoded {
    wire: Wire,
    pub(super) coding: String,
    pub(super) vary: Option<String>,
    /// As it came.
    coded: Vec<u8>,
    decoder: Decoder,
    /// Bytes of its frames that were taken.
    taken: usize,
}

enum Decoder {
    Identity(Vec<u8>),
    Gzip(GzDecoder<Vec<u8>>),
    Zstd(zstd::stream::write::Decoder<'static, Vec<u8>>),
}

impl Decoder {
    fn take(&mut self, bytes: &[u8]) {
        match self {
            Self::Identity(plain) => plain.extend_from_slice(bytes),
            Self::Gzip(decoder) => decoder.write_all(bytes).and_then(|()| decoder.flush()).unwrap(),
            Self::Zstd(decoder) => decoder.write_all(bytes).and_then(|()| decoder.flush()).unwrap(),
        }
    }

    fn plain(&self) -> &[u8] {
        match self {
            Self::Identity(plain) => plain,
            Self::Gzip(decoder) => decoder.get_ref(),
            Self::Zstd(decoder) => decoder.get_ref(),
        }
    }
}

impl Decoded {
    /// Asks for a stream, with more headers if there are some, and waits for its greeting.
    pub(super) async fn subscribe(address: &str, query: &str, accept: &str, headers: &str) -> Self {
        let mut wire = Wire::open(address).await;
        let accept = format!("Accept-Encoding: {accept}\r\n");
        wire.send(format!("GET /events?{query} HTTP/1.1\r\nHost: x\r\n{accept}{headers}\r\n")).await;
        let head = wire.head().await.expect("no answer");
        assert_eq!((head.status, head.get("content-type")), (200, Some("text/event-stream")), "{head:?}");
        assert!(head.get("cache-control").unwrap().contains("no-transform"), "{head:?}");
        let coding = head.get("content-encoding").unwrap_or("identity").to_owned();
        let decoder = match coding.as_str() {
            "identity" => Decoder::Identity(Vec::new()),
            "gzip" => Decoder::Gzip(GzDecoder::new(Vec::new())),
            "zstd" => Decoder::Zstd(zstd::stream::write::Decoder::new(Vec::new()).unwrap()),
            other => panic!("a coding that nobody asked for: {other}"),
        };
        let vary = head.get("vary").map(str::to_owned);
        let mut stream = Self { wire, coding, vary, coded: Vec::new(), decoder, taken: 0 };
        let greeting = stream.frame_or_beat().await;
        assert!(greeting.starts_with("retry: "), "{greeting}");
        stream
    }

    /// The next block, whatever it is.
    pub(super) async fn frame_or_beat(&mut self) -> String {
        loop {
            let plain = &self.decoder.plain()[self.taken..];
            if let Some(end) = plain.windows(2).position(|window| window == b"\n\n") {
                let frame = std::str::from_utf8(&plain[..end + 2]).unwrap().to_owned();
                self.taken += frame.len();
                return frame;
            }
            assert!(self.more().await, "the stream ended");
        }
    }

    /// The next event.
    pub(super) async fn frame(&mut self) -> String {
        loop {
            let frame = self.frame_or_beat().await;
            if frame.contains("data: ") {
                return frame;
            }
        }
    }

    /// Everything up to the end: as it came, what that is, and whether the body ended as it should.
    pub(super) async fn rest(&mut self) -> (Vec<u8>, String, bool) {
        while self.more().await {}
        let plain = String::from_utf8(self.decoder.plain().to_vec()).unwrap();
        (self.coded.clone(), plain, self.wire.rest().await.1)
    }

    async fn more(&mut self) -> bool {
        let some = tokio::time::timeout(PATIENCE, self.wire.some()).await.expect("nothing comes");
        if let Some(bytes) = &some {
            self.coded.extend_from_slice(bytes);
            self.decoder.take(bytes);
        }
        some.is_some()
    }
}

/// What a whole stream is, by a decoder that wants its end.
pub(super) fn decode(coding: &str, coded: &[u8]) -> String {
    let mut plain = String::new();
    match coding {
        "gzip" => flate2::read::GzDecoder::new(coded).read_to_string(&mut plain),
        "zstd" => zstd::stream::read::Decoder::new(coded).unwrap().read_to_string(&mut plain),
        other => panic!("{other}"),
    }
    .unwrap();
    plain
}

/// Text that is hard to compress.
pub(super) fn noise(seed: u64, length: usize) -> String {
    let mut state = seed + 1;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[(state >> 58) as usize] as char
    };
    std::iter::repeat_with(next).take(length).collect()
}
