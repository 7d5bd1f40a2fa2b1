//! One compressor alone: fragments that refer to nothing before them, which the host makes once for everybody, against a
//! stream that each connection has for itself.

use std::hint::black_box;
use std::io::Write as _;

use anyhow::Result;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use tidemill_bus::{Coder, Coding};

use super::Record;
use crate::clock::own_cpu;
use crate::process::ProcessTree;

/// The levels that the host has.
const GZIP: u32 = 3;
const ZSTD: i32 = 3;
/// How often all events go through.
const ROUNDS: usize = 10;
/// Streams that are held to see what each takes.
const HELD: usize = 64;

/// A stream of one connection.
enum Stream {
    Gzip(GzEncoder<Vec<u8>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

impl Stream {
    fn new(coding: Coding) -> Result<Self> {
        Ok(match coding {
            Coding::Zstd => Self::Zstd(zstd::stream::write::Encoder::new(Vec::new(), ZSTD)?),
            _ => Self::Gzip(GzEncoder::new(Vec::new(), Compression::new(GZIP))),
        })
    }

    /// Compresses a chunk so that it can be sent at once; how long that is.
    fn take(&mut self, chunk: &[u8]) -> Result<usize> {
        let out = match self {
            Self::Gzip(own) => own.write_all(chunk).and_then(|()| own.flush()).map(|()| own.get_mut()),
            Self::Zstd(own) => own.write_all(chunk).and_then(|()| own.flush()).map(|()| own.get_mut()),
        }?;
        let length = out.len();
        out.clear();
        Ok(length)
    }
}

/// `memory` is that of a stream in gzip and in zstd.
pub(super) fn measure(events: &[Value], batch: usize, memory: [f64; 2]) -> Result<Vec<Record>> {
    let frames: Vec<String> = events.iter().zip(1_000..).map(|(event, at)| frame(event, at)).collect();
    let chunks: Vec<Bytes> = frames.chunks(batch).map(|frames| frames.concat().into()).collect();
    let per_event = |total: f64| total / (ROUNDS * events.len()) as f64;
    let mut records = Vec::new();
    for (coding, memory) in [Coding::Gzip, Coding::Zstd].into_iter().zip(memory) {
        let mut coder = Coder::default();
        coder.code(coding, chunks[0].clone());
        let (before, mut bytes) = (own_cpu(), 0);
        for chunk in std::iter::repeat_n(&chunks, ROUNDS).flatten() {
            bytes += black_box(coder.code(coding, chunk.clone())).len();
        }
        let cpu_us = per_event((own_cpu() - before).as_secs_f64() * 1e6);
        let who = |how: &str| format!("{}, {how}", coding.name());
        let fragments = who("fragments");
        records.push(Record {
            batch,
            subscribers: None,
            who: fragments,
            bytes: per_event(bytes as f64),
            cpu_us,
            memory: None,
        });

        let (mut bytes, mut cpu) = (0, 0.0);
        for _ in 0..ROUNDS {
            // A new one each time: events that come again as a whole would be too easy. Making it is not counted.
            let mut stream = Stream::new(coding)?;
            bytes += stream.take(b": hello\n\n")?;
            let before = own_cpu();
            for chunk in &chunks {
                bytes += stream.take(chunk)?;
            }
            cpu += (own_cpu() - before).as_secs_f64();
        }
        let (cpu_us, bytes) = (per_event(cpu * 1e6), per_event(bytes as f64));
        records.push(Record {
            batch,
            subscribers: None,
            who: who("a stream of its own"),
            bytes,
            cpu_us,
            memory: Some(memory),
        });
    }
    Ok(records)
}

/// What a stream in gzip and one in zstd take that have compressed an event. To be asked once, before memory is free that
/// others had.
pub(super) fn memory(events: &[Value]) -> Result<[f64; 2]> {
    let (own, chunk) = (ProcessTree::of(std::process::id()), events[0].to_string());
    let (mut held, mut taken) = (Vec::with_capacity(2 * HELD), [0.0; 2]);
    for (coding, taken) in [Coding::Gzip, Coding::Zstd].into_iter().zip(&mut taken) {
        let before = own.resident_bytes();
        for _ in 0..HELD {
            let mut stream = Stream::new(coding)?;
            stream.take(chunk.as_bytes())?;
            held.push(stream);
        }
        *taken = own.resident_bytes().saturating_sub(before) as f64 / HELD as f64;
    }
    black_box(held);
    Ok(taken)
}

fn frame(event: &Value, at: usize) -> String {
    format!("id: 1.{at}\nevent: {}\ndata: {}\n\n", event["type"].as_str().unwrap_or_default(), event["data"])
}
