//! What a subscriber asks for: the parameters of `GET /events` and the header `Last-Event-ID`.

use std::fmt::Display;
use std::time::Duration;

use axum::http::HeaderMap;
use tidemill_bus::{Encoding, Envelope, Framing, Start};
use tidemill_event::{Position, Timestamp, TypePattern, limits::PATTERNS_MAX};

use crate::limits::{HEARTBEAT_MAX, HEARTBEAT_MIN, SELECTED_MAX};
use crate::problem::{Kind, Problem};

/// The parameters that there are.
const NAMES: [&str; 9] =
    ["types", "sources", "subjects", "since", "envelope", "framing", "heartbeat", "limit", "lastEventId"];

/// A checked request for a stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) types: Vec<TypePattern>,
    pub(super) sources: Vec<String>,
    pub(super) subjects: Vec<String>,
    pub(super) start: Start,
    pub(super) encoding: Encoding,
    pub(super) heartbeat: Duration,
    pub(super) limit: Option<u64>,
}

impl Query {
    /// Reads a query string and the headers. The header `Last-Event-ID`, which `EventSource` sends when it reconnects
    /// to the same address, wins over where the address says to begin.
    pub(super) fn parse(text: &str, headers: &HeaderMap, heartbeat: Duration) -> Result<Self, Problem> {
        let mut query = Self {
            types: Vec::new(),
            sources: Vec::new(),
            subjects: Vec::new(),
            start: Start::Latest,
            encoding: Encoding::default(),
            heartbeat,
            limit: None,
        };
        let mut resume = None;
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            match &*name {
                "types" => {
                    let types = TypePattern::parse_list(&value).map_err(|e| wrong("types", e))?;
                    query.types.extend(types);
                }
                "sources" => query.sources.extend(list(&value)),
                "subjects" => query.subjects.extend(list(&value)),
                "since" => query.start = since(&value)?,
                "envelope" => query.encoding.envelope = envelope(&value)?,
                "framing" => query.encoding.framing = framing(&value)?,
                "heartbeat" => query.heartbeat = duration(&value)?,
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| *limit > 0);
                    query.limit =
                        Some(limit.ok_or_else(|| wrong("limit", format!("`{value}` is not a number from 1")))?);
                }
                // Both spellings that polyfills of EventSource use.
                "lastEventId" | "Last-Event-ID" => resume = Some(position("lastEventId", &value)?),
                unknown => return Err(wrong(unknown, unknown_parameter(unknown))),
            }
        }
        if let Some(header) = headers.get("last-event-id").filter(|header| !header.is_empty()) {
            resume = Some(position("Last-Event-ID", &String::from_utf8_lossy(header.as_bytes()))?);
        }
        if let Some(position) = resume {
            query.start = Start::After(position);
        }
        if query.types.len() > PATTERNS_MAX {
            return Err(wrong("types", format!("{} patterns, at most {PATTERNS_MAX} are possible", query.types.len())));
        }
        if query.sources.len().max(query.subjects.len()) > SELECTED_MAX {
            return Err(wrong("sources", format!("at most {SELECTED_MAX} sources or subjects are possible")));
        }
        Ok(query)
    }
}

fn wrong(at: &str, what: impl Display) -> Problem {
    Problem::new(Kind::BadRequest, format!("the parameter `{at}` is wrong: {what}")).at(at)
}

fn list(value: &str) -> impl Iterator<Item = String> {
    value.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned)
}

fn since(value: &str) -> Result<Start, Problem> {
    match value {
        "latest" => Ok(Start::Latest),
        "earliest" => Ok(Start::Earliest),
        _ => {
            let position = value.parse::<Position>().map(Start::After);
            // A `+` of an offset arrives as a space where it was not percent-encoded.
            let time = || value.replace(' ', "+").parse::<Timestamp>().map(Start::At);
            position.or_else(|_| time()).map_err(|_| {
                wrong("since", format!("`{value}` is neither a position (7.1042), nor a time (2026-11-20T09:30:00Z), nor `earliest` or `latest`"))
            })
        }
    }
}

fn position(at: &str, value: &str) -> Result<Position, Problem> {
    value.parse().map_err(|error| wrong(at, format!("{error}; leave it out to begin with the next event")))
}

fn envelope(value: &str) -> Result<Envelope, Problem> {
    match value {
        "data" => Ok(Envelope::Data),
        "cloudevents" => Ok(Envelope::CloudEvents),
        _ => Err(wrong("envelope", format!("`{value}` is neither `data` nor `cloudevents`"))),
    }
}

fn framing(value: &str) -> Result<Framing, Problem> {
    match value {
        "named" => Ok(Framing::Named),
        "message" => Ok(Framing::Message),
        "both" => Ok(Framing::Both),
        _ => Err(wrong("framing", format!("`{value}` is none of `named`, `message`, `both`"))),
    }
}

fn duration(value: &str) -> Result<Duration, Problem> {
    let range = HEARTBEAT_MIN..=HEARTBEAT_MAX;
    humantime::parse_duration(value)
        .ok()
        .filter(|duration| range.contains(duration))
        .ok_or_else(|| wrong("heartbeat", format!("`{value}` is not a time between 1s and 10m, such as 15s")))
}

fn unknown_parameter(name: &str) -> String {
    let near = NAMES.iter().map(|known| (strsim::jaro_winkler(name, known), known)).max_by(|a, b| a.0.total_cmp(&b.0));
    let hint = near.filter(|(score, _)| *score > 0.7).map(|(_, known)| format!("; did you mean `{known}`?"));
    format!("there is no such parameter{}; there are {}", hint.unwrap_or_default(), NAMES.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn parse(text: &str) -> Result<Query, Problem> {
        Query::parse(text, &HeaderMap::new(), Duration::from_secs(15))
    }

    fn message(text: &str) -> String {
        serde_json::to_value(parse(text).unwrap_err()).unwrap()["detail"].as_str().unwrap().to_owned()
    }

    #[test]
    fn nothing_asked_is_everything_from_now_on() {
        let query = parse("").unwrap();
        assert_eq!((query.start, query.limit, query.encoding), (Start::Latest, None, Encoding::default()));
        assert!(query.types.is_empty());
    }

    #[test]
    fn everything_can_be_asked() {
        let text = "types=order.*,github.push&types=x&since=7.4&envelope=cloudevents&framing=both&heartbeat=30s&limit=5&sources=a,b";
        let query = parse(text).unwrap();
        assert_eq!((query.types.len(), query.sources.len(), query.limit), (3, 2, Some(5)));
        assert_eq!(query.start, Start::After(Position::new(7, 4)));
        assert_eq!(query.heartbeat, Duration::from_secs(30));
        let time = Start::At("2026-01-01T00:00:00Z".parse().unwrap());
        assert_eq!(parse("since=2026-01-01T01:00:00+01:00").unwrap().start, time);
        assert_eq!(parse("since=2026-01-01T01%3A00%3A00%2B01:00").unwrap().start, time);
    }

    #[test]
    fn last_event_id_wins_over_since() {
        let headers = HeaderMap::from_iter([("last-event-id".parse().unwrap(), HeaderValue::from_static("7.9"))]);
        let query = Query::parse("since=earliest&lastEventId=7.3", &headers, Duration::ZERO).unwrap();
        assert_eq!(query.start, Start::After(Position::new(7, 9)));
        assert_eq!(parse("lastEventId=7.3&since=earliest").unwrap().start, Start::After(Position::new(7, 3)));
    }

    #[test]
    fn mistakes_name_the_parameter_and_the_fix() {
        assert!(message("type=a").contains("did you mean `types`?"));
        assert!(message("types=a,,b").contains("types"));
        assert!(message("since=yesterday").contains("earliest"));
        assert!(message("lastEventId=banana").contains("epoch.sequence"));
        assert!(message("limit=0").contains("from 1"));
        assert!(message("heartbeat=1ms").contains("between 1s and 10m"));
        assert!(message("envelope=xml").contains("cloudevents"));
        assert!(message("framing=x").contains("named"));
    }
}
