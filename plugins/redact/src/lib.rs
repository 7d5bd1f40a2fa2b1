//! Masks configured members and common secrets in event data.
//!
//! Owns what becomes of an event: most hold nothing to mask, and one scan over their bytes says so. What is a secret is
//! known to `secrets.rs`, which members are masked to `paths.rs`.
mod configuration;
mod paths;
mod scan;
mod secrets;

use tidemill_sdk::{
    Event, Failure, Manifest, Outcome, Output, Plugin, Problem, Transform, manifest,
    rewrite::{self, Action, Edit},
};

pub use self::configuration::Configuration;
use self::{paths::Paths, scan::Scan, secrets::Secrets};

tidemill_sdk::export!(Redact: transform);

/// The plugin.
#[derive(Debug)]
pub struct Redact {
    scan: Scan,
    paths: Paths,
    secrets: Option<Secrets>,
    mask: String,
}

impl Plugin for Redact {
    type Config = Configuration;

    fn manifest() -> Manifest {
        manifest! {
            summary: "Masks configured members and common secrets",
            subscribes: &["*"],
            config_schema: Some(configuration::SCHEMA),
        }
    }

    fn configure(configuration: Configuration) -> Result<Self, String> {
        let paths = Paths::parse(&configuration.paths)?;
        let secrets = configuration.secrets.then(Secrets::compile).transpose()?;
        let scan = Scan::compile(&paths, secrets.is_some())?;
        Ok(Self { scan, paths, secrets, mask: configuration.mask })
    }
}

impl Transform for Redact {
    fn apply(&mut self, event: &Event<'_>) -> Result<Outcome, Failure> {
        let data = event.data();
        if !event.is_json() {
            let text = std::str::from_utf8(data).ok();
            let masked = self.secrets.as_ref().zip(text).and_then(|(secrets, text)| secrets.mask(text, &self.mask));
            return Ok(masked.map_or(Outcome::Keep, |text| Outcome::change(Output::new().data(text))));
        }
        let found = self.scan.look(data);
        if data.is_empty() || !(found.paths || found.secrets) {
            return Ok(Outcome::Keep);
        }
        let secrets = self.secrets.as_ref().filter(|_| found.secrets);
        let mut masking = Masking { redact: self, secrets, walk: vec![self.paths.start()] };
        match rewrite::rewrite(data, &mut masking) {
            Ok(None) => Ok(Outcome::Keep),
            Ok(Some(data)) => Ok(Outcome::change(Output::new().data(data))),
            // What cannot be looked into must not pass.
            Err(error) => Err(Problem::new("", format!("cannot be searched for secrets: {error}")).into()),
        }
    }
}

/// One walk through one text.
struct Masking<'r> {
    redact: &'r Redact,
    /// Absent if there are surely none.
    secrets: Option<&'r Secrets>,
    /// Which paths lead here, for each entered value.
    walk: Vec<paths::Here>,
}

impl Masking<'_> {
    fn step(&mut self, next: &paths::Step) -> Action {
        match *next {
            paths::Step::Mask => Action::Replace(rewrite::quote(&self.redact.mask)),
            paths::Step::On(here) if here.is_nowhere() && self.secrets.is_none() => Action::Keep,
            paths::Step::On(here) => {
                self.walk.push(here);
                Action::Enter
            }
        }
    }

    fn here(&self) -> paths::Here {
        self.walk.last().copied().unwrap_or_default()
    }
}

impl Edit for Masking<'_> {
    fn member(&mut self, name: &str) -> Action {
        let next = self.redact.paths.step(self.here(), |segment| segment.is_member(name));
        self.step(&next)
    }

    fn item(&mut self, index: usize) -> Action {
        let next = self.redact.paths.step(self.here(), |segment| segment.is_item(index));
        self.step(&next)
    }

    fn text(&mut self, text: &str) -> Option<String> {
        self.secrets?.mask(text, &self.redact.mask)
    }

    fn leave(&mut self) {
        self.walk.pop();
    }
}

#[cfg(test)]
mod tests;
