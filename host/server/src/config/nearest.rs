//! Which known name somebody meant who wrote an unknown one.

/// The known key that is most like an unknown one, if any is like it at all. The last part counts more than the section:
/// keys are misplaced as often as they are misspelt.
pub(super) fn nearest_key<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let (section, key) = split(unknown);
    let likeness = |candidate: &str| {
        let (other_section, other_key) = split(candidate);
        0.25 * strsim::normalized_damerau_levenshtein(section, other_section)
            + 0.75 * strsim::jaro_winkler(key, other_key)
    };
    best(known, likeness, 0.72)
}

/// The known environment variable that is most like an unknown one, if any is.
pub(super) fn nearest_variable<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    best(known, |candidate| strsim::normalized_damerau_levenshtein(unknown, candidate), 0.7)
}

/// Section and last part of a dotted key.
pub(super) fn split(key: &str) -> (&str, &str) {
    key.rsplit_once('.').unwrap_or(("", key))
}

fn best<'a>(known: impl Iterator<Item = &'a str>, likeness: impl Fn(&str) -> f64, least: f64) -> Option<&'a str> {
    known
        .map(|candidate| (likeness(candidate), candidate))
        .filter(|(likeness, _)| *likeness >= least)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 6] =
        ["listen", "data-dir", "publish.body-max", "publish.batch-max", "log.bytes-max", "drain.deadline"];

    #[test]
    fn misspelt_and_misplaced_keys_are_recognised() {
        for (unknown, meant) in [
            ("lisen", "listen"),
            ("data", "data-dir"),
            ("publish.body_max", "publish.body-max"),
            ("publsh.body-max", "publish.body-max"),
            ("body-max", "publish.body-max"),
            ("log.byte-max", "log.bytes-max"),
            ("drain.dedline", "drain.deadline"),
        ] {
            assert_eq!(nearest_key(unknown, KEYS.into_iter()), Some(meant), "{unknown}");
        }
    }

    #[test]
    fn nothing_is_guessed_for_what_is_like_nothing() {
        for unknown in ["tls.certificate", "publish.foo", "x"] {
            assert_eq!(nearest_key(unknown, KEYS.into_iter()), None, "{unknown}");
        }
    }
}
