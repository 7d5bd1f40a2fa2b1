//! Random events against the schemas that a component declares: valid ones are accepted, invalid ones are rejected with a
//! problem, and nothing traps.
//!
//! Owns the rule and the search for the smallest event that breaks it. What random data looks like is in `schema.rs` and
//! `damage.rs` beside this.

mod damage;
mod schema;

use std::cell::{Cell, RefCell};

use proptest::strategy::{BoxedStrategy, Strategy};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use serde_json::{Value, json};
use tidemill_plugin::EventTypeInfo;

use crate::{Decode, Input, Outcome, Ran, Reruns, Runtime, Target, TargetError};

/// Attempts at making an event smaller. Each is a call.
const SHRINKS_MAX: u32 = 2_000;
/// Attempts in a row that may fail at making data that is valid, or is not, as the schema says.
const REJECTS_MAX: u32 = 20_000;

/// How many events, and which.
#[derive(Debug, Clone, Copy)]
pub struct PropertyOptions {
    /// Valid and invalid events of each type: so many of both.
    pub cases: u32,
    /// The same seed makes the same events.
    pub seed: u64,
}

/// What was found about one event type.
#[derive(Debug)]
pub struct TypeTested {
    /// The type.
    pub event_type: String,
    /// Valid events that were accepted.
    pub valid: u32,
    /// Invalid events that were rejected with a problem.
    pub invalid: u32,
    /// Events that broke the rule: at most one valid and one invalid, the smallest that were found.
    pub broken: Vec<Broken>,
    /// What could not be tried, and why.
    pub skipped: Vec<String>,
}

/// An event that broke the rule.
#[derive(Debug)]
pub struct Broken {
    /// Whether its schema allows the event.
    pub is_valid: bool,
    /// The event.
    pub input: String,
    /// Which rule it broke.
    pub why: String,
    /// What came of it.
    pub ran: Ran,
    /// How to see it again.
    pub rerun: Option<String>,
}

/// Tries all event types of a component. Blocks, and wants a thread on which no async runtime is.
pub fn check(
    target: &Target,
    runtime: &Runtime,
    component: &[u8],
    options: PropertyOptions,
    decode: Decode,
) -> Result<Vec<TypeTested>, TargetError> {
    let runner = target.load(runtime, component)?;
    let mut types: Vec<EventTypeInfo> = runner.plugin().event_types().cloned().collect();
    types.sort_by(|a, b| a.name.cmp(&b.name));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| TargetError::Read { path: target.component().to_owned(), error })?;
    let (mut reruns, runner) = (Reruns::of(target), RefCell::new(runner));
    let number = Cell::new(0);
    let run = |input: &str| {
        number.set(number.get() + 1);
        let input = Input::read(input, number.get(), decode);
        input.map(|input| runtime.block_on(runner.borrow_mut().run(input)))
    };
    Ok(types.iter().map(|info| check_type(info, options, &mut reruns, &run)).collect())
}

fn check_type(
    info: &EventTypeInfo,
    options: PropertyOptions,
    reruns: &mut Reruns,
    run: &dyn Fn(&str) -> Result<Ran, String>,
) -> TypeTested {
    let event_type = info.name.clone();
    let mut tested = TypeTested { event_type, valid: 0, invalid: 0, broken: Vec::new(), skipped: Vec::new() };
    let validator = match jsonschema::validator_for(&info.schema) {
        Ok(validator) => std::sync::Arc::new(validator),
        Err(error) => {
            tested.skipped.push(format!("its schema is wrong: {error}"));
            return tested;
        }
    };
    let is_valid = {
        let validator = std::sync::Arc::clone(&validator);
        move |value: &Value| validator.is_valid(value)
    };
    let random = schema::values(&info.schema, &info.examples);
    let (allowed, forbidden) = (is_valid.clone(), is_valid);
    let valid = random.prop_filter("valid", move |value| allowed(value)).boxed();
    let damaged = damage::damaged(valid.clone());
    let invalid = damaged.prop_filter("invalid", move |value| !forbidden(value)).boxed();
    for (is_valid, strategy) in [(true, valid), (false, invalid)] {
        let passed = Cell::new(0);
        let found = search(info, is_valid, &strategy, options, &passed, run);
        match found {
            Found::Nothing => {}
            Found::NoData => tested.skipped.push(match is_valid {
                true => "no valid data could be made of its schema; give it examples".to_owned(),
                false => "no invalid data could be made: its schema allows nearly everything".to_owned(),
            }),
            Found::Broken(input, why, ran) => {
                let name = format!("{}-{}", info.name, if is_valid { "valid" } else { "invalid" });
                let rerun = reruns.keep(&name, &[&input]);
                tested.broken.push(Broken { is_valid, input, why, ran: *ran, rerun });
            }
        }
        *(if is_valid { &mut tested.valid } else { &mut tested.invalid }) = passed.get();
    }
    tested
}

enum Found {
    Nothing,
    NoData,
    Broken(String, String, Box<Ran>),
}

fn search(
    info: &EventTypeInfo,
    is_valid: bool,
    strategy: &BoxedStrategy<Value>,
    options: PropertyOptions,
    passed: &Cell<u32>,
    run: &dyn Fn(&str) -> Result<Ran, String>,
) -> Found {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&options.seed.to_le_bytes());
    let config = Config {
        cases: options.cases,
        failure_persistence: None,
        max_shrink_iters: SHRINKS_MAX,
        max_local_rejects: REJECTS_MAX,
        max_global_rejects: REJECTS_MAX,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let broken = RefCell::new(None);
    let event = |data: &Value| json!({"type": info.name, "data": data}).to_string();
    let result = runner.run(strategy, |data| {
        let input = event(&data);
        let ran = run(&input).map_err(TestCaseError::reject)?;
        match broken_rule(is_valid, &ran.outcome) {
            None => {
                if broken.borrow().is_none() {
                    passed.set(passed.get() + 1);
                }
                Ok(())
            }
            Some(why) => {
                broken.replace(Some((input, why, Box::new(ran))));
                Err(TestCaseError::fail("broken"))
            }
        }
    });
    match (result, broken.into_inner()) {
        (Ok(()), _) => Found::Nothing,
        // The last one that failed is the smallest.
        (Err(TestError::Fail(..)), Some((input, why, ran))) => Found::Broken(input, why, ran),
        (Err(_), _) => Found::NoData,
    }
}

/// Which rule an outcome breaks.
fn broken_rule(is_valid: bool, outcome: &Outcome) -> Option<String> {
    let schema = if is_valid { "its schema allows it" } else { "its schema forbids it" };
    match outcome {
        Outcome::Failed(_) => Some("the plugin failed on it".to_owned()),
        Outcome::Retry(reason) => Some(format!("the plugin wants it later: {reason}")),
        Outcome::Rejected { .. } if is_valid => Some(format!("{schema}, and it was rejected")),
        Outcome::Rejected { problems, .. } if problems.is_empty() => {
            Some("it was rejected without a problem".to_owned())
        }
        Outcome::Rejected { .. } => None,
        _ if is_valid => None,
        _ => Some(format!("{schema}, and it was accepted")),
    }
}
