//! A path that everything else is below.

use super::{Kind, quoted};
use crate::config::source::Raw;

/// Segments of plain characters, each after a slash; or nothing.
pub(in crate::config) struct BasePath;

impl Kind for BasePath {
    type Value = String;

    fn parse(&self, raw: &Raw) -> Option<String> {
        let text = raw.text()?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_~.".contains(&byte);
        let segment = |segment: &str| !matches!(segment, "" | "." | "..") && segment.bytes().all(plain);
        let fits = match text.strip_prefix('/') {
            Some(rest) => rest.split('/').all(segment),
            None => text.is_empty(),
        };
        fits.then(|| text.to_owned())
    }

    fn allowed(&self) -> String {
        "a path without a slash at its end, such as \"/tidemill\", or \"\" for none".into()
    }

    fn to_toml(&self, value: &String) -> String {
        quoted(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_path_has_nothing_that_could_mean_two_things() {
        let parse = |text: &str| BasePath.parse(&Raw::Untyped(text.into()));
        for good in ["", "/tidemill", "/a/b-1_2.3"] {
            assert_eq!(parse(good).as_deref(), Some(good));
        }
        for wrong in ["/", "tidemill", "/a/", "//a", "/a/../b", "/a?b", "/a%2fb", "/ä"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
