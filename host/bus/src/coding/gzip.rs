//! gzip (RFC 1952) out of deflate blocks (RFC 1951) that begin and end at a byte.

use std::cell::RefCell;

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress};

/// Level of compression: higher ones take longer and gain little on so few bytes.
const LEVEL: u32 = 3;
/// Bytes that are compressed at once.
const PIECE_BYTES_MAX: usize = 16 << 10;
/// Room for what surrounds them.
const ROOM: usize = 64;
/// How an empty stored block ends.
const END: [u8; 4] = [0, 0, 0xff, 0xff];
/// Bytes of one stored block.
const BLOCK_BYTES_MAX: usize = 0xffff;

/// Deflate, no name, no time, an unknown system.
pub(super) const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

thread_local! {
    /// It takes some 300 KiB, too much to be made for each fragment.
    static DEFLATE: RefCell<Compress> = RefCell::new(Compress::new(Compression::new(LEVEL), false));
}

pub(super) fn compressed(plain: &[u8]) -> Bytes {
    DEFLATE.with_borrow_mut(|deflate| deflated(deflate, plain)).unwrap_or_else(|| stored(plain))
}

/// Blocks that refer to nothing before them and end at a byte; none if that did not work out.
fn deflated(deflate: &mut Compress, plain: &[u8]) -> Option<Bytes> {
    deflate.reset();
    let mut out = Vec::with_capacity(plain.len() / 2 + ROOM);
    // In pieces that never fill the compressor's own buffer: what waits in there when the end is asked for is all that would
    // come then.
    for piece in plain.chunks(PIECE_BYTES_MAX) {
        out.reserve(piece.len() + piece.len() / 8 + ROOM);
        let taken = deflate.total_in();
        deflate.compress_vec(piece, &mut out, FlushCompress::Sync).ok()?;
        let is_whole =
            deflate.total_in() - taken == piece.len() as u64 && out.ends_with(&END) && out.len() < out.capacity();
        is_whole.then_some(())?;
    }
    out.shrink_to_fit();
    Some(out.into())
}

pub(super) fn stored(plain: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(plain.len() + 5 * plain.len().div_ceil(BLOCK_BYTES_MAX));
    for block in plain.chunks(BLOCK_BYTES_MAX) {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        out.push(0);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(block);
    }
    out.into()
}

/// An empty last block, and what the stream was before.
pub(super) fn tail(crc: u32, length: u32) -> [u8; 10] {
    let mut tail = [3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    tail[2..6].copy_from_slice(&crc.to_le_bytes());
    tail[6..].copy_from_slice(&length.to_le_bytes());
    tail
}
