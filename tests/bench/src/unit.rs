//! What a figure counts, how it is written, and what it may have to reach. Knows no figures.

use serde::Serialize;

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Things per second.
    PerSecond,
    /// Nanoseconds.
    Nanoseconds,
    /// Microseconds.
    Microseconds,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// A multiple of another figure of the same run.
    Times,
    /// Bytes.
    Bytes,
    /// Millions of bytes.
    Megabytes,
    /// Units of 2²⁰ bytes.
    Mebibytes,
    /// Cores kept busy.
    Cores,
    /// Things.
    Things,
}

/// What a figure has to reach.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bar {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

impl Unit {
    /// A figure in words.
    #[must_use]
    pub fn show(self, value: f64) -> String {
        self.number(value) + self.symbol()
    }

    /// Its number.
    #[must_use]
    pub fn number(self, value: f64) -> String {
        match self {
            Self::PerSecond | Self::Bytes | Self::Things => crate::report::count(value),
            Self::Nanoseconds if value < 100.0 => format!("{value:.1}"),
            Self::Nanoseconds => crate::report::count(value),
            Self::Microseconds | Self::Milliseconds | Self::Seconds | Self::Times | Self::Cores => {
                format!("{value:.2}")
            }
            Self::Megabytes | Self::Mebibytes => format!("{value:.1}"),
        }
    }

    /// What follows the number.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::PerSecond => "/s",
            Self::Nanoseconds => " ns",
            Self::Microseconds => " µs",
            Self::Milliseconds => " ms",
            Self::Seconds => " s",
            Self::Times => " ×",
            Self::Bytes => " B",
            Self::Megabytes => " MB",
            Self::Mebibytes => " MiB",
            Self::Cores => " cores",
            Self::Things => "",
        }
    }
}

impl Bar {
    /// Whether a figure reaches it; one that is no number never does.
    #[must_use]
    pub fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(wanted) => value >= wanted,
            Self::AtMost(wanted) => value <= wanted,
        }
    }

    /// The bar in words.
    #[must_use]
    pub fn show(self, unit: Unit) -> String {
        match self {
            Self::AtLeast(wanted) => format!("≥ {}", unit.show(wanted)),
            Self::AtMost(wanted) => format!("≤ {}", unit.show(wanted)),
        }
    }
}
