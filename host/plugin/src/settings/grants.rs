//! The table `grants` of one plugin's settings.

use std::str::FromStr;

use ipnet::IpNet;
use serde::Deserialize;
use tidemill_event::{TypePattern, limits::PATTERNS_MAX};

use crate::limits::HTTP_HOSTS_MAX;
use crate::{Destination, DestinationError, Grants};

/// Grants as settings; absent ones are not given. See [`Grants`] for what each is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GrantSettings {
    state: Option<bool>,
    figures: Option<bool>,
    publish: Option<Vec<TypePattern>>,
    http: Option<Vec<Destination>>,
    private_networks: Option<Vec<IpNet>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(super) struct RawGrants {
    state: Option<bool>,
    figures: Option<bool>,
    publish: Option<Vec<String>>,
    http: Option<Vec<String>>,
    private_networks: Option<Vec<String>>,
}

impl GrantSettings {
    /// These, with those of `other` wherever it has any.
    pub(super) fn overridden_by(self, other: &Self) -> Self {
        Self {
            state: other.state.or(self.state),
            figures: other.figures.or(self.figures),
            publish: other.publish.clone().or(self.publish),
            http: other.http.clone().or(self.http),
            private_networks: other.private_networks.clone().or(self.private_networks),
        }
    }

    /// What is granted.
    pub(crate) fn over_nothing(&self) -> Grants {
        Grants {
            state: self.state.unwrap_or_default(),
            figures: self.figures.unwrap_or_default(),
            publish: self.publish.clone().unwrap_or_default(),
            http: self.http.clone().unwrap_or_default(),
            private_networks: self.private_networks.clone().unwrap_or_default(),
        }
    }
}

impl RawGrants {
    pub(super) fn read(self, problems: &mut Vec<String>) -> GrantSettings {
        GrantSettings {
            state: self.state,
            figures: self.figures,
            publish: patterns("grants.publish", self.publish, problems),
            http: list("grants.http", self.http, problems, |_, error: DestinationError| error.to_string()),
            private_networks: list("grants.private-networks", self.private_networks, problems, |text, error| {
                let error: ipnet::AddrParseError = error;
                format!("`{text}` is no network ({error}); write \"127.0.0.0/8\", \"10.1.2.3/32\" or \"fd00::/8\"")
            }),
        }
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

/// What was granted under a key, one text each.
fn list<T: FromStr>(
    key: &str,
    texts: Option<Vec<String>>,
    problems: &mut Vec<String>,
    told: impl Fn(&str, T::Err) -> String,
) -> Option<Vec<T>> {
    let texts = texts?;
    if texts.len() > HTTP_HOSTS_MAX {
        problems.push(format!("{key}: {} entries, at most {HTTP_HOSTS_MAX} are possible", texts.len()));
    }
    let read = |text: &String| text.parse().map_err(|e| problems.push(format!("{key}: {}", told(text, e)))).ok();
    Some(texts.iter().filter_map(read).collect())
}
