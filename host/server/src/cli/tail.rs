//! `tidemill tail`: prints events as they come, and goes on where it was after a lost connection.

use std::{io::Write, time::Duration};

use clap::{Args, ValueEnum};
use futures_util::StreamExt;
use http::StatusCode;
use http::header::{self, HeaderName};
use sse_stream::{Sse, SseByteStream};
use tidemill_event::{Position, Timestamp, TypePattern};
use url::Url;

use super::client::{Answer, Lost, Patience, Response, Server, ServerArgs};
use super::config::describe;
use super::{Exit, Failure, Output, printable};

/// `tidemill tail`
#[derive(Debug, Args)]
#[command(after_help = "\
One line per event: position, type and data, separated by tabs.

Examples:
  tidemill tail                                          everything from now on
  tidemill tail --types 'order.*,invoice.paid' --since earliest
  tidemill tail --since 7.1042                           what follows this position
  tidemill tail --since 2026-11-20T09:30:00Z --limit 10
  tidemill tail --json --envelope cloudevents | jq .subject

A lost connection is made again; nothing is missed or printed twice as long as the server keeps the events.

Exit codes: 0 the limit was reached, or Ctrl-C; 1 the server answered with an error; 2 the command is
wrong; 3 no server could be reached at the start")]
pub(crate) struct TailArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// Only these types: exact, or all that begin so (order.*); separated by commas
    #[arg(long, value_name = "PATTERNS", value_parser = types)]
    types: Option<String>,
    /// Where to begin: earliest, latest, a position (7.1042) or a time (RFC 3339) [default: latest]
    #[arg(long, value_name = "WHERE", value_parser = since)]
    since: Option<String>,
    /// The event's data alone, or the whole event
    #[arg(long, value_enum, default_value_t = Envelope::Data)]
    envelope: Envelope,
    /// End after this many events
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Print only the JSON, one event per line, as the server sends it
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Envelope {
    /// The data
    Data,
    /// The event with its attributes, as CloudEvents JSON
    Cloudevents,
}

/// How often the server is asked to send something, even if nothing happens.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Silence after which the connection is taken for dead: two heartbeats were missed.
const SILENCE_MAX: Duration = Duration::from_secs(40);
/// Pause before a new connection until the server names another.
const RETRY: Duration = Duration::from_secs(2);
/// Longest pause: a server that is away for long is asked this often.
const RETRY_MAX: Duration = Duration::from_secs(30);
/// Events taken from the connection before they are written out together.
const READY_EVENTS: usize = 1024;

/// Where a stream goes on.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Where the stream stands, across connections.
struct Cursor {
    last_id: Option<String>,
    retry: Duration,
    remaining: Option<u64>,
}

/// Why one connection ended.
enum End {
    Limit,
    Lost(String),
}

pub(super) async fn run(args: &TailArgs, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let server = Server::new(&args.server, Patience::Silence(SILENCE_MAX))?;
    let mut cursor = Cursor { last_id: None, retry: RETRY, remaining: args.limit };
    let mut attempts = 0_u32;
    let mut connected_before = false;
    loop {
        let reason = match connect(&server, args, &cursor).await {
            Ok(response) if response.status() == StatusCode::NO_CONTENT => return Ok(Exit::Success),
            Ok(response) if response.status().is_success() => {
                if connected_before {
                    writeln!(output.err, "tidemill: connected again")?;
                }
                connected_before = true;
                attempts = 0;
                match print(response, args, &mut cursor, output).await? {
                    End::Limit => return Ok(Exit::Success),
                    End::Lost(reason) => reason,
                }
            }
            Ok(response) => {
                let status = response.status();
                let passing = status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error();
                let answer = Answer::read(response).await.unwrap_or_default();
                let reason = format!("the server answered {status}: {}", answer.reasons());
                if !(connected_before && passing) {
                    let usage = status == StatusCode::BAD_REQUEST;
                    return Err(Failure::new(if usage { Exit::Usage } else { Exit::Failed }, reason));
                }
                reason
            }
            Err(lost) if connected_before => lost.to_string(),
            Err(lost) => return Err(server.unanswered(&lost, None)),
        };
        output.out.flush()?;
        let pause = (cursor.retry * 2_u32.saturating_pow(attempts.min(8))).min(RETRY_MAX.max(cursor.retry));
        attempts += 1;
        let from = cursor.last_id.as_ref().map(|id| format!(", going on after {id}")).unwrap_or_default();
        writeln!(output.err, "tidemill: {reason}; connecting again in {:.1}s{from}", pause.as_secs_f32())?;
        tokio::time::sleep(pause).await;
    }
}

async fn connect(server: &Server, args: &TailArgs, cursor: &Cursor) -> Result<Response, Lost> {
    let mut request = server.http.get(&url(server, args, cursor)).header(header::ACCEPT, "text/event-stream");
    if let Some(id) = &cursor.last_id {
        request = request.header(LAST_EVENT_ID, id);
    }
    request.send().await
}

fn url(server: &Server, args: &TailArgs, cursor: &Cursor) -> Url {
    let mut url = server.events();
    let mut query = url.query_pairs_mut();
    if let Some(types) = &args.types {
        query.append_pair("types", types);
    }
    // After the first event its id says where to go on.
    if let Some(since) = args.since.as_ref().filter(|_| cursor.last_id.is_none()) {
        query.append_pair("since", since);
    }
    if args.envelope == Envelope::Cloudevents {
        query.append_pair("envelope", "cloudevents");
    }
    if let Some(remaining) = cursor.remaining {
        query.append_pair("limit", &remaining.to_string());
    }
    query.append_pair("heartbeat", &format!("{}s", HEARTBEAT.as_secs()));
    drop(query);
    url
}

/// Prints what comes over one connection until it ends.
async fn print(
    response: Response,
    args: &TailArgs,
    cursor: &mut Cursor,
    output: &mut Output<'_>,
) -> Result<End, Failure> {
    let media_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !media_type.is_some_and(|value| value.starts_with("text/event-stream")) {
        let got = media_type.unwrap_or("no content type");
        let message =
            format!("the server answered {got} instead of text/event-stream; does --url name a Tidemill server?");
        return Err(Failure::new(Exit::Failed, message));
    }
    let mut ready = SseByteStream::new(response.pieces()).ready_chunks(READY_EVENTS);
    while let Some(frames) = ready.next().await {
        for frame in frames {
            let frame = match frame {
                Ok(frame) => frame,
                Err(error) => return Ok(End::Lost(lost(&error))),
            };
            if let Some(retry) = frame.retry {
                cursor.retry = Duration::from_millis(retry);
            }
            if let Some(id) = frame.id.clone() {
                cursor.last_id = Some(id).filter(|id| !id.is_empty());
            }
            if !write_event(&frame, args.json, cursor, output.out)? {
                continue;
            }
            if let Some(remaining) = &mut cursor.remaining {
                *remaining -= 1;
                if *remaining == 0 {
                    return Ok(End::Limit);
                }
            }
        }
        output.out.flush()?;
    }
    Ok(End::Lost("the server ended the stream".into()))
}

/// Writes one event on one line; says whether the frame was one.
fn write_event(frame: &Sse, json: bool, cursor: &Cursor, out: &mut dyn Write) -> Result<bool, Failure> {
    let Some(data) = &frame.data else { return Ok(false) };
    if json {
        writeln!(out, "{}", data.replace('\n', " "))?;
    } else {
        let id = cursor.last_id.as_deref().unwrap_or("-");
        let name = frame.event.as_deref().unwrap_or("message");
        writeln!(out, "{}\t{}\t{}", printable::line(id), printable::line(name), printable::line(data))?;
    }
    Ok(true)
}

fn lost(error: &sse_stream::Error) -> String {
    match error {
        sse_stream::Error::Body(body) => match body.downcast_ref::<Lost>() {
            Some(lost) if lost.is_late() => lost.to_string(),
            _ => "the connection was lost".into(),
        },
        other => describe(other),
    }
}

fn types(text: &str) -> Result<String, String> {
    TypePattern::parse_list(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

fn since(text: &str) -> Result<String, String> {
    let known = matches!(text, "earliest" | "latest");
    if known || text.parse::<Position>().is_ok() || text.parse::<Timestamp>().is_ok() {
        return Ok(text.to_owned());
    }
    Err("expected earliest, latest, a position such as 7.1042 or a time such as 2026-11-20T09:30:00Z".into())
}
