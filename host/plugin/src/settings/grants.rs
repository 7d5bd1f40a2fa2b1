//! The table `grants` of one plugin's settings.

use serde::Deserialize;
use tidemill_event::{TypePattern, limits::PATTERNS_MAX};

use crate::Grants;

/// Grants as settings; absent ones are not given. See [`Grants`] for what each is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GrantSettings {
    state: Option<bool>,
    publish: Option<Vec<TypePattern>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(super) struct RawGrants {
    state: Option<bool>,
    publish: Option<Vec<String>>,
}

impl GrantSettings {
    /// These, with those of `other` wherever it has any.
    pub(super) fn overridden_by(self, other: &Self) -> Self {
        Self { state: other.state.or(self.state), publish: other.publish.clone().or(self.publish) }
    }

    /// What is granted.
    pub(crate) fn over_nothing(&self) -> Grants {
        Grants { state: self.state.unwrap_or_default(), publish: self.publish.clone().unwrap_or_default() }
    }
}

impl RawGrants {
    pub(super) fn read(self, problems: &mut Vec<String>) -> GrantSettings {
        GrantSettings { state: self.state, publish: patterns("grants.publish", self.publish, problems) }
    }
}

/// Type patterns under a key.
pub(super) fn patterns(key: &str, texts: Option<Vec<String>>, problems: &mut Vec<String>) -> Option<Vec<TypePattern>> {
    let texts = texts?;
    if texts.len() > PATTERNS_MAX {
        problems.push(format!("{key}: {} patterns, at most {PATTERNS_MAX} are possible", texts.len()));
    }
    let read = |text: &String| text.parse().map_err(|e| problems.push(format!("{key}: {e}"))).ok();
    Some(texts.iter().filter_map(read).collect())
}
