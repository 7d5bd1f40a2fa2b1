//! Views: sorting subscribers into classes, and judging events for one class.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tidemill_event::Event;

use crate::lane::is_out;
use crate::verdict::{Fault, Verdict};
use crate::{Classified, Kind, Lane, Plugin, Subscriber, Unjudged};

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
        loop {
            let warm = self.instances.of(plugin)?;
            let was_fresh = warm.calls == 0;
            warm.calls += 1;
            let began = Instant::now();
            let answer = warm.instance.classify(who);
            plugin.figures().note_call(began.elapsed(), 0);
            match answer {
                Ok(classified) => {
                    self.instances.recycle_if_due(plugin);
                    return Ok(classified);
                }
                Err(fault) => {
                    self.instances.discard(plugin);
                    // As with events: whoever came before may have been to blame.
                    if was_fresh {
                        plugin.figures().note_fault(fault.kind);
                        tracing::warn!(plugin = &**plugin.name(), "view failed on a subscriber: {fault}");
                        return Err(fault);
                    }
                }
            }
        }
    }

    /// Which events a class sees, one answer per event, in order. One that the view fails on is not seen.
    pub fn visible(&mut self, plugin: &Arc<Plugin>, class: &str, events: &[&Event]) -> Result<Vec<bool>, Unjudged> {
        class.clone_into(&mut self.class);
        let verdicts = self.ask(plugin, Kind::View, events);
        let seen = verdicts.into_iter().map(|verdict| match verdict {
            Verdict::Keep => Ok(true),
            Verdict::Later(reason) => Err(Unjudged::Later(reason)),
            Verdict::Retry(reason) => Err(Unjudged::Out(reason)),
            Verdict::Drop | Verdict::Fault(_) | Verdict::Emit(_) | Verdict::Reject(_) => Ok(false),
        });
        seen.collect()
    }
}
