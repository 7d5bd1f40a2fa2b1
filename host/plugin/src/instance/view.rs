//! Calls of views.

use super::{CallError, Instance, read};
use crate::answer::cut;
use crate::bindings::types::Batch;
use crate::bindings::view;
use crate::limits::{CLASS_BYTES_MAX, TEXT_BYTES_MAX};
use crate::verdict::{Fault, FaultKind, Verdict};
use crate::{Classified, Subscriber};

impl Instance {
    /// The class of a subscriber.
    pub(crate) fn classify(&mut self, who: &Subscriber) -> Result<Classified, Fault> {
        let time = self.limits.time;
        self.allow(time);
        let Some(guest) = &self.view else {
            return Err(Fault::new(FaultKind::Broken, "it is no view"));
        };
        let Subscriber { principal, claims, parameters } = who.clone();
        let answer = guest.call_classify(&mut self.store, &view::Subscriber { principal, claims, parameters });
        self.count_memory();
        match answer.map_err(|e| self.fault(&e, time))? {
            Ok(class) if class.len() > CLASS_BYTES_MAX => {
                let detail =
                    format!("it made a class of {} bytes, at most {CLASS_BYTES_MAX} are possible", class.len());
                Err(Fault::new(FaultKind::BadOutput, detail))
            }
            Ok(class) => Ok(Classified::Class(class)),
            Err(reason) => Ok(Classified::Refused(cut(&reason, TEXT_BYTES_MAX))),
        }
    }

    /// Which events a class sees: keep those, drop the others.
    pub(crate) fn visible(&mut self, class: &str, batch: &Batch, events: usize) -> Result<Vec<Verdict>, CallError> {
        let time = self.limits.call_time(events);
        self.allow(time);
        let Some(guest) = &self.view else {
            return Ok(vec![Verdict::Drop; events]);
        };
        let answer = guest.call_visible(&mut self.store, class, batch);
        self.count_memory();
        let of = |seen| if seen { Verdict::Keep } else { Verdict::Drop };
        // One that lost patience is asked again, like others.
        answer.map(|answer| read(answer, events, of)).map_err(|e| self.failed(&e, time))?
    }
}
