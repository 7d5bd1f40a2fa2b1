//! Owns what a secret looks like in a text: how it begins, which characters follow, and how many at least.
//!
//! Only kinds that are told by their form, so that ordinary text is left alone. Knows nothing about JSON.
use aho_corasick::{AhoCorasick, MatchKind};

/// Finds and masks secrets.
#[derive(Debug)]
pub(crate) struct Secrets {
    starts: AhoCorasick,
}

/// One kind of secret.
struct Kind {
    /// How it begins.
    start: &'static str,
    /// Where it ends, given the text from its beginning; `None` if it is none after all.
    end: fn(&str) -> Option<usize>,
    /// What stays in front of the mask, in bytes.
    keep: usize,
    /// Whether a letter or digit in front of it means that it is a part of something else.
    word: bool,
}

const KINDS: [Kind; 21] = [
    github("ghp_"),
    github("gho_"),
    github("ghs_"),
    github("ghu_"),
    github("ghr_"),
    github("github_pat_"),
    aws("AKIA"),
    aws("ASIA"),
    slack("xoxb-"),
    slack("xoxp-"),
    slack("xoxa-"),
    slack("xoxr-"),
    slack("xoxs-"),
    slack("xoxe"),
    slack("xapp-"),
    Kind { start: "eyJ", end: jwt, keep: 0, word: true },
    bearer("Bearer "),
    bearer("bearer "),
    Kind { start: "-----BEGIN ", end: pem, keep: 0, word: false },
    stripe("sk_live_"),
    stripe("rk_live_"),
];

/// Google's keys have a fixed length of their own.
const GOOGLE: Kind = Kind { start: "AIza", end: google, keep: 0, word: false };

/// How secrets begin, all in plain ASCII that JSON has no reason to escape.
pub(crate) fn starts() -> impl Iterator<Item = &'static str> {
    kinds().map(|kind| kind.start)
}

fn kinds() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().chain([&GOOGLE])
}

impl Secrets {
    pub(crate) fn compile() -> Result<Self, String> {
        let starts = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(starts());
        Ok(Self { starts: starts.map_err(|error| error.to_string())? })
    }

    /// The text with its secrets masked; `None` if it has none.
    pub(crate) fn mask(&self, text: &str, mask: &str) -> Option<String> {
        let mut masked = String::new();
        let mut done = 0;
        for found in self.starts.find_iter(text) {
            let (start, kind) = (found.start(), kinds().nth(found.pattern().as_usize())?);
            let inside = start > 0 && text.as_bytes()[start - 1].is_ascii_alphanumeric();
            if start < done || kind.word && inside {
                continue;
            }
            if let Some(length) = (kind.end)(&text[start..]) {
                masked.push_str(&text[done..start + kind.keep]);
                masked.push_str(mask);
                done = start + length;
            }
        }
        if done == 0 {
            return None;
        }
        masked.push_str(&text[done..]);
        Some(masked)
    }
}

const fn github(start: &'static str) -> Kind {
    Kind { start, end: |text| run(text, text.find('_')? + 1, 20, |byte| byte == b'_'), keep: 0, word: false }
}

const fn aws(start: &'static str) -> Kind {
    let end = |text: &str| run(text, 4, 16, |_| false).filter(|&end| end == 20 && !text[..end].bytes().any(lower));
    Kind { start, end, keep: 0, word: true }
}

const fn slack(start: &'static str) -> Kind {
    Kind { start, end: |text| run(text, 4, 10, |byte| matches!(byte, b'-' | b'.')), keep: 0, word: false }
}

const fn stripe(start: &'static str) -> Kind {
    Kind { start, end: |text| run(text, 8, 16, |_| false), keep: 0, word: false }
}

/// RFC 6750: the scheme stays, so that a reader sees what was there.
const fn bearer(start: &'static str) -> Kind {
    let end = |text: &str| run(text, 7, 16, |byte| matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'='));
    Kind { start, end, keep: 7, word: true }
}

fn google(text: &str) -> Option<usize> {
    run(text, 4, 35, |byte| matches!(byte, b'-' | b'_')).map(|_| 39)
}

/// RFC 7519 in compact form: header, claims and signature, the first two of them JSON objects in base64url.
fn jwt(text: &str) -> Option<usize> {
    let url = |byte| matches!(byte, b'-' | b'_');
    let header = run(text, 0, 10, url)?;
    let claims = header + 1;
    if !text[header..].starts_with(".eyJ") {
        return None;
    }
    let claims = run(text, claims, 10, url)?;
    if !text[claims..].starts_with('.') {
        return None;
    }
    // A token without a signature is still nobody's business.
    run(text, claims + 1, 0, url)
}

/// RFC 7468, from the first line of a private key to its last, or to the end of the text if it is cut off.
fn pem(text: &str) -> Option<usize> {
    const LABEL: &str = "PRIVATE KEY-----";
    let first = text.find(LABEL).filter(|&at| at < 48 && !text[..at].contains('\n'))?;
    let rest = &text[first + LABEL.len()..];
    Some(rest.find(LABEL).map_or(text.len(), |last| first + LABEL.len() + last + LABEL.len()))
}

fn lower(byte: u8) -> bool {
    byte.is_ascii_lowercase()
}

/// Where a run of letters, digits and `also` ends that begins at `from`, if it has at least so many.
fn run(text: &str, from: usize, least: usize, also: impl Fn(u8) -> bool) -> Option<usize> {
    let rest = text.as_bytes().get(from..)?;
    let length = rest.iter().position(|&byte| !(byte.is_ascii_alphanumeric() || also(byte))).unwrap_or(rest.len());
    (length >= least).then_some(from + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(text: &str) -> String {
        Secrets::compile().expect("the starts are good").mask(text, "#").unwrap_or_else(|| text.to_owned())
    }

    /// Put together here, so that nobody's scanner takes this file for a leak.
    fn token(start: &str, length: usize) -> String {
        format!("{start}{}", "A1b2C3d4E5".repeat(length / 10 + 1).chars().take(length).collect::<String>())
    }

    #[test]
    fn each_kind_is_masked_and_the_rest_stays() {
        let upper = token("AKIA", 16).to_uppercase();
        let jwt = format!("{}.{}.{}", token("eyJ", 17), token("eyJ", 40), token("s", 42));
        let pem = format!("-----BEGIN RSA {0} KEY-----\nabc\n-----END RSA {0} KEY-----", "PRIVATE");
        let secrets = [
            token("ghp_", 36),
            token("gho_", 36),
            token("ghs_", 36),
            token("github_pat_", 82),
            upper,
            jwt,
            pem,
            token("xoxb-", 40),
            token("sk_live_", 24),
            token("AIza", 35),
        ];
        for secret in secrets {
            assert_eq!(mask(&secret), "#", "{secret}");
            assert_eq!(mask(&format!("a {secret}, b={secret}\n")), "a #, b=#\n", "{secret}");
        }
        assert_eq!(mask(&format!("Authorization: Bearer {}", token("", 24))), "Authorization: Bearer #");
        assert_eq!(mask(&format!("Bearer {}", token("ghp_", 36))), "Bearer #");
    }

    #[test]
    fn a_key_that_is_cut_off_is_masked_to_the_end() {
        assert_eq!(mask(&format!("x -----BEGIN {} KEY-----\nabc", "PRIVATE")), "x #");
    }

    #[test]
    fn ordinary_text_stays() {
        for text in [
            "ghp_short",
            "the Bearer of news",
            "bearer token missing",
            "eyJhbGciOiJIUzI1NiJ9",
            "eyJ.eyJ.x",
            "AKIA",
            "xoxo, love",
            "-----BEGIN PUBLIC KEY-----\nabc\n-----END PUBLIC KEY-----",
            "sk_test_1234",
            "AIzaShort",
            "ä ghp_ ö",
            "XAKIAABCDEFGHIJKLMNOP",
            "AKIAabcdefghijklmnop",
            "AKIAABCDEFGHIJKLMNOPQRSTUV",
        ] {
            assert_eq!(mask(text), text);
        }
    }
}
