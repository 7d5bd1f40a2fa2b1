//! One plugin called through a lane, with one event and with batches, against native code: filters on the type and on a
//! member of the data, and a transform. All answers are compared with those of native code before time is taken.

use std::hint::black_box;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::Value;
use tidemill_bench_guests::{FIELD, wants_data, wants_type, with_member};
use tidemill_event::{Change, Event};
use tidemill_plugin::{Lane, Plugin, Verdict};

use crate::unit::Unit;

use super::cases::{self, Case};
use super::guests::{Host, kept, kind_of, made};
use super::peers::Peers;
use super::sample::Sample;
use super::stopwatch::{Subject, in_turn};
use super::{Plan, Ready, Sheet};

/// A case whose subjects are all measured in the same way.
pub(super) struct Calls {
    subjects: Vec<Subject>,
    peers: Option<Peers>,
}

/// Loads what a case needs, and checks what it answers.
pub(super) fn prepare(case: Case, plan: &Plan) -> Result<Calls> {
    let host = Host::start()?;
    let mut subjects = Vec::new();
    let samples = Sample::all(&plan.deliveries)?;
    for sample in samples.into_iter().map(Rc::new) {
        match case {
            Case::FilterType => filter_type(&host, &plan.guests, &sample, &mut subjects)?,
            Case::FilterField => filter_field(&host, &plan.guests, &sample, &mut subjects)?,
            _ => transform(&host, &plan.guests, &sample, &mut subjects)?,
        }
    }
    let peers = plan.peers.as_deref().filter(|_| case != Case::FilterType);
    let peers = peers.map(|program| Peers::new(program, case, &plan.deliveries)).transpose()?;
    Ok(Calls { subjects, peers })
}

impl Ready for Calls {
    fn measure(&mut self, time: Duration, sheet: &mut Sheet<'_>) -> Result<()> {
        in_turn(&mut self.subjects, time, sheet);
        for figure in self.peers.as_ref().map(|peers| peers.measure(time)).transpose()?.into_iter().flatten() {
            sheet.add(&figure.load, &figure.who, Unit::Nanoseconds, figure.wall, Some(figure.cpu));
        }
        Ok(())
    }
}

fn filter_type(host: &Host, guests: &Path, sample: &Rc<Sample>, subjects: &mut Vec<Subject>) -> Result<()> {
    for (who, guest) in [(cases::WITHOUT_DATA, "keep_type"), (cases::PLUGIN, "keep_type_with_data")] {
        let plugin = host.load(guests, guest, "")?;
        asked(host, &plugin, who, sample, |verdict, event| kept(verdict) == wants_type(event.event_type()), subjects)?;
    }
    let plugin = host.load(guests, "count", "[grants]\nstate = true\n")?;
    for batch in [1, 64] {
        let (events, plugin, mut lane) = (Rc::clone(sample), Arc::clone(&plugin), host.lane_with_state());
        subjects.push(Subject::new(&load(sample, batch), cases::COUNTS, move || {
            for asked in events.events.chunks(batch) {
                black_box(lane.ask(&plugin, kind_of(&plugin), &asked.iter().collect::<Vec<_>>()));
                // What the pipeline does before it hands the changes to the log.
                let mut written = lane.finish_turn();
                if let Ok(committed) = written.commit() {
                    committed.receipt.settle(true);
                }
            }
            events.events.len()
        }));
    }
    let events = Rc::clone(sample);
    native(sample, cases::NATIVE, subjects, move || {
        for event in &events.events {
            black_box(wants_type(black_box(event.event_type())));
        }
        events.events.len()
    });
    Ok(())
}

fn filter_field(host: &Host, guests: &Path, sample: &Rc<Sample>, subjects: &mut Vec<Subject>) -> Result<()> {
    let right = |verdict: &Verdict, event: &Event| kept(verdict) == wants_data(event.data());
    for (who, guest) in [(cases::FIND, "find_field"), (cases::PLUGIN, "keep_field")] {
        let plugin = host.load(guests, guest, "")?;
        asked(host, &plugin, who, sample, right, subjects)?;
    }
    for (who, wants) in [(cases::NATIVE, wants_data as fn(&[u8]) -> bool), (cases::NATIVE_TREE, wants_in_tree)] {
        let events = Rc::clone(sample);
        native(sample, who, subjects, move || {
            for event in &events.events {
                black_box(wants(black_box(event.data())));
            }
            events.events.len()
        });
    }
    Ok(())
}

/// The same question to a tree of everything that the data hold.
fn wants_in_tree(data: &[u8]) -> bool {
    serde_json::from_slice::<Value>(data).is_ok_and(|tree| tree[FIELD] == 0)
}

fn transform(host: &Host, guests: &Path, sample: &Rc<Sample>, subjects: &mut Vec<Subject>) -> Result<()> {
    let right = |verdict: &Verdict, event: &Event| made(verdict, event) == with_member(event.data()).ok().as_deref();
    let plugin = host.load(guests, "set_field", "")?;
    asked(host, &plugin, cases::SET, sample, right, subjects)?;
    let plugin = host.load(guests, "add_field", "")?;
    asked(host, &plugin, cases::PLUGIN, sample, right, subjects)?;
    let events = Rc::clone(sample);
    native(sample, cases::NATIVE, subjects, move || {
        for event in &events.events {
            black_box(with_member(black_box(event.data()))).ok();
        }
        events.events.len()
    });

    // What the pipeline does with either: a new event is made, and its data are checked.
    let (events, mut lane) = (Rc::clone(sample), host.lane());
    subjects.push(Subject::new(&load(sample, 64), cases::APPLIED, move || {
        for batch in events.events.chunks(64) {
            let asked: Vec<&Event> = batch.iter().collect();
            for (event, verdict) in batch.iter().zip(lane.ask(&plugin, kind_of(&plugin), &asked)) {
                if let Verdict::Emit(changes) = verdict {
                    for (part, change) in changes.into_iter().enumerate() {
                        black_box(change.apply(event, part)).ok();
                    }
                }
            }
        }
        events.events.len()
    }));
    let events = Rc::clone(sample);
    native(sample, cases::NATIVE_APPLIED, subjects, move || {
        for event in &events.events {
            let data = with_member(event.data()).ok().map(Into::into);
            black_box(Change { data, ..Change::default() }.apply(event, 0)).ok();
        }
        events.events.len()
    });
    Ok(())
}

/// Adds a plugin, asked about one event and about batches, if its answers are right.
fn asked(
    host: &Host,
    plugin: &Arc<Plugin>,
    who: &str,
    sample: &Rc<Sample>,
    right: impl Fn(&Verdict, &Event) -> bool,
    subjects: &mut Vec<Subject>,
) -> Result<()> {
    for batch in [1, 64] {
        let (events, plugin, mut lane) = (Rc::clone(sample), Arc::clone(plugin), host.lane());
        let verdicts = lane.ask(&plugin, kind_of(&plugin), &events.events.iter().collect::<Vec<_>>());
        let wrong = verdicts.iter().zip(&events.events).filter(|(verdict, event)| !right(verdict, event)).count();
        ensure!(wrong == 0 && verdicts.len() == 64, "{} of {who} answers for {} are wrong", wrong, sample.size);
        subjects.push(Subject::new(&load(sample, batch), who, move || ask(&mut lane, &plugin, &events, batch)));
    }
    Ok(())
}

/// Asks about all events in batches, as the pipeline does: a list of references to them is made first.
fn ask(lane: &mut Lane, plugin: &Arc<Plugin>, sample: &Sample, batch: usize) -> usize {
    for events in sample.events.chunks(batch) {
        let events: Vec<&Event> = events.iter().collect();
        black_box(lane.ask(plugin, kind_of(plugin), &events));
    }
    sample.events.len()
}

/// Adds native code, which costs the same for one event and for many.
fn native(sample: &Sample, who: &str, subjects: &mut Vec<Subject>, work: impl FnMut() -> usize + 'static) {
    subjects.push(Subject::new(&load(sample, 64), who, work));
}

fn load(sample: &Sample, batch: usize) -> String {
    cases::load(sample.size, batch)
}
