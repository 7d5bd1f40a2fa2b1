//! Which events of an append are new, and where they will stand.

use hashbrown::HashMap;
use tidemill_event::Event;

use crate::known::Known;
use crate::{Group, Key, Placed};

/// Gives out places for the appends of one commit. Nothing of it counts until the commit succeeded.
#[derive(Debug, Default)]
pub(crate) struct Assignment {
    last: u64,
    fresh: HashMap<Key, (u64, u32)>,
    /// New keys in the order of their places.
    keys: Vec<(Key, u64, u32)>,
}

impl Assignment {
    /// Continues after a sequence.
    pub(crate) fn after(last: u64) -> Self {
        Self { last, ..Self::default() }
    }

    /// The places of some groups, and those of their events that are new.
    pub(crate) fn place(&mut self, known: &Known, groups: &[Group], events: Vec<Event>) -> (Vec<Placed>, Vec<Event>) {
        debug_assert_eq!(groups.iter().map(|group| group.events as usize).sum::<usize>(), events.len());
        let places: Vec<Placed> = groups.iter().map(|group| self.place_group(known, *group)).collect();
        if places.iter().all(|place| !place.duplicate) {
            return (places, events);
        }
        let new = groups
            .iter()
            .zip(&places)
            .flat_map(|(group, placed)| std::iter::repeat_n(!placed.duplicate, group.events as usize));
        let events = events.into_iter().zip(new).filter_map(|(event, new)| new.then_some(event)).collect();
        (places, events)
    }

    /// New keys, their first sequence and number of events.
    pub(crate) fn keys(&self) -> &[(Key, u64, u32)] {
        &self.keys
    }

    fn place_group(&mut self, known: &Known, group: Group) -> Placed {
        if let Some(key) = group.key {
            if let Some((first, events)) = self.fresh.get(&key) {
                return Placed { first: *first, events: *events, duplicate: true };
            }
            if let Some(placed) = known.get(&key) {
                return placed;
            }
            self.fresh.insert(key, (self.last + 1, group.events));
            self.keys.push((key, self.last + 1, group.events));
        }
        let placed = Placed { first: self.last + 1, events: group.events, duplicate: false };
        self.last += u64::from(group.events);
        placed
    }
}
