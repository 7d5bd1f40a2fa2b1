//! Owns what an author implements: a plugin, and the kinds it has.
//!
//! Knows nothing about the component boundary (`component.rs` does).
use std::fmt;

use serde::{Deserialize, de::DeserializeOwned};

use crate::{Batch, Event, EventType, Failure, Fault, Outcome, Validity, Verdict, log};

/// Who a plugin is and what it wants to see. [`manifest!`](crate::manifest!) fills in name and version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Short name for people; by default the crate's name without `tidemill-`.
    pub name: &'static str,
    /// The author's version for people; by default the crate's.
    pub version: &'static str,
    /// What the plugin does, in one line.
    pub summary: &'static str,
    /// Event type patterns that the filter and transform are called for: an exact type (`order.created`), a prefix that
    /// ends in `.*` (`order.*`), or `*`. Empty: for none. At most 256.
    pub subscribes: &'static [&'static str],
    /// Whether the filter and transform look at the data. `false` makes every call cheaper; data is then empty.
    pub needs_data: bool,
    /// JSON Schema (2020-12) of the configuration, at most 256 KiB; the host checks it before `configure`.
    pub config_schema: Option<&'static str>,
}

/// What every plugin has: a manifest, a configuration, and state.
pub trait Plugin: Sized + 'static {
    /// The configuration, read from JSON: `{}` unless the operator wrote one. [`NoConfig`] if there is nothing to set.
    type Config: DeserializeOwned;

    /// Who the plugin is. Must answer the same each time.
    fn manifest() -> Manifest;

    /// Makes the plugin; called once per instance, before anything else.
    ///
    /// # Errors
    ///
    /// A sentence that names the setting and the fix. It refuses the load; a version that already runs stays.
    fn configure(config: Self::Config) -> Result<Self, String>;
}

/// For a plugin without configuration; any setting is an error that names it.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoConfig {}

/// Decides which events go on.
pub trait Filter: Plugin {
    /// What becomes of this event.
    ///
    /// # Errors
    ///
    /// Problems reject the event (they are logged at debug); a fault ends the batch.
    fn decide(&mut self, event: &Event<'_>) -> Result<Verdict, Failure>;

    /// The same for a batch, for plugins that gain from seeing it whole: one verdict per event, in order.
    ///
    /// # Errors
    ///
    /// A fault of the plugin as a whole.
    fn decide_batch(&mut self, batch: &Batch<'_>) -> Result<Vec<Verdict>, Fault> {
        each(
            batch,
            |event| self.decide(event),
            |problems| {
                for problem in problems {
                    log::debug!("rejected: {}", problem.detail; "at" => problem.at);
                }
                Verdict::Reject
            },
        )
    }
}

/// Changes, splits or ends events.
pub trait Transform: Plugin {
    /// What becomes of this event.
    ///
    /// # Errors
    ///
    /// Problems reject the event; a fault ends the batch.
    fn apply(&mut self, event: &Event<'_>) -> Result<Outcome, Failure>;

    /// The same for a batch: one outcome per event, in order.
    ///
    /// # Errors
    ///
    /// A fault of the plugin as a whole.
    fn apply_batch(&mut self, batch: &Batch<'_>) -> Result<Vec<Outcome>, Fault> {
        each(batch, |event| self.apply(event), Outcome::Reject)
    }
}

/// Declares event types and owns them.
pub trait EventTypes: Plugin {
    /// The types that this plugin owns, at most 1,024. Called once, after `configure`.
    fn types(&self) -> Vec<EventType>;

    /// What the owner thinks of one event of its types.
    ///
    /// # Errors
    ///
    /// Problems make the event invalid; a fault ends the batch.
    fn validate(&mut self, event: &Event<'_>) -> Result<Validity, Failure>;

    /// How a person sees the event. For [`Target::Html`] texts from the event must be escaped ([`crate::html`]).
    fn render(&self, event: &Event<'_>, target: Target) -> String;

    /// [`EventTypes::validate`] for a batch: one validity per event, in order.
    ///
    /// # Errors
    ///
    /// A fault of the plugin as a whole.
    fn validate_batch(&mut self, batch: &Batch<'_>) -> Result<Vec<Validity>, Fault> {
        each(batch, |event| self.validate(event), Validity::Invalid)
    }
}

/// What a rendering is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// One line of plain text, no markup. Also for targets that this version does not know.
    Text,
    /// An HTML fragment, which the host sanitises.
    Html,
}

impl Target {
    /// Reads the contract's name of a target.
    pub fn from_name(name: &str) -> Self {
        if name == "html" { Self::Html } else { Self::Text }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Text => "text",
            Self::Html => "html",
        })
    }
}

/// The crate's name without the `tidemill-` that ready-made plugins carry.
#[doc(hidden)]
pub const fn short_name(crate_name: &'static str) -> &'static str {
    const PREFIX: &[u8] = b"tidemill-";
    let bytes = crate_name.as_bytes();
    let mut at = 0;
    while at < PREFIX.len() {
        if at >= bytes.len() || bytes[at] != PREFIX[at] {
            return crate_name;
        }
        at += 1;
    }
    crate_name.split_at(PREFIX.len()).1
}

fn each<T>(
    batch: &Batch<'_>,
    mut one: impl FnMut(&Event<'_>) -> Result<T, Failure>,
    problems: impl Fn(Vec<crate::Problem>) -> T,
) -> Result<Vec<T>, Fault> {
    let mut answers = Vec::with_capacity(batch.len());
    for event in batch.iter() {
        answers.push(match one(&event) {
            Ok(answer) => answer,
            Err(Failure::Problems(found)) => problems(found),
            Err(Failure::Fault(fault)) => return Err(fault),
        });
    }
    Ok(answers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_of_ready_made_plugins_is_cut() {
        assert_eq!(short_name("tidemill-redact"), "redact");
        assert_eq!(short_name("tidemill"), "tidemill");
        assert_eq!(short_name("orders"), "orders");
    }

    #[test]
    fn a_setting_without_a_place_is_named() {
        let error = serde_json::from_str::<NoConfig>(r#"{"colour":1}"#).expect_err("nothing can be set");
        assert!(error.to_string().contains("`colour`"));
    }
}
