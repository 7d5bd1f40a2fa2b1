//! What comes of one run of a case: named figures, the bars some of them have to reach, and what went wrong.
//! Must not know how it was measured; says each figure on standard error as it comes.

use serde::Serialize;

use crate::load::{Outcome, ReplayOutcome};
use crate::runner::say;
use crate::unit::{Bar, Unit};

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
