//! `tidemill types`: types and documents for consumers, made of the event types that plugins of a server own.
//!
//! Owns where they come from and go to; what is made of them is made elsewhere.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::Deserialize;
use tidemill_event::TypePattern;
use tidemill_types::{EventType, asyncapi, json_schema, python, typescript};

use super::client::{Answer, Lost, Patience, Server, ServerArgs};
use super::{Exit, Failure, Output};

const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// `tidemill types`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidemill types --lang ts --output src/events.ts        types for a dashboard, and an EventSource that knows them
  tidemill types --lang python > events.py               the same for Python 3.11, without further packages
  tidemill types --lang asyncapi | jq .channels          the interface as a document
  tidemill types --lang ts --types 'order.*'             some of the types

Exit codes: 0 all of it was written; 1 the server answered with an error, or a file could not be written; 2 the command is
wrong; 3 no server was reached")]
pub(crate) struct TypesArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// What to make
    #[arg(long, value_enum)]
    lang: Language,
    /// Only these types: exact, or all that begin so (order.*)
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    types: Vec<TypePattern>,
    /// Write it to this file, not to standard output; one that says the same already is left alone
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Language {
    /// TypeScript
    #[value(alias = "typescript")]
    Ts,
    /// Python
    #[value(alias = "py")]
    Python,
    /// One JSON Schema (2020-12) with all types under $defs
    JsonSchema,
    /// An AsyncAPI document (3.0)
    Asyncapi,
}

#[derive(Debug, Deserialize)]
struct Listed {
    event_types: Vec<EventType>,
}

pub(super) async fn run(args: &TypesArgs, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let server = Server::new(&args.server, Patience::Whole(ANSWER_TIMEOUT))?;
    let types = listed(args, &server).await?;
    let made = match args.lang {
        Language::Ts => typescript(&types),
        Language::Python => python(&types),
        Language::JsonSchema => format!("{:#}\n", json_schema(&types)),
        Language::Asyncapi => {
            format!("{:#}\n", asyncapi(&types, server.at(&["events"]).path(), env!("CARGO_PKG_VERSION")))
        }
    };
    let Some(path) = &args.output else {
        output.out.write_all(made.as_bytes())?;
        return Ok(Exit::Success);
    };
    // Whoever watches the file builds again when it is written.
    let same = fs::read(path).is_ok_and(|there| there == made.as_bytes());
    if !same {
        let failed = |error| Failure::new(Exit::Failed, format!("cannot write {}: {error}", path.display()));
        fs::write(path, made).map_err(failed)?;
    }
    let did = if same { "says the same already:" } else { "has" };
    writeln!(output.err, "{} {did} {} event types", path.display(), types.len())?;
    Ok(Exit::Success)
}

/// The types that are wanted, by their names.
async fn listed(args: &TypesArgs, server: &Server) -> Result<Vec<EventType>, Failure> {
    let lost = |lost: Lost| server.unanswered(&lost, None);
    let answer = server.http.get(&server.at(&["event-types"])).send().await.map_err(lost)?;
    if !answer.status().is_success() {
        return Err(Failure::new(Exit::Failed, Answer::read(answer).await.map_err(lost)?.reasons()));
    }
    let Listed { mut event_types } = answer.json().await.map_err(lost)?;
    let known: Vec<String> = event_types.iter().map(|own| own.name.clone()).collect();
    if known.is_empty() {
        let told = "no plugin of the server owns an event type; load one of kind `event-types`, or the ready-made `json-schema`";
        return Err(Failure::new(Exit::Failed, told));
    }
    event_types.retain(|own| args.types.is_empty() || args.types.iter().any(|pattern| pattern.matches(&own.name)));
    if event_types.is_empty() {
        let told = format!("no event type fits `--types`; there are {}", known.join(", "));
        return Err(Failure::new(Exit::Failed, told));
    }
    Ok(event_types)
}
