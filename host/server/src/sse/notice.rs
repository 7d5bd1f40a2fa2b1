//! What a stream says by itself, in its mount's words: hellos, heartbeats, gaps, farewells. Must not know when.

use serde_json::{Value, json};
use tidemill_bus::{Framing, Gap, host_frames};
use tidemill_event::Position;
use tidemill_jq_program::Program;

use crate::app::App;
use crate::clock;
use crate::connections::Connection;
use crate::mount::profile::{Form, Profile};

/// One who speaks on one stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Notice<'a> {
    pub(super) app: &'a App,
    pub(super) connection: &'a Connection,
    /// Where its client would resume.
    pub(super) position: Position,
}

impl<'a> Notice<'a> {
    fn profile(&self) -> &'a Profile {
        self.connection.terms.mount.profile()
    }

    fn framing(&self) -> Framing {
        self.connection.terms.selection.wanted().encoding.framing
    }

    /// The place to resume from, where frames have one.
    fn id(&self) -> Option<Position> {
        self.profile().ids.then_some(self.position)
    }

    /// Sent at once: how soon to reconnect, the place to resume from even if no event comes before that, and hellos.
    pub(super) fn greeting(&self) -> Vec<u8> {
        let retry = self.profile().retry.unwrap_or(self.app.config().subscribe.retry);
        let id = self.id().map(|id| format!("id: {id}\n")).unwrap_or_default();
        let mut greeting = format!("retry: {}\n{id}\n", retry.as_millis()).into_bytes();
        if self.profile().hello.is_empty() {
            return greeting;
        }
        let input = self.input();
        for hello in &self.profile().hello {
            if let Some(data) = self.run(&hello.data, "a hello", &input) {
                greeting.extend(host_frames(self.framing(), None, hello.name.as_deref(), &data));
            }
        }
        greeting
    }

    /// For proxies and watchdogs. The `id:` moves the place to resume from past events that this subscriber does not want;
    /// a block without data is no event.
    pub(super) fn heartbeat(&self) -> Vec<u8> {
        let seen = match &self.profile().heartbeat.form {
            Form::Comment => None,
            Form::Message(data) => Some((Framing::Message, None, data)),
            Form::Named(name, data) => Some((Framing::Named, Some(name.as_str()), data)),
        };
        let said = seen.and_then(|(framing, name, data)| {
            let data = self.run(data, "a heartbeat", &self.input())?;
            Some(host_frames(framing, self.id(), name, &data))
        });
        said.unwrap_or_else(|| {
            let id = self.id().map(|id| format!("id: {id}\n")).unwrap_or_default();
            format!(": heartbeat\n{id}\n").into_bytes()
        })
    }

    /// Tells of events that it cannot have. The place to resume from moves with it, unless events from before the end of
    /// the gap are still to come.
    pub(super) fn gap(&self, gap: &Gap) -> Vec<u8> {
        let id = (self.position >= gap.to && self.profile().ids).then_some(gap.to);
        self.shaped(self.profile().gap.as_deref(), "tidemill.gap", &gap.json(), id)
    }

    /// Tells why it ends, and where to resume.
    pub(super) fn disconnected(&self, reason: &str) -> Vec<u8> {
        let data = format!("{{\"reason\":\"{reason}\",\"resume\":\"{}\"}}", self.position);
        self.shaped(self.profile().farewell.as_deref(), "tidemill.disconnected", &data, self.id())
    }

    /// A notice of the host in the mount's shape.
    fn shaped(&self, program: Option<&Program>, name: &str, data: &str, id: Option<Position>) -> Vec<u8> {
        let Some(program) = program else { return host_frames(self.framing(), id, Some(name), data.as_bytes()) };
        match self.run(program, name, data.as_bytes()) {
            Some(shaped) => host_frames(self.framing(), id, Some(name), &shaped),
            // Nothing is said, but the place moves.
            None => id.map(|id| format!("id: {id}\n\n").into_bytes()).unwrap_or_default(),
        }
    }

    fn run(&self, program: &Program, what: &str, input: &[u8]) -> Option<Vec<u8>> {
        program.first(input).unwrap_or_else(|error| {
            self.profile().failures.note(what, &error);
            None
        })
    }

    fn input(&self) -> Vec<u8> {
        self.facts().to_string().into_bytes()
    }

    /// What programs are told of a connection.
    pub(super) fn facts(&self) -> Value {
        let Self { app, connection, position } = self;
        let principal = connection.terms.principal.to_json();
        json!({
            "now": clock::now().to_string(),
            "connection": {
                "id": connection.uuid().to_string(),
                "client": connection.address().map(|address| address.ip().to_string()),
                "since": connection.since.to_string(),
                "principal": {
                    "name": principal["name"],
                    "type": principal["type"],
                    "tokenId": principal["jti"],
                    "permissions": principal["permissions"],
                },
            },
            "connections": app.connections.streams_at(connection.terms.mount.path()),
            "server": {
                "name": env!("CARGO_PKG_NAME"),
                "version": env!("CARGO_PKG_VERSION"),
                "uptime": clock::uptime().as_secs(),
            },
            "position": position.to_string(),
        })
    }
}
