//! Native expression engines doing the work that `tidemill-bench plugins` gives to plugins: `filter-field` and
//! `transform`, on data that are parsed already and on data that are not.
//!
//! Called as `tidemill-bench-peers CASE EVENTS MILLIS`: events are a JSON object with `load`, `type` and `data` in each
//! line. Answers with a figure in each line. Which core it runs on is up to whoever calls it.

use std::fs;
use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use rustix::time::{ClockId, clock_gettime};
use serde::Deserialize;
use serde_json::value::RawValue;
use vrl::compiler::state::RuntimeState;
use vrl::compiler::{Context, Program, TargetValue, TimeZone, compile};
use vrl::value::{Secrets, Value};

/// What filters keep: one event in four.
const FILTER: &str = ".lane == 0";
/// What the transform does.
const TRANSFORM: &str = ".\"seen-by\" = \"bench\"";

/// One line of the events.
#[derive(Deserialize)]
struct Line {
    load: String,
    data: Box<RawValue>,
}

/// All events of one load.
struct Load {
    name: String,
    texts: Vec<String>,
}

/// A program and what it runs with.
struct Vrl {
    program: Program,
    state: RuntimeState,
    zone: TimeZone,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [case, events, millis] = &arguments[..] else { bail!("tidemill-bench-peers CASE EVENTS MILLIS") };
    let time = Duration::from_millis(millis.parse().context("MILLIS is a number")?);
    for load in loads(&fs::read_to_string(events)?)? {
        match case.as_str() {
            "filter-field" => filter(&load, time)?,
            "transform" => transform(&load, time)?,
            _ => bail!("there is no case {case}"),
        }
    }
    Ok(())
}

fn loads(text: &str) -> Result<Vec<Load>> {
    let mut loads: Vec<Load> = Vec::new();
    for line in text.lines() {
        let line: Line = serde_json::from_str(line)?;
        if loads.last().is_none_or(|last| last.name != line.load) {
            loads.push(Load { name: line.load.clone(), texts: Vec::new() });
        }
        loads.last_mut().context("it was pushed")?.texts.push(line.data.get().to_owned());
    }
    Ok(loads)
}

fn filter(load: &Load, time: Duration) -> Result<()> {
    let mut vrl = Vrl::new(FILTER)?;
    let mut parsed = parse_all(load)?;
    let kept = parsed.iter_mut().filter_map(|target| vrl.run(target).ok()).filter(|kept| *kept == Value::Boolean(true));
    ensure!(kept.count() == parsed.len() / 4, "one event in four is wanted");
    measure(load, "VRL, data parsed already", time, || {
        for target in &mut parsed {
            black_box(vrl.run(target)).ok();
        }
    })?;
    measure(load, "VRL", time, || {
        for text in &load.texts {
            if let Ok(mut target) = parse(text) {
                black_box(vrl.run(&mut target)).ok();
            }
        }
    })
}

fn transform(load: &Load, time: Duration) -> Result<()> {
    let mut vrl = Vrl::new(TRANSFORM)?;
    let mut parsed = parse_all(load)?;
    let added = |target: &TargetValue| target.value.as_object().is_some_and(|members| members.contains_key("seen-by"));
    vrl.run(&mut parsed[0])?;
    ensure!(added(&parsed[0]), "nothing was added");
    measure(load, "VRL, data parsed already and not written", time, || {
        for target in &mut parsed {
            black_box(vrl.run(target)).ok();
            // So that it is added anew each time.
            target.value.as_object_mut().map(|members| members.remove("seen-by"));
        }
    })?;
    measure(load, "VRL", time, || {
        for text in &load.texts {
            if let Ok(mut target) = parse(text) {
                black_box(vrl.run(&mut target)).ok();
                black_box(serde_json::to_vec(&target.value)).ok();
            }
        }
    })
}

fn parse_all(load: &Load) -> Result<Vec<TargetValue>> {
    ensure!(!load.texts.is_empty(), "there are no events");
    load.texts.iter().map(|text| parse(text)).collect()
}

/// The data as the engine takes them.
fn parse(text: &str) -> Result<TargetValue> {
    let value: Value = serde_json::from_str(text)?;
    Ok(TargetValue { value, metadata: Value::Object(Default::default()), secrets: Secrets::default() })
}

impl Vrl {
    fn new(source: &str) -> Result<Self> {
        let compiled = compile(source, &[]).map_err(|problems| anyhow!("{source}: {problems:?}"))?;
        Ok(Self { program: compiled.program, state: RuntimeState::default(), zone: TimeZone::default() })
    }

    fn run(&mut self, target: &mut TargetValue) -> Result<Value> {
        let mut context = Context::new(target, &mut self.state, &self.zone);
        self.program.resolve(&mut context).map_err(|error| anyhow!("{error:?}"))
    }
}

/// Does the work for about so long after warming up, and prints what one event took.
fn measure(load: &Load, who: &str, time: Duration, mut work: impl FnMut()) -> Result<()> {
    let mut rounds = 1_u32;
    loop {
        let began = Instant::now();
        (0..rounds).for_each(|_| work());
        let took = began.elapsed();
        if took * 4 > time {
            rounds = (f64::from(rounds) * time.as_secs_f64() / took.as_secs_f64()).ceil().max(1.0) as u32;
            break;
        }
        rounds *= 2;
    }
    let (cpu, began) = (thread_cpu()?, Instant::now());
    (0..rounds).for_each(|_| work());
    let (wall, cpu) = (began.elapsed(), thread_cpu()? - cpu);
    let events = f64::from(rounds) * load.texts.len() as f64;
    let [wall, cpu] = [wall, cpu].map(|took| took.as_nanos() as f64 / events);
    let figure = serde_json::json!({ "load": load.name, "who": who, "wall": wall, "cpu": cpu });
    Ok(writeln!(std::io::stdout(), "{figure}")?)
}

/// The processor time of this thread.
fn thread_cpu() -> Result<Duration> {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Ok(Duration::new(time.tv_sec.try_into()?, time.tv_nsec.try_into()?))
}
