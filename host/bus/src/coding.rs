//! Content codings in which subscribers may want their frames, made of fragments: each is compressed by itself and ends at
//! a byte, so that it can be decoded the moment it is there, and means the same in every stream that it is put into.
//! Those who want the same at the same place therefore share it. Must not know how a coding is asked for.

mod gzip;
mod zstd;

use bytes::Bytes;

use crate::limits::COMPRESSED_BYTES_MIN;

/// A content coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Coding {
    /// Frames as they are.
    #[default]
    Identity,
    /// RFC 1952: one header, runs of deflate blocks that refer to nothing before them, one trailer.
    Gzip,
    /// RFC 8878: whole frames, one after the other.
    Zstd,
}

/// What bytes were before they were coded. A stream in gzip says it of all its bytes at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum {
    crc: u32,
    /// Modulo 2³², as in gzip's trailer.
    length: u32,
}

/// A part of a coded stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fragment {
    /// As they are sent.
    pub bytes: Bytes,
    /// What they are decoded to.
    pub sum: Sum,
}

impl Coding {
    /// Codes bytes. None become none.
    pub fn fragment(self, plain: Bytes) -> Fragment {
        let sum = self.sum(&plain);
        let small = plain.len() < COMPRESSED_BYTES_MIN;
        let bytes = match self {
            Self::Identity => plain,
            _ if plain.is_empty() => plain,
            Self::Gzip if small => gzip::stored(&plain),
            Self::Gzip => gzip::compressed(&plain),
            Self::Zstd if small => zstd::stored(&plain),
            Self::Zstd => zstd::compressed(&plain),
        };
        Fragment { bytes, sum }
    }

    /// What stands before the first fragment.
    pub const fn head(self) -> &'static [u8] {
        match self {
            Self::Gzip => &gzip::HEAD,
            Self::Identity | Self::Zstd => &[],
        }
    }

    /// Notes that a fragment was sent.
    pub fn count(self, all: &mut Sum, next: Sum) {
        // No other says at its end what it was.
        if self == Self::Gzip {
            *all = all.and(next);
        }
    }

    /// What stands after the last fragment, so that a decoder knows that nothing was lost.
    pub fn tail(self, all: Sum) -> Vec<u8> {
        match self {
            Self::Gzip => gzip::tail(all.crc, all.length).to_vec(),
            Self::Identity | Self::Zstd => Vec::new(),
        }
    }

    fn sum(self, plain: &[u8]) -> Sum {
        // Nothing longer than an event's frames gets here.
        let length = u32::try_from(plain.len()).unwrap_or(u32::MAX);
        Sum { crc: if self == Self::Gzip { crc32fast::hash(plain) } else { 0 }, length }
    }
}

impl Sum {
    fn and(self, next: Self) -> Self {
        let hasher = |sum: Self| crc32fast::Hasher::new_with_initial_len(sum.crc, sum.length.into());
        let mut all = hasher(self);
        all.combine(&hasher(next));
        Self { crc: all.finalize(), length: self.length.wrapping_add(next.length) }
    }

    /// Bytes before they were coded.
    pub(crate) const fn length(self) -> usize {
        self.length as usize
    }
}

#[cfg(test)]
mod tests;
