//! The spine: from the queue through the plugins into the log and out to subscribers. The one place where routing,
//! plugins and log meet.

use std::sync::Arc;

use tidemill_log::{Append, AppendError, Appended, DeadLetter, Log};
use tidemill_plugin::{Conflict, Lane, Plugins};

use crate::chain::{Chain, Strays};
use crate::figures::Figures;
use crate::inbox::{Expected, Inbox};
use crate::queue::Turn;
use crate::receipts::{Aside, Receipts};

/// What one thread takes turns through.
pub(crate) struct Pipeline {
    pub(crate) plugins: Arc<Plugins>,
    pub(crate) lane: Lane,
    pub(crate) log: Arc<dyn Log>,
    pub(crate) epoch: u32,
    /// Where events that plugins publish go.
    pub(crate) inbox: Arc<Inbox>,
    /// Types of events that turned out to belong to the async lane.
    pub(crate) strays: Strays,
    pub(crate) figures: Arc<Figures>,
}

impl Pipeline {
    /// One turn, without the events of sources that are `held`. It ends on the generation on which it began (invariant I7).
    /// What could not be done now is set aside.
    pub(crate) fn process(&mut self, turn: Turn, held: impl Fn(&str) -> bool) -> Aside {
        let generation = self.plugins.current();
        self.lane.enter(&generation);
        let (events, mut receipts) = Receipts::take(turn.submissions, self.epoch, |keys| self.log.known(keys));

        let mut chain =
            Chain::begin(&mut self.lane, &generation, events, receipts.trails(), receipts.hops(), &mut self.strays);
        chain.hold_back(held);
        chain.check_owned();
        chain.run_stages();
        chain.check_changed();
        let mut written = chain.finish_writing();
        let committed = match chain.has_strayed() && !written.is_empty() {
            true => chain.put_off(Conflict),
            false => written.commit().unwrap_or_else(|conflict| chain.put_off(conflict)),
        };
        let passed = chain.finish();

        receipts.note_turn(turn.began);
        let (groups, dead_letters) = receipts.note(passed.fates, &passed.origins, passed.failures);
        let aside = receipts.set_aside(passed.later, turn.began);
        let published = self.inbox.expect_published(committed.published);
        if committed.depends || published.is_some() {
            receipts.depend();
        }
        if passed.events.is_empty() && dead_letters.is_empty() && !committed.depends {
            published.into_iter().for_each(Expected::publish);
            receipts.answer(Ok(Appended { places: vec![], dead_letters: vec![] }), &self.figures);
            return aside;
        }
        // Only when it is as durable as the log promises does anybody hear of it (invariant I2): subscribers by way of
        // the tail, which follows the log, and then publishers.
        let (receipt, figures) = (committed.receipt, Arc::clone(&self.figures));
        let done = Box::new(move |appended: Result<_, _>| {
            receipt.settle(appended.is_ok());
            if let (Some(published), true) = (published, appended.is_ok()) {
                published.publish();
            }
            receipts.answer(appended, &figures);
        });
        self.log.append(Append { events: passed.events, groups, dead_letters, state: committed.state, done });
        aside
    }

    /// Keeps events that cannot be processed any more.
    pub(crate) fn keep_dead(&self, dead_letters: Vec<DeadLetter>) {
        let done = Box::new(|appended: Result<_, AppendError>| {
            if let Err(error) = appended {
                tracing::error!("events of plugins that waited for too long are lost: {error}");
            }
        });
        self.log.append(Append { dead_letters, ..Append::unkeyed(Vec::new(), done) });
    }
}
