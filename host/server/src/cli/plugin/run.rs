//! `tidemill plugin run`: inputs from standard input through one component on this machine, and what becomes of each.

use std::io::{self, BufRead, IsTerminal, Read};

use clap::Args;
use serde_json::value::RawValue;
use tidemill_author::{Input, Outcome, Reruns, Runner};

use super::target::{TargetArgs, listen, not_run, runtime};
use super::told;
use crate::cli::{Exit, Failure, Output};
use crate::http::simple_event;

/// Bytes of one input. An event has at most 1 MiB of data, as JSON several times that.
const INPUT_BYTES_MAX: usize = 16 << 20;

/// `tidemill plugin run`
#[derive(Debug, Args)]
#[command(after_help = "\
Inputs are JSON texts on standard input, mostly one in each line:
  {\"type\": \"order.created\", \"data\": {…}}                    an event, as for `POST /events`
  {\"delivery\": {\"headers\": {…}, \"query\": \"\", \"body\": …}}   what a webhook is sent
  {\"call\": {\"tool\": \"boil_eggs\", \"arguments\": {…}}}         a client calls a tool
  {\"prompt\": {\"name\": \"order_summary\", \"arguments\": {…}}}   a client asks for a prompt
  {\"resource\": {\"uri\": \"orders://example\"}}                 a client reads a resource
  {\"completion\": {\"prompt\": \"order_summary\", \"argument\": \"customer\", \"value\": \"a\"}}
                                                          a client asks how a value may go on
  {\"subscriber\": {\"parameters\": {\"team\": \"a\"}}}             who sees the events after it through a view

Examples:
  tidemill plugin run order.wasm < events.jsonl
  echo '{\"type\": \"order.created\"}' | tidemill plugin run . --json

Exit codes: 0 the plugin decided about everything, 1 it failed on an input, 2 an input or the component is wrong.")]
pub(super) struct RunArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Print each outcome as one line of JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &RunArgs, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let ear = listen();
    let target = args.target.open()?;
    let runtime = runtime(ear, output)?;
    let bytes = target.bytes().map_err(|error| not_run(&error))?;
    let mut runner = target.load(&runtime, &bytes).map_err(|error| not_run(&error))?;
    let mut reruns = Reruns::of(&target);
    if io::stdin().is_terminal() {
        writeln!(output.err, "reading events from the terminal: one JSON object in each line, Ctrl-D ends")?;
    }
    let mut texts = Texts { input: Box::new(io::stdin().lock()), line: 0 };
    let (mut subscriber, mut counts, mut bad) = (None, Vec::<(&str, usize)>::new(), 0);
    while let Some((line, text)) = texts.next_text()? {
        let input = match Input::read(&text, line, simple_event) {
            Ok(input) => (input, text),
            Err(detail) => {
                bad += 1;
                writeln!(output.err, "line {line}: {detail}")?;
                continue;
            }
        };
        let name = one(&mut runner, line, input, &mut subscriber, &mut reruns, args.json, output).await?;
        match counts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => counts.push((name, 1)),
        }
    }
    let total: usize = counts.iter().map(|(_, count)| count).sum();
    let mut parts: Vec<String> = counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
    if bad > 0 {
        parts.push(format!("{bad} not read"));
    }
    let (plural, colon) = (if total == 1 { "" } else { "s" }, if parts.is_empty() { "" } else { ": " });
    writeln!(output.err, "{total} input{plural}{colon}{}", parts.join(", "))?;
    let failed = counts.iter().any(|(name, _)| matches!(*name, "failed" | "uncalled"));
    Ok(if bad > 0 {
        Exit::Usage
    } else if failed {
        Exit::Failed
    } else {
        Exit::Success
    })
}

/// Runs one input and tells what became of it: the word for that.
async fn one(
    runner: &mut Runner,
    line: u64,
    (input, text): (Input, String),
    subscriber: &mut Option<String>,
    reruns: &mut Reruns,
    json: bool,
    output: &mut Output<'_>,
) -> Result<&'static str, Failure> {
    let what = told::what(&input);
    let is_subscriber = matches!(input, Input::Subscriber(_));
    let ran = runner.run(input).await;
    let rerun = ran.outcome.fault().and_then(|_| {
        let all: Vec<&str> = subscriber.as_deref().into_iter().filter(|_| !is_subscriber).chain([&*text]).collect();
        reruns.keep(&line.to_string(), &all)
    });
    if json {
        let mut value = ran.full();
        value["line"] = line.into();
        if let Some(rerun) = rerun {
            value["rerun"] = rerun.into();
        }
        writeln!(output.out, "{value}")?;
    } else {
        told::one(output.out, &format!("{line}"), &what, &ran, &text, rerun.as_deref())?;
    }
    if is_subscriber {
        *subscriber = matches!(ran.outcome, Outcome::Class(_)).then_some(text);
    }
    Ok(ran.outcome.name())
}

/// What is open at the end of a part of a JSON text.
#[derive(Debug, Default)]
struct Open {
    brackets: usize,
    in_text: bool,
    escaped: bool,
}

impl Open {
    fn read(&mut self, part: &[u8]) {
        for byte in part {
            match byte {
                _ if std::mem::take(&mut self.escaped) => {}
                b'\\' if self.in_text => self.escaped = true,
                b'"' => self.in_text = !self.in_text,
                _ if self.in_text => {}
                b'{' | b'[' => self.brackets += 1,
                b'}' | b']' => self.brackets = self.brackets.saturating_sub(1),
                _ => {}
            }
        }
    }

    const fn is_closed(&self) -> bool {
        self.brackets == 0 && !self.in_text
    }
}

/// JSON texts with the lines on which they begin. One may have several lines; a mistake ends with its line.
struct Texts {
    input: Box<dyn BufRead>,
    line: u64,
}

impl Texts {
    fn next_text(&mut self) -> Result<Option<(u64, String)>, Failure> {
        let (mut text, mut first, mut open) = (Vec::new(), 0, Open::default());
        loop {
            let before = text.len();
            let room = (INPUT_BYTES_MAX + 1).saturating_sub(text.len()) as u64;
            let read = (&mut self.input).take(room).read_until(b'\n', &mut text);
            let read = read.map_err(|error| Failure::new(Exit::Usage, format!("standard input: {error}")))?;
            let told = || String::from_utf8_lossy(&text).trim_start_matches('\u{feff}').trim().to_owned();
            if read == 0 {
                return Ok(Some((first, told())).filter(|(_, told)| !told.is_empty()));
            }
            self.line += 1;
            if text.len() > INPUT_BYTES_MAX {
                return Err(Failure::new(Exit::Usage, format!("line {}: longer than 16 MiB", self.line)));
            }
            if first == 0 {
                if told().is_empty() {
                    text.clear();
                    continue;
                }
                first = self.line;
            }
            open.read(&text[before..]);
            // Mistakes are looked for in the first line, and then less and less often: reading a long text again for each of its
            // lines would take for ever.
            if !open.is_closed() && !(self.line - first + 1).is_power_of_two() {
                continue;
            }
            let told = told();
            match serde_json::from_str::<&RawValue>(&told) {
                Err(error) if error.is_eof() => {}
                // The reader of inputs says what is wrong.
                _ => return Ok(Some((first, told))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn texts(input: &str) -> Vec<(u64, String)> {
        let mut texts = Texts { input: Box::new(Cursor::new(input.to_owned().into_bytes())), line: 0 };
        std::iter::from_fn(|| texts.next_text().unwrap_or_else(|_| panic!("it is short"))).collect()
    }

    #[test]
    fn texts_end_where_their_brackets_do_and_mistakes_with_their_line() {
        let found = texts("\u{feff}{\"a\":1}\n\n{\n \"}\\\"\": [\n1\n]\n}\n{\"a\": x\n7\n{\"a\":\n");
        let lines: Vec<u64> = found.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 3, 8, 9, 10], "{found:?}");
        assert_eq!(found[1].1, "{\n \"}\\\"\": [\n1\n]\n}");
        assert_eq!(found[2].1, "{\"a\": x");
    }

    #[test]
    fn a_text_of_many_lines_is_not_read_again_for_each() {
        let long = format!("[\n{}0\n]", "{\"a\":\n1},\n".repeat(100_000));
        assert_eq!(texts(&long), [(1, long)]);
    }
}
