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
    /// How often each component is measured, in turns with those of the other languages: a machine that others use
    /// is slow for seconds on end, which then hits one pass of a few languages and not all of one.
    pub passes: usize,
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
    let mut begun: Vec<Result<Begun, Outcome>> = plan.languages.iter().map(|language| begin(plan, language)).collect();
    for pass in 1..=plan.passes {
        say(&format!("components, pass {pass} of {}", plan.passes));
        for one in &mut begun {
            let run = one.as_ref().ok().map(|begun| component::run(&begun.author));
            match (run, one.as_mut()) {
                (Some(Ok(run)), Ok(begun)) => begun.runs.push(run),
                (Some(Err(error)), _) => *one = Err(Outcome::Failed(format!("{error:#}"))),
                _ => {}
            }
        }
    }
    let mut records = Vec::new();
    for (language, one) in plan.languages.iter().zip(begun) {
        let outcome = one.map_or_else(|outcome| outcome, Begun::ends);
        let record = Record { language: language.name, title: language.title, outcome };
        append(plan.json.as_deref(), &record)?;
        records.push(record);
    }
    Ok(records)
}

/// A language of which all is measured but the component.
struct Begun {
    author: Author,
    first_s: f64,
    second_s: f64,
    saves_s: Vec<f64>,
    build_s: f64,
    runs: Vec<Run>,
}

impl Begun {
    fn ends(self) -> Outcome {
        let Self { first_s, second_s, saves_s, build_s, runs, .. } = self;
        let Some(run) = component::together(runs) else { return Outcome::Failed("there was no pass".to_owned()) };
        Outcome::Measured { first_s, second_s, saves_s, component: Box::new(Component { build_s, run }) }
    }
}

fn begin(plan: &Plan, language: &Language) -> Result<Begun, Outcome> {
    let tools = language.tools(&plan.toolchains).map_err(Outcome::Skipped)?;
    measure(plan, language, tools).map_err(|error| Outcome::Failed(format!("{error:#}")))
}

fn measure(plan: &Plan, language: &Language, tools: Option<PathBuf>) -> Result<Begun> {
    let author = Author::new(&plan.tidemill, tools)?;
    say(&format!("{}: the first plugin", language.name));
    let (first_s, _) = session::run(&author, language, "first", 0)?;
    say(&format!("{}: {first_s:.1} s; another one, and {} changes", language.name, plan.saves));
    let (second_s, saves_s) = session::run(&author, language, "second", plan.saves)?;
    say(&format!("{}: {second_s:.1} s, then {saves_s:.1?}; the component", language.name));
    let build_s = component::build(&author, language)?;
    Ok(Begun { author, first_s, second_s, saves_s, build_s, runs: Vec::new() })
}
