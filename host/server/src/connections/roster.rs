//! Things by number, oldest first, at 8 bytes each: numbers are given out one after the other, so they stand in blocks.

use std::collections::BTreeMap;

/// Numbers in one block. A block goes when the last of them does, so that one long-lived thing among many that come and
/// go keeps no more than this many places.
const BLOCK: usize = 32;

#[derive(Debug)]
pub(super) struct Roster<T> {
    blocks: BTreeMap<u64, Box<[Option<T>; BLOCK]>>,
    length: usize,
}

impl<T> Default for Roster<T> {
    fn default() -> Self {
        Self { blocks: BTreeMap::new(), length: 0 }
    }
}

impl<T> Roster<T> {
    pub(super) fn insert(&mut self, number: u64, thing: T) {
        let (block, place) = split(number);
        let places = self.blocks.entry(block).or_insert_with(|| Box::new([const { None }; BLOCK]));
        self.length += usize::from(places[place].replace(thing).is_none());
    }

    pub(super) fn remove(&mut self, number: u64) {
        let (block, place) = split(number);
        let Some(places) = self.blocks.get_mut(&block) else { return };
        self.length -= usize::from(places[place].take().is_some());
        if places.iter().all(Option::is_none) {
            self.blocks.remove(&block);
        }
    }

    pub(super) fn get(&self, number: u64) -> Option<&T> {
        let (block, place) = split(number);
        self.blocks.get(&block)?[place].as_ref()
    }

    /// Those with a greater number, in order.
    pub(super) fn after(&self, number: u64) -> impl Iterator<Item = &T> {
        let (block, place) = split(number.saturating_add(1));
        let places = self.blocks.range(block..).flat_map(move |(own, places)| {
            let begin = if *own == block { place } else { 0 };
            &places[begin..]
        });
        places.flatten()
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.blocks.values().flat_map(|places| places.iter()).flatten()
    }

    pub(super) const fn len(&self) -> usize {
        self.length
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the remainder is small")]
const fn split(number: u64) -> (u64, usize) {
    (number / BLOCK as u64, (number % BLOCK as u64) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_a_map_in_order(steps in prop::collection::vec((any::<bool>(), 0_u64..200), 0..100), after in 0_u64..210) {
            let (mut roster, mut model) = (Roster::default(), BTreeMap::new());
            for (comes, number) in steps {
                if comes {
                    roster.insert(number, number);
                    model.insert(number, number);
                } else {
                    roster.remove(number);
                    model.remove(&number);
                }
            }
            prop_assert_eq!(roster.len(), model.len());
            prop_assert!(roster.values().eq(model.values()));
            prop_assert!(roster.after(after).eq(model.range(after + 1..).map(|(_, number)| number)));
            prop_assert_eq!(roster.get(after), model.get(&after));
            prop_assert!(roster.blocks.len() <= model.len(), "empty blocks go");
        }
    }
}
