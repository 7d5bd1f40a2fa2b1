//! What an operator says about one plugin: the sidecar `plugins/<name>.toml` and the table `[plugins.<name>]` of the
//! configuration, which have the same keys. Where both name a key, the configuration wins.

use serde::Deserialize;
use serde_json::{Map, Value};
use tidemill_event::TypePattern;

mod breaker;
mod grants;
mod limits;

pub use breaker::BreakerChoices;
pub use grants::GrantSettings;
pub use limits::LimitSettings;

use breaker::RawBreaker;
use grants::{RawGrants, patterns};
use limits::RawLimits;

/// Settings of one plugin; everything is optional.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PluginSettings {
    /// Place in the chain: lower first; the default is 0, and equal ones go by name.
    pub order: Option<i32>,
    /// Whether the plugin takes part at all; the default is true.
    pub enabled: Option<bool>,
    /// Narrows what the manifest subscribes to.
    pub subscribes: Option<Vec<TypePattern>>,
    /// What becomes of events on which it fails.
    pub on_fault: Option<OnFault>,
    /// Limits that differ from the host's defaults.
    pub limits: LimitSettings,
    /// When it is taken out, as far as that differs from the default.
    pub breaker: BreakerChoices,
    /// What it is granted.
    pub grants: GrantSettings,
    /// The plugin's own configuration.
    pub config: Map<String, Value>,
}

/// What becomes of an event on which a plugin fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFault {
    /// It is set aside with the reason, to be looked at and replayed; its publisher is told so.
    #[default]
    DeadLetter,
    /// It goes on as if the plugin had not been there. Not for validation by its type's owner: without that no event of
    /// an owned type is stored (invariant I8), so that it is set aside there.
    Keep,
    /// It ends there, as if the plugin had dropped it.
    Drop,
    /// It is refused: its publisher is told that it is a mistake.
    Reject,
}

impl OnFault {
    /// The name used in settings and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DeadLetter => "dead-letter",
            Self::Keep => "keep",
            Self::Drop => "drop",
            Self::Reject => "reject",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Raw {
    order: Option<i32>,
    enabled: Option<bool>,
    subscribes: Option<Vec<String>>,
    on_fault: Option<OnFault>,
    #[serde(default)]
    limits: RawLimits,
    #[serde(default)]
    breaker: RawBreaker,
    #[serde(default)]
    grants: RawGrants,
    #[serde(default)]
    config: Map<String, Value>,
}

impl PluginSettings {
    /// Reads a sidecar's text; on failure says everything that is wrong with it.
    pub fn from_toml(text: &str) -> Result<Self, Vec<String>> {
        let table: toml::Table = text.parse().map_err(|e: toml::de::Error| vec![e.to_string().trim().to_owned()])?;
        Self::from_table(&table)
    }

    /// From a table that was read already.
    pub fn from_table(table: &toml::Table) -> Result<Self, Vec<String>> {
        let raw: Raw = table.clone().try_into().map_err(|error| vec![located(&error)])?;
        let mut problems = Vec::new();
        let subscribes = patterns("subscribes", raw.subscribes, &mut problems);
        let (limits, breaker) = (raw.limits.read(&mut problems), raw.breaker.read(&mut problems));
        let grants = raw.grants.read(&mut problems);
        if problems.is_empty() {
            let Raw { order, enabled, on_fault, config, .. } = raw;
            Ok(Self { order, enabled, subscribes, on_fault, limits, breaker, grants, config })
        } else {
            Err(problems)
        }
    }

    /// These settings, with those of `other` wherever it has any.
    pub fn overridden_by(mut self, other: &Self) -> Self {
        self.order = other.order.or(self.order);
        self.enabled = other.enabled.or(self.enabled);
        self.subscribes = other.subscribes.clone().or(self.subscribes);
        self.on_fault = other.on_fault.or(self.on_fault);
        self.limits = self.limits.overridden_by(other.limits);
        self.breaker = self.breaker.overridden_by(other.breaker);
        self.grants = self.grants.overridden_by(&other.grants);
        self.config.extend(other.config.clone());
        self
    }
}

/// What is wrong, and in which key: the library says that on a line of its own.
fn located(error: &toml::de::Error) -> String {
    error.to_string().trim().replace('\n', ", ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_value_of_the_wrong_kind_is_told_with_its_key() {
        let problems = PluginSettings::from_toml("[grants]\nprivate-networks = true\n").unwrap_err();
        assert_eq!(problems, ["invalid type: boolean `true`, expected a sequence, in `grants.private-networks`"]);
    }

    #[test]
    fn a_sidecar_is_read_and_the_configuration_wins() {
        let sidecar = PluginSettings::from_toml(
            "order = 5\nsubscribes = ['order.*']\n[limits]\ntime = '5ms'\nmemory = '2MiB'\n[config]\na = 1\nb = 2\n",
        )
        .unwrap();
        assert_eq!((sidecar.limits.time, sidecar.limits.memory), (Some(Duration::from_millis(5)), Some(2 << 20)));
        let config =
            PluginSettings::from_toml("enabled = false\non-fault = 'keep'\nlimits.time = '6ms'\n[config]\nb = 3\n")
                .unwrap();
        let both = sidecar.overridden_by(&config);
        assert_eq!((both.order, both.enabled, both.on_fault), (Some(5), Some(false), Some(OnFault::Keep)));
        assert_eq!((both.limits.time, both.limits.memory), (Some(Duration::from_millis(6)), Some(2 << 20)));
        assert_eq!(Value::Object(both.config).to_string(), r#"{"a":1,"b":3}"#);
    }

    #[test]
    fn mistakes_name_the_key() {
        let problems = |text: &str| PluginSettings::from_toml(text).unwrap_err().join("; ");
        assert!(problems("oder = 1").contains("oder"));
        assert!(problems("on-fault = 'ignore'").contains("dead-letter"));
        assert!(problems("limits = { output-events = 0 }").contains("limits.output-events"));
        assert!(problems("limits = { stack = 1 }").contains("stack"));
        let breaker = problems("breaker = { rate = 2.0, rest = '1ms' }");
        assert!(breaker.contains("breaker.rate") && breaker.contains("breaker.rest"), "{breaker}");
        assert!(problems("order = 'first'").contains("invalid type"));
        let several = problems("subscribes = ['a b', '*']\nlimits = { time = '1h', memory = '1KiB' }");
        assert!(several.contains("subscribes") && several.contains("limits.time") && several.contains("limits.memory"));
        assert!(problems("= 1").contains("line 1"));
    }
}
