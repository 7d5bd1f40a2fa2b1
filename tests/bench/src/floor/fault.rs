//! Faults on purpose, so that a test can see the generator find them. Knows bytes of events only.

use std::str::FromStr;

use anyhow::{Context as _, bail};

/// No fault before so many events: the warm-up stays whole.
const SPARED: u64 = 100;

/// Spoils every Nth event, from the 101st on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What happens to it.
    pub kind: FaultKind,
    /// Every how many events.
    pub every: u64,
}

/// What can happen to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// It is lost.
    Drop,
    /// It comes twice.
    Duplicate,
    /// It comes after the next one.
    Swap,
}

impl Fault {
    /// Whether the nth event, counted from 1, is spoilt.
    #[must_use]
    pub fn hits(&self, nth: u64) -> bool {
        nth > SPARED && nth.is_multiple_of(self.every)
    }
}

impl FromStr for Fault {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (kind, every) = text.split_once(':').context("a fault is drop:N, dup:N or swap:N")?;
        let kind = match kind {
            "drop" => FaultKind::Drop,
            "dup" => FaultKind::Duplicate,
            "swap" => FaultKind::Swap,
            other => bail!("no fault is called {other}: drop, dup or swap"),
        };
        let every = every.parse().ok().filter(|every| *every > 1).context("N is a number above 1")?;
        Ok(Self { kind, every })
    }
}

/// Counts events and spoils the right ones.
#[derive(Debug)]
pub(super) struct Spoiler {
    fault: Option<Fault>,
    nth: u64,
    /// An event that waits for the next one.
    held: Vec<u8>,
}

impl Spoiler {
    pub(super) fn new(fault: Option<Fault>) -> Self {
        Self { fault, nth: 0, held: Vec::new() }
    }

    /// Takes the event that was just written at `at`.
    pub(super) fn spoil(&mut self, log: &mut Vec<u8>, at: usize) {
        let Some(fault) = self.fault else {
            return;
        };
        self.nth += 1;
        match fault.kind {
            _ if !fault.hits(self.nth) => log.append(&mut self.held),
            FaultKind::Drop => log.truncate(at),
            FaultKind::Duplicate => log.extend_from_within(at..),
            FaultKind::Swap => self.held = log.split_off(at),
        }
    }
}
