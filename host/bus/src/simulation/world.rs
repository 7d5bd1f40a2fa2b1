//! One run: a log with its bus, publishers and subscribers, and what happens to them in which order.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tempfile::TempDir;
use tidemill_event::{Position, Timestamp};
use tidemill_log::{Log, ReadError, StoreOptions};

use super::client::Client;
use super::connection::Connection;
use super::plan::{self, Action, Plan};
use super::publishers::Publishers;
use super::rng::Rng;
use super::sight::Side;
use super::step_log::StepLog;
use super::trace::Trace;
use super::truth::Truth;
use crate::tail::Tail;
use crate::{Cursor, Start, Subscription};

type Opening = Pin<Box<dyn Future<Output = Result<Cursor, ReadError>>>>;

/// The host between two starts.
struct Life {
    log: Arc<StepLog>,
    tail: Arc<Tail>,
    side: Side,
    /// Subscribers whose cursor is not made yet.
    opening: Vec<(usize, Start, Opening)>,
}

/// An older state of the log's files.
struct Copy {
    folder: PathBuf,
    truth: Truth,
}

pub(super) struct World {
    rng: Rng,
    trace: Trace,
    plan: Plan,
    now: Arc<AtomicU64>,
    root: TempDir,
    folders: u64,
    folder: PathBuf,
    life: Option<Life>,
    truth: Truth,
    publishers: Publishers,
    clients: Vec<Client>,
    copy: Option<Copy>,
}

impl World {
    /// Runs one seed to its end; what happened. Panics if something is wrong.
    pub(super) fn run(seed: u64, shown: bool) -> (u64, u64) {
        let mut rng = Rng::new(seed);
        let plan = Plan::random(&mut rng);
        let starts =
            [Start::Earliest, Start::Latest, Start::At(Timestamp::from_unix_ms(1_000_000 + rng.below(60_000)))];
        let clients = (0..plan.clients).map(|number| Client::new(number, &mut rng, &starts)).collect();
        let root = TempDir::new().unwrap();
        let folder = root.path().join("0");
        let mut world = Self {
            rng,
            trace: Trace::new(shown),
            plan,
            now: Arc::new(AtomicU64::new(1_000_000)),
            root,
            folders: 0,
            folder,
            life: None,
            truth: Truth::default(),
            publishers: Publishers::default(),
            clients,
            copy: None,
        };
        world.trace.show(format_args!("{:?}", world.plan));
        world.begin_life(true);
        for _ in 0..world.plan.steps {
            let action = world.plan.action(&mut world.rng);
            world.step(action);
        }
        world.end();
        world.trace.finish()
    }

    fn life(&mut self) -> &mut Life {
        self.life.as_mut().unwrap()
    }

    fn log(&self) -> &Arc<StepLog> {
        &self.life.as_ref().unwrap().log
    }

    fn step(&mut self, action: Action) {
        let log = Arc::clone(self.log());
        let client = self.rng.index(self.clients.len());
        match action {
            Action::Publish | Action::Burst => {
                let most = if action == Action::Burst { self.plan.burst } else { self.plan.batch };
                let count = self.rng.within(1, most);
                self.trace.note("publish", &[count]);
                self.publishers.publish(&log, &mut self.rng, &self.plan.shape, count);
            }
            Action::Repeat => self.publishers.repeat(&log, &mut self.rng),
            Action::Commit => self.commit(),
            Action::Tell => self.tell(),
            Action::AnswerRead => self.answer_read(),
            Action::Judge => {
                self.judge();
            }
            Action::Replace => {
                self.trace.note("replace", &[]);
                let life = self.life();
                life.side.replace(&life.tail);
            }
            Action::Trim => self.trim(),
            Action::Poll => {
                for _ in 0..self.rng.within(1, 8) {
                    self.poll(client);
                }
            }
            Action::Read => {
                let most = self.rng.pick(&[1, 10, 1_000]);
                let blocks = self.rng.within(1, most) as usize;
                if !self.clients[client].stuck {
                    self.clients[client].read(blocks, &self.truth, &mut self.trace);
                }
            }
            Action::Heartbeat => {
                if let Some(connection) = self.clients[client].connection.as_mut().filter(|own| !own.ended) {
                    connection.write_place();
                }
            }
            Action::Connect => self.connect(client),
            Action::Disconnect => {
                self.trace.note("disconnect", &[client as u64]);
                self.clients[client].disconnect();
                self.life().opening.retain(|(own, ..)| *own != client);
            }
            Action::Stick => self.clients[client].stuck ^= true,
            Action::Time => self.pass_time(),
            Action::Copy => self.copy(),
            Action::Restart | Action::Crash | Action::Restore => {
                drop(log);
                self.restart(action);
            }
        }
    }

    fn commit(&mut self) {
        let log = Arc::clone(self.log());
        if !log.has_untold() && log.queued() > 0 {
            let records = log.commit(self.rng.within(1, 8) as usize);
            self.trace.note("commit", &[log.last()]);
            self.truth.commit(&records);
            assert_eq!(log.last(), self.truth.last());
        }
    }

    fn tell(&mut self) {
        let log = Arc::clone(self.log());
        if log.has_untold() {
            let before = self.truth.told;
            self.truth.told = self.truth.last();
            log.tell();
            let answered = self.publishers.look(&self.truth, before);
            self.trace.note("tell", &[self.truth.told, answered]);
            if self.truth.told > before {
                let connections = self.clients.iter().filter_map(|client| client.connection.as_ref());
                connections.for_each(|connection| connection.check_woken(&self.truth, before));
            }
        }
    }

    fn answer_read(&mut self) {
        let log = Arc::clone(self.log());
        if log.reads() > 0 {
            let which = self.rng.index(log.reads());
            self.trace.note("read", &[which as u64]);
            log.answer_read(which);
            self.open_ready();
        }
    }

    /// The view's thread gets on; whether it did.
    fn judge(&mut self) -> bool {
        let judged = self.life().side.step();
        self.trace.note("judge", &[judged.into()]);
        judged
    }

    fn trim(&mut self) {
        let log = Arc::clone(self.log());
        if !log.has_untold() {
            log.trim_step();
            let left = log.sequences();
            self.trace.note("trim", &[left.len() as u64, log.first()]);
            self.truth.trim(&left);
        }
    }

    /// The host asks a cursor, as long as somebody would have to.
    fn poll(&mut self, client: usize) {
        let needless = self.rng.chance(3);
        // A heartbeat can fall between any two answers, and a poll can end there.
        let place = self.rng.chance(20);
        let client = &mut self.clients[client];
        if let Some(connection) = &mut client.connection
            && !client.stuck
            && !connection.ended
            && connection.wire.len() < 500
            && (connection.is_runnable() || needless)
        {
            connection.poll(&self.truth);
            if place && !connection.ended {
                connection.write_place();
            }
        }
    }

    fn connect(&mut self, client: usize) {
        let own = &self.clients[client];
        if own.connection.is_some() || self.life().opening.iter().any(|(other, ..)| *other == client) {
            return;
        }
        let own = &self.clients[client];
        let mut start = own.start();
        // Somebody asks for what was never given out.
        if own.last_id.is_none() && self.rng.chance(5) {
            start = Start::After(Position::new(self.truth.epoch, self.truth.last() + 5));
            self.clients[client].last_id = Some(Position::new(self.truth.epoch, self.truth.last() + 5));
        }
        self.trace.note("connect", &[client as u64]);
        self.trace.show(format_args!("subscriber {client} begins {start:?} {:?}", self.clients[client].wish));
        let life = self.life.as_mut().unwrap();
        let wish = &self.clients[client].wish;
        let selection = life.tail.select(wish.wanted(&life.side));
        let subscription = Subscription { selection, reader: wish.reader().into(), start, limit: wish.limit };
        let opening = Box::pin(Cursor::new(subscription));
        life.opening.push((client, start, opening));
        self.open_ready();
    }

    /// Makes connections of cursors that are made.
    fn open_ready(&mut self) {
        let life = self.life.as_mut().unwrap();
        let mut waiting = Vec::new();
        for (client, start, mut opening) in std::mem::take(&mut life.opening) {
            match opening.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Pending => waiting.push((client, start, opening)),
                Poll::Ready(cursor) => {
                    let cursor = cursor.unwrap();
                    check_start(start, &cursor, &self.truth, &life.log);
                    let connection = Connection::new(cursor, self.clients[client].wish.clone());
                    self.clients[client].connect(connection);
                }
            }
        }
        life.opening = waiting;
    }

    fn pass_time(&mut self) {
        let now = self.now.load(Ordering::Relaxed);
        let back = self.rng.chance(10);
        let by = self.rng.pick(&[1, 100, 3_000, 40_000]);
        let by = self.rng.below(by);
        self.now.store(if back { now.saturating_sub(by) } else { now + by }, Ordering::Relaxed);
    }
}

mod lives;
use lives::check_start;
