//! A log in memory: as fast as a log can be, bounded, and gone with the process.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hashbrown::HashMap;
use tidemill_event::{Position, StateChange, Timestamp, TypePattern};

use crate::assignment::Assignment;
use crate::clock::{Clock, first_epoch, system_clock};
use crate::known::Known;
use crate::retention::{RuleState, Totals};
use crate::{
    Append, AppendError, Appended, BoxFuture, DeadLetter, DeadLetterTotals, Durability, Follower, KeptDeadLetter, Key,
    Log, LogFigures, LogInfo, Page, Placed, ReadError, ReadLimit, Record, RetentionPolicy,
};

/// What a memory log is made of.
#[derive(Clone)]
pub struct MemoryOptions {
    /// What is kept. A log in memory should have a bound in bytes.
    pub retention: RetentionPolicy,
    /// How long a published event is recognised.
    pub known_window: Duration,
    /// How many published events are recognised at most.
    pub known_max: usize,
    /// Where the time comes from.
    pub clock: Clock,
}

impl Default for MemoryOptions {
    /// Everything is kept; events are recognised for ten minutes.
    fn default() -> Self {
        Self {
            retention: RetentionPolicy::default(),
            known_window: Duration::from_secs(600),
            known_max: 1_000_000,
            clock: system_clock(),
        }
    }
}

/// A log in memory.
pub struct MemoryLog {
    epoch: u32,
    clock: Clock,
    thinned: Vec<TypePattern>,
    /// Held by an append until its `done` was called, so that these calls come in the order of positions.
    appending: Mutex<Option<Follower>>,
    records: Mutex<Records>,
    figures: Arc<LogFigures>,
}

impl std::fmt::Debug for MemoryLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryLog").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Records {
    kept: BTreeMap<u64, Arc<Record>>,
    totals: Totals,
    last: u64,
    /// Up to this sequence the bounds of the whole log removed everything.
    cut: u64,
    stored_at: Timestamp,
    policy: RetentionPolicy,
    rules: Vec<RuleState>,
    known: Known,
    dead_letters: BTreeMap<u64, KeptDeadLetter>,
    dead_keys: HashMap<Key, u64>,
    dead_totals: Totals,
    dead_last: u64,
    closed: bool,
}

impl MemoryLog {
    /// An empty log. Its epoch is the second in which it was made, so that positions of an earlier process are not
    /// taken for its own.
    pub fn new(options: MemoryOptions) -> Self {
        let epoch = first_epoch((options.clock)());
        Self::with_epoch(epoch, options)
    }

    /// An empty log with a given epoch.
    pub fn with_epoch(epoch: u32, options: MemoryOptions) -> Self {
        let records = Records {
            kept: BTreeMap::new(),
            totals: Totals::default(),
            last: 0,
            cut: 0,
            stored_at: Timestamp::default(),
            rules: options.retention.rules.iter().map(RuleState::new).collect(),
            known: Known::new(options.known_window, options.known_max),
            dead_letters: BTreeMap::new(),
            dead_keys: HashMap::new(),
            dead_totals: Totals::default(),
            dead_last: 0,
            closed: false,
            policy: options.retention,
        };
        Self {
            epoch,
            clock: options.clock,
            thinned: records.policy.thinned(),
            appending: Mutex::new(None),
            records: Mutex::new(records),
            figures: Arc::default(),
        }
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_now(&self, after: Position, limit: ReadLimit) -> Result<Page, ReadError> {
        if after.epoch != self.epoch {
            return Err(ReadError::ForeignEpoch { epoch: self.epoch });
        }
        let records = self.records();
        let first = records.first();
        // Between here and the first record, rules may have removed others: a hole like those further on.
        if after.sequence < records.cut {
            return Err(ReadError::Trimmed { first });
        }
        let mut bytes = 0;
        let rest = records.kept.range((Bound::Excluded(after.sequence), Bound::Unbounded));
        let page: Vec<Arc<Record>> = rest
            .map(|(_, record)| record)
            .take(limit.records.max(1))
            .take_while(|record| {
                let fits = bytes == 0 || bytes + record.event.weight() <= limit.bytes;
                bytes += record.event.weight();
                fits
            })
            .cloned()
            .collect();
        let end = page.last().map_or(after.sequence, |record| record.position.sequence);
        let more = records.kept.last_key_value().is_some_and(|(last, _)| *last > end);
        Ok(Page { records: page, to: if more { end } else { records.last.max(after.sequence) } })
    }
}

impl Records {
    fn first(&self) -> u64 {
        self.kept.first_key_value().map_or(self.last + 1, |(first, _)| *first)
    }

    fn push(&mut self, record: Arc<Record>) {
        let bytes = record.event.stored_len() as u64;
        self.totals.add(bytes);
        let matching = self.rules.iter_mut().filter(|rule| rule.matcher.matches(record.event.event_type()));
        matching.for_each(|rule| rule.totals.add(bytes));
        self.kept.insert(record.position.sequence, record);
    }

    fn remove(&mut self, sequence: u64) {
        if let Some(record) = self.kept.remove(&sequence) {
            let bytes = record.event.stored_len() as u64;
            self.totals.remove(bytes);
            let matching = self.rules.iter_mut().filter(|rule| rule.matcher.matches(record.event.event_type()));
            matching.for_each(|rule| rule.totals.remove(bytes));
        }
    }

    fn trim(&mut self, now: Timestamp) {
        while let Some((sequence, oldest)) = self.kept.first_key_value()
            && self.policy.log.exceeded(self.totals, oldest.stored_at, now)
        {
            let sequence = *sequence;
            self.remove(sequence);
            self.cut = sequence;
        }
        for rule in 0..self.rules.len() {
            while let Some(sequence) = self.due(rule, now) {
                self.remove(sequence);
            }
        }
        while let Some((number, oldest)) = self.dead_letters.first_key_value()
            && self.policy.dead_letters.exceeded(self.dead_totals, oldest.stored_at, now)
        {
            let number = *number;
            self.forget(number);
        }
        self.known.expire(now);
    }

    /// The oldest event that a rule is about, if it has to go.
    fn due(&mut self, rule: usize, now: Timestamp) -> Option<u64> {
        let rule = &mut self.rules[rule];
        let mut rest = self.kept.range(rule.cleared + 1..);
        let (sequence, oldest) = rest.find(|(_, record)| rule.matcher.matches(record.event.event_type()))?;
        rule.cleared = sequence - 1;
        rule.retention.exceeded(rule.totals, oldest.stored_at, now).then_some(*sequence)
    }

    fn keep_dead_letter(&mut self, letter: DeadLetter, now: Timestamp) -> u64 {
        let key = Key::new(letter.event.source(), letter.event.id());
        let before = self.dead_keys.get(&key).and_then(|number| self.dead_letters.get(number));
        let before = before.map(|kept| (kept.number, kept.attempts));
        let (number, attempts) = before.unwrap_or_else(|| (self.dead_last + 1, 0));
        self.forget(number);
        self.dead_last = self.dead_last.max(number);
        self.dead_totals.add(letter.bytes());
        self.dead_keys.insert(key, number);
        self.dead_letters.insert(number, KeptDeadLetter { number, stored_at: now, attempts: attempts + 1, letter });
        number
    }

    fn forget(&mut self, number: u64) -> bool {
        let forgotten = self.dead_letters.remove(&number);
        if let Some(kept) = &forgotten {
            self.dead_totals.remove(kept.letter.bytes());
            self.dead_keys.remove(&Key::new(kept.letter.event.source(), kept.letter.event.id()));
        }
        forgotten.is_some()
    }
}

impl Log for MemoryLog {
    fn append(&self, batch: Append) {
        let mut follower = self.appending.lock().unwrap_or_else(PoisonError::into_inner);
        let (appended, stored) = {
            let mut records = self.records();
            if records.closed {
                drop(records);
                return (batch.done)(Err(AppendError::Closed));
            }
            let now = (self.clock)().max(records.stored_at);
            records.stored_at = now;
            records.known.expire(now);
            let mut assignment = Assignment::after(records.last);
            let (places, events) = assignment.place(&records.known, &batch.groups, batch.events);
            for (key, first, events) in assignment.keys() {
                records.known.insert(*key, *first, *events, now);
            }
            let mut stored = Vec::with_capacity(events.len());
            for event in events {
                records.last += 1;
                let position = Position::new(self.epoch, records.last);
                let record = Arc::new(Record { position, stored_at: now, event });
                records.push(Arc::clone(&record));
                stored.push(record);
            }
            let letters = batch.dead_letters.into_iter();
            let dead_letters = letters.map(|letter| records.keep_dead_letter(letter, now)).collect();
            records.trim(now);
            (Appended { places, dead_letters }, stored)
        };
        if let (Some(follower), false) = (&mut *follower, stored.is_empty()) {
            follower(stored);
        }
        (batch.done)(Ok(appended));
    }

    fn follow(&self, follower: Follower) {
        *self.appending.lock().unwrap_or_else(PoisonError::into_inner) = Some(follower);
    }

    fn read(&self, after: Position, limit: ReadLimit) -> BoxFuture<'_, Result<Page, ReadError>> {
        let page = self.read_now(after, limit);
        Box::pin(async move { page })
    }

    fn position_at(&self, time: Timestamp) -> BoxFuture<'_, Result<Position, ReadError>> {
        let records = self.records();
        let (mut low, mut high) = (records.first(), records.last + 1);
        // Sequences may be missing; the first record from one on stands for it.
        while low < high {
            let middle = low + (high - low) / 2;
            match records.kept.range(middle..).next() {
                Some((sequence, record)) if record.stored_at < time => low = sequence + 1,
                _ => high = middle,
            }
        }
        let position = Position::new(self.epoch, low - 1);
        Box::pin(async move { Ok(position) })
    }

    fn known(&self, keys: &[Key]) -> Vec<Option<Placed>> {
        let records = self.records();
        keys.iter().map(|key| records.known.get(key)).collect()
    }

    fn trim(&self) -> BoxFuture<'_, Result<(), AppendError>> {
        let mut records = self.records();
        let now = (self.clock)().max(records.stored_at);
        records.trim(now);
        Box::pin(async { Ok(()) })
    }

    fn dead_letters(&self, after: u64, max: usize) -> BoxFuture<'_, Result<Vec<KeptDeadLetter>, ReadError>> {
        let page = self
            .records()
            .dead_letters
            .range((Bound::Excluded(after), Bound::Unbounded))
            .take(max)
            .map(|(_, kept)| kept.clone())
            .collect();
        Box::pin(async move { Ok(page) })
    }

    fn forget_dead_letters(&self, numbers: Vec<u64>) -> BoxFuture<'_, Result<usize, AppendError>> {
        let mut records = self.records();
        let forgotten = numbers.into_iter().filter(|number| records.forget(*number)).count();
        Box::pin(async move { Ok(forgotten) })
    }

    /// None: nothing outlives the process.
    fn plugin_state(&self) -> Result<Vec<StateChange>, ReadError> {
        Ok(Vec::new())
    }

    fn thinned(&self) -> &[TypePattern] {
        &self.thinned
    }

    fn info(&self) -> LogInfo {
        let records = self.records();
        LogInfo {
            epoch: self.epoch,
            first: records.first(),
            last: records.last,
            records: records.totals.records,
            bytes: records.totals.bytes,
            disk_bytes: None,
            durability: Durability::Memory,
            known: records.known.len() as u64,
            dead_letters: DeadLetterTotals { count: records.dead_totals.records, bytes: records.dead_totals.bytes },
            failing: None,
        }
    }

    fn figures(&self) -> Arc<LogFigures> {
        Arc::clone(&self.figures)
    }

    fn close(&self) {
        self.records().closed = true;
    }
}
