//! Anything in any order, against a model.

use std::time::Duration;

use proptest::prelude::*;
use tidemill_event::TypePattern;
use tidemill_log::{Retention, RetentionPolicy, Rule};

use super::bench::{Bench, Setup};

#[derive(Debug, Clone)]
enum Step {
    Store { metric: bool, count: u64 },
    Pass { seconds: u64 },
    Trim,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (any::<bool>(), 1_u64..20).prop_map(|(metric, count)| Step::Store { metric, count }),
        1 => (0_u64..30).prop_map(|seconds| Step::Pass { seconds }),
        1 => Just(Step::Trim),
    ]
}

const LOG: Retention = Retention { max_age: Some(Duration::from_secs(60)), max_bytes: None, max_events: Some(50) };
const METRICS: Retention = Retention { max_age: Some(Duration::from_secs(20)), max_bytes: None, max_events: Some(10) };

/// What is left, by the words of the documentation: `(sequence, time, metric)`.
#[derive(Default)]
struct Model {
    last: u64,
    now: u64,
    kept: Vec<(u64, u64, bool)>,
}

impl Model {
    fn trim(&mut self) {
        let now = self.now;
        self.kept.retain(|(_, at, _)| now - at <= 60);
        let over = self.kept.len().saturating_sub(50);
        self.kept.drain(..over);
        self.kept.retain(|(_, at, metric)| !metric || now - at <= 20);
        let over = self.kept.iter().filter(|(_, _, metric)| *metric).count().saturating_sub(10);
        let mut gone = 0;
        self.kept.retain(|(_, _, metric)| {
            let goes = *metric && gone < over;
            gone += usize::from(goes);
            !goes
        });
    }
}

fn run(bench: &Bench, steps: &[Step]) -> Result<(), TestCaseError> {
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Store { metric, count } => {
                let given = bench.store(if *metric { "metric.x" } else { "order" }, 0..*count);
                prop_assert_eq!(given, (model.last + 1..=model.last + count).collect::<Vec<_>>());
                model.kept.extend((model.last + 1..=model.last + count).map(|s| (s, model.now, *metric)));
                model.last += count;
            }
            Step::Pass { seconds } => {
                bench.pass(Duration::from_secs(*seconds));
                model.now += seconds;
            }
            Step::Trim => {}
        }
        bench.trim();
        model.trim();
        let expected: Vec<u64> = model.kept.iter().map(|(sequence, _, _)| *sequence).collect();
        prop_assert_eq!(bench.all(), expected);
        prop_assert_eq!(bench.log.info().records, model.kept.len() as u64);
    }
    Ok(())
}

fn setup() -> Setup {
    let rules = vec![Rule { types: TypePattern::parse_list("metric.*").unwrap(), retention: METRICS }];
    Setup { retention: RetentionPolicy { log: LOG, rules, dead_letters: Retention::default() }, ..Setup::default() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn memory_keeps_what_the_model_keeps(steps in prop::collection::vec(step(), 1..40)) {
        run(&Bench::memory(setup()), &steps)?;
    }

    #[test]
    fn disk_keeps_what_the_model_keeps(steps in prop::collection::vec(step(), 1..40)) {
        run(&Bench::disk(setup()), &steps)?;
    }
}
