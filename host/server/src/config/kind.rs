//! The kinds of values: what each accepts, how it says what it accepts, and how it is written as TOML.

mod base_path;
mod networks;
mod socket;

pub(super) use base_path::BasePath;
pub(super) use networks::Networks;
pub(super) use socket::{Address, Mode};

use std::{fmt::Debug, ops::RangeInclusive, path::PathBuf, time::Duration};

use bytesize::ByteSize;
use tidemill_event::limits::SOURCE_BYTES_MAX;
use tracing_subscriber::EnvFilter;

use super::source::Raw;

mod list;

pub(super) use list::{Hosts, Methods, Names, Origins, PublicKeys, Switches};

/// One kind of value.
pub(super) trait Kind {
    /// What it becomes.
    type Value;
    /// The checked value; `None` if it is not [what is allowed](Self::allowed).
    fn parse(&self, raw: &Raw) -> Option<Self::Value>;
    /// What is allowed, to stand after "expected".
    fn allowed(&self) -> String;
    /// The value as TOML.
    fn to_toml(&self, value: &Self::Value) -> String;
}

/// A directory, which need not exist yet.
pub(super) struct Folder;
/// A file, or none.
pub(super) struct File;
/// A source of events.
pub(super) struct Source;
/// Directives of a log filter.
pub(super) struct Directives;
/// A number of bytes, with or without a unit.
pub(super) struct Size(pub(super) RangeInclusive<usize>);
/// A time span with a unit.
pub(super) struct Span(pub(super) RangeInclusive<Duration>);
/// A whole number.
pub(super) struct Count<T>(pub(super) RangeInclusive<T>);
/// Yes or no.
pub(super) struct Switch;
/// Any of some words, each at most once.
pub(super) struct Several<T: 'static>(pub(super) &'static [(&'static str, T)]);
/// One of some words.
pub(super) struct Choice<T: 'static>(pub(super) &'static [(&'static str, T)]);

impl Raw {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Untyped(text) | Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Kind for Folder {
    type Value = PathBuf;

    fn parse(&self, raw: &Raw) -> Option<PathBuf> {
        raw.text().filter(|text| !text.is_empty() && !text.contains('\0')).map(PathBuf::from)
    }

    fn allowed(&self) -> String {
        "the path of a directory".into()
    }

    fn to_toml(&self, value: &PathBuf) -> String {
        quoted(&value.to_string_lossy())
    }
}

impl Kind for File {
    type Value = Option<PathBuf>;

    fn parse(&self, raw: &Raw) -> Option<Option<PathBuf>> {
        let text = raw.text().filter(|text| !text.contains('\0'))?;
        Some(Some(PathBuf::from(text)).filter(|path| !path.as_os_str().is_empty()))
    }

    fn allowed(&self) -> String {
        "the path of a file, or \"\" for none".into()
    }

    fn to_toml(&self, value: &Option<PathBuf>) -> String {
        quoted(&value.as_deref().unwrap_or(std::path::Path::new("")).to_string_lossy())
    }
}

impl Kind for Source {
    type Value = String;

    fn parse(&self, raw: &Raw) -> Option<String> {
        let fits = |text: &&str| {
            (1..=SOURCE_BYTES_MAX).contains(&text.len())
                && !text.contains(|c: char| c.is_whitespace() || c.is_control())
        };
        raw.text().filter(fits).map(str::to_owned)
    }

    fn allowed(&self) -> String {
        format!("a URI reference of 1 to {SOURCE_BYTES_MAX} bytes without spaces, such as \"/shop/orders\"")
    }

    fn to_toml(&self, value: &String) -> String {
        quoted(value)
    }
}

impl Kind for Directives {
    type Value = String;

    fn parse(&self, raw: &Raw) -> Option<String> {
        raw.text().filter(|text| !text.trim().is_empty() && EnvFilter::builder().parse(text).is_ok()).map(str::to_owned)
    }

    fn allowed(&self) -> String {
        "a level (error, warn, info, debug, trace, off) or directives such as \"info,tidemill_bus=debug\"".into()
    }

    fn to_toml(&self, value: &String) -> String {
        quoted(value)
    }
}

impl Kind for Size {
    type Value = usize;

    fn parse(&self, raw: &Raw) -> Option<usize> {
        let bytes = match raw {
            Raw::Untyped(text) | Raw::Text(text) => text.parse::<ByteSize>().ok()?.as_u64(),
            Raw::Integer(digits) => digits.parse().ok()?,
            _ => return None,
        };
        usize::try_from(bytes).ok().filter(|bytes| self.0.contains(bytes))
    }

    fn allowed(&self) -> String {
        let (least, most) = (size(*self.0.start()), size(*self.0.end()));
        format!("a size from {least} to {most}, such as \"{least}\"")
    }

    fn to_toml(&self, value: &usize) -> String {
        quoted(&size(*value))
    }
}

impl Kind for Span {
    type Value = Duration;

    fn parse(&self, raw: &Raw) -> Option<Duration> {
        let span = humantime::parse_duration(raw.text()?).ok()?;
        Some(span).filter(|span| self.0.contains(span))
    }

    fn allowed(&self) -> String {
        let (least, most) = (span(*self.0.start()), span(*self.0.end()));
        format!("a duration from {least} to {most}, such as \"250ms\", \"15s\" or \"2m\"")
    }

    fn to_toml(&self, value: &Duration) -> String {
        quoted(&span(*value))
    }
}

impl<T: TryFrom<i64> + PartialOrd + ToString> Kind for Count<T> {
    type Value = T;

    fn parse(&self, raw: &Raw) -> Option<T> {
        let (Raw::Untyped(digits) | Raw::Integer(digits)) = raw else {
            return None;
        };
        T::try_from(digits.parse::<i64>().ok()?).ok().filter(|count| self.0.contains(count))
    }

    fn allowed(&self) -> String {
        format!("a whole number from {} to {}", self.0.start().to_string(), self.0.end().to_string())
    }

    fn to_toml(&self, value: &T) -> String {
        value.to_string()
    }
}

impl Kind for Switch {
    type Value = bool;

    fn parse(&self, raw: &Raw) -> Option<bool> {
        match raw {
            Raw::Boolean(value) => Some(*value),
            Raw::Untyped(text) => text.parse().ok(),
            _ => None,
        }
    }

    fn allowed(&self) -> String {
        "true or false".into()
    }

    fn to_toml(&self, value: &bool) -> String {
        value.to_string()
    }
}

impl<T: Copy + PartialEq + Debug> Kind for Choice<T> {
    type Value = T;

    fn parse(&self, raw: &Raw) -> Option<T> {
        let text = raw.text()?;
        self.0.iter().find(|(word, _)| *word == text).map(|(_, value)| *value)
    }

    fn allowed(&self) -> String {
        let words: Vec<String> = self.0.iter().map(|(word, _)| quoted(word)).collect();
        words.join(" or ")
    }

    fn to_toml(&self, value: &T) -> String {
        self.0.iter().find(|(_, other)| other == value).map_or_else(String::new, |(word, _)| quoted(word))
    }
}

impl<T: Copy + PartialEq + Debug> Kind for Several<T> {
    type Value = Vec<T>;

    fn parse(&self, raw: &Raw) -> Option<Vec<T>> {
        let words: Vec<&str> = match raw {
            Raw::List(words) => words.iter().map(String::as_str).collect(),
            // A variable is one text.
            Raw::Untyped(text) => text.split(',').map(str::trim).filter(|word| !word.is_empty()).collect(),
            _ => return None,
        };
        let mut found = Vec::new();
        for word in words {
            let value = self.0.iter().find(|(own, _)| *own == word)?.1;
            if found.contains(&value) {
                return None;
            }
            found.push(value);
        }
        Some(found)
    }

    fn allowed(&self) -> String {
        let words: Vec<String> = self.0.iter().map(|(word, _)| quoted(word)).collect();
        format!("a list of {}, each at most once", words.join(" and "))
    }

    fn to_toml(&self, value: &Vec<T>) -> String {
        let name = |value: &T| self.0.iter().find(|(_, other)| other == value).map(|(word, _)| quoted(word));
        format!("[{}]", value.iter().filter_map(name).collect::<Vec<_>>().join(", "))
    }
}

pub(super) fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// A number of bytes, exactly, in the largest unit that divides it.
fn size(bytes: usize) -> String {
    let units = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
    match units.into_iter().find(|(bits, _)| bytes != 0 && bytes.is_multiple_of(1 << bits)) {
        Some((bits, unit)) => format!("{}{unit}", bytes >> bits),
        None => format!("{bytes}B"),
    }
}

fn span(span: Duration) -> String {
    humantime::format_duration(span).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn untyped(text: &str) -> Raw {
        Raw::Untyped(text.into())
    }

    #[test]
    fn sizes_are_read_and_written_exactly() {
        let kind = Size(0..=usize::MAX);
        for (text, bytes, written) in [
            ("1MiB", 1 << 20, "\"1MiB\""),
            ("1 MiB", 1 << 20, "\"1MiB\""),
            ("1mib", 1 << 20, "\"1MiB\""),
            ("1MB", 1_000_000, "\"1000000B\""),
            ("1048577", 1_048_577, "\"1048577B\""),
            ("1.5KiB", 1536, "\"1536B\""),
            ("0", 0, "\"0B\""),
            ("2048GiB", 2 << 40, "\"2TiB\""),
        ] {
            let value = kind.parse(&untyped(text)).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((value, kind.to_toml(&value)), (bytes, written.to_owned()), "{text}");
        }
        for text in ["", "MiB", "-1", "1XB", "1 M i B"] {
            assert!(kind.parse(&untyped(text)).is_none(), "{text}");
        }
        assert_eq!(kind.parse(&Raw::Integer("4096".into())), Some(4096));
    }

    #[test]
    fn durations_need_a_unit_and_are_never_negative() {
        let kind = Span(Duration::ZERO..=Duration::from_secs(7200));
        for (text, ms, written) in [
            ("15s", 15_000, "\"15s\""),
            ("250ms", 250, "\"250ms\""),
            ("10m", 600_000, "\"10m\""),
            ("90s", 90_000, "\"1m 30s\""),
            ("1m 30s", 90_000, "\"1m 30s\""),
            ("0s", 0, "\"0s\""),
        ] {
            let value = kind.parse(&untyped(text)).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(value, Duration::from_millis(ms), "{text}");
            assert_eq!(kind.to_toml(&value), written);
            assert_eq!(kind.parse(&untyped(written.trim_matches('"'))), Some(value), "{written}");
        }
        for text in ["", "15", "-1s", "3h", "soon", "1 fortnight"] {
            assert!(kind.parse(&untyped(text)).is_none(), "{text}");
        }
        assert!(kind.parse(&Raw::Integer("15".into())).is_none());
    }

    #[test]
    fn counts_of_the_file_are_integers_not_texts() {
        let kind = Count(1_u32..=10);
        assert_eq!(kind.parse(&untyped("10")), Some(10));
        assert_eq!(kind.parse(&Raw::Integer("1".into())), Some(1));
        for raw in [Raw::Text("1".into()), Raw::Integer("11".into()), Raw::Integer("0".into()), untyped("-1")] {
            assert!(kind.parse(&raw).is_none(), "{raw}");
        }
    }

    #[test]
    fn lists_are_lists_of_the_file_or_words_with_commas() {
        let kind = Several(&[("a", 1), ("b", 2)]);
        let list = |words: &[&str]| Raw::List(words.iter().map(|word| (*word).to_owned()).collect());
        for (raw, value, written) in [
            (list(&["b", "a"]), vec![2, 1], r#"["b", "a"]"#),
            (list(&[]), vec![], "[]"),
            (untyped("b, a"), vec![2, 1], r#"["b", "a"]"#),
            (untyped(""), vec![], "[]"),
        ] {
            assert_eq!(kind.parse(&raw), Some(value.clone()), "{raw}");
            assert_eq!(kind.to_toml(&value), written);
        }
        for raw in [list(&["a", "a"]), list(&["c"]), list(&[""]), Raw::Text("a".into()), untyped("a b")] {
            assert!(kind.parse(&raw).is_none(), "{raw}");
        }
    }

    #[test]
    fn addresses_have_a_port() {
        assert_eq!(
            Address.parse(&untyped("localhost:0")),
            Some(crate::config::Listen::Tcp("127.0.0.1:0".parse().unwrap()))
        );
        assert_eq!(Address.parse(&untyped("[::1]:80")), Some(crate::config::Listen::Tcp("[::1]:80".parse().unwrap())));
        assert_eq!(
            Address.parse(&untyped("unix:/run/t.sock")),
            Some(crate::config::Listen::Unix("/run/t.sock".into()))
        );
        for text in ["unix:", "127.0.0.1", ":3000", "3000", "example.org:80", "127.0.0.1:65536"] {
            assert!(Address.parse(&untyped(text)).is_none(), "{text}");
        }
    }

    #[test]
    fn filters_are_checked() {
        assert!(Directives.parse(&untyped("info,tidemill_bus=debug")).is_some());
        for text in ["", "info,a=b=c=d", "tidemill=loud"] {
            assert!(Directives.parse(&untyped(text)).is_none(), "{text}");
        }
    }
}
