//! How long a piece of work takes, by the clock and of the processor. Must not know what the work is.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::clock::SECOND;
use crate::runner::turns;

use super::Sheet;
use crate::unit::Unit;

/// One thing whose cost per event is measured again and again.
pub(super) struct Subject {
    /// Under which load.
    pub(super) load: String,
    /// Who does it.
    pub(super) who: String,
    /// Does it once, and says for how many events.
    pub(super) work: Box<dyn FnMut() -> usize>,
    /// How often it is done in one measurement; 0 before that is known.
    rounds: u64,
}

/// Time for one event, in nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct PerEvent {
    pub(super) wall: f64,
    pub(super) cpu: f64,
}

impl Subject {
    pub(super) fn new(load: &str, who: &str, work: impl FnMut() -> usize + 'static) -> Self {
        Self { load: load.to_owned(), who: who.to_owned(), work: Box::new(work), rounds: 0 }
    }

    /// Does the work for about so long. The number of rounds is found once, which also warms everything up, so that
    /// nobody looks at a clock between two rounds.
    pub(super) fn time(&mut self, time: Duration) -> PerEvent {
        if self.rounds == 0 {
            self.rounds = 1;
            loop {
                let began = Instant::now();
                self.repeat();
                let took = began.elapsed();
                if took * 4 > time {
                    let share = time.as_secs_f64() / took.as_secs_f64();
                    self.rounds = (self.rounds as f64 * share).ceil().max(1.0) as u64;
                    break;
                }
                self.rounds *= 2;
            }
        }
        let (cpu, began) = (thread_cpu_ns(), Instant::now());
        let events = self.repeat() as f64;
        let (wall, cpu) = (began.elapsed(), thread_cpu_ns() - cpu);
        PerEvent { wall: wall.as_nanos() as f64 / events, cpu: cpu as f64 / events }
    }

    fn repeat(&mut self) -> u64 {
        (0..self.rounds).map(|_| (self.work)() as u64).sum()
    }
}

/// Measures each subject once, each repetition beginning with another.
pub(super) fn in_turn(subjects: &mut [Subject], time: Duration, sheet: &mut Sheet<'_>) {
    let order = turns(&(0..subjects.len()).collect::<Vec<_>>(), sheet.repetition);
    let mut figures: Vec<_> = order.into_iter().map(|index| (index, subjects[index].time(time))).collect();
    figures.sort_unstable_by_key(|(index, _)| *index);
    for (index, PerEvent { wall, cpu }) in figures {
        let subject = &subjects[index];
        sheet.add(&subject.load, &subject.who, Unit::Nanoseconds, wall, Some(cpu));
    }
}

/// The processor time that this thread has used so far.
fn thread_cpu_ns() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec.unsigned_abs() * SECOND + time.tv_nsec.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_that_of_one_event() {
        let mut subject = Subject::new("", "", || {
            std::thread::sleep(Duration::from_millis(1));
            10
        });
        let PerEvent { wall, cpu } = subject.time(Duration::from_millis(20));
        assert!((100_000.0..2_000_000.0).contains(&wall) && cpu < wall, "{wall} {cpu}");
        assert!((1..=20).contains(&subject.rounds));
    }
}
