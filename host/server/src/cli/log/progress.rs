//! How far long work is: a bar on a terminal, a line every few seconds otherwise, or nothing.

use std::{
    fmt,
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

/// Between lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);
/// Between movements of a bar whose work does not report by itself.
const TICK: Duration = Duration::from_millis(200);

pub(super) struct Progress {
    doing: &'static str,
    shown: Shown,
}

enum Shown {
    Nothing,
    Bar(ProgressBar),
    /// When the last line was written.
    Lines(Instant),
}

impl Progress {
    pub(super) fn new(doing: &'static str, wanted: bool) -> Self {
        let shown = match (wanted, io::stderr().is_terminal()) {
            (false, _) => Shown::Nothing,
            (true, false) => Shown::Lines(Instant::now()),
            (true, true) => {
                let bar = ProgressBar::no_length().with_prefix(doing);
                bar.set_style(style("{spinner} {prefix}: {human_pos} events, {elapsed}"));
                bar.enable_steady_tick(TICK);
                Shown::Bar(bar)
            }
        };
        Self { doing, shown }
    }

    /// So many events are done, of so many if that is known.
    pub(super) fn at(&mut self, done: u64, of: Option<u64>) {
        match &mut self.shown {
            Shown::Nothing => {}
            Shown::Bar(bar) => {
                if let Some(of) = of.filter(|_| bar.length().is_none()) {
                    bar.set_style(style("{prefix} {wide_bar} {human_pos} of {human_len} events, {eta} left"));
                    bar.set_length(of);
                }
                bar.set_position(done);
            }
            Shown::Lines(told) if told.elapsed() >= LINE_EVERY => {
                *told = Instant::now();
                let of = of.map(|of| format!(" of {of}")).unwrap_or_default();
                // Work goes on if nobody reads about it.
                let _ = writeln!(io::stderr(), "{}: {done}{of} events", self.doing);
            }
            Shown::Lines(_) => {}
        }
    }

    /// Writes a line that is to stay.
    pub(super) fn tell(&self, err: &mut dyn Write, line: fmt::Arguments<'_>) -> io::Result<()> {
        match &self.shown {
            Shown::Bar(bar) => bar.suspend(|| writeln!(err, "{line}")),
            _ => writeln!(err, "{line}"),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
