//! What has names that people type: languages, kinds, imports. Unknown names are answered with the nearest one.

/// Something of which there are a few, each with a name.
pub trait Named: Copy + Sized + 'static {
    /// What one of them is called in messages.
    const WHAT: &'static str;
    /// All of them.
    const ALL: &'static [Self];

    /// The name used everywhere.
    fn name(self) -> &'static str;

    /// Other names under which it is understood.
    fn aliases(self) -> &'static [&'static str] {
        &[]
    }

    /// The one of this name, in any case.
    ///
    /// # Errors
    ///
    /// There is none; the error names the nearest.
    fn by_name(text: &str) -> Result<Self, UnknownName> {
        let names = || Self::ALL.iter().flat_map(|one| one.aliases().iter().copied().chain([one.name()]));
        let is_meant =
            |one: &&Self| one.aliases().iter().copied().chain([one.name()]).any(|name| name.eq_ignore_ascii_case(text));
        Self::ALL.iter().find(is_meant).copied().ok_or_else(|| UnknownName {
            what: Self::WHAT,
            unknown: text.to_owned(),
            nearest: nearest(text, names()),
            all: Self::ALL.iter().map(|one| one.name()).collect(),
        })
    }
}

/// The name that is most like an unknown one, if any is.
pub(crate) fn nearest<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let unknown = unknown.to_lowercase();
    let likeness = |name: &str| strsim::normalized_damerau_levenshtein(&unknown, name);
    known
        .map(|name| (likeness(name), name))
        .filter(|(likeness, _)| *likeness > 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// There is nothing of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no {what} `{unknown}`; {}", self.advice())]
pub struct UnknownName {
    what: &'static str,
    unknown: String,
    nearest: Option<&'static str>,
    all: Vec<&'static str>,
}

impl UnknownName {
    fn advice(&self) -> String {
        match self.nearest {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => format!("there are {}", self.all.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, Language};

    #[test]
    fn names_and_aliases_are_found_in_any_case() {
        assert_eq!(Language::by_name("JS"), Ok(Language::JavaScript));
        assert_eq!(Language::by_name("c++"), Ok(Language::Cpp));
        assert_eq!(Kind::by_name("event-types"), Ok(Kind::EventTypes));
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest() {
        let told = Language::by_name("pyton").unwrap_err().to_string();
        assert_eq!(told, "there is no language `pyton`; did you mean `python`?");
        assert!(Language::by_name("cobol").unwrap_err().to_string().contains("there are rust, javascript"));
    }
}
