//! What an operator says about one plugin: the sidecar `plugins/<name>.toml` and the table `[plugins.<name>]` of the
//! configuration, which have the same keys. Where both name a key, the configuration wins.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};
use tidemill_event::{TypePattern, limits::PATTERNS_MAX};

use crate::Limits;

/// Settings of one plugin; everything is optional.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PluginSettings {
    /// Place in the chain: lower first; the default is 0, and equal ones go by name.
    pub order: Option<i32>,
    /// Whether the plugin takes part at all; the default is true.
    pub enabled: Option<bool>,
    /// Narrows what the manifest subscribes to.
    pub subscribes: Option<Vec<TypePattern>>,
    /// Limits that differ from the host's defaults.
    pub limits: LimitSettings,
    /// The plugin's own configuration.
    pub config: Map<String, Value>,
}

/// Limits as settings; absent ones have the host's default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LimitSettings {
    /// Time for one call with a batch.
    pub time: Option<Duration>,
    /// Bytes of each linear memory.
    pub memory: Option<usize>,
    /// Lines in the host's log per second.
    pub log_lines: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    order: Option<i32>,
    enabled: Option<bool>,
    subscribes: Option<Vec<String>>,
    #[serde(default)]
    limits: RawLimits,
    #[serde(default)]
    config: Map<String, Value>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawLimits {
    time: Option<String>,
    memory: Option<String>,
    log_lines: Option<u32>,
}

impl PluginSettings {
    /// Reads a sidecar's text; on failure says everything that is wrong with it.
    pub fn from_toml(text: &str) -> Result<Self, Vec<String>> {
        let table: toml::Table = text.parse().map_err(|e: toml::de::Error| vec![e.to_string().trim().to_owned()])?;
        Self::from_table(&table)
    }

    /// From a table that was read already.
    pub fn from_table(table: &toml::Table) -> Result<Self, Vec<String>> {
        let raw: Raw = table.clone().try_into().map_err(|e: toml::de::Error| vec![e.message().to_owned()])?;
        let mut problems = Vec::new();
        let patterns = raw.subscribes.map(|texts| {
            let patterns: Vec<TypePattern> = texts
                .iter()
                .filter_map(|text| text.parse().map_err(|e| problems.push(format!("subscribes: {e}"))).ok())
                .collect();
            if patterns.len() > PATTERNS_MAX {
                problems.push(format!("subscribes: {} patterns, at most {PATTERNS_MAX} are possible", patterns.len()));
            }
            patterns
        });
        let limits = LimitSettings {
            time: raw.limits.time.and_then(|text| {
                let range = Duration::from_millis(1)..=Duration::from_secs(10);
                let parsed = humantime::parse_duration(&text).ok().filter(|time| range.contains(time));
                parsed.or_else(|| {
                    problems.push(format!("limits.time: `{text}` is not a time between 1ms and 10s, such as \"50ms\""));
                    None
                })
            }),
            memory: raw.limits.memory.and_then(|text| {
                let parsed =
                    text.parse::<bytesize::ByteSize>().ok().and_then(|size| usize::try_from(size.as_u64()).ok());
                parsed.filter(|bytes| (1 << 20..=4 << 30).contains(bytes)).or_else(|| {
                    problems.push(format!(
                        "limits.memory: `{text}` is not a size between 1MiB and 4GiB, such as \"64MiB\""
                    ));
                    None
                })
            }),
            log_lines: raw.limits.log_lines,
        };
        if problems.is_empty() {
            Ok(Self { order: raw.order, enabled: raw.enabled, subscribes: patterns, limits, config: raw.config })
        } else {
            Err(problems)
        }
    }

    /// These settings, with those of `other` wherever it has any.
    pub fn overridden_by(mut self, other: &Self) -> Self {
        self.order = other.order.or(self.order);
        self.enabled = other.enabled.or(self.enabled);
        self.subscribes = other.subscribes.clone().or(self.subscribes);
        self.limits.time = other.limits.time.or(self.limits.time);
        self.limits.memory = other.limits.memory.or(self.limits.memory);
        self.limits.log_lines = other.limits.log_lines.or(self.limits.log_lines);
        self.config.extend(other.config.clone());
        self
    }

    /// The limits that apply.
    pub(crate) fn limits(&self, defaults: &Limits) -> Limits {
        Limits {
            time: self.limits.time.unwrap_or(defaults.time),
            memory: self.limits.memory.unwrap_or(defaults.memory),
            log_lines: self.limits.log_lines.unwrap_or(defaults.log_lines),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sidecar_is_read_and_the_configuration_wins() {
        let sidecar = PluginSettings::from_toml(
            "order = 5\nsubscribes = ['order.*']\n[limits]\ntime = '5ms'\nmemory = '2MiB'\n[config]\na = 1\nb = 2\n",
        )
        .unwrap();
        assert_eq!((sidecar.limits.time, sidecar.limits.memory), (Some(Duration::from_millis(5)), Some(2 << 20)));
        let config = PluginSettings::from_toml("enabled = false\n[config]\nb = 3\n").unwrap();
        let both = sidecar.overridden_by(&config);
        assert_eq!((both.order, both.enabled), (Some(5), Some(false)));
        assert_eq!(Value::Object(both.config).to_string(), r#"{"a":1,"b":3}"#);
    }

    #[test]
    fn mistakes_name_the_key() {
        let problems = |text: &str| PluginSettings::from_toml(text).unwrap_err().join("; ");
        assert!(problems("oder = 1").contains("oder"));
        assert!(problems("order = 'first'").contains("invalid type"));
        let several = problems("subscribes = ['a b', '*']\nlimits = { time = '1h', memory = '1KiB' }");
        assert!(several.contains("subscribes") && several.contains("limits.time") && several.contains("limits.memory"));
        assert!(problems("= 1").contains("line 1"));
    }
}
