//! What the calls of one turn write: keys, and events to publish. It counts once the turn's events are handed to the log;
//! what a failed call wrote never does.
//!
//! Owned by a lane and shared with its instances, which write while they are called.

mod overlay;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hashbrown::HashMap;
use tidemill_event::{Event, History, StateChange, StateChanges};
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

use crate::limits::STATE_WRITES_MAX;
use crate::state::{Basis, Conflict, Keys, Receipt};
use crate::{Plugin, States};
use overlay::Overlay;
pub(crate) use overlay::WriteError;

/// A lane's transaction, as its instances have it.
pub(crate) type Desk = Arc<Mutex<Transaction>>;

/// Where what plugins write goes.
#[derive(Debug, Clone)]
pub struct Outlet {
    /// What plugins keep.
    pub states: States,
    /// Room for events that plugins publish, in units of a kibibyte: each holds its room until it was processed.
    pub room: Arc<Semaphore>,
    /// Whether calls may wait long. Such turns do not make others wait for their state; they may have to be made again.
    pub waits: bool,
}

/// What one turn wrote.
#[derive(Default)]
pub(crate) struct Transaction {
    outlet: Option<Outlet>,
    turn: Option<OwnedMutexGuard<()>>,
    history: Option<History>,
    plugins: HashMap<Arc<str>, Overlay>,
    published: Vec<NewEvent>,
    call: Option<Call>,
}

/// An event that a plugin publishes.
#[derive(Debug)]
pub struct NewEvent {
    /// The event.
    pub event: Event,
    /// The plugin that publishes it.
    pub by: Arc<str>,
    /// Whether the plugin gave its id.
    pub id_given: bool,
    /// How many events, each on account of the one before, led to it.
    pub hops: u8,
    /// Its room.
    pub room: OwnedSemaphorePermit,
}

/// A call that may write.
struct Call {
    plugin: Arc<str>,
    state_max: usize,
    /// Events that it may still publish.
    events_left: usize,
    hops: u8,
    published_before: usize,
}

/// A call of `state` that ends the plugin's call.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StateError {
    #[error("`state` was called while no events were processed; it is there in `decide`, `apply` and `validate`")]
    NotNow,
    #[error("more than {STATE_WRITES_MAX} keys were written in one call")]
    TooMany,
}

/// What a turn wrote, on its way out.
#[derive(Default)]
pub struct Written {
    states: Option<States>,
    changes: StateChanges,
    bases: Vec<Basis>,
    quotas: HashMap<Arc<str>, usize>,
    published: Vec<NewEvent>,
    _turn: Option<OwnedMutexGuard<()>>,
}

/// What a turn wrote, as it counts from now on.
#[derive(Default)]
pub struct Committed<'a> {
    /// What plugins keep.
    pub state: StateChanges,
    /// To be told whether that was stored.
    pub receipt: Receipt,
    /// Events to be published once those of the turn are stored.
    pub published: Vec<NewEvent>,
    /// Whether the turn depends on state, so that what was decided in it holds only if the log takes it.
    pub depends: bool,
    /// Changes are handed to the log in the order in which they count: held until that is done.
    _order: Option<MutexGuard<'a, ()>>,
}

impl Written {
    /// Makes it count, if the state that it was made of has not changed meanwhile. What it gives is to be handed to the log
    /// before it is dropped.
    pub fn commit(&mut self) -> Result<Committed<'_>, Conflict> {
        let published = std::mem::take(&mut self.published);
        let Some(states) = &self.states else { return Ok(Committed { published, ..Committed::default() }) };
        let order = states.order();
        let (state, receipt) = states.commit(std::mem::take(&mut self.changes), &self.bases, &self.quotas)?;
        Ok(Committed { state, receipt, published, depends: true, _order: Some(order) })
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.changes.changes.is_empty() && self.published.is_empty()
    }
}

impl std::fmt::Debug for Committed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Committed").field("state", &self.state).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Written").field("changes", &self.changes.changes.len()).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Transaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transaction").field("published", &self.published.len()).finish_non_exhaustive()
    }
}

pub(crate) fn lock(desk: &Desk) -> MutexGuard<'_, Transaction> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Transaction {
    pub(crate) fn new(outlet: Option<Outlet>) -> Desk {
        Arc::new(Mutex::new(Self { outlet, ..Self::default() }))
    }

    /// A call begins. Waits while another turn works with state, so that no plugin's time is spent on that.
    pub(crate) fn begin_call(&mut self, plugin: &Plugin, events: usize, hops: u8) {
        let Some(outlet) = &self.outlet else { return };
        if plugin.grants.state {
            outlet.states.wait_for_room();
            if self.turn.is_none() && !outlet.waits {
                self.turn = Some(outlet.states.turn());
            }
            self.history.get_or_insert_with(|| outlet.states.kept().history.clone());
        }
        self.call = Some(Call {
            plugin: Arc::clone(&plugin.name),
            state_max: plugin.limits().state,
            events_left: plugin.limits().output_events.saturating_mul(events),
            hops,
            published_before: self.published.len(),
        });
    }

    /// It has ended. What it wrote goes unless it is kept. How many events it published.
    pub(crate) fn end_call(&mut self, keep: bool) -> usize {
        let Some(call) = self.call.take() else { return 0 };
        let overlay = self.plugins.get_mut(&call.plugin);
        if keep {
            overlay.into_iter().for_each(Overlay::keep);
        } else {
            overlay.into_iter().for_each(Overlay::take_back);
            self.published.truncate(call.published_before);
        }
        self.published.len() - call.published_before
    }

    /// Ends the turn: all that it wrote.
    pub(crate) fn finish(&mut self) -> Written {
        let published = std::mem::take(&mut self.published);
        let turn = self.turn.take();
        let history = self.history.take();
        let plugins = std::mem::take(&mut self.plugins);
        let (mut changes, mut bases) = (Vec::new(), Vec::new());
        let mut quotas = HashMap::new();
        for (plugin, overlay) in plugins {
            quotas.insert(Arc::clone(&plugin), overlay.quota());
            for (key, slot) in overlay.slots {
                changes.push(StateChange { plugin: Arc::clone(&plugin), key, entry: slot.entry });
                bases.push(slot.basis);
            }
        }
        // What was read may not be stored yet: then what was made of it is not to be told before that is.
        let states = self.outlet.as_ref().map(|outlet| outlet.states.clone());
        let states = states.filter(|states| history.is_some() && (!changes.is_empty() || states.has_open_changes()));
        let changes = StateChanges { changes, history: history.unwrap_or_default() };
        Written { states, changes, bases, quotas, published, _turn: turn }
    }

    /// Takes an event that the present call publishes, if there is room.
    pub(crate) fn publish(&mut self, event: Event, id_given: bool) -> Result<(), String> {
        let (Some(outlet), Some(call)) = (&self.outlet, &mut self.call) else {
            return Err("events can be published only while events are processed".into());
        };
        if call.events_left == 0 {
            return Err("too many events at once; the limit is `output-events` for each event of the batch".into());
        }
        let units = u32::try_from(event.weight().div_ceil(1024)).unwrap_or(u32::MAX);
        let room = Arc::clone(&outlet.room).try_acquire_many_owned(units);
        let room = room.map_err(|_| "the host has no room for further events of plugins at the moment".to_owned())?;
        call.events_left -= 1;
        let (by, hops) = (Arc::clone(&call.plugin), call.hops + 1);
        self.published.push(NewEvent { event, by, id_given, hops, room });
        Ok(())
    }

    /// How often the events of the present call were published on account of others; none outside of the plugin's calls.
    pub(crate) fn hops(&self, plugin: &str) -> Option<u8> {
        self.call.as_ref().filter(|call| *call.plugin == *plugin).map(|call| call.hops)
    }

    /// Takes back what was published since there were so many.
    pub(crate) fn unpublish(&mut self, down_to: usize) {
        let back = self.published.len().saturating_sub(down_to);
        self.published.truncate(down_to);
        if let Some(call) = &mut self.call {
            call.events_left += back;
        }
    }

    /// How many events are to be published by now.
    pub(crate) fn published(&self) -> usize {
        self.published.len()
    }

    /// Works with the keys of the plugin that is called: what is written over what is kept.
    pub(crate) fn keys<T>(
        &mut self,
        plugin: &str,
        work: impl FnOnce(&mut Overlay, &mut Keys) -> T,
    ) -> Result<T, StateError> {
        let call = self.call.as_ref().filter(|call| *call.plugin == *plugin);
        let (Some(outlet), Some(call)) = (&self.outlet, call) else { return Err(StateError::NotNow) };
        let mut kept = outlet.states.kept();
        let overlay = self
            .plugins
            .entry_ref(&call.plugin)
            .or_insert_with(|| Overlay::begin(&mut kept, &call.plugin, call.state_max, outlet.waits));
        if overlay.written() >= STATE_WRITES_MAX {
            return Err(StateError::TooMany);
        }
        Ok(work(overlay, kept.keys(&call.plugin)))
    }
}
