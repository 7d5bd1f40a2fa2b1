//! The views that are in use, each with its thread, and their end when their plugin is replaced.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tidemill_plugin::{Classified, Lane, Plugin, Plugins, Subscriber};

use super::worker::{PluginSight, Worker};
use super::{Judge, View};
use crate::limits::CLASSIFY_TIME_MAX;
use crate::tail::Tail;

/// Why somebody sees nothing through a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoView {
    /// The view refuses this subscriber, for this reason.
    Refused(String),
    /// The plugin failed on it.
    Failed(String),
    /// It is not possible for so long, for this reason.
    Unavailable(String, Duration),
    /// The view has too much to do.
    Busy,
    /// The plugin was replaced meanwhile; the one that runs now has to be asked.
    Replaced,
}

/// The judges of the plugins that run; at most as many as there are plugins.
pub(crate) struct Views {
    plugins: Arc<Plugins>,
    tail: Arc<Tail>,
    judges: Mutex<Vec<(Arc<Plugin>, Arc<Judge>)>>,
}

impl fmt::Debug for Views {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Views").field("judges", &self.lock()).finish_non_exhaustive()
    }
}

impl Views {
    pub(crate) fn new(plugins: Arc<Plugins>, tail: Arc<Tail>) -> Self {
        Self { plugins, tail, judges: Mutex::default() }
    }

    /// What a subscriber sees through a plugin.
    pub(crate) async fn classify(&self, plugin: &Arc<Plugin>, who: Subscriber) -> Result<View, NoView> {
        if let Some((reason, time)) = plugin.is_out() {
            return Err(NoView::Unavailable(reason, time));
        }
        let judge = self.judge(plugin)?;
        let answer = match judge.classify(who) {
            Some(answered) => tokio::time::timeout(CLASSIFY_TIME_MAX, answered).await,
            None if judge.is_over() => return Err(NoView::Replaced),
            None => return Err(NoView::Busy),
        };
        match answer {
            _ if judge.is_over() => Err(NoView::Replaced),
            Ok(Ok(Ok(Classified::Class(class)))) => Ok(View::new(judge, class.into())),
            Ok(Ok(Ok(Classified::Refused(reason)))) => Err(NoView::Refused(reason)),
            Ok(Ok(Err(fault))) => Err(NoView::Failed(fault.to_string())),
            // Its thread is gone, or does not get to it.
            Ok(Err(_)) | Err(_) => Err(NoView::Busy),
        }
    }

    /// The judge of a plugin that runs, with a thread that begins now if there was none.
    fn judge(&self, plugin: &Arc<Plugin>) -> Result<Arc<Judge>, NoView> {
        let mut judges = self.lock();
        judges.retain(|(_, judge)| !judge.is_gone());
        if let Some((_, judge)) = judges.iter().find(|(own, _)| Arc::ptr_eq(own, plugin)) {
            return Ok(Arc::clone(judge));
        }
        // Under the lock: whoever replaces the plugin from now on finds the judge here, and ends it.
        if !self.runs(plugin) {
            return Err(NoView::Replaced);
        }
        let name = plugin.name();
        let (judge, jobs) = Judge::new(self.tail.judgements().number(), Arc::clone(name));
        let sight = PluginSight { plugin: Arc::clone(plugin), lane: Lane::new(self.plugins.engine().clone()) };
        let worker = Worker::new(jobs, Arc::clone(name), Box::new(sight), &self.tail);
        let thread_name = format!("tidemill-view-{name}");
        let run = move || worker.run().unwrap_or_else(|error| tracing::error!("a view cannot read the log: {error}"));
        thread::Builder::new().name(thread_name).spawn(run).map_err(|error| {
            NoView::Unavailable(format!("there is no thread for the view: {error}"), Duration::from_secs(1))
        })?;
        judges.push((Arc::clone(plugin), Arc::clone(&judge)));
        Ok(judge)
    }

    /// Ends the streams of views whose plugin does not run any more, and their threads with the last of them.
    pub(crate) fn plugins_changed(&self) {
        let mut judges = self.lock();
        judges.retain(|(plugin, judge)| {
            let runs = self.runs(plugin);
            if !runs {
                judge.end();
                self.tail.wake_view(judge);
            }
            runs
        });
    }

    fn runs(&self, plugin: &Arc<Plugin>) -> bool {
        self.plugins.current().plugins().iter().any(|own| Arc::ptr_eq(own, plugin))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Arc<Plugin>, Arc<Judge>)>> {
        self.judges.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
