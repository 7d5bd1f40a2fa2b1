//! The host and its subscribers: everybody wants everything, in one coding. Each stream ends by itself after the last
//! event; what one of them got is decoded and counted.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tidemill_bus::Coding;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc;

use super::{Plan, Record};
use crate::cases::Chain;
use crate::cpu;
use crate::hub;
use crate::process::ProcessTree;

/// Fewest and most events in a load.
const EVENTS: (usize, usize) = (96, 1_600);
const CONFIG: &str = "[log]\nstore = \"memory\"\n\n[subscribe]\ncompression = [\"zstd\", \"gzip\"]\n";

pub(super) fn measure(
    plan: &Plan,
    events: &[Value],
    batch: usize,
    subscribers: usize,
    coding: Coding,
) -> Result<Record> {
    let count = (plan.deliveries_max / subscribers).clamp(EVENTS.0, EVENTS.1).next_multiple_of(batch);
    let host = hub::host(&plan.setup, Chain::None, CONFIG)?;
    let server = ProcessTree::of(host.process());
    cpu::pin(plan.setup.cores.as_ref().map_or(&[], |cores| &cores.generator))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let request =
        format!("GET /events?limit={count} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: {}\r\n\r\n", coding.name());
    let (opened, mut opening) = mpsc::channel(subscribers);
    let streams: Vec<_> = (0..subscribers)
        .map(|number| runtime.spawn(listen(host.address, request.clone(), number == 0, opened.clone())))
        .collect();
    drop(opened);
    for _ in 0..subscribers {
        opening.blocking_recv().context("a stream ended before it began")?;
    }
    let before = server.usage();
    let mut publisher = TcpStream::connect(host.address)?;
    publisher.set_nodelay(true)?;
    let mut next = events.iter().cycle();
    for _ in 0..count / batch {
        let body: Vec<String> = next.by_ref().take(batch).map(Value::to_string).collect();
        publish(&mut publisher, &body.join("\n"))?;
    }
    let mut bytes = 0;
    for stream in streams {
        let (length, kept) = runtime.block_on(stream)??;
        bytes += length;
        if let Some(kept) = kept {
            let frames = decode(coding, &kept)?.matches("\nevent: ").count();
            ensure!(frames == count, "{frames} of {count} events came in {}", coding.name());
        }
    }
    let used = server.usage().since(&before);
    let deliveries = (count * subscribers) as f64;
    Ok(Record {
        batch,
        subscribers: Some(subscribers),
        who: coding.name().to_owned(),
        bytes: bytes as f64 / deliveries,
        cpu_us: used.cpu_s() * 1e6 / deliveries,
        memory: None,
    })
}

/// Reads a stream to its end: how many bytes, and the bytes if they are to be kept.
async fn listen(
    address: SocketAddr,
    request: String,
    keep: bool,
    opened: mpsc::Sender<()>,
) -> Result<(usize, Option<Vec<u8>>)> {
    let mut socket = tokio::net::TcpStream::connect(address).await?;
    socket.write_all(request.as_bytes()).await?;
    let (mut kept, mut length, mut buffer) = (Vec::new(), 0, vec![0; 64 << 10]);
    loop {
        let count = socket.read(&mut buffer).await?;
        if count == 0 {
            return Ok((length, keep.then_some(kept)));
        }
        if length == 0 {
            opened.send(()).await?;
        }
        length += count;
        if keep {
            kept.extend_from_slice(&buffer[..count]);
        }
    }
}

/// Sends a request and reads its answer.
fn publish(socket: &mut TcpStream, body: &str) -> Result<()> {
    let length = body.len();
    let head = "POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson";
    socket.write_all(format!("{head}\r\nContent-Length: {length}\r\n\r\n{body}").as_bytes())?;
    let (mut answer, mut buffer) = (Vec::new(), [0; 16 << 10]);
    loop {
        let count = socket.read(&mut buffer)?;
        ensure!(count > 0, "the host hung up");
        answer.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&answer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        ensure!(head.starts_with("HTTP/1.1 200"), "the host answered {head}");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).context("no length")?;
        if body.len() >= length.parse()? {
            return Ok(());
        }
    }
}

/// The frames of an answer in chunked coding.
fn decode(coding: Coding, answer: &[u8]) -> Result<String> {
    let body = memchr::memmem::find(answer, b"\r\n\r\n").context("no head")? + 4;
    let (mut rest, mut coded) = (&answer[body..], Vec::new());
    while let Some(end) = memchr::memmem::find(rest, b"\r\n") {
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end])?, 16)?;
        coded.extend_from_slice(rest.get(end + 2..end + 2 + length).context("half a chunk")?);
        rest = &rest[end + 4 + length..];
    }
    let mut plain = String::new();
    match coding {
        Coding::Identity => return Ok(String::from_utf8(coded)?),
        Coding::Gzip => flate2::read::GzDecoder::new(&*coded).read_to_string(&mut plain)?,
        Coding::Zstd => zstd::stream::read::Decoder::new(&*coded)?.read_to_string(&mut plain)?,
    };
    Ok(plain)
}
