//! Views: sorting subscribers into classes, and judging events for one class.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tidemill_event::Event;

use crate::batch::batch_len;
use crate::breaker::{Admission, Breaker};
use crate::lane::is_out;
use crate::limits::FAILING_CLASSES_MAX;
use crate::verdict::{Fault, Verdict};
use crate::{BreakerState, Classified, Kind, Lane, Plugin, Subscriber, Unjudged};

impl Plugin {
    /// Why nobody can be shown anything through it at the moment, and for how long: it kept failing.
    pub fn is_out(&self) -> Option<(String, Duration)> {
        self.breaker.out_for(Instant::now()).map(|time| (is_out(time), time))
    }
}

impl Lane {
    /// The class that a view sorts a subscriber into. A failure is the subscriber's own: what it asks for is its choice,
    /// and must not take the view away from others, so that the breaker is not told.
    pub fn classify(&mut self, plugin: &Arc<Plugin>, who: &Subscriber) -> Result<Classified, Fault> {
        let classified = self.once_more(plugin, 0, |instance| instance.classify(who));
        if let Err(fault) = &classified {
            plugin.figures().note_fault(fault.kind);
            tracing::warn!(plugin = &**plugin.name(), "view failed on a subscriber: {fault}");
        }
        classified
    }

    /// Which events a class sees, one answer per event, in order. One that the view fails on is not seen.
    pub fn visible(&mut self, plugin: &Arc<Plugin>, class: &str, events: &[&Event]) -> Result<Vec<bool>, Unjudged> {
        let verdicts = self.judge(plugin, class, events)?;
        Ok(verdicts.iter().map(|verdict| *verdict == Verdict::Keep).collect())
    }

    /// The same with what came of those that are not seen: dropped, or a fault.
    pub fn judge(&mut self, plugin: &Arc<Plugin>, class: &str, events: &[&Event]) -> Result<Vec<Verdict>, Unjudged> {
        class.clone_into(&mut self.class);
        let mut judged = Vec::with_capacity(events.len());
        let mut rest = events;
        while !rest.is_empty() {
            let (batch, after) = rest.split_at(batch_len(rest, plugin.batch_events_max()));
            for verdict in self.judge_batch(plugin, batch)? {
                match verdict {
                    Verdict::Later(reason) => return Err(Unjudged::Later(reason)),
                    Verdict::Retry(reason) => return Err(Unjudged::Out(reason)),
                    decided => judged.push(decided),
                }
            }
            rest = after;
        }
        Ok(judged)
    }

    /// One batch for the class that was set. A class that the view keeps failing on may be one that somebody asked for to
    /// make it fail: it is taken out by itself, and counts for the view as one failure.
    fn judge_batch(&mut self, plugin: &Arc<Plugin>, events: &[&Event]) -> Result<Vec<Verdict>, Unjudged> {
        let now = Instant::now();
        let out = |time| {
            plugin.figures().note_passed_over(events.len());
            Unjudged::Out(is_out(time))
        };
        let probing = match plugin.breaker.admit(now) {
            Admission::Out(time) => return Err(out(time)),
            Admission::Go => false,
            Admission::Probe => {
                plugin.announce_breaker(BreakerState::HalfOpen);
                true
            }
        };
        if let Some(class) = self.failing.get(&self.class)
            && let Admission::Out(time) = class.admit(now)
        {
            if probing {
                plugin.breaker.give_up_probe(now);
            }
            return Err(out(time));
        }
        let mut verdicts = Vec::with_capacity(events.len());
        self.isolate(plugin, Kind::View, events, &mut verdicts);
        plugin.figures().note_verdicts(&verdicts);
        let failed = verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Fault(_))).count();
        let class_opened = self.tell_class(plugin, events.len(), failed) == Some(BreakerState::Open);
        if class_opened {
            tracing::error!(
                plugin = &**plugin.name(),
                class = self.class,
                "view keeps failing for one class, which is out"
            );
        }
        let told = match failed {
            0 => Some((events.len(), 0)),
            _ if probing => Some((events.len(), failed)),
            _ => class_opened.then_some((1, 1)),
        };
        if let Some((events, failed)) = told
            && let Some(state) = plugin.breaker.tell(Instant::now(), events, failed)
        {
            plugin.announce_breaker(state);
        }
        Ok(verdicts)
    }

    /// Only classes that failed have a breaker.
    fn tell_class(&mut self, plugin: &Plugin, events: usize, failed: usize) -> Option<BreakerState> {
        if failed == 0 && self.failing.is_empty() {
            return None;
        }
        if failed > 0 && !self.failing.contains_key(&self.class) {
            if self.failing.len() >= FAILING_CLASSES_MAX {
                self.failing.retain(|_, breaker| !breaker.is_closed());
            }
            if self.failing.len() < FAILING_CLASSES_MAX {
                self.failing.insert(self.class.clone(), Breaker::new(*plugin.breaker.settings()));
            }
        }
        self.failing.get(&self.class)?.tell(Instant::now(), events, failed)
    }
}
