//! What happens on the server: events before and after the plugin, and those that it fails on.

use std::collections::VecDeque;
use std::time::Duration;

use http::Method;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use super::super::told;
use super::host::Host;
use crate::cli::{Failure, Output};

/// How long one question for new events waits for some.
const WAIT: &str = "1s";
/// Before a server is asked again that did not answer.
const PAUSE: Duration = Duration::from_secs(2);
/// Events that were published here, and are not to be shown once more. Others may publish as many in between.
const OWN_MAX: usize = 64;
/// Events of others that are shown of one answer.
const SHOWN_MAX: usize = 20;

/// A plugin on a server.
pub(super) struct Live<'h> {
    host: &'h Host,
    plugin: String,
    version: Option<String>,
    /// Up to where events were shown, and dead letters.
    position: String,
    dead_letters: u64,
    own: VecDeque<String>,
}

/// What came since the last look.
pub(super) struct Came {
    events: Vec<Value>,
    dead_letters: Vec<Value>,
    trouble: Option<String>,
}

impl<'h> Live<'h> {
    /// From now on.
    pub(super) async fn new(host: &'h Host, plugin: &str) -> Result<Self, Failure> {
        let now = host.get(&["events", "poll"], &[("since", "latest"), ("wait", "0s")]).await?;
        let position = now["next"].as_str().unwrap_or_default().to_owned();
        let plugin = plugin.to_owned();
        let mut live = Self { host, plugin, version: None, position, dead_letters: 0, own: VecDeque::new() };
        // Those that are there are of earlier versions.
        while let Some(last) = live.ask_dead_letters().await?.last() {
            live.dead_letters = last["number"].as_u64().unwrap_or(u64::MAX);
        }
        Ok(live)
    }

    pub(super) fn runs(&mut self, version: &str) {
        self.version = Some(version.to_owned());
    }

    /// What runs though something newer does not.
    pub(super) fn still(&self) -> String {
        match &self.version {
            Some(version) => format!("\nversion {} stays live", &version[..version.len().min(12)]),
            None => String::new(),
        }
    }

    /// Publishes an event, and tells it before and after.
    pub(super) async fn publish(&mut self, text: &str, output: &mut Output<'_>) -> Result<(), Failure> {
        writeln!(output.out, "before   {}", told::short(text))?;
        let request = self.host.request(Method::POST, &["events"]).header(CONTENT_TYPE, "application/json");
        // An error is an answer here as well: what is wrong with the event, or how the plugin failed.
        let answer = match request.body(text.to_owned()).send().await {
            Ok(answer) => answer.json::<Value>().await.unwrap_or_default(),
            Err(error) => Value::String(format!("the server gave no answer: {error}")),
        };
        match answer["outcome"].as_str() {
            Some("stored") => {
                let one = answer["position"].as_str().into_iter();
                let all = answer["positions"].as_array().into_iter().flatten().filter_map(Value::as_str);
                for position in one.chain(all) {
                    match self.host.get(&["events", position], &[]).await {
                        Ok(stored) => writeln!(output.out, "after    {}", told::short(&shown(&stored["event"])))?,
                        Err(failure) => writeln!(output.out, "after    stored at {position}; {failure}")?,
                    }
                    self.own.push_back(position.to_owned());
                }
                self.own.drain(..self.own.len().saturating_sub(OWN_MAX));
            }
            Some("dropped") => writeln!(output.out, "after    dropped")?,
            Some("failed") => {
                for letter in self.new_dead_letters().await? {
                    show_failure(&letter, self.host, output)?;
                }
            }
            _ => {
                let detail = answer["detail"].as_str().or(answer.as_str()).unwrap_or("no reason given");
                writeln!(output.out, "after    {}: {detail}", answer["outcome"].as_str().unwrap_or("refused"))?;
            }
        }
        Ok(())
    }

    /// Waits for events of others, or until the plugin fails on one.
    pub(super) async fn next(&mut self) -> Result<Came, Failure> {
        loop {
            let mut came = Came { events: Vec::new(), dead_letters: Vec::new(), trouble: None };
            let query = [("after", self.position.as_str()), ("wait", WAIT)];
            let page = self.host.get(&["events", "poll"], &query).await;
            match page {
                Ok(page) => {
                    let events = page["events"].as_array().into_iter().flatten();
                    let foreign = |event: &&Value| !self.own.iter().any(|own| event["position"] == own.as_str());
                    came.events = events.filter(foreign).cloned().collect();
                    // Whoever stops waiting meanwhile asks again from where this began.
                    came.dead_letters = self.new_dead_letters().await.unwrap_or_default();
                    page["next"].as_str().into_iter().for_each(|next| next.clone_into(&mut self.position));
                }
                Err(failure) => {
                    tokio::time::sleep(PAUSE).await;
                    came.trouble = Some(failure.to_string());
                }
            }
            if came.trouble.is_some() || !came.events.is_empty() || !came.dead_letters.is_empty() {
                return Ok(came);
            }
        }
    }

    async fn new_dead_letters(&mut self) -> Result<Vec<Value>, Failure> {
        let letters = self.ask_dead_letters().await?;
        if let Some(last) = letters.last().and_then(|last| last["number"].as_u64()) {
            self.dead_letters = last;
        }
        Ok(letters.into_iter().filter(|letter| letter["plugin"] == self.plugin.as_str()).collect())
    }

    async fn ask_dead_letters(&self) -> Result<Vec<Value>, Failure> {
        let after = self.dead_letters.to_string();
        let answer = self.host.get(&["dead-letters"], &[("after", &after)]).await?;
        Ok(answer["deadLetters"].as_array().cloned().unwrap_or_default())
    }
}

impl Came {
    /// Tells it.
    pub(super) fn show(&self, live: &Live<'_>, output: &mut Output<'_>) -> Result<(), Failure> {
        if let Some(trouble) = &self.trouble {
            writeln!(output.err, "{trouble}")?;
        }
        for event in self.events.iter().take(SHOWN_MAX) {
            // The host's own words, such as that the plugin was replaced.
            if event["event"]["type"].as_str().is_some_and(|name| name.starts_with("tidemill.")) {
                continue;
            }
            writeln!(output.out, "after    {}", told::short(&shown(&event["event"])))?;
        }
        if self.events.len() > SHOWN_MAX {
            writeln!(output.out, "         and {} more events", self.events.len() - SHOWN_MAX)?;
        }
        self.dead_letters.iter().try_for_each(|letter| show_failure(letter, live.host, output))
    }
}

fn show_failure(letter: &Value, host: &Host, output: &mut Output<'_>) -> Result<(), Failure> {
    let text = |name: &str| letter[name].as_str().unwrap_or_default();
    writeln!(output.out, "failed   {}", told::short(&shown(&letter["event"])))?;
    let backtrace: Vec<&str> = letter["backtrace"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    told::failure(output.out, text("detail"), &backtrace.join("\n"))?;
    writeln!(output.out, "      kept: {}/dead-letters/{}", host.url(), letter["number"])?;
    Ok(())
}

/// A CloudEvent without what every event has.
fn shown(event: &Value) -> String {
    let left_out = ["specversion", "id", "time", "source"];
    let members = event.as_object().into_iter().flatten().filter(|(name, _)| !left_out.contains(&name.as_str()));
    Value::Object(members.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>()).to_string()
}
