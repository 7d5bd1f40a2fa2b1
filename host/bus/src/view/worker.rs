//! The thread of one view: takes questions one after the other, finds the events, asks the plugin, keeps what it said.

use std::sync::{Arc, Weak};
use std::thread;
use std::time::Instant;

use tidemill_event::Event;
use tidemill_plugin::{Classified, Fault, Lane, Plugin, Subscriber, Unjudged};

use super::judge::{Job, Jobs, Judged, Question, Unable};
use super::{Judgement, Judgements};
use crate::limits::{RETRY_PAUSE, RETRY_PAUSE_MAX, RETRY_TIME_MAX};
use crate::ring::{Look, Segment};
use crate::tail::Tail;

/// Who judges.
pub(crate) trait Sight: Send {
    /// The class of a subscriber.
    fn classify(&mut self, who: &Subscriber) -> Result<Classified, Fault>;

    /// What a class sees: one answer per event, in order.
    fn visible(&mut self, class: &str, events: &[&Event]) -> Result<Vec<bool>, Unjudged>;
}

/// A plugin, with instances of this thread's own.
pub(super) struct PluginSight {
    pub(super) plugin: Arc<Plugin>,
    pub(super) lane: Lane,
}

impl Sight for PluginSight {
    fn classify(&mut self, who: &Subscriber) -> Result<Classified, Fault> {
        self.lane.classify(&self.plugin, who)
    }

    fn visible(&mut self, class: &str, events: &[&Event]) -> Result<Vec<bool>, Unjudged> {
        self.lane.visible(&self.plugin, class, events)
    }
}

/// Works until the end of its judge.
pub(crate) struct Worker {
    jobs: Jobs,
    plugin: Arc<str>,
    sight: Box<dyn Sight>,
    /// Weak: it is not to keep what it looks at.
    tail: Weak<Tail>,
}

impl Worker {
    pub(crate) fn new(jobs: Jobs, plugin: Arc<str>, sight: Box<dyn Sight>, tail: &Arc<Tail>) -> Self {
        Self { jobs, plugin, sight, tail: Arc::downgrade(tail) }
    }

    /// Works on a thread that may block.
    pub(super) fn run(mut self) -> std::io::Result<()> {
        // For reads of the log only. Plugins are called outside of it: what they import may bring a runtime of its own.
        let reads = tokio::runtime::Builder::new_current_thread().build()?;
        while let Some(job) = self.jobs.queue.blocking_recv() {
            if let Some((tail, question)) = self.begin(job) {
                let segments = reads.block_on(find(Arc::clone(&tail), question.after()));
                self.finish(&tail, question, &segments);
            }
        }
        Ok(())
    }

    /// The next thing to do, if there is one.
    #[cfg(test)]
    pub(crate) fn next(&mut self) -> Option<Job> {
        self.jobs.queue.try_recv().ok()
    }

    /// Does a job, or says which events have to be found for it.
    pub(crate) fn begin(&mut self, job: Job) -> Option<(Arc<Tail>, Question)> {
        match job {
            Job::Classify { who, answer } => {
                // Whoever asked may have given up.
                if !answer.is_closed() {
                    let _ = answer.send(self.sight.classify(&who));
                }
                None
            }
            Job::Judge(question) => match self.tail.upgrade() {
                // Streams of a view that is over end, whatever it says.
                Some(tail) if !self.jobs.state.is_over() => Some((tail, question)),
                _ => {
                    self.jobs.state.answer(question, Err(Unable));
                    None
                }
            },
        }
    }

    /// Judges what was found.
    pub(crate) fn finish(&mut self, tail: &Tail, question: Question, segments: &[Arc<Segment>]) {
        let judged = self.judge(tail.judgements(), &question, segments);
        self.jobs.state.answer(question, judged);
    }

    /// What was judged before is not judged again.
    fn judge(&mut self, judgements: &Judgements, question: &Question, segments: &[Arc<Segment>]) -> Judged {
        let (number, class) = (self.jobs.number, &question.class);
        let known: Vec<Option<Arc<Judgement>>> = segments
            .iter()
            .map(|segment| {
                let known = judgements.find(number, class, segment.first());
                known.filter(|known| known.to >= segment.last())
            })
            .collect();
        let records = |segment: &Arc<Segment>| segment.records().to_vec();
        let open: Vec<_> = segments
            .iter()
            .zip(&known)
            .filter(|(_, known)| known.is_none())
            .map(|(segment, _)| records(segment))
            .collect();
        let events: Vec<&Event> = open.iter().flatten().map(|record| &record.event).collect();
        let mut seen = self.see(&question.class, &events)?.into_iter();
        let runs: Vec<Arc<Judgement>> = segments
            .iter()
            .zip(known)
            .map(|(segment, known)| {
                known.unwrap_or_else(|| {
                    let all = segment.records().iter().map(|record| record.position.sequence);
                    // What has no answer is hidden.
                    let seen = all.filter(|_| seen.next() == Some(true)).collect();
                    let run = Arc::new(Judgement::new(segment.first() - 1, segment.last(), seen));
                    judgements.keep(number, class, segment.first(), Arc::clone(&run));
                    run
                })
            })
            .collect();
        Ok(Judgement::join(question.after, &runs).map(Arc::new))
    }

    /// Asks, and once more after a while if the plugin says so. That makes all of its classes wait: it says it of itself.
    fn see(&mut self, class: &str, events: &[&Event]) -> Result<Vec<bool>, Unable> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let (mut pause, until) = (RETRY_PAUSE, Instant::now() + RETRY_TIME_MAX);
        loop {
            let reason = match self.sight.visible(class, events) {
                Ok(seen) => return Ok(seen),
                Err(Unjudged::Later(_)) if !self.jobs.state.is_over() && Instant::now() + pause < until => {
                    thread::sleep(pause);
                    pause = (2 * pause).min(RETRY_PAUSE_MAX);
                    continue;
                }
                Err(Unjudged::Later(reason) | Unjudged::Out(reason)) => reason,
            };
            tracing::warn!(view = &*self.plugin, "events cannot be judged, streams end and come back: {reason}");
            return Err(Unable);
        }
    }
}

/// What comes next after a sequence, as cursors will find it. Nothing if it cannot be read: they will be told why.
pub(crate) async fn find(tail: Arc<Tail>, after: u64) -> Vec<Arc<Segment>> {
    match tail.look(after) {
        Look::Segments(segments) => segments,
        Look::Tail => Vec::new(),
        Look::Older => {
            let page = Arc::clone(tail.archive()).page(after, tail.last()).await;
            page.ok().and_then(|page| page.segment.clone()).into_iter().collect()
        }
    }
}
