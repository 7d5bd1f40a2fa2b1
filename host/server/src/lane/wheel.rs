//! When to look at which seat: a timer wheel (Varghese and Lauck, 1987) with one entry for each seat.

use std::time::{Duration, Instant};

/// Heartbeats may come this much late.
const TICK: Duration = Duration::from_millis(250);
/// Ticks ahead that an entry can be, about 17 minutes: longer than any heartbeat.
const SLOTS: usize = 4096;

#[derive(Debug)]
pub(super) struct Wheel {
    start: Instant,
    /// Ticks that were looked at.
    done: u32,
    slots: Vec<Vec<u32>>,
    entries: usize,
}

/// The tick of an entry, which tells it from older ones of the same seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tick(u32);

impl Wheel {
    pub(super) fn new() -> Self {
        Self { start: Instant::now(), done: 0, slots: vec![Vec::new(); SLOTS], entries: 0 }
    }

    /// Comes back to a seat after a while.
    pub(super) fn set(&mut self, seat: u32, after: Duration) -> Tick {
        let at = ticks(self.start.elapsed() + after) + 1;
        let tick = at.clamp(self.done + 1, self.done + SLOTS as u32);
        self.slots[tick as usize % SLOTS].push(seat);
        self.entries += 1;
        Tick(tick)
    }

    /// How long until there is something to look at; none if there is nothing at all.
    pub(super) fn next(&self) -> Option<Duration> {
        (self.entries > 0).then(|| (TICK * (self.done + 1)).saturating_sub(self.start.elapsed()))
    }

    /// The entries of the next tick that is over.
    pub(super) fn due(&mut self) -> Option<(Tick, Vec<u32>)> {
        if self.done >= ticks(self.start.elapsed()) {
            return None;
        }
        self.done += 1;
        let seats = std::mem::take(&mut self.slots[self.done as usize % SLOTS]);
        self.entries -= seats.len();
        Some((Tick(self.done), seats))
    }
}

/// Whole ticks in a time; enough of them for 34 years.
fn ticks(time: Duration) -> u32 {
    u32::try_from(time.as_millis() / TICK.as_millis()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_due_in_order_and_never_early() {
        let mut wheel = Wheel::new();
        assert_eq!(wheel.next(), None);
        let (late, soon) = (wheel.set(1, Duration::from_secs(600)), wheel.set(2, Duration::ZERO));
        let far = wheel.set(3, Duration::from_secs(86_400));
        assert!(wheel.next().unwrap() <= TICK);
        assert!(soon.0 < late.0 && late.0 < far.0 && far.0 as usize <= SLOTS);
        // As if 20 minutes had gone by.
        wheel.start -= Duration::from_secs(1_200);
        let mut came = Vec::new();
        while let Some((tick, seats)) = wheel.due() {
            came.extend(seats.into_iter().map(|seat| (seat, tick)));
        }
        assert_eq!(came, [(2, soon), (1, late), (3, far)]);
        assert!(late.0 >= ticks(Duration::from_secs(600)));
        assert_eq!((wheel.next(), wheel.entries), (None, 0));
    }
}
