//! The table `breaker` of one plugin's settings.

use std::time::Duration;

use serde::Deserialize;

use crate::{BreakerSettings, Then};

/// A breaker as settings; absent ones have the default. See [`BreakerSettings`] for what each is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct BreakerChoices {
    window: Option<Duration>,
    faults: Option<u32>,
    rate: Option<f64>,
    rest: Option<Duration>,
    then: Option<Then>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawBreaker {
    window: Option<String>,
    faults: Option<u32>,
    rate: Option<f64>,
    rest: Option<String>,
    then: Option<Then>,
}

impl BreakerChoices {
    /// These, with those of `other` wherever it has any.
    pub(super) fn overridden_by(self, other: Self) -> Self {
        Self {
            window: other.window.or(self.window),
            faults: other.faults.or(self.faults),
            rate: other.rate.or(self.rate),
            rest: other.rest.or(self.rest),
            then: other.then.or(self.then),
        }
    }

    /// The settings that apply.
    pub(crate) fn over_defaults(self) -> BreakerSettings {
        let default = BreakerSettings::default();
        BreakerSettings {
            window: self.window.unwrap_or(default.window),
            faults: self.faults.unwrap_or(default.faults),
            rate: self.rate.unwrap_or(default.rate),
            rest: self.rest.unwrap_or(default.rest),
            then: self.then.unwrap_or(default.then),
        }
    }
}

impl RawBreaker {
    pub(super) fn read(self, problems: &mut Vec<String>) -> BreakerChoices {
        let mut span = |key: &str, text: Option<String>, most: u64| {
            let text = text?;
            let range = Duration::from_millis(100)..=Duration::from_secs(most);
            let parsed = humantime::parse_duration(&text).ok().filter(|time| range.contains(time));
            if parsed.is_none() {
                problems
                    .push(format!("breaker.{key}: `{text}` is not a time between 100ms and {most}s, such as \"10s\""));
            }
            parsed
        };
        let (window, rest) = (span("window", self.window, 3_600), span("rest", self.rest, 86_400));
        let rate = self.rate.filter(|rate| (0.0..=1.0).contains(rate));
        if let (Some(rate), None) = (self.rate, rate) {
            problems.push(format!("breaker.rate: {rate} is not a share between 0 and 1"));
        }
        BreakerChoices { window, faults: self.faults, rate, rest, then: self.then }
    }
}
