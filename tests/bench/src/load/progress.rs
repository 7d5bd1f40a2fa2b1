//! What the publishing and the reading threads tell each other: counters, the phase, and one wake-up.
//! Must not know requests or events.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use anyhow::Result;
use rustix::event::{EventfdFlags, eventfd};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};

/// No delivery is waited for.
const NO_WAIT: u64 = u64::MAX;

/// What is going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    /// Subscribers connect.
    Connect,
    /// Events flow.
    Publish,
    /// The readers end.
    Stop,
}

/// The shared state of one load.
#[derive(Debug)]
pub(super) struct Progress {
    phase: AtomicU8,
    connected: AtomicU64,
    listening: AtomicU64,
    failed: AtomicU64,
    warm: AtomicU64,
    delivered: AtomicU64,
    last_delivery: AtomicU64,
    wake_at: AtomicU64,
    wake: OwnedFd,
    /// Events with a lower sequence number are warm-up.
    pub(super) first_measured: u64,
}

impl Progress {
    pub(super) fn new(first_measured: u64) -> Result<Self> {
        Ok(Self {
            phase: AtomicU8::new(Phase::Connect as u8),
            connected: AtomicU64::new(0),
            listening: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            warm: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            last_delivery: AtomicU64::new(0),
            wake_at: AtomicU64::new(NO_WAIT),
            wake: eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?,
            first_measured,
        })
    }

    pub(super) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            phase if phase == Phase::Connect as u8 => Phase::Connect,
            phase if phase == Phase::Publish as u8 => Phase::Publish,
            _ => Phase::Stop,
        }
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Release);
    }

    /// Ends the readers when the answer is dropped, also on the way out of an error.
    pub(super) fn stop_when_dropped(&self) -> impl Drop + '_ {
        struct Stop<'a>(&'a Progress);
        impl Drop for Stop<'_> {
            fn drop(&mut self) {
                self.0.enter(Phase::Stop);
            }
        }
        Stop(self)
    }

    /// Counts one that has its stream, and whether it asked for what is published.
    pub(super) fn count_connected(&self, wants: bool) {
        self.listening.fetch_add(u64::from(wants), Ordering::AcqRel);
        self.connected.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn count_failed(&self) {
        self.failed.fetch_add(1, Ordering::AcqRel);
    }

    /// Subscribers that have a stream.
    pub(super) fn connected(&self) -> u64 {
        self.connected.load(Ordering::Acquire)
    }

    /// Those of them that asked for what is published.
    pub(super) fn listening(&self) -> u64 {
        self.listening.load(Ordering::Acquire)
    }

    /// Subscribers that got none.
    pub(super) fn failed(&self) -> u64 {
        self.failed.load(Ordering::Acquire)
    }

    /// Subscribers of whom it is known.
    pub(super) fn settled(&self) -> u64 {
        self.connected() + self.failed()
    }

    /// Deliveries of warm-up events.
    pub(super) fn warm(&self) -> u64 {
        self.warm.load(Ordering::Acquire)
    }

    /// Deliveries of measured events, without duplicates.
    pub(super) fn delivered(&self) -> u64 {
        self.delivered.load(Ordering::Acquire)
    }

    /// When the last of them came.
    pub(super) fn last_delivery(&self) -> u64 {
        self.last_delivery.load(Ordering::Acquire)
    }

    /// Adds what one sweep over the sockets found, and wakes the publisher if it waits for that.
    pub(super) fn count(&self, warm: u64, measured: u64, now: u64) {
        if warm > 0 {
            self.warm.fetch_add(warm, Ordering::AcqRel);
        }
        if measured > 0 {
            self.last_delivery.fetch_max(now, Ordering::AcqRel);
            let delivered = self.delivered.fetch_add(measured, Ordering::AcqRel) + measured;
            if delivered >= self.wake_at.load(Ordering::Acquire)
                && self.wake_at.swap(NO_WAIT, Ordering::AcqRel) != NO_WAIT
            {
                // A full counter wakes just as well.
                rustix::io::write(&self.wake, &1u64.to_ne_bytes()).ok();
            }
        }
    }

    /// Asks to be woken at so many deliveries; false when there are that many already.
    pub(super) fn wake_at(&self, deliveries: u64) -> bool {
        self.wake_at.store(deliveries, Ordering::Release);
        if self.delivered() < deliveries {
            return true;
        }
        self.wake_at.store(NO_WAIT, Ordering::Release);
        false
    }

    /// Readable when the publisher is to wake up.
    pub(super) fn wake_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    /// Takes the wake-up.
    pub(super) fn woken(&self) {
        rustix::io::read(&self.wake, &mut [0u8; 8]).ok();
    }
}
