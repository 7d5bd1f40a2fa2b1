//! What comes of one run of a case: named figures, the bars some of them have to reach, and what went wrong.
//! Must not know how it was measured; says each figure on standard error as it comes.

use serde::Serialize;

use crate::load::{Outcome, ReplayOutcome};
use crate::runner::say;

/// One run of one case.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Sheet {
    /// In the order of the report.
    pub figures: Vec<Figure>,
    /// What went wrong without stopping the run.
    pub faults: Vec<String>,
    /// Cores that everything else on this machine kept busy: above 0, the figures are disturbed.
    pub other_cores: f64,
}

/// A figure.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// What it says; the same in every run of the case.
    pub name: String,
    /// What it counts.
    pub unit: Unit,
    /// How much.
    pub value: f64,
    /// What it has to reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bar: Option<Bar>,
}

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Things per second.
    PerSecond,
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
    /// Cores kept busy.
    Cores,
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

impl Sheet {
    /// Adds a figure.
    pub(super) fn add(&mut self, name: &str, unit: Unit, value: f64) {
        self.push(Figure { name: name.to_owned(), unit, value, bar: None });
    }

    /// Adds a figure that has to reach something.
    pub(super) fn judge(&mut self, name: &str, unit: Unit, value: f64, bar: Bar) {
        self.push(Figure { name: name.to_owned(), unit, value, bar: Some(bar) });
    }

    fn push(&mut self, figure: Figure) {
        say(&format!("  {}: {}", figure.name, figure.unit.show(figure.value)));
        self.figures.push(figure);
    }

    /// Notes what went wrong in a load, and what disturbed it.
    pub(super) fn check(&mut self, who: &str, load: &Outcome) {
        self.other_cores = self.other_cores.max(load.other_cores);
        load.faults().into_iter().for_each(|fault| self.fault(&format!("{who}: {fault}")));
    }

    /// The same for subscribers that caught up.
    pub(super) fn check_replay(&mut self, who: &str, replay: &ReplayOutcome) {
        let wrong = [
            (replay.failed, "subscriptions refused"),
            (replay.disconnected, "disconnected"),
            (replay.duplicated, "duplicated"),
        ];
        for (count, what) in wrong.into_iter().filter(|(count, _)| *count > 0) {
            self.fault(&format!("{who}: {count} {what}"));
        }
        if !replay.complete {
            self.fault(&format!("{who}: only {} events came", replay.delivered));
        }
    }

    /// Notes something that went wrong.
    pub(super) fn fault(&mut self, fault: &str) {
        say(&format!("  WRONG: {fault}"));
        self.faults.push(fault.to_owned());
    }
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
            Self::PerSecond | Self::Bytes => crate::report::count(value),
            Self::Milliseconds | Self::Seconds | Self::Times | Self::Cores => format!("{value:.2}"),
            Self::Megabytes => format!("{value:.1}"),
        }
    }

    /// What follows the number.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::PerSecond => "/s",
            Self::Milliseconds => " ms",
            Self::Seconds => " s",
            Self::Times => " ×",
            Self::Bytes => " B",
            Self::Megabytes => " MB",
            Self::Cores => " cores",
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
