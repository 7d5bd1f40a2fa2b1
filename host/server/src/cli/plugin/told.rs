//! What became of inputs, for people: a line for each, and below it what its author needs to know.

use std::io::{self, Write};

use tidemill_author::{Input, LogLine, Outcome, Ran};

/// Calls of a backtrace that are shown; the innermost come first.
const FRAMES_SHOWN: usize = 16;
/// Where calls of languages' own code are, and of what they come with.
const FOREIGN: [&str; 4] = [" at /rustc/", " at wasisdk://", "/wasi-libc/", "/.cargo/registry/"];
/// Characters of an input or an event that are shown.
const TEXT_SHOWN: usize = 400;

/// An input in a few words.
pub(super) fn what(input: &Input) -> String {
    match input {
        Input::Event(published) => published.event.event_type().to_owned(),
        Input::Delivery(_) => "delivery".to_owned(),
        Input::Call(call) => format!("call of {}", call.name),
        Input::Prompt(asked) => format!("prompt {}", asked.name),
        Input::Resource(uri) => format!("resource {uri}"),
        Input::Completion(asked) => format!("completion of {}", asked.argument),
        Input::Subscriber(_) => "subscriber".to_owned(),
    }
}

/// Tells what became of one.
pub(super) fn one(
    out: &mut dyn Write,
    place: &str,
    what: &str,
    ran: &Ran,
    input: &str,
    rerun: Option<&str>,
) -> io::Result<()> {
    let ms = ran.took.as_secs_f64() * 1e3;
    writeln!(out, "{place:>4}  {what:<28} {}{}  ({ms:.1} ms)", ran.outcome.name(), seen(ran))?;
    outcome(out, &ran.outcome)?;
    for event in &ran.published {
        writeln!(out, "      published: {}", short(&event.to_string()))?;
    }
    log(out, &ran.log)?;
    if ran.outcome.fault().is_some() {
        writeln!(out, "      input: {}", short(input))?;
    }
    if let Some(rerun) = rerun {
        writeln!(out, "      again: {rerun}")?;
    }
    Ok(())
}

/// How the plugin failed, and where.
pub(super) fn failure(out: &mut dyn Write, detail: &str, backtrace: &str) -> io::Result<()> {
    writeln!(out, "      {}", lines_of(detail))?;
    frames(out, backtrace)
}

/// What the plugin logged.
pub(super) fn log(out: &mut dyn Write, lines: &[LogLine]) -> io::Result<()> {
    lines.iter().try_for_each(|line| writeln!(out, "      {}: {}", line.level, lines_of(&line.message)))
}

/// A plugin's own words may have had lines; where they ended, the host's log has another character.
fn lines_of(text: &str) -> String {
    let lines: Vec<&str> = text.split('\u{fffd}').map(str::trim_end).filter(|line| !line.is_empty()).collect();
    lines.join("\n        ")
}

/// The author's own calls, innermost first: those of the language's own code say nothing of where the mistake is.
fn frames(out: &mut dyn Write, backtrace: &str) -> io::Result<()> {
    let is_own = |line: &&str| line.contains(" at ") && !FOREIGN.iter().any(|foreign| line.contains(foreign));
    let all: Vec<&str> = backtrace.lines().collect();
    let own: Vec<&str> = backtrace.lines().filter(is_own).collect();
    let shown = if own.is_empty() { &all } else { &own };
    shown.iter().take(FRAMES_SHOWN).try_for_each(|frame| writeln!(out, "        in {frame}"))?;
    match all.len() - shown.len().min(FRAMES_SHOWN) {
        0 => Ok(()),
        left => writeln!(out, "        (and {left} other calls)"),
    }
}

const fn seen(ran: &Ran) -> &'static str {
    match ran.visible {
        Some(true) => ", visible",
        Some(false) => ", not visible",
        None => "",
    }
}

/// What there is to say beside the word for it.
pub(super) fn outcome(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    match outcome {
        Outcome::Stored { events, duplicate } => {
            if *duplicate {
                writeln!(out, "      it was there before (the same `source` and `id`)")?;
            }
            events.iter().try_for_each(|event| writeln!(out, "      {}", short(&event.to_string())))
        }
        Outcome::Dropped => Ok(()),
        Outcome::Rejected { by_host, problems } => {
            let by = if *by_host { "the host: " } else { "" };
            problems.iter().try_for_each(|problem| writeln!(out, "      {by}{problem}"))
        }
        Outcome::Retry(detail) | Outcome::Uncalled(detail) | Outcome::Class(detail) => writeln!(out, "      {detail}"),
        Outcome::Refused { status, detail } => {
            let status = status.map(|status| format!("{status}: ")).unwrap_or_default();
            writeln!(out, "      {status}{detail}")
        }
        Outcome::Failed(fault) => failure(out, &format!("{}: {}", fault.kind.name(), fault.detail), &fault.backtrace),
        Outcome::Delivered(all) => all.iter().try_for_each(|one| {
            writeln!(out, "      {}", one.name())?;
            self::outcome(out, one)
        }),
        Outcome::Answered(answer) => writeln!(out, "      {}", short(&answer.json().to_string())),
    }
}

/// A text that fits on a screen.
pub(super) fn short(text: &str) -> String {
    let one = text.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    match one.char_indices().nth(TEXT_SHOWN) {
        Some((at, _)) => format!("{}…", &one[..at]),
        None => one,
    }
}
