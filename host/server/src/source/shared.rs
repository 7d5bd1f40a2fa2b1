//! The one process of a shared source: started with the server, again whenever it ends, and heard by all who are attached.
//! None of them can hold it up: who does not read misses messages, and is told how many. Only what is published has it wait.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tidemill_event::JsonText;
use uuid::Uuid;

use super::figures::Figures;
use super::input::Input;
use super::message::Message;
use super::process::{Outlet, Run};
use super::queue::{self, NotNow, Sender};
use super::{Source, publisher};
use crate::app::App;
use crate::config::{self, PublishLines, Restart};

/// Who hears a shared process, and how it is told.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    readers: Mutex<Vec<Reader>>,
    /// Once somebody wants to send.
    input: Mutex<Option<Input>>,
    /// Lines to be published, if they are.
    events: Mutex<Option<Arc<Sender<JsonText>>>>,
}

#[derive(Debug)]
struct Reader {
    to: Sender<Message>,
    missed: u64,
}

impl Shared {
    /// One more reader.
    pub(super) fn attach(&self, to: Sender<Message>) {
        let mut readers = self.readers();
        readers.retain(|reader| !reader.to.is_closed());
        readers.push(Reader { to, missed: 0 });
    }

    /// Where lines for the process go, whichever runs.
    pub(super) fn input(&self, source: &Arc<config::Source>) -> Input {
        let mut input = self.0.input.lock().unwrap_or_else(PoisonError::into_inner);
        input.get_or_insert_with(|| Input::new(source)).clone()
    }

    /// From now on its JSON lines become events.
    pub(super) fn publish(&self, source: &Source, publish: PublishLines, app: &Arc<App>) {
        let (to, lines) = queue::bounded(source.settings.output_max);
        *self.events() = Some(Arc::new(to));
        let (app, figures) = (Arc::clone(app), Arc::clone(&source.figures));
        let name = source.settings.name.clone();
        source.running.spawn(async move {
            publisher::Publisher { name: &name, publish: &publish, app: &app, figures: &figures }.run(lines).await;
        });
    }

    /// Runs the process, again and again, until the server stops.
    pub(super) async fn run(self, source: Arc<Source>, restart: Restart) {
        let (settings, stop) = (&source.settings, &source.stop);
        let input = self.input(settings);
        let to = Outlet::Shared(self.clone());
        let mut failures = 0;
        while !stop.is_cancelled() {
            let keeper = source.keeper.get();
            let run = Run { source: settings, figures: &source.figures, to: &to, stop, keeper, connection: "" };
            let ran = run.until_it_ends(input.open()).await;
            input.close();
            // One that ran for longer than anybody would have waited is started as if for the first time.
            failures = if ran.is_some_and(|ran| ran > restart.most) { 0 } else { failures + 1 };
            let pause = pause(restart, failures);
            if stop.is_cancelled() {
                break;
            }
            tracing::info!(source = settings.name, ?pause, "the process is started again after a pause");
            tokio::select! {
                () = tokio::time::sleep(pause) => source.figures.restart(),
                () = stop.cancelled() => break,
            }
        }
        // What it said before is still published, then the publisher ends.
        self.events().take();
    }

    /// Tells all who are attached, and waits only for events to be taken.
    pub(super) async fn put(&self, message: &Message, figures: &Figures) {
        self.readers().retain_mut(|reader| reader.tell(message, figures));
        let events = self.events().clone();
        if let (Some(events), Message::Json(line)) = (events, message) {
            // Closed only when the server stops.
            let _ = events.put(line.clone(), line.as_bytes().len()).await;
        }
    }

    fn events(&self) -> MutexGuard<'_, Option<Arc<Sender<JsonText>>>> {
        self.0.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn readers(&self) -> MutexGuard<'_, Vec<Reader>> {
        self.0.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader {
    /// Whether it is still there.
    fn tell(&mut self, message: &Message, figures: &Figures) -> bool {
        if self.missed > 0 {
            let notice = Message::Error(format!("{} messages were missed: they were not read in time", self.missed));
            match self.put(notice) {
                Ok(()) => self.missed = 0,
                Err(NotNow::Full) => {}
                Err(NotNow::Closed) => return false,
            }
        }
        let told = if self.missed > 0 { Err(NotNow::Full) } else { self.put(message.clone()) };
        if told == Err(NotNow::Full) {
            self.missed += 1;
            figures.missed();
        }
        told != Err(NotNow::Closed)
    }

    fn put(&self, message: Message) -> Result<(), NotNow> {
        let bytes = message.len();
        self.to.try_put(message, bytes)
    }
}

/// Twice as long after each failure, and somewhere in the upper half of that, so that not all who wait for the same start at
/// once.
fn pause(restart: Restart, failures: u32) -> Duration {
    let doubled = restart.first.saturating_mul(1 << failures.saturating_sub(1).min(30));
    let whole = doubled.min(restart.most);
    #[expect(clippy::cast_possible_truncation, reason = "the lowest bits are as random as the others")]
    let random = f64::from(Uuid::new_v4().as_u128() as u32) / f64::from(u32::MAX);
    whole.mul_f64(0.5 + random / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_longest_and_differ() {
        let restart = Restart { first: Duration::from_secs(1), most: Duration::from_secs(8) };
        for (failures, whole) in [(1, 1), (2, 2), (3, 4), (4, 8), (5, 8), (1000, 8)] {
            let whole = Duration::from_secs(whole);
            let pauses: Vec<Duration> = (0..100).map(|_| pause(restart, failures)).collect();
            assert!(pauses.iter().all(|pause| (whole / 2..=whole).contains(pause)), "{failures}: {pauses:?}");
            assert!(pauses.iter().any(|pause| *pause != pauses[0]));
        }
    }

    #[test]
    fn who_does_not_read_is_told_how_much_was_missed() {
        let (shared, figures) = (Shared::default(), Figures::default());
        let (to, mut slow) = queue::bounded(200);
        shared.attach(to);
        let raw = |text: &str| Message::Raw(text.into());
        let tell = |message: &Message| shared.readers().retain_mut(|reader| reader.tell(message, &figures));
        ["a", "b", "c", "d", "e"].iter().for_each(|text| tell(&raw(text)));
        assert_eq!(
            [slow.take_now(), slow.take_now(), slow.take_now()],
            [Some(raw("a")), Some(raw("b")), Some(raw("c"))]
        );
        tell(&raw("f"));
        let missed = Message::Error("2 messages were missed: they were not read in time".into());
        assert_eq!([slow.take_now(), slow.take_now(), slow.take_now()], [Some(missed), Some(raw("f")), None]);
        drop(slow);
        tell(&raw("g"));
        assert!(shared.readers().is_empty());
    }
}
