//! `tidemill publish`: one event from the command line, or many from a file.

mod file;

use std::{
    io::{self, Read},
    path::PathBuf,
    time::Duration,
};

use clap::Args;
use http::{Method, StatusCode, header};
use serde_json::{Map, Value, value::RawValue};
use tidemill_event::is_json_media_type;
use url::Url;

use super::client::{Answer, Lost, Patience, Response, Server, ServerArgs};
use super::report::Tally;
use super::{Exit, Failure, Output};

/// `tidemill publish`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidemill publish order.created '{\"id\": 7, \"total\": 12}'
  tidemill publish note.added 'hello' --content-type text/plain
  curl -s https://example.org/order.json | tidemill publish order.created -
  tidemill publish order.created 7 --explain             which plugin did what?
  tidemill publish --file events.ndjson                 one event per line: {\"type\": \"…\", \"data\": …}

Exit codes:
  0  every event was stored, or dropped by a filter
  1  some events were rejected, or failed
  2  the command is wrong
  3  no server could be reached")]
pub(crate) struct PublishArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// Type of the event, such as order.created
    #[arg(value_name = "TYPE", required_unless_present = "file")]
    event_type: Option<String>,
    /// Data of the event, as JSON; `-` reads it from standard input
    #[arg(value_name = "DATA", allow_negative_numbers = true)]
    data: Option<String>,
    /// Where the event comes from, a URI reference [default: the server's]
    #[arg(long)]
    source: Option<String>,
    /// Id of the event, unique per source [default: the server makes one]
    #[arg(long)]
    id: Option<String>,
    /// What the event is about
    #[arg(long)]
    subject: Option<String>,
    /// Media type of the data; anything but JSON is sent as text [default: application/json]
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// Extension attribute, a text; can be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = extension)]
    ext: Vec<(String, String)>,
    /// Show what each plugin did with the event, and how long it took
    #[arg(long, conflicts_with = "file")]
    explain: bool,
    /// Publish every line of this file (`-`: standard input) as one event
    #[arg(long, value_name = "FILE.ndjson", conflicts_with_all = ["event_type", "data", "source", "id", "subject", "content_type", "ext"])]
    file: Option<PathBuf>,
}

/// How long one request may take: the server lets a publisher wait for room, and plugins take their time.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// How long to go on asking a server that is busy (429, 503).
const BUSY_WAIT_MAX: Duration = Duration::from_secs(60);
/// Longest data from standard input. No server takes more by default.
const DATA_BYTES_MAX: u64 = 64 << 20;

pub(super) async fn run(args: &PublishArgs, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let server = Server::new(&args.server, Patience::Whole(REQUEST_TIMEOUT))?;
    match (&args.file, &args.event_type) {
        (Some(path), _) => file::publish(&server, path, output).await,
        (None, Some(event_type)) => one(&server, args, event_type, output).await,
        (None, None) => Err(Failure::new(Exit::Usage, "name the TYPE of the event, or a --file")),
    }
}

async fn one(server: &Server, args: &PublishArgs, event_type: &str, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let body = event(args, event_type)?;
    let mut url = server.events();
    url.set_query(args.explain.then_some("explain=true"));
    let lost = |lost: Lost| server.unanswered(&lost, Some("it is unknown whether the event was stored"));
    let response = post(server, url, "application/json", body.into(), output).await?.map_err(lost)?;
    let status = response.status();
    let answer = Answer::read(response).await.map_err(lost)?;
    let id = answer.id.as_ref().map(|id| format!(" (id {id})")).unwrap_or_default();
    match answer.outcome.as_deref() {
        Some("stored") => writeln!(output.out, "stored at {}{id}", answer.all_positions())?,
        Some("dropped") => writeln!(output.out, "dropped by {}{id}", answer.by.as_deref().unwrap_or("a plugin"))?,
        Some(_) => {}
        None => {
            let message = format!("the server answered {status}: {}", answer.reasons());
            return Err(Failure::new(Exit::Failed, message));
        }
    }
    for step in answer.explain.iter().flatten() {
        writeln!(output.out, "{step}")?;
    }
    let mut tally = Tally::default();
    tally.count(&answer, event_type, output.err)?;
    Ok(tally.exit())
}

/// The event in the simple form of `POST /events`. JSON data is passed on as written: numbers keep their digits.
fn event(args: &PublishArgs, event_type: &str) -> Result<String, Failure> {
    let mut event = Map::new();
    event.insert("type".into(), event_type.into());
    let texts = [
        ("source", &args.source),
        ("id", &args.id),
        ("subject", &args.subject),
        ("datacontenttype", &args.content_type),
    ];
    event.extend(texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text.clone()?.into()))));
    if !args.ext.is_empty() {
        let extensions = args.ext.iter().map(|(name, value)| (name.clone(), Value::from(value.clone())));
        event.insert("extensions".into(), Value::Object(extensions.collect()));
    }
    let mut text = Value::Object(event).to_string();
    if let Some(data) = data(args)? {
        let data = if is_json_media_type(args.content_type.as_deref()) {
            let raw: Box<RawValue> = serde_json::from_str(&data).map_err(|error| {
                let hint = r#"text is written '"like this"', or sent as it is with --content-type text/plain"#;
                Failure::new(Exit::Usage, format!("DATA is not JSON: {error}; {hint}"))
            })?;
            raw.get().to_owned()
        } else {
            Value::from(data).to_string()
        };
        // The object is not empty: it has a type.
        text.truncate(text.len() - 1);
        text += &format!(",\"data\":{data}}}");
    }
    Ok(text)
}

fn data(args: &PublishArgs) -> Result<Option<String>, Failure> {
    if args.data.as_deref() != Some("-") {
        return Ok(args.data.clone());
    }
    let mut text = String::new();
    let read = io::stdin().lock().take(DATA_BYTES_MAX + 1).read_to_string(&mut text);
    let usage = |detail: String| Failure::new(Exit::Usage, format!("standard input: {detail}"));
    match read {
        Ok(length) if length as u64 > DATA_BYTES_MAX => Err(usage(format!("more than {DATA_BYTES_MAX} bytes"))),
        Ok(_) => Ok(Some(text)),
        Err(error) => Err(usage(error.to_string())),
    }
}

fn extension(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE, such as traceid=42".into()),
    }
}

/// Posts a body; while the server is busy, waits as long as it says and posts again.
async fn post(
    server: &Server,
    url: Url,
    content_type: &'static str,
    body: bytes::Bytes,
    output: &mut Output<'_>,
) -> Result<Result<Response, Lost>, Failure> {
    let mut waited = Duration::ZERO;
    loop {
        let request = server.http.request(Method::POST, &url).header(header::CONTENT_TYPE, content_type);
        let response = match request.body(body.clone()).send().await {
            Ok(response) => response,
            Err(error) => return Ok(Err(error)),
        };
        let busy = matches!(response.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        let after = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let pause = Duration::from_secs(after.unwrap_or(1)).max(Duration::from_millis(100));
        if !busy || waited.saturating_add(pause) > BUSY_WAIT_MAX {
            return Ok(Ok(response));
        }
        writeln!(output.err, "the server is busy, sending again in {}s", pause.as_secs_f32())?;
        waited += pause;
        tokio::time::sleep(pause).await;
    }
}
