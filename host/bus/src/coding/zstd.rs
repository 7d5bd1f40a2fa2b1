//! Frames of Zstandard (RFC 8878).

use std::cell::RefCell;

use bytes::Bytes;
use zstd::bulk::Compressor;
use zstd::zstd_safe::CParameter;

/// Level of compression: higher ones take longer and gain little on so few bytes.
const LEVEL: i32 = 3;
/// Bytes of one block.
const BLOCK_BYTES_MAX: usize = 128 << 10;
const MAGIC: [u8; 4] = 0xfd2f_b528_u32.to_le_bytes();
/// One segment, whose length stands in one byte or in four.
const DESCRIPTORS: [u8; 2] = [0x20, 0xa0];

thread_local! {
    /// Too large to be made for each fragment. None: there was no memory for one.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = RefCell::new(compressor());
}

fn compressor() -> Option<Compressor<'static>> {
    let mut compressor = Compressor::new(LEVEL).ok()?;
    compressor.set_parameter(CParameter::ChecksumFlag(true)).ok()?;
    Some(compressor)
}

pub(super) fn compressed(plain: &[u8]) -> Bytes {
    let compress = |own: &mut Option<Compressor<'_>>| own.as_mut()?.compress(plain).ok();
    // The library makes room for the worst; what it did not need is given back.
    let fit = |mut bytes: Vec<u8>| {
        bytes.shrink_to_fit();
        Bytes::from(bytes)
    };
    COMPRESSOR.with_borrow_mut(compress).map_or_else(|| stored(plain), fit)
}

/// A frame of raw blocks.
pub(super) fn stored(plain: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(plain.len() + 12 + 3 * plain.len().div_ceil(BLOCK_BYTES_MAX));
    out.extend_from_slice(&MAGIC);
    match u8::try_from(plain.len()) {
        Ok(length) => out.extend_from_slice(&[DESCRIPTORS[0], length]),
        Err(_) => {
            out.push(DESCRIPTORS[1]);
            out.extend_from_slice(&u32::try_from(plain.len()).unwrap_or(u32::MAX).to_le_bytes());
        }
    }
    let blocks = plain.chunks(BLOCK_BYTES_MAX);
    let last = blocks.len();
    for (number, block) in (1..).zip(blocks) {
        let header = u32::try_from(block.len() << 3).unwrap_or(u32::MAX) | u32::from(number == last);
        out.extend_from_slice(&header.to_le_bytes()[..3]);
        out.extend_from_slice(block);
    }
    out.into()
}
