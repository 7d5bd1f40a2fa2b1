//! What each language costs plugin authors and hosts: `tidemill-bench authors`. The time from `tidemill plugin new` to the first
//! event that a stream shows, from saving a file to the plugin that is live ([`session`]), and what the component costs
//! ([`component`]), all through the real binary. Must not know how a language is built.

mod component;
mod language;
mod session;
mod typed;

use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;

use crate::runner::{append, only_one, say};
pub use component::{Component, Run};
pub use language::{LANGUAGES, Language, named};
use typed::Author;

/// What to measure, and with what.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The languages, Rust first if others are to be compared with it.
    pub languages: Vec<&'static Language>,
    /// The host's binary.
    pub tidemill: PathBuf,
    /// Where the tests keep toolchains: a folder for each.
    pub toolchains: PathBuf,
    /// How often the source is changed and saved.
    pub saves: usize,
    /// A file that gets one JSON line per language.
    pub json: Option<PathBuf>,
}

/// What came of one language.
#[derive(Debug, Clone, Serialize)]
pub struct Record {
    /// Which, as in `--lang`.
    pub language: &'static str,
    /// How it is shown.
    pub title: &'static str,
    /// What was measured, or why nothing was.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What was measured of a language.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was.
    Measured {
        /// Seconds from `new` to the first event, with nothing kept from an earlier build.
        first_s: f64,
        /// Seconds for another plugin on the same machine.
        second_s: f64,
        /// Seconds from saving the source to the plugin that is live, one for each save.
        saves_s: Vec<f64>,
        /// What was built in the end, with everything.
        component: Box<Component>,
    },
    /// Its tools are not there.
    Skipped(String),
    /// Something did not work.
    Failed(String),
}

/// Runs a plan. What does not work with one language is told of it, and the others go on.
///
/// # Errors
///
/// When the figures cannot be written.
pub fn run(plan: &Plan) -> Result<Vec<Record>> {
    let _alone = only_one()?;
    let mut records = Vec::new();
    for language in &plan.languages {
        let outcome = match language.tools(&plan.toolchains) {
            Ok(tools) => measure(plan, language, tools).unwrap_or_else(|error| Outcome::Failed(format!("{error:#}"))),
            Err(missing) => Outcome::Skipped(missing),
        };
        let record = Record { language: language.name, title: language.title, outcome };
        append(plan.json.as_deref(), &record)?;
        records.push(record);
    }
    Ok(records)
}

fn measure(plan: &Plan, language: &Language, tools: Option<PathBuf>) -> Result<Outcome> {
    let author = Author::new(&plan.tidemill, tools)?;
    say(&format!("{}: the first plugin", language.name));
    let (first_s, _) = session::run(&author, language, "first", 0)?;
    say(&format!("{}: {first_s:.1} s; another one, and {} changes", language.name, plan.saves));
    let (second_s, saves_s) = session::run(&author, language, "second", plan.saves)?;
    say(&format!("{}: {second_s:.1} s, then {saves_s:.1?}; the component", language.name));
    let component = Box::new(component::measure(&author, language)?);
    Ok(Outcome::Measured { first_s, second_s, saves_s, component })
}
