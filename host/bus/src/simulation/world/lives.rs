//! Starts and ends of the host in one run: orderly ones, crashes, and a log that comes back from an older copy.

use std::fs;

use super::*;

impl World {
    fn options(&self) -> StoreOptions {
        let now = Arc::clone(&self.now);
        StoreOptions {
            fsync: false,
            retention: self.plan.retention.clone(),
            // Longer than any run: an event is never forgotten before it is sent again.
            known_window: Duration::from_secs(1_000_000),
            known_max: 1_000_000,
            clock: Arc::new(move || Timestamp::from_unix_ms(now.load(Ordering::Relaxed))),
        }
    }

    /// Opens the log, whose content has to be the truth.
    pub(super) fn begin_life(&mut self, new_epoch: bool) {
        let log = StepLog::open(&self.folder, self.options());
        let before = std::mem::replace(&mut self.truth.epoch, log.epoch());
        assert_eq!(log.epoch() > before, new_epoch, "epoch {} after {before}", log.epoch());
        self.truth.compare(log.last(), &log.sequences());
        self.truth.told = log.last();
        self.trace.note("begin", &[u64::from(log.epoch()), log.last()]);
        let shared: Arc<dyn Log> = Arc::clone(&log) as _;
        let tail = Tail::follow(&shared, self.plan.ring_bytes, 0);
        self.life = Some(Life { log, side: Side::new(&tail), tail, opening: Vec::new() });
        let log = Arc::clone(self.log());
        self.publishers.retry(&log);
    }

    pub(super) fn restart(&mut self, action: Action) {
        if action == Action::Restore && self.copy.is_none() {
            return;
        }
        self.trace.note("restart", &[action as u64]);
        if action == Action::Restart {
            self.finish_appends();
            self.log().finish();
        }
        let crashed = self.copy_files();
        self.clients.iter_mut().for_each(Client::disconnect);
        self.publishers.crash();
        self.life = None;
        let mut new_epoch = false;
        if action != Action::Restart {
            self.folder = crashed;
        }
        if action == Action::Restore
            && let Some(copy) = self.copy.take()
        {
            for file in ["log.db", "log.db-wal"] {
                let (from, to) = (copy.folder.join(file), self.folder.join(file));
                let _ = fs::remove_file(&to);
                if from.exists() {
                    fs::copy(from, to).unwrap();
                }
            }
            // Without its mark a log counts as restored, whatever it has.
            let unmarked = self.rng.chance(20);
            if unmarked {
                fs::remove_file(self.folder.join("log.mark")).unwrap();
            }
            new_epoch = unmarked || copy.truth.last() < self.truth.last() || copy.truth.epoch < self.truth.epoch;
            let epoch = self.truth.epoch;
            self.truth = copy.truth;
            self.truth.epoch = epoch;
        }
        plan::change(&mut self.plan.retention, &mut self.rng);
        self.begin_life(new_epoch);
    }

    /// Keeps the log's files as they are, to come back to them.
    pub(super) fn copy(&mut self) {
        if !self.log().has_untold() {
            let folder = self.copy_files();
            self.copy = Some(Copy { folder, truth: self.truth.clone() });
        }
    }

    /// What another process would find if this one ended now.
    fn copy_files(&mut self) -> PathBuf {
        self.folders += 1;
        let folder = self.root.path().join(self.folders.to_string());
        fs::create_dir(&folder).unwrap();
        for file in ["log.db", "log.db-wal", "log.mark"] {
            if self.folder.join(file).exists() {
                fs::copy(self.folder.join(file), folder.join(file)).unwrap();
            }
        }
        folder
    }

    /// Commits and tells everything that was sent.
    fn finish_appends(&mut self) {
        while self.log().queued() > 0 || self.log().has_untold() {
            self.commit();
            self.tell();
        }
        assert_eq!(self.publishers.waiting(), 0, "somebody was not answered");
    }

    /// Nothing more is published. Everybody who keeps asking gets everything; those who are stuck hold up nobody.
    pub(super) fn end(&mut self) {
        self.finish_appends();
        for _ in 0..self.clients.len() / 4 {
            let client = self.rng.index(self.clients.len());
            self.clients[client].stuck = true;
        }
        let stuck = self.rng.chance(50);
        self.clients.iter_mut().for_each(|client| client.stuck &= stuck);
        self.catch_up();
        // Once more, now that everybody waits.
        let log = Arc::clone(self.log());
        self.publishers.publish(&log, &mut self.rng, &self.plan.shape, 3);
        self.finish_appends();
        self.catch_up();
        self.truth.compare(log.last(), &log.sequences());
        self.trace.note("end", &[log.last()]);
    }

    fn catch_up(&mut self) {
        for round in 0.. {
            assert!(round < 100_000, "somebody never catches up");
            let mut busy = false;
            for client in 0..self.clients.len() {
                self.connect(client);
                self.poll(client);
                let own = &mut self.clients[client];
                if !own.stuck {
                    own.read(usize::MAX, &self.truth, &mut self.trace);
                    busy |= own.connection.as_ref().is_none_or(|connection| connection.is_runnable());
                }
            }
            busy |= self.judge();
            busy |= self.log().reads() > 0;
            self.answer_read();
            if !busy {
                break;
            }
        }
        for client in self.clients.iter_mut().filter(|client| !client.stuck) {
            // Who wants none of what came last was not woken for it. A heartbeat asks once more.
            if let Some(connection) = client.connection.as_mut().filter(|connection| !connection.ended) {
                connection.poll(&self.truth);
                client.read(usize::MAX, &self.truth, &mut self.trace);
            }
            assert!(client.caught_up, "subscriber {} waits at {:?} for ever", client.number, client.last_id);
        }
    }
}

/// Where a cursor begins is where it was asked to.
pub(super) fn check_start(start: Start, cursor: &Cursor, truth: &Truth, log: &StepLog) {
    let at = cursor.position();
    let after = cursor.stood();
    match start {
        Start::Latest => assert_eq!(after, truth.told),
        Start::Newest(_) => unreachable!("nobody asks for that here"),
        Start::Earliest => assert_eq!(after, log.first() - 1),
        // A place of elsewhere stays its own until it was told.
        Start::After(from) => assert_eq!(at, from),
        Start::At(time) => {
            let early = |fact: &super::super::truth::Fact| fact.stored_at < time.unix_ms();
            assert!(truth.between(0, after).all(|(_, fact)| fact.gone || early(fact)), "events were left out");
            let next = truth.between(after, truth.last()).find(|(_, fact)| !fact.gone);
            let too_early = next.is_some_and(|(_, fact)| early(fact));
            assert!(!too_early || after == truth.told, "it begins too early, after {after}");
        }
    }
}
