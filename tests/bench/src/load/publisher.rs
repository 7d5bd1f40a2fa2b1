//! The publisher: decides when a request goes out and on which connection, and keeps what the server acknowledged.
//! Must not know how bytes travel ([`Connection`]) or what subscribers got ([`Progress`] says how much).

use std::num::NonZeroU64;
use std::sync::atomic::Ordering;

use anyhow::{Context as _, Result};
use rustix::event::{PollFd, PollFlags, Timespec, epoll, poll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;

use super::connection::{Connection, InFlight};
use super::histogram::Histogram;
use super::progress::Progress;
use super::published::Published;
use super::request::RequestTemplate;
use super::spec::{LoadSpec, Pace};
use crate::clock::{MILLISECOND, SECOND, nanos, now_ns};

/// The epoll key of the wake-up; connections have their index.
const WAKE: u64 = u64::MAX;

/// A window that does not move for so long gives up on what is missing.
const WINDOW_PATIENCE: u64 = SECOND;

/// The longest wait for the warm-up to reach everybody, and for the last answers.
const WARM_UP_LIMIT: u64 = 10 * SECOND;
const ANSWER_LIMIT: u64 = 5 * SECOND;

/// The publishing side of one load.
pub(super) struct Publisher<'a> {
    spec: &'a LoadSpec,
    progress: &'a Progress,
    /// Deliveries that each event makes.
    listeners: u64,
    template: RequestTemplate,
    connections: Vec<Connection>,
    epoll: OwnedFd,
    next_sequence: u64,
    next_connection: usize,
    published: Published,
    /// Deliveries the window has given up on.
    forgiven: u64,
    /// Deliveries when the window last moved, and when that was.
    moved: (u64, u64),
}

impl<'a> Publisher<'a> {
    pub(super) fn new(spec: &'a LoadSpec, progress: &'a Progress) -> Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, progress.wake_fd(), epoll::EventData::new_u64(WAKE), epoll::EventFlags::IN)?;
        let mut connections: Vec<_> = (0..spec.publishers as u64).map(Connection::vacant).collect();
        for connection in &mut connections {
            connection
                .connect(spec.address, spec.secure.as_ref(), &epoll)
                .with_context(|| format!("publishing to {}", spec.address))?;
        }
        // The default of 50 µs would show in the schedule; without it the run is only less exact.
        rustix::thread::set_current_timer_slack(NonZeroU64::new(1_000)).ok();
        Ok(Self {
            spec,
            progress,
            listeners: spec.listeners(),
            template: RequestTemplate::render(spec)?,
            connections,
            epoll,
            next_sequence: spec.first,
            next_connection: 0,
            published: Published::default(),
            forgiven: 0,
            moved: (0, 0),
        })
    }

    /// Sends the warm-up requests one by one; true when every subscriber has had all their events.
    pub(super) fn warm_up(&mut self) -> Result<bool> {
        let wanted = (self.progress.first_measured - self.spec.first) * self.progress.listening();
        let limit = now_ns() + WARM_UP_LIMIT;
        while now_ns() < limit {
            let idle = !self.connections.iter().any(Connection::is_busy);
            let sent = self.next_sequence >= self.progress.first_measured;
            if idle && sent && self.progress.warm() >= wanted {
                break;
            }
            if idle && !sent {
                self.send(now_ns());
            }
            self.wait(MILLISECOND)?;
        }
        self.next_sequence = self.progress.first_measured;
        self.published.answer_time = Histogram::default();
        Ok(self.progress.warm() >= wanted)
    }

    /// The measured part, and the wait for its last answers.
    pub(super) fn run(mut self, start: u64) -> Result<Published> {
        let end = start + nanos(self.spec.duration);
        self.moved = (0, start);
        let mut scheduled = 0;
        while now_ns() < end && !self.is_over() {
            let wait = match self.spec.pace {
                Pace::Open => self.send_all(u64::MAX, end),
                Pace::Window(events) => self.send_all(events, end),
                Pace::Rate(rate) => self.send_due(start, end, rate, &mut scheduled),
            };
            self.wait(wait.min(end.saturating_sub(now_ns())))?;
        }
        let limit = now_ns() + ANSWER_LIMIT;
        while self.connections.iter().any(Connection::is_busy) && now_ns() < limit {
            self.wait(5 * MILLISECOND)?;
        }
        for index in 0..self.connections.len() {
            self.lose(index, "no answer");
        }
        self.published.seconds = (now_ns() - start) as f64 / SECOND as f64;
        self.published.sent = self.next_sequence - self.progress.first_measured;
        Ok(self.published)
    }

    /// Sends on every free connection while the window has room; answers how long to wait then.
    fn send_all(&mut self, window: u64, end: u64) -> u64 {
        let (batch, listeners, mut now) = (self.template.events(), self.listeners, now_ns());
        while now < end {
            if window < u64::MAX {
                let sent = (self.next_sequence - self.progress.first_measured) * listeners;
                let delivered = self.progress.delivered() + self.forgiven;
                let room = (window + 1).saturating_sub(batch).max(1) * listeners;
                if sent.saturating_sub(delivered) >= room {
                    // Sleeps until a quarter of the window is free.
                    let wake_at = sent.saturating_sub(window * listeners / 4 * 3).saturating_sub(self.forgiven);
                    if !self.progress.wake_at(wake_at) {
                        continue;
                    }
                    if self.moved.0 != delivered {
                        self.moved = (delivered, now);
                    } else if now - self.moved.1 > WINDOW_PATIENCE {
                        self.forgiven += sent - delivered;
                        self.published.stalls += 1;
                        self.moved.1 = now;
                    }
                    return 50 * MILLISECOND;
                }
            }
            if !self.send(now) {
                break;
            }
            now = now_ns();
        }
        end.saturating_sub(now)
    }

    /// Sends what is due by the schedule; answers how long to wait for the next.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "times within a run are small")]
    fn send_due(&mut self, start: u64, end: u64, rate: f64, scheduled: &mut u64) -> u64 {
        let gap = self.template.events() as f64 * SECOND as f64 / rate;
        loop {
            let due = start + (*scheduled as f64 * gap) as u64;
            let now = now_ns();
            if due >= end {
                return end.saturating_sub(now);
            }
            if due > now {
                return due - now;
            }
            if !self.send(due) {
                return MILLISECOND; // every connection is busy: an answer will wake us
            }
            *scheduled += 1;
        }
    }

    /// Whether nothing more is to be sent, however much time is left.
    fn is_over(&self) -> bool {
        let sent = self.next_sequence.saturating_sub(self.progress.first_measured);
        sent >= self.spec.events || self.spec.stop.load(Ordering::Relaxed)
    }

    /// Sends one request on the free connection that rested longest; false when there is none, or enough was sent.
    fn send(&mut self, due_ns: u64) -> bool {
        if self.is_over() {
            return false;
        }
        for _ in 0..self.connections.len() {
            let index = self.next_connection;
            self.next_connection = (index + 1) % self.connections.len();
            let connection = &mut self.connections[index];
            if connection.is_busy() {
                continue;
            }
            if !connection.is_connected() {
                self.published.reconnects += 1;
                if connection.connect(self.spec.address, self.spec.secure.as_ref(), &self.epoll).is_err() {
                    continue;
                }
            }
            let in_flight = InFlight { first: self.next_sequence, events: self.template.events(), sent_ns: now_ns() };
            self.next_sequence += in_flight.events;
            let request = self.template.stamped(in_flight.first, due_ns);
            if let Err(error) = connection.send(request, in_flight, &self.epoll) {
                self.lose(index, &error.to_string());
            }
            return true;
        }
        false
    }

    /// Waits for answers, room to write, or the window; at most so many nanoseconds.
    fn wait(&mut self, nanoseconds: u64) -> Result<()> {
        let timeout =
            Timespec { tv_sec: (nanoseconds / SECOND).cast_signed(), tv_nsec: (nanoseconds % SECOND).cast_signed() };
        // poll() first: it counts nanoseconds, epoll_wait() only milliseconds.
        match poll(&mut [PollFd::new(&self.epoll, PollFlags::IN)], Some(&timeout)) {
            Ok(0) | Err(Errno::INTR) => return Ok(()),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        let mut events = Vec::with_capacity(64);
        epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), Some(&Timespec::default()))?;
        for event in &events {
            let (data, flags) = (event.data, event.flags); // the record is packed
            if data.u64() == WAKE {
                self.progress.woken();
                continue;
            }
            let index = data.u64() as usize;
            let connection = &mut self.connections[index];
            if flags.contains(epoll::EventFlags::OUT)
                && let Err(error) = connection.flush(&self.epoll)
            {
                self.lose(index, &error.to_string());
            } else if flags != epoll::EventFlags::OUT {
                self.receive(index);
            }
        }
        Ok(())
    }

    fn receive(&mut self, index: usize) {
        match self.connections[index].receive() {
            Ok(None) => {}
            Ok(Some((response, in_flight, answer))) => {
                let first_measured = self.progress.first_measured;
                self.published.answered(&response, in_flight, &answer, first_measured);
                if response.closes {
                    self.connections[index].close();
                }
            }
            Err(error) => self.lose(index, &error.to_string()),
        }
    }

    /// Gives a connection up; what was in flight on it counts as errors.
    fn lose(&mut self, index: usize, reason: &str) {
        if let Some(lost) = self.connections[index].close() {
            self.published.lost(lost, reason);
        }
    }
}
