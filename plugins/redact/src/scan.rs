//! Owns the one scan over the bytes of an event that says what there may be to mask.
//!
//! It may say yes for nothing, never no for something. Knows nothing about how things are masked.
use aho_corasick::{AhoCorasick, AhoCorasickKind, StartKind};

use crate::{paths::Paths, secrets};

/// The scan.
#[derive(Debug)]
pub(crate) struct Scan {
    patterns: AhoCorasick,
    /// The first pattern that is the beginning of a secret; those before it are names.
    secrets: usize,
    /// Whether there is a path that any event may have.
    any_path: bool,
    any_secret: bool,
}

/// What an event may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Members that a path leads to.
    pub(crate) paths: bool,
    /// Secrets.
    pub(crate) secrets: bool,
}

/// How an ASCII character may be hidden in a JSON text; whoever writes it so has the event looked into.
const ESCAPED_ASCII: &str = r"\u00";

impl Scan {
    pub(crate) fn compile(paths: &Paths, secrets: bool) -> Result<Self, String> {
        let mut patterns = vec![ESCAPED_ASCII.to_owned()];
        let mut any_path = false;
        for name in paths.needed_names() {
            match name {
                Some(name) if plain(name) => patterns.push(format!("\"{name}\"")),
                _ => any_path = true,
            }
        }
        let first = patterns.len();
        if secrets {
            patterns.extend(secrets::starts().map(str::to_owned));
        }
        // One table look-up per byte. Skipping ahead does not pay: names and secrets begin with common letters.
        let patterns = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::DFA))
            .start_kind(StartKind::Unanchored)
            .prefilter(false)
            .build(patterns)
            .map_err(|error| format!("config.paths: {error}"))?;
        Ok(Self { patterns, secrets: first, any_path, any_secret: secrets })
    }

    /// What this JSON text may have.
    pub(crate) fn look(&self, json: &[u8]) -> Found {
        let mut found = Found { paths: self.any_path, secrets: false };
        // The names of paths may overlap with the beginnings of secrets.
        for pattern in self.patterns.find_overlapping_iter(json).map(|found| found.pattern().as_usize()) {
            if pattern == 0 {
                return Found { paths: true, secrets: self.any_secret };
            }
            match pattern < self.secrets {
                true => found.paths = true,
                false => found.secrets = true,
            }
            if found.paths && (found.secrets || !self.any_secret) {
                break;
            }
        }
        found
    }
}

/// Whether a name has but one way to be written in JSON, apart from [`ESCAPED_ASCII`].
fn plain(name: &str) -> bool {
    name.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\' | b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_paths_from_secrets() {
        let paths = Paths::parse(&["/AKIA".into(), "/a/*".into()]).expect("good paths");
        let scan = Scan::compile(&paths, true).expect("good patterns");
        let look = |json: &str| {
            let found = scan.look(json.as_bytes());
            (found.paths, found.secrets)
        };
        assert_eq!(look(r#"{"b":"text"}"#), (false, false));
        assert_eq!(look(r#"{"a":"text"}"#), (true, false));
        assert_eq!(look(r#"{"b":"ghp_"}"#), (false, true));
        assert_eq!(look(r#"{"AKIA":1}"#), (true, true));
        assert_eq!(look(r#"{"b":"\u0061"}"#), (true, true));
        let scan = Scan::compile(&Paths::parse(&["/*".into()]).expect("good paths"), false).expect("good patterns");
        assert_eq!(scan.look(b"{}"), Found { paths: true, secrets: false });
    }
}
