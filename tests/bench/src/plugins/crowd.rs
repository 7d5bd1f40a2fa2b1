//! What plugins cost events that do not concern them: a hundred that want other types are loaded beside one that wants
//! all. Must not know what plugins do.

use std::hint::black_box;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Result;
use tidemill_event::Event;
use tidemill_plugin::Lane;

use crate::clock::own_cpu;
use crate::unit::Unit;

use super::cases;
use super::chain::Line;
use super::guests::{Host, component};
use super::sample::{Sample, TYPES};
use super::stopwatch::{Subject, in_turn};
use super::{Plan, Ready, Sheet};

/// How many want other types.
const OTHERS: usize = 100;

/// The same work with and without the others.
pub(super) struct Crowd {
    subjects: Vec<Subject>,
    lines: Vec<(&'static str, Line)>,
    sample: Rc<Sample>,
}

/// Loads two hosts.
pub(super) fn prepare(plan: &Plan) -> Result<Crowd> {
    let guest = component(&plan.guests, "keep_type")?;
    let sample = Rc::new(Sample::named(&plan.deliveries, "1 KB")?);
    let mut crowd = Crowd { subjects: Vec::new(), lines: Vec::new(), sample };
    for (who, others) in [(cases::ALONE, 0), (cases::AMONG, OTHERS)] {
        // A plugin that wants everything is found without looking a name up, as long as nobody wants a name.
        let host = Host::start()?;
        host.put("all", &guest, &format!("subscribes = {TYPES:?}"))?;
        fill(&host, &guest, others)?;
        crowd.subjects.push(routing(cases::ROUTING_NAMED, who, &host, &crowd.sample));

        let host = Host::start()?;
        host.put("all", &guest, "")?;
        fill(&host, &guest, others)?;
        let line = Line::start(&host)?;
        line.publish(crowd.sample.events.clone())?;
        crowd.lines.push((who, line));
        crowd.subjects.push(routing(cases::ROUTING, who, &host, &crowd.sample));
        let host = Rc::new(host);
        for (load, batch) in [(cases::ROUTED_ONE, 1), (cases::ROUTED, 64)] {
            let (host, mut lane, events) = (Rc::clone(&host), host.lane(), Rc::clone(&crowd.sample));
            crowd.subjects.push(Subject::new(load, who, move || {
                for events in events.events.chunks(batch) {
                    route_and_ask(&host, &mut lane, events);
                }
                events.events.len()
            }));
        }
    }
    Ok(crowd)
}

/// Looking types up, and nothing else.
fn routing(load: &str, who: &str, host: &Host, sample: &Rc<Sample>) -> Subject {
    let (generation, sample) = (host.plugins.current(), Rc::clone(sample));
    Subject::new(load, who, move || {
        for event in &sample.events {
            generation.stages_of(black_box(event.event_type())).for_each(|stage| {
                black_box(stage);
            });
        }
        sample.events.len()
    })
}

/// Finds out which stages see which events, and asks them, as the chain of `tidemill-bus` does.
fn route_and_ask(host: &Host, lane: &mut Lane, events: &[Event]) {
    let generation = host.plugins.current();
    lane.enter(&generation);
    let mut waiting: Vec<(usize, Vec<usize>)> = Vec::new();
    for (at, event) in events.iter().enumerate() {
        for stage in generation.stages_of(event.event_type()) {
            match waiting.binary_search_by_key(&stage, |(waited_for, _)| *waited_for) {
                Ok(place) => waiting[place].1.push(at),
                Err(place) => waiting.insert(place, (stage, vec![at])),
            }
        }
    }
    for (stage, due) in waiting {
        let stage = &generation.stages()[stage];
        let due: Vec<&Event> = due.into_iter().map(|at| &events[at]).collect();
        black_box(lane.ask(&stage.plugin, stage.kind, &due));
    }
}

/// Loads so many plugins, each of which wants one type that nobody publishes.
pub(super) fn fill(host: &Host, guest: &[u8], count: usize) -> Result<()> {
    for number in 0..count {
        let settings = format!("subscribes = [\"github.other.kind-{number}\"]");
        host.put(&format!("other-{number}"), guest, &settings)?;
    }
    Ok(())
}

impl Ready for Crowd {
    fn measure(&mut self, time: Duration, sheet: &mut Sheet<'_>) -> Result<()> {
        in_turn(&mut self.subjects, time, sheet);
        let turns = crate::runner::turns(&[0, 1], sheet.repetition);
        for (who, line) in turns.into_iter().map(|turn: usize| &self.lines[turn]) {
            let (cpu, began, mut events) = (own_cpu(), Instant::now(), 0);
            while began.elapsed() < time {
                line.publish(self.sample.events.clone())?;
                events += self.sample.events.len();
            }
            let per_event = |took: Duration| took.as_nanos() as f64 / events as f64;
            let (wall, cpu) = (began.elapsed(), own_cpu() - cpu);
            sheet.add(cases::BUS, who, Unit::Nanoseconds, per_event(wall), Some(per_event(cpu)));
        }
        Ok(())
    }
}
