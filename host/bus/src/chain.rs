//! One batch on its way through the plugins of one generation.
//!
//! Owns what becomes of each event: the order of steps, splits, and that an event of an owned type reaches the log only
//! if the type's owner accepted it in its final form (invariant I8).

use std::sync::Arc;
use std::time::Instant;

use hashbrown::{HashMap, HashSet};
use tidemill_event::{Change, Event, Problem};
use tidemill_plugin::{
    Committed, Conflict, Fault, FaultKind, Generation, Kind, Lane, OnFault, Plugin, Verdict, Written,
};

mod ending;
mod parts;
mod strays;

pub(crate) use parts::{Failure, Later, Why};
pub(crate) use strays::Strays;

use crate::{Outcome, Step, Trail};
use parts::Item;

/// A batch in the plugins' hands.
pub(crate) struct Chain<'a> {
    lane: &'a mut Lane,
    generation: &'a Generation,
    items: Vec<Item>,
    /// What became of each published event, as far as that is decided.
    fates: Vec<Option<Outcome>>,
    /// The items that a stage is to see, in the order of stages; stages that no item meets are not in it, so that they
    /// cost nothing.
    waiting: Vec<(usize, Vec<usize>)>,
    /// Published events, by origin, of which a plugin made something else.
    originals: HashMap<usize, Event>,
    /// Who failed, by origin.
    failed: Vec<(usize, Arc<Plugin>, Fault)>,
    /// Which published events are to wait, and why.
    later: HashMap<usize, Why>,
    /// Where it is written down what plugins do, by origin.
    trails: HashMap<usize, Arc<Trail>>,
    /// How often events were published on account of others, by origin; 0 where nothing is said.
    hops: HashMap<usize, u8>,
    strays: &'a mut Strays,
    /// Whether an event turned out on its way to belong elsewhere.
    strayed: bool,
}

impl<'a> Chain<'a> {
    pub(crate) fn begin(
        lane: &'a mut Lane,
        generation: &'a Generation,
        events: Vec<Event>,
        trails: HashMap<usize, Arc<Trail>>,
        hops: HashMap<usize, u8>,
        strays: &'a mut Strays,
    ) -> Self {
        let fates = vec![None; events.len()];
        let item =
            |(origin, event)| Item { event, origin, path: Vec::new(), changed: false, rerouted: false, dropped: false };
        let items: Vec<Item> = events.into_iter().enumerate().map(item).collect();
        let (waiting, originals) = (Vec::new(), HashMap::new());
        let (failed, later) = (Vec::new(), HashMap::new());
        strays.enter(generation);
        let mut chain = Self {
            lane,
            generation,
            items,
            fates,
            waiting,
            originals,
            failed,
            later,
            trails,
            hops,
            strays,
            strayed: false,
        };
        for at in 0..chain.items.len() {
            if let Some(plugin) = chain.strays.find(chain.items[at].event.event_type()).filter(|_| !chain.lane.waits())
            {
                chain.later.insert(at, Why::Elsewhere(plugin));
            }
            chain.route(at, 0);
        }
        chain
    }

    /// Keeps events of some sources from all plugins: others of these sources wait, which they must not overtake. So do
    /// those of this turn that have to go elsewhere.
    pub(crate) fn hold_back(&mut self, is_held: impl Fn(&str) -> bool) {
        let mut waiting = HashSet::new();
        for item in &self.items {
            let source = item.event.source();
            if is_held(source) || waiting.contains(source) {
                self.later.insert(item.origin, Why::Behind);
            } else if self.later.contains_key(&item.origin) {
                waiting.insert(source);
            }
        }
    }

    /// Owners look at the events of their types as they were published.
    pub(crate) fn check_owned(&mut self) {
        self.ask_owners(|_| true);
    }

    /// Owners look again at what transforms changed.
    pub(crate) fn check_changed(&mut self) {
        self.ask_owners(|item| item.changed);
    }

    /// The filters and transforms, in order.
    pub(crate) fn run_stages(&mut self) {
        // Items that are routed meanwhile wait for later stages only.
        let mut next = 0;
        while let Some((index, due)) = self.waiting.get_mut(next) {
            let (index, mut due) = (*index, std::mem::take(due));
            next += 1;
            due.retain(|at| self.is_alive(*at) && self.still_meets(*at, index));
            if due.is_empty() {
                continue;
            }
            // Splits and new routes come in late; a plugin sees events in order, each once.
            due.sort_by(|a, b| self.items[*a].place().cmp(&self.items[*b].place()));
            due.dedup();
            let stage = &self.generation.stages()[index];
            self.ask(&stage.plugin, stage.kind, &due, index + 1);
        }
    }

    /// Whether an event turned out, after plugins had seen it, to belong elsewhere, where all of them see it again.
    pub(crate) const fn has_strayed(&self) -> bool {
        self.strayed
    }

    /// What plugins wrote beside what they answered.
    pub(crate) fn finish_writing(&mut self) -> Written {
        self.lane.finish_turn()
    }

    /// Has everything done again: what plugins made of it is void.
    pub(crate) fn put_off(&mut self, conflict: Conflict) -> Committed<'static> {
        self.failed.clear();
        self.fates.iter_mut().for_each(|fate| *fate = None);
        for origin in 0..self.fates.len() {
            let asked = || Why::Asked { by: Arc::from("tidemill"), reason: conflict.to_string() };
            self.later.entry(origin).or_insert_with(asked);
        }
        Committed::default()
    }

    fn ask_owners(&mut self, which: impl Fn(&Item) -> bool) {
        let generation = self.generation;
        let mut shares: Vec<(&Arc<Plugin>, Vec<usize>)> = Vec::new();
        for at in 0..self.items.len() {
            if self.is_alive(at)
                && which(&self.items[at])
                && let Some(owner) = generation.owner(self.items[at].event.event_type())
            {
                match shares.iter_mut().find(|(plugin, _)| Arc::ptr_eq(plugin, owner)) {
                    Some((_, share)) => share.push(at),
                    None => shares.push((owner, vec![at])),
                }
            }
        }
        for (owner, share) in shares {
            // A normalised event does not change its type: no stage is to be found anew.
            self.ask(owner, Kind::EventTypes, &share, generation.stages().len());
        }
    }

    /// Asks one plugin about some items and does as it says.
    fn ask(&mut self, plugin: &Arc<Plugin>, kind: Kind, items: &[usize], next_stage: usize) {
        let events: Vec<&Event> = items.iter().map(|at| &self.items[*at].event).collect();
        let began = (!self.trails.is_empty()).then(Instant::now);
        let hops =
            items.iter().filter_map(|at| self.hops.get(&self.items[*at].origin)).max().copied().unwrap_or_default();
        self.lane.set_hops(hops);
        let verdicts = self.lane.ask(plugin, kind, &events);
        if let Some(began) = began {
            self.write_down(plugin, kind, items, &verdicts, began);
        }
        for (at, verdict) in items.iter().zip(verdicts) {
            let by = || Arc::clone(plugin.name());
            let fate = match verdict {
                Verdict::Keep => continue,
                Verdict::Emit(changes) => match self.replace(*at, changes, kind, next_stage) {
                    Ok(()) => continue,
                    Err(fault) => match self.fail(*at, plugin, kind, fault) {
                        Some(fate) => fate,
                        None => continue,
                    },
                },
                Verdict::Drop => self.drop(*at, plugin),
                Verdict::Reject(problems) => Outcome::Rejected { by: Some(by()), problems },
                Verdict::Retry(reason) => Outcome::Retry { by: by(), reason },
                Verdict::Later(reason) => {
                    self.later.entry(self.items[*at].origin).or_insert_with(|| Why::Asked { by: by(), reason });
                    continue;
                }
                Verdict::Fault(fault) => match self.fail(*at, plugin, kind, fault) {
                    Some(fate) => fate,
                    None => continue,
                },
            };
            let known = &mut self.fates[self.items[*at].origin];
            // A failure of one part outweighs that another one was dropped; the first failure counts.
            if matches!(known, None | Some(Outcome::Dropped { .. })) {
                *known = Some(fate);
            }
        }
    }

    fn write_down(&self, plugin: &Plugin, kind: Kind, items: &[usize], verdicts: &[Verdict], began: Instant) {
        let call = began.elapsed();
        let took = call / u32::try_from(items.len()).unwrap_or(u32::MAX).max(1);
        for (at, verdict) in items.iter().zip(verdicts) {
            if let Some(trail) = self.trails.get(&self.items[*at].origin) {
                let plugin = Arc::clone(plugin.name());
                trail.add(Step { plugin, kind, did: verdict.into(), batch: items.len(), took, began, call });
            }
        }
    }

    fn drop(&mut self, at: usize, plugin: &Arc<Plugin>) -> Outcome {
        self.items[at].dropped = true;
        Outcome::Dropped { by: Arc::clone(plugin.name()) }
    }

    /// What becomes of an item on which a plugin failed; none if it goes on.
    fn fail(&mut self, at: usize, plugin: &Arc<Plugin>, kind: Kind, fault: Fault) -> Option<Outcome> {
        match plugin.on_fault() {
            // Nobody but the owner may let an event of its type into the log (invariant I8).
            OnFault::Keep if kind != Kind::EventTypes => return None,
            OnFault::Drop => return Some(self.drop(at, plugin)),
            OnFault::Reject => {
                let detail = format!("the plugin failed on this event: {fault}");
                let problems = vec![Problem::new("", detail)];
                return Some(Outcome::Rejected { by: Some(Arc::clone(plugin.name())), problems });
            }
            OnFault::Keep | OnFault::DeadLetter => {}
        }
        let origin = self.items[at].origin;
        if !self.failed.iter().any(|(known, _, _)| *known == origin) {
            self.failed.push((origin, Arc::clone(plugin), fault.clone()));
        }
        Some(Outcome::Failed { by: Arc::clone(plugin.name()), fault, dead_letter: None })
    }

    /// Puts a plugin's outputs in the place of an item.
    fn replace(&mut self, at: usize, changes: Vec<Change>, kind: Kind, next_stage: usize) -> Result<(), Fault> {
        let parts = changes.len();
        let old_len = self.items.len();
        let mut first = None;
        for (part, change) in changes.into_iter().enumerate() {
            let looked_at = kind == Kind::EventTypes || !change.concerns_type_or_data();
            let item = &self.items[at];
            let event = change.apply(&item.event, part).map_err(|problems| {
                self.items.truncate(old_len);
                let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
                Fault::new(FaultKind::BadOutput, format!("it made an impossible event: {}", problems.join("; ")))
            });
            let event = event?;
            let item = &self.items[at];
            let mut path = item.path.clone();
            if parts > 1 {
                path.push(u16::try_from(part).unwrap_or(u16::MAX));
            }
            let rerouted = item.rerouted || event.event_type() != item.event.event_type();
            let new = Item {
                event,
                origin: item.origin,
                path,
                changed: item.changed || !looked_at,
                rerouted,
                dropped: false,
            };
            match part {
                0 => first = Some(new),
                _ => self.items.push(new),
            }
        }
        if let Some(first) = first {
            let moved = first.event.event_type() != self.items[at].event.event_type();
            let before = std::mem::replace(&mut self.items[at], first);
            self.originals.entry(before.origin).or_insert(before.event);
            if moved {
                self.route(at, next_stage);
            }
        }
        (old_len..self.items.len()).for_each(|new| self.route(new, next_stage));
        Ok(())
    }

    /// Notes which stages, from one on, are to see an item; or that one of them, or its owner, cannot do so here.
    fn route(&mut self, at: usize, from: usize) {
        let event_type = self.items[at].event.event_type();
        let mut elsewhere = self.generation.owner(event_type).filter(|owner| self.is_elsewhere(owner)).cloned();
        for stage in self.generation.stages_of(event_type).filter(|stage| *stage >= from) {
            let plugin = &self.generation.stages()[stage].plugin;
            if self.is_elsewhere(plugin) {
                elsewhere.get_or_insert_with(|| Arc::clone(plugin));
                continue;
            }
            match self.waiting.binary_search_by_key(&stage, |(waited_for, _)| *waited_for) {
                Ok(place) => self.waiting[place].1.push(at),
                Err(place) => self.waiting.insert(place, (stage, vec![at])),
            }
        }
        if let Some(plugin) = elsewhere {
            self.send_elsewhere(at, &plugin);
        }
    }

    fn send_elsewhere(&mut self, at: usize, plugin: &Arc<Plugin>) {
        let origin = self.items[at].origin;
        if let Some(published) = self.originals.get(&origin) {
            self.strayed = true;
            self.strays.note(published.event_type(), plugin);
        }
        self.later.entry(origin).or_insert_with(|| Why::Elsewhere(Arc::clone(plugin)));
    }

    /// Whether a plugin may take long, which it may not do here.
    fn is_elsewhere(&self, plugin: &Plugin) -> bool {
        plugin.may_wait() && !self.lane.waits()
    }

    fn still_meets(&self, at: usize, stage: usize) -> bool {
        let item = &self.items[at];
        !item.rerouted || self.generation.stages_of(item.event.event_type()).any(|own| own == stage)
    }

    fn is_alive(&self, at: usize) -> bool {
        let item = &self.items[at];
        !item.dropped
            && matches!(self.fates[item.origin], None | Some(Outcome::Dropped { .. }))
            && !self.later.contains_key(&item.origin)
    }
}
