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
pub(crate) struct Fragment {
    /// As they are sent.
    pub(crate) bytes: Bytes,
    /// What they are decoded to.
    pub(crate) sum: Sum,
}

/// One stream on its way: what it was before it was coded, so far. Small, as there are many; whoever has it knows the coding.
#[derive(Debug, Clone, Copy, Default)]
pub struct Coder(Sum);

impl Coder {
    /// The first bytes.
    pub fn begin(&mut self, coding: Coding, plain: Bytes) -> Bytes {
        let first = self.code(coding, plain);
        match coding.head() {
            [] => first,
            head => [head, &first].concat().into(),
        }
    }

    /// Bytes for this stream alone.
    pub fn code(&mut self, coding: Coding, plain: Bytes) -> Bytes {
        let fragment = coding.fragment(plain);
        self.count(coding, fragment.sum);
        fragment.bytes
    }

    /// Notes bytes that were coded before, for others too.
    pub fn count(&mut self, coding: Coding, sum: Sum) {
        // No other coding says at its end what it was.
        if coding == Coding::Gzip {
            self.0 = self.0.and(sum);
        }
    }

    /// The last bytes. With them a decoder knows that none are missing.
    pub fn end(&mut self, coding: Coding, plain: Bytes) -> Bytes {
        let last = self.code(coding, plain);
        match coding {
            Coding::Gzip => [&last[..], &gzip::tail(self.0.crc, self.0.length)].concat().into(),
            Coding::Identity | Coding::Zstd => last,
        }
    }
}

impl Coding {
    /// How many there are.
    pub(crate) const COUNT: usize = 3;

    /// Its name in HTTP and in configurations.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// Codes bytes. None become none.
    pub(crate) fn fragment(self, plain: Bytes) -> Fragment {
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
    const fn head(self) -> &'static [u8] {
        match self {
            Self::Gzip => &gzip::HEAD,
            Self::Identity | Self::Zstd => &[],
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
}

#[cfg(test)]
mod tests;
