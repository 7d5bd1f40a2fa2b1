//! What a subscriber asks for: the parameters of `GET /events` and the header `Last-Event-ID`.

#[cfg(any(test, fuzzing))]
pub(crate) mod property;

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use axum::http::HeaderMap;
use tidemill_bus::{ConflateKey, Envelope, Framing, SlowPolicy, Start, Wanted};
use tidemill_event::{Position, Timestamp, TypePattern, limits::PATTERNS_MAX};

use crate::limits::{HEARTBEAT_MAX, HEARTBEAT_MIN, POINTER_BYTES_MAX, POLL_WAIT_MAX, SELECTED_MAX};
use crate::mount::profile::Profile;
use crate::problem::{Kind, Problem};
use crate::sse::view;

/// The parameters of a stream.
const STREAM: [&str; 12] = [
    "types",
    "sources",
    "subjects",
    "since",
    "envelope",
    "framing",
    "heartbeat",
    "limit",
    "slow",
    "conflate",
    "lastEventId",
    "view",
];
/// The parameters of a poll.
const POLL: [&str; 10] =
    ["types", "sources", "subjects", "since", "after", "limit", "wait", "slow", "conflate", "view"];

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// An endless stream.
    Stream,
    /// What there is, or comes within a while.
    Poll,
}

/// What holds unless the client says otherwise.
#[derive(Debug, Clone)]
pub(super) struct Defaults {
    pub(super) heartbeat: Duration,
    pub(super) slow: SlowPolicy,
}

/// A checked request for a stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) wanted: Wanted,
    /// Through which view, to be put into what is wanted.
    pub(super) view: view::Asked,
    pub(super) start: Start,
    pub(super) heartbeat: Duration,
    pub(super) limit: Option<u64>,
    /// How long a poll waits if there is nothing.
    pub(super) wait: Duration,
    /// It was here before.
    pub(super) resumes: bool,
}

impl Query {
    /// Reads a query string and the headers. The header `Last-Event-ID`, which `EventSource` sends when it reconnects
    /// to the same address, wins over where the address says to begin.
    ///
    /// What the mount's profile says holds for streams unless they say otherwise; polls are the same whatever it says.
    pub(super) fn parse(
        form: Form,
        text: &str,
        headers: &HeaderMap,
        defaults: Defaults,
        profile: &Profile,
    ) -> Result<Self, Problem> {
        let plain = Profile::default();
        let profile = if form == Form::Stream { profile } else { &plain };
        let mut query = Self {
            wanted: Wanted { slow: defaults.slow, encoding: profile.encoding(), ..Wanted::default() },
            view: view::Asked::default(),
            start: Start::Latest,
            heartbeat: profile.heartbeat.every.unwrap_or(defaults.heartbeat),
            limit: None,
            wait: Duration::ZERO,
            resumes: false,
        };
        let names: &[&str] = if form == Form::Stream { &STREAM } else { &POLL };
        let (mut resume, mut begins) = (None, false);
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            match &*name {
                // Both spellings that polyfills of EventSource use.
                "lastEventId" | "Last-Event-ID" if form == Form::Stream => {
                    query.resumes = true;
                    // What is not looked at cannot be wrong: reconnecting clients send what they got elsewhere.
                    if profile.replay {
                        resume = Some(position("lastEventId", &value)?);
                    }
                }
                name if name.starts_with(view::PREFIX) => query.view.add(&name[view::PREFIX.len()..], &value)?,
                unknown if !names.contains(&unknown) => return Err(wrong(unknown, unknown_parameter(unknown, names))),
                "view" => query.view.name(&value)?,
                "types" => {
                    let types = TypePattern::parse_list(&value).map_err(|e| wrong("types", e))?;
                    query.wanted.types.extend(types);
                }
                "sources" => query.wanted.sources.extend(list(&value)),
                "subjects" => query.wanted.subjects.extend(list(&value)),
                "since" => {
                    let start = since(&value)?;
                    if profile.replay {
                        (query.start, begins) = (start, true);
                    }
                }
                "envelope" => query.wanted.encoding.envelope = envelope(&value)?,
                "framing" => query.wanted.encoding.framing = framing(&value)?,
                "heartbeat" => query.heartbeat = duration("heartbeat", &value, HEARTBEAT_MIN..=HEARTBEAT_MAX)?,
                "wait" => query.wait = duration("wait", &value, Duration::ZERO..=POLL_WAIT_MAX)?,
                "after" => query.start = Start::After(position("after", &value)?),
                "slow" => query.wanted.slow = slow(&value)?,
                "conflate" => query.wanted.slow = SlowPolicy::Conflate(conflate(&value)?),
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| *limit > 0);
                    query.limit =
                        Some(limit.ok_or_else(|| wrong("limit", format!("`{value}` is not a number from 1")))?);
                }
                unknown => return Err(wrong(unknown, unknown_parameter(unknown, names))),
            }
        }
        if let Some(header) = headers.get("last-event-id").filter(|header| !header.is_empty()) {
            query.resumes = true;
            if profile.replay {
                resume = Some(position("Last-Event-ID", &String::from_utf8_lossy(header.as_bytes()))?);
            }
        }
        match resume {
            Some(position) => query.start = Start::After(position),
            None if form == Form::Stream && !begins && profile.history > 0 => {
                query.start = Start::Newest(profile.history);
            }
            None => {}
        }
        query.leave_to(profile);
        query.view.check()?;
        if query.wanted.types.len() > PATTERNS_MAX {
            return Err(wrong(
                "types",
                format!("{} patterns, at most {PATTERNS_MAX} are possible", query.wanted.types.len()),
            ));
        }
        if query.wanted.sources.len().max(query.wanted.subjects.len()) > SELECTED_MAX {
            return Err(wrong("sources", format!("at most {SELECTED_MAX} sources or subjects are possible")));
        }
        Ok(query)
    }

    /// Takes over what it does not say itself. Of types that depends on who asks.
    fn leave_to(&mut self, profile: &Profile) {
        let Wanted { sources, subjects, .. } = &mut self.wanted;
        for (own, default) in [(sources, &profile.sources), (subjects, &profile.subjects)] {
            if own.is_empty() {
                own.clone_from(default);
            }
        }
    }
}

fn wrong(at: &str, what: impl Display) -> Problem {
    // A parameter may have no name at all.
    let place = if at.is_empty() { "query" } else { at };
    Problem::new(Kind::BadRequest, format!("the parameter `{at}` is wrong: {what}")).at(place)
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

fn duration(at: &str, value: &str, range: RangeInclusive<Duration>) -> Result<Duration, Problem> {
    let (least, most) = (range.start(), range.end());
    humantime::parse_duration(value).ok().filter(|duration| range.contains(duration)).ok_or_else(|| {
        let (least, most) = (humantime::format_duration(*least), humantime::format_duration(*most));
        wrong(at, format!("`{value}` is not a time between {least} and {most}, such as 15s"))
    })
}

fn slow(value: &str) -> Result<SlowPolicy, Problem> {
    match value {
        "keep" => Ok(SlowPolicy::Keep),
        "sample" => Ok(SlowPolicy::Sample),
        "disconnect" => Ok(SlowPolicy::Disconnect),
        "conflate" => Ok(SlowPolicy::Conflate(ConflateKey::Subject)),
        _ => Err(wrong("slow", format!("`{value}` is none of `keep`, `conflate`, `sample`, `disconnect`"))),
    }
}

fn conflate(value: &str) -> Result<ConflateKey, Problem> {
    if value == "subject" {
        return Ok(ConflateKey::Subject);
    }
    // RFC 6901: `~` only as `~0` or `~1`.
    let escapes = value.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    if value.starts_with('/') && escapes && value.len() <= POINTER_BYTES_MAX {
        return Ok(ConflateKey::Pointer(value.to_owned()));
    }
    let detail = format!(
        "`{value}` is neither `subject` nor a JSON Pointer into the data of at most {POINTER_BYTES_MAX} bytes, such as \
        `/host/name`"
    );
    Err(wrong("conflate", detail))
}

fn unknown_parameter(name: &str, names: &[&str]) -> String {
    let near = names.iter().map(|known| (strsim::jaro_winkler(name, known), known)).max_by(|a, b| a.0.total_cmp(&b.0));
    let hint = near.filter(|(score, _)| *score > 0.7).map(|(_, known)| format!("; did you mean `{known}`?"));
    format!("there is no such parameter{}; there are {}", hint.unwrap_or_default(), names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use tidemill_bus::Encoding;

    fn defaults() -> Defaults {
        Defaults { heartbeat: Duration::from_secs(15), slow: SlowPolicy::Keep }
    }

    fn parse(text: &str) -> Result<Query, Problem> {
        Query::parse(Form::Stream, text, &HeaderMap::new(), defaults(), &Profile::default())
    }

    fn message(text: &str) -> String {
        serde_json::to_value(parse(text).unwrap_err()).unwrap()["detail"].as_str().unwrap().to_owned()
    }

    #[test]
    fn nothing_asked_is_everything_from_now_on() {
        let query = parse("").unwrap();
        assert_eq!((query.start, query.limit, query.wanted.encoding), (Start::Latest, None, Encoding::default()));
        assert!(query.wanted.types.is_empty());
    }

    #[test]
    fn everything_can_be_asked() {
        let text = "types=order.*,github.push&types=x&since=7.4&envelope=cloudevents&framing=both&heartbeat=30s&limit=5&sources=a,b";
        let query = parse(text).unwrap();
        assert_eq!((query.wanted.types.len(), query.wanted.sources.len(), query.limit), (3, 2, Some(5)));
        assert_eq!(query.start, Start::After(Position::new(7, 4)));
        assert_eq!(query.heartbeat, Duration::from_secs(30));
        let time = Start::At("2026-01-01T00:00:00Z".parse().unwrap());
        assert_eq!(parse("since=2026-01-01T01:00:00+01:00").unwrap().start, time);
        assert_eq!(parse("since=2026-01-01T01%3A00%3A00%2B01:00").unwrap().start, time);
    }

    #[test]
    fn last_event_id_wins_over_since() {
        let headers = HeaderMap::from_iter([("last-event-id".parse().unwrap(), HeaderValue::from_static("7.9"))]);
        let query =
            Query::parse(Form::Stream, "since=earliest&lastEventId=7.3", &headers, defaults(), &Profile::default())
                .unwrap();
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
        assert!(message("slow=down").contains("sample"));
        assert!(message("conflate=host").contains("JSON Pointer"));
        assert!(message("conflate=/a~2").contains("JSON Pointer"));
        assert!(message("wait=1s").contains("no such parameter"), "a stream does not wait");
    }

    #[test]
    fn parameters_of_a_view_need_one() {
        assert!(parse("view=a&view.x=1&view.x=&view.=2").is_ok() && parse("").unwrap() == parse("").unwrap());
        assert_ne!(parse("view=a&view.x=1").unwrap(), parse("view=a&view.x=2").unwrap());
        assert!(message("view.x=1").contains("`view.x`") && message("view.x=1").contains("`view=`"));
        assert!(message("view=").contains("empty") && message("view=a&view=b").contains("twice"));
        let many: String = (0..33).map(|n| format!("&view.p{n}=")).collect();
        assert!(message(&format!("view=a{many}")).contains("at most 32"));
        assert!(message(&format!("view=a&view.p={}", "x".repeat(8192))).contains("8192 bytes"));
        assert!(
            Query::parse(Form::Poll, "view=a&view.x=1", &HeaderMap::new(), defaults(), &Profile::default()).is_ok()
        );
    }

    #[test]
    fn slow_subscribers_choose() {
        assert_eq!(parse("slow=sample").unwrap().wanted.slow, SlowPolicy::Sample);
        assert_eq!(parse("conflate=subject").unwrap().wanted.slow, SlowPolicy::Conflate(ConflateKey::Subject));
        let pointer = SlowPolicy::Conflate(ConflateKey::Pointer("/a~1b/0".into()));
        assert_eq!(parse("conflate=/a~1b/0").unwrap().wanted.slow, pointer);
    }

    #[test]
    fn polls_have_their_own_parameters() {
        let poll = |text| Query::parse(Form::Poll, text, &HeaderMap::new(), defaults(), &Profile::default());
        let query = poll("after=7.4&limit=5&wait=20s&types=a.*").unwrap();
        assert_eq!((query.start, query.wait), (Start::After(Position::new(7, 4)), Duration::from_secs(20)));
        assert!(poll("framing=named").is_err() && poll("wait=10m").is_err());
    }
}
