//! What comes out of a chain: the events to store, and who failed on, or has to wait with, which.

use hashbrown::HashSet;
use tidemill_event::Event;
use tidemill_log::DeadLetter;

use super::Chain;
use super::parts::{Failure, Item, Later, Passed, Why};
use crate::Outcome;

impl Chain<'_> {
    pub(crate) fn finish(mut self) -> Passed {
        let failures = self.take_failures();
        let later = self.take_later();
        if self.items.len() > self.fates.len() {
            self.items.sort_by(|a, b| a.place().cmp(&b.place()));
        }
        let alive =
            |item: &Item| !item.dropped && matches!(self.fates[item.origin], None | Some(Outcome::Dropped { .. }));
        let (events, origins): (Vec<Event>, Vec<usize>) =
            self.items.into_iter().filter(alive).map(|item| (item.event, item.origin)).unzip();
        // Some part of it goes on, whatever became of the others.
        origins.iter().for_each(|origin| self.fates[*origin] = None);
        Passed { events, origins, fates: self.fates, failures, later }
    }

    /// Dead letters for the published events whose fate is that a plugin failed. To be called while items stand where
    /// they stood, those that were published before all others.
    fn take_failures(&mut self) -> Vec<Failure> {
        let failed = std::mem::take(&mut self.failed).into_iter();
        let kept = failed.filter(|(origin, _, _)| matches!(self.fates[*origin], Some(Outcome::Failed { .. })));
        let mut failures: Vec<Failure> = kept
            .map(|(origin, plugin, fault)| Failure {
                origin,
                letter: DeadLetter {
                    event: self.originals.get(&origin).unwrap_or(&self.items[origin].event).clone(),
                    plugin: plugin.name().to_string(),
                    version: plugin.version().to_string(),
                    generation: self.generation.number(),
                    reason: fault.kind.name().to_owned(),
                    detail: format!("{}\n{}", fault.detail, fault.backtrace).trim_end().to_owned(),
                },
            })
            .collect();
        failures.sort_by_key(|failure| failure.origin);
        failures
    }

    /// The published events that have to wait: those that a plugin wants to see again, and of the same sources those
    /// behind them, so that these do not overtake. What was decided about an event stays. To be called like
    /// [`take_failures`](Self::take_failures).
    fn take_later(&mut self) -> Vec<Later> {
        if self.later.is_empty() {
            return Vec::new();
        }
        let mut asked = std::mem::take(&mut self.later);
        let (mut sources, mut later) = (HashSet::new(), Vec::new());
        for origin in 0..self.fates.len() {
            let event = self.originals.get(&origin).unwrap_or(&self.items[origin].event);
            let asked = asked.remove(&origin);
            let waits = match self.fates[origin] {
                None => asked.is_some() || sources.contains(event.source()),
                // Of one part only.
                Some(Outcome::Dropped { .. }) => asked.is_some(),
                Some(_) => false,
            };
            if waits {
                self.fates[origin] = None;
                sources.insert(event.source().to_owned());
                later.push(Later { origin, event: event.clone(), why: asked.unwrap_or(Why::Behind) });
            }
        }
        let waits: HashSet<usize> = later.iter().map(|later| later.origin).collect();
        self.items.iter_mut().filter(|item| waits.contains(&item.origin)).for_each(|item| item.dropped = true);
        later
    }
}
