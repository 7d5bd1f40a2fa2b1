//! What one call may take: time to compute, and for plugins with outbound HTTP, beside that, time to wait.
//!
//! The engine's clock goes on while a guest waits in the host. For most plugins waiting is part of the call's time. One
//! that was granted HTTP gets back what it waited, as long as its patience lasts; so does a call by a client, which may be
//! cancelled besides (`cut.rs`). Must not know what is waited for.

mod cut;

use std::future::Future;
use std::time::{Duration, Instant};

use wasmtime::{Result, Trap, UpdateDeadline};
use wasmtime_wasi::runtime::in_tokio;

use crate::Engine;
use crate::limits::CANCEL_LOOK;
pub(crate) use cut::{Cut, CutOff};

/// The time of one call.
#[derive(Debug, Clone)]
pub(crate) struct CallTime {
    engine: Engine,
    /// When it ends, unless it is waited meanwhile.
    until: Instant,
    /// How long it may still wait beside that; none: waiting counts like computing.
    patience: Option<Duration>,
    /// Where a call by a client ends, whatever it does.
    cut_off: Option<CutOff>,
}

/// A call waited for longer than it may. It is nobody's fault that can be named.
#[derive(Debug, thiserror::Error)]
#[error("it waited for longer than one call may")]
pub(crate) struct OutOfPatience;

impl CallTime {
    /// Of a call in which waiting counts like computing.
    pub(crate) fn new(engine: &Engine, time: Duration) -> Self {
        Self { engine: engine.clone(), until: Instant::now() + time, patience: None, cut_off: None }
    }

    /// Begins the next call, now.
    pub(crate) fn restart(&mut self, now: Instant, time: Duration, patience: Option<Duration>) {
        (self.until, self.patience, self.cut_off) = (now + time, patience, None);
    }

    /// Begins a call by a client, which has so much time to compute, and waits as long as it is not cut off. Ticks until it
    /// is looked after.
    pub(crate) fn restart_until(&mut self, time: Duration, cut_off: CutOff) -> u64 {
        let now = Instant::now();
        (self.until, self.patience) = (now + time, Some(cut_off.left(now)));
        self.cut_off = Some(cut_off);
        self.engine.deadline_ticks(time.min(CANCEL_LOOK))
    }

    /// Why a call by a client was cut off, if it was.
    pub(crate) fn cut(&self) -> Option<Cut> {
        self.cut_off.as_ref().and_then(CutOff::cut)
    }

    /// Waits, but not for longer than the call may: then the guest is stopped.
    pub(crate) fn wait<T>(&mut self, wait: impl Future<Output = T>) -> Result<T> {
        let began = Instant::now();
        let end = self.patience.map_or(self.until, |patience| began + patience);
        let cut_off = &mut self.cut_off;
        let waited = in_tokio(async {
            match cut_off {
                None => tokio::time::timeout_at(end.into(), wait).await.ok(),
                Some(cut_off) => cut_off.wait(wait).await,
            }
        });
        if let Some(patience) = &mut self.patience {
            // What is over the patience counts as computing.
            let given = began.elapsed().min(*patience);
            *patience -= given;
            self.until += given;
            // It may have fallen asleep over a long wait, and the guest may go on in a loop.
            self.engine.wake();
        }
        waited.ok_or_else(|| match (self.patience, &self.cut_off) {
            (Some(_), None) => OutOfPatience.into(),
            _ => Trap::Interrupt.into(),
        })
    }

    /// What is to happen when the engine's clock says that the time is over: it counted waiting too.
    pub(crate) fn at_deadline(&mut self) -> UpdateDeadline {
        if let Some(cut_off) = &mut self.cut_off {
            return match cut_off.look(Instant::now(), self.until) {
                Some(left) => UpdateDeadline::Continue(self.engine.deadline_ticks(left)),
                None => UpdateDeadline::Interrupt,
            };
        }
        match self.until.checked_duration_since(Instant::now()) {
            Some(left) if !left.is_zero() => UpdateDeadline::Continue(self.engine.deadline_ticks(left)),
            _ => UpdateDeadline::Interrupt,
        }
    }
}
