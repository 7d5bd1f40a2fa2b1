//! Who is asked together: seats whose subscribers want the same. Each room watches its selection.

use std::collections::HashMap;
use std::sync::Arc;

use slab::Slab;
use tidemill_bus::{Selection, Watch};

use crate::lane::calls::{Calls, RoomCall};

#[derive(Debug, Default)]
pub(super) struct Rooms {
    rooms: Slab<Room>,
    /// By the address of the selection, which the room's watch keeps alive.
    by_selection: HashMap<usize, u32>,
}

#[derive(Debug)]
struct Room {
    selection: usize,
    _watch: Watch,
    call: Arc<RoomCall>,
    members: Vec<u32>,
}

/// Where in which room a seat is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    room: u32,
    index: u32,
}

impl Rooms {
    /// Takes a seat in.
    pub(super) fn join(&mut self, seat: u32, selection: &Arc<Selection>, calls: &Arc<Calls>) -> Place {
        let address = Arc::as_ptr(selection).addr();
        let room = *self.by_selection.entry(address).or_insert_with(|| {
            let entry = self.rooms.vacant_entry();
            let key = key(entry.key());
            let (waker, call) = calls.room_waker(key);
            entry.insert(Room { selection: address, _watch: selection.watch(waker), call, members: Vec::new() });
            key
        });
        let members = &mut self.rooms[room as usize].members;
        members.push(seat);
        Place { room, index: key(members.len() - 1) }
    }

    /// Lets a seat go; the seat that moved to its place, if one did.
    pub(super) fn leave(&mut self, place: Place) -> Option<u32> {
        let room = &mut self.rooms[place.room as usize];
        room.members.swap_remove(place.index as usize);
        let moved = room.members.get(place.index as usize).copied();
        if room.members.is_empty() {
            let room = self.rooms.remove(place.room as usize);
            self.by_selection.remove(&room.selection);
        }
        moved
    }

    /// Who is in a room that was called; nobody if it is gone.
    pub(super) fn answer(&self, room: u32, members: &mut Vec<u32>) {
        members.clear();
        if let Some(room) = self.rooms.get(room as usize) {
            room.call.answer();
            members.extend_from_slice(&room.members);
        }
    }
}

/// There are fewer seats and rooms than file descriptors.
fn key(key: usize) -> u32 {
    u32::try_from(key).unwrap_or(u32::MAX)
}
