//! Owns walking over a JSON text: where values begin and end, fast, since most of an event is walked over.
//!
//! What is skipped is not checked beyond where it ends. Knows nothing about what the text is read for.
use std::{borrow::Cow, str};

/// The text is not JSON here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Where, in bytes from the beginning.
    pub at: usize,
    /// What was expected or is wrong.
    pub detail: &'static str,
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "not JSON at byte {}: {}", self.at, self.detail)
    }
}

impl std::error::Error for Malformed {}

/// A place in a JSON text. Everything skips white space before it looks.
pub(crate) struct Cursor<'t> {
    text: &'t [u8],
    at: usize,
}

/// A text with its quotes.
pub(crate) struct Raw<'t> {
    text: &'t [u8],
    escaped: bool,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl<'t> Cursor<'t> {
    pub(crate) fn new(text: &'t [u8]) -> Self {
        Self { text, at: 0 }
    }

    pub(crate) fn text(&self) -> &'t [u8] {
        self.text
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn malformed(&self, detail: &'static str) -> Malformed {
        Malformed { at: self.at, detail }
    }

    /// The next byte that is no white space, not taken.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.text.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    /// Takes this byte if it is next.
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        let next = self.peek() == Some(byte);
        self.at += usize::from(next);
        next
    }

    pub(crate) fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.take(byte) {
            return Ok(());
        }
        Err(self.malformed(match byte {
            b':' => "expected `:`",
            b'}' => "expected `,` or `}`",
            b']' => "expected `,` or `]`",
            b'"' => "expected a text",
            _ => "expected a value",
        }))
    }

    pub(crate) fn end(&mut self) -> Result<(), Malformed> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.malformed("expected the end")),
        }
    }

    pub(crate) fn string(&mut self) -> Result<Raw<'t>, Malformed> {
        self.expect(b'"')?;
        let start = self.at - 1;
        let mut escaped = false;
        loop {
            self.at = match quote_or_escape(self.text, self.at) {
                Some(found) if self.text[found] == b'"' => found + 1,
                // What is escaped may be a quote.
                Some(found) => {
                    escaped = true;
                    self.at = found + 2;
                    continue;
                }
                None => {
                    return Err(Malformed { at: start, detail: "a text without its end" });
                }
            };
            return Ok(Raw { text: &self.text[start..self.at], escaped, start, end: self.at });
        }
    }

    /// Skips one value of any kind and depth, without recursion.
    pub(crate) fn skip_value(&mut self) -> Result<(), Malformed> {
        match self.peek() {
            Some(b'{' | b'[') => self.skip_nested(),
            Some(b'"') => self.string().map(drop),
            _ => self.word(),
        }
    }

    /// Only brackets and texts matter for where an object or array ends.
    fn skip_nested(&mut self) -> Result<(), Malformed> {
        let (text, start) = (self.text, self.at);
        // Kept out of `self`, and so in registers: most of the time of a plugin that reads little is spent here.
        let (mut at, mut depth) = (start, 0usize);
        while let Some(byte) = text.get(at) {
            match byte {
                b'"' => match end_of_string(text, at + 1) {
                    Some(end) => at = end,
                    None => return Err(Malformed { at, detail: "a text without its end" }),
                },
                b'{' | b'[' => {
                    depth += 1;
                    at += 1;
                }
                b'}' | b']' => {
                    depth -= 1;
                    at += 1;
                    if depth == 0 {
                        self.at = at;
                        return Ok(());
                    }
                }
                _ => at += 1,
            }
        }
        Err(Malformed { at: start, detail: "an object or array without its end" })
    }

    /// Skips a number, `true`, `false` or `null`.
    pub(crate) fn word(&mut self) -> Result<(), Malformed> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let word = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let length = match rest.first() {
            Some(b't') if rest.starts_with(b"true") => 4,
            Some(b'n') if rest.starts_with(b"null") => 4,
            Some(b'f') if rest.starts_with(b"false") => 5,
            Some(b'-' | b'0'..=b'9') => rest.iter().position(|byte| !word(byte)).unwrap_or(rest.len()),
            _ => return Err(self.malformed("expected a value")),
        };
        self.at += length;
        Ok(())
    }
}

/// Where a text ends, one behind its quote, from behind its first one on.
#[inline(always)]
fn end_of_string(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let found = quote_or_escape(text, at)?;
        if text[found] == b'"' {
            return Some(found + 1);
        }
        // What is escaped may be a quote.
        at = found + 2;
    }
}

/// Where the next quote or backslash is, looking at eight bytes at a time.
#[inline(always)]
fn quote_or_escape(text: &[u8], from: usize) -> Option<usize> {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // Marks each byte that is zero, and possibly some above the first of them: the lowest mark is right.
    let zeros = |word: u64| word.wrapping_sub(LOW) & !word & HIGH;
    let mut at = from;
    while let Some(word) = text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*word);
        let marks = zeros(word ^ (LOW * 0x22)) | zeros(word ^ (LOW * 0x5c));
        if marks != 0 {
            return Some(at + marks.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    let found = text.get(at..)?.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
    Some(at + found)
}

impl<'t> Raw<'t> {
    /// What stands between the quotes if nothing in it is escaped.
    pub(crate) fn plain(&self) -> Option<&'t [u8]> {
        if self.escaped { None } else { self.text.get(1..self.text.len() - 1) }
    }

    pub(crate) fn decode(&self) -> Result<Cow<'t, str>, Malformed> {
        if self.escaped {
            let decoded = serde_json::from_slice(self.text).map(Cow::Owned);
            return decoded.map_err(|_| Malformed { at: self.start, detail: "a text with a wrong escape" });
        }
        let inner = self.text.get(1..self.text.len() - 1).unwrap_or_default();
        str::from_utf8(inner).map(Cow::Borrowed).map_err(|_| Malformed { at: self.start, detail: "not UTF-8" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_quote_or_backslash_is_found_at_every_place() {
        for length in 0..40 {
            let plain = vec![b'a'; length];
            assert_eq!(quote_or_escape(&plain, 0), None);
            for at in 0..length {
                for special in *b"\"\\" {
                    // Neighbours that differ by one bit or one count must not be taken for it.
                    let mut text: Vec<u8> =
                        (0..length).map(|n| [special ^ 1, special + 1, 0xff, 0x80, 0][n % 5]).collect();
                    text[at] = special;
                    text[at + 1..].fill(special);
                    assert_eq!(quote_or_escape(&text, 0), Some(at), "{text:x?}");
                    assert_eq!(quote_or_escape(&text, at), Some(at));
                }
            }
        }
    }

    #[test]
    fn values_end_where_they_end() {
        for value in ["1", "-1.5e+3", "true", "null", r#""a\"b\\""#, r#"{"a":["}",{"b":"\"]"}]}"#, "[]", "[1,[2],{}]"] {
            let text = format!(" {value} ,");
            let mut cursor = Cursor::new(text.as_bytes());
            cursor.skip_value().expect("a value");
            assert_eq!(cursor.at(), 1 + value.len(), "{value}");
        }
    }

    #[test]
    fn an_end_that_is_missing_is_told() {
        for text in ["\"", "\"\\", "\"\\\"", "[", "[[]", "{\"a\":\"", ""] {
            assert!(Cursor::new(text.as_bytes()).skip_value().is_err(), "{text}");
        }
    }
}
