//! Many events from an NDJSON file, in requests of bounded size, each outcome told with its line number.

use std::{
    io::{self, Write},
    path::Path,
    time::{Duration, Instant},
};

use http::StatusCode;

use super::super::client::{Answer, Lost, Server};
use super::super::lines::Lines;
use super::super::report::Tally;
use super::super::{Exit, Failure, Output};
use super::post;

/// Lines of one request. More would not be faster, and the outcomes would come later.
const LINES_MAX: usize = 500;
/// Bytes of one request: the server's `publish.body-max` is 1 MiB by default. Servers that take less are sent halves.
const BODY_BYTES: usize = 1000 << 10;
/// Between lines about the progress of long work.
const PROGRESS_EVERY: Duration = Duration::from_secs(2);

/// Lines with their numbers.
type Portion = Vec<(u64, Vec<u8>)>;

/// Publishes every line that is not blank.
pub(super) async fn publish(server: &Server, path: &Path, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let mut reader = Reader::open(path)?;
    let mut tally = Tally::default();
    let started = Instant::now();
    let mut told = started;
    while let Some(lines) = reader.next_lines()? {
        let first = lines.first().map_or(1, |(number, _)| *number);
        if let Err(failure) = send(server, lines, &mut tally, output).await {
            if tally.total() > 0 || first > 1 {
                writeln!(output.out, "{tally}")?;
                writeln!(output.err, "stopped: no outcome is known for line {first} and what follows it")?;
            }
            return Err(failure);
        }
        if told.elapsed() >= PROGRESS_EVERY {
            told = Instant::now();
            writeln!(output.err, "{} events so far: {tally}", tally.total())?;
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    writeln!(output.out, "{tally} ({} events in {seconds:.1} s)", tally.total())?;
    Ok(tally.exit())
}

/// Sends lines in one request, or in smaller ones if the server refuses them together: then one bad line costs only
/// itself. Requests go one after the other, so events keep their order.
async fn send(server: &Server, lines: Portion, tally: &mut Tally, output: &mut Output<'_>) -> Result<(), Failure> {
    let mut waiting = vec![lines];
    while let Some(mut lines) = waiting.pop() {
        let mut body = Vec::with_capacity(lines.iter().map(|(_, line)| line.len() + 1).sum());
        for (_, line) in &lines {
            body.extend_from_slice(line);
            body.push(b'\n');
        }
        let response = post(server, server.events(), "application/x-ndjson", body.into(), output).await?;
        let lost = |lost: Lost| server.unanswered(&lost, Some("it is unknown which of its events were stored"));
        let response = response.map_err(lost)?;
        let status = response.status();
        let answer = Answer::read(response).await.map_err(lost)?;
        let refused = matches!(
            status,
            StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY
        );
        if refused && answer.results.is_none() && lines.len() > 1 {
            let second = lines.split_off(lines.len() / 2);
            waiting.extend([second, lines]);
            continue;
        }
        count(&lines, status, answer, tally, output.err)?;
    }
    Ok(())
}

/// Counts the outcomes of one request.
fn count(
    lines: &Portion,
    status: StatusCode,
    mut answer: Answer,
    tally: &mut Tally,
    err: &mut dyn Write,
) -> io::Result<()> {
    let name = |number: u64| format!("line {number}");
    let all = match (lines.first(), lines.last()) {
        (Some((first, _)), Some((last, _))) if first != last => format!("lines {first} to {last}"),
        (Some((first, _)), _) => name(*first),
        _ => return Ok(()),
    };
    let Some(results) = answer.results.take() else {
        if let [(number, _)] = &lines[..] {
            // Refused on its own, the line is what is wrong with the request.
            if status.is_client_error() && answer.outcome.is_none() {
                answer.outcome = Some("rejected".into());
            }
            return tally.count(&answer, &name(*number), err);
        }
        let why = format!("the server answered {status}: {}", answer.reasons());
        return tally.count_failed(lines.len(), &all, &why, err);
    };
    let mut known = vec![false; lines.len()];
    for (nth, result) in results.iter().enumerate() {
        let index = result.index.unwrap_or(nth);
        if let Some((number, _)) = lines.get(index).filter(|_| !std::mem::replace(&mut known[index], true)) {
            tally.count(result, &name(*number), err)?;
        }
    }
    let unknown = known.iter().filter(|known| !**known).count();
    if unknown > 0 {
        tally.count_failed(unknown, &all, &format!("the server told no outcome of {unknown} events"), err)?;
    }
    Ok(())
}

/// Reads lines in portions.
struct Reader {
    lines: Lines,
    /// Read, but too long for the portion before.
    left: Option<(u64, Vec<u8>)>,
}

impl Reader {
    fn open(path: &Path) -> Result<Self, Failure> {
        Ok(Self { lines: Lines::open(path)?, left: None })
    }

    fn next_lines(&mut self) -> Result<Option<Portion>, Failure> {
        let mut lines = Portion::new();
        let mut bytes = 0;
        while lines.len() < LINES_MAX {
            let Some((number, line)) =
                self.left.take().map_or_else(|| self.lines.next_line(), |line| Ok(Some(line)))?
            else {
                break;
            };
            bytes += line.len() + 1;
            if bytes > BODY_BYTES && !lines.is_empty() {
                self.left = Some((number, line));
                break;
            }
            lines.push((number, line));
        }
        Ok((!lines.is_empty()).then_some(lines))
    }
}
