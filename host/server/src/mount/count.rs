//! Streams of a mount, counted.

use std::collections::BTreeMap;
use std::sync::Arc;

use tidemill_event::{Event, Timestamp};

use crate::app::App;
use crate::clock;
use crate::connections::{Terms, Use};
use crate::mount::StreamMount;

/// What there is of streams.
#[derive(Debug, Default)]
pub(super) struct Streams {
    pub(super) current: u64,
    /// Of those, how many may see the event that was asked about.
    pub(super) reached: u64,
    pub(super) by_type: BTreeMap<&'static str, u64>,
    pub(super) oldest: Option<Timestamp>,
    pub(super) newest: Option<Timestamp>,
    ages_ms: u64,
}

/// Counts those of a mount, or all; and how many of them an event reaches.
pub(super) fn streams(app: &App, at: Option<&Arc<StreamMount>>, event: Option<&Event>) -> Streams {
    let now = clock::now().unix_ms();
    let mut streams = Streams::default();
    streams.by_type.extend(["anonymous", "readonly", "team", "master"].map(|name| (name, 0)));
    app.connections.each(|connection| {
        let terms = &connection.terms;
        let own = at.is_none_or(|at| at.path() == terms.mount.path());
        if terms.usage != Use::Stream || !own {
            return;
        }
        streams.current += 1;
        streams.reached += u64::from(event.is_some_and(|event| sees(terms, event)));
        *streams.by_type.entry(terms.principal.kind().unwrap_or("anonymous")).or_default() += 1;
        // Oldest first.
        streams.oldest.get_or_insert(connection.since);
        streams.newest = Some(connection.since);
        streams.ages_ms += now.saturating_sub(connection.since.unix_ms());
    });
    streams
}

impl Streams {
    pub(super) fn average_age_seconds(&self) -> f64 {
        if self.current == 0 { 0.0 } else { self.ages_ms as f64 / 1e3 / self.current as f64 }
    }
}

/// Whether a stream has an event, views aside.
fn sees(terms: &Terms, event: &Event) -> bool {
    let wanted = terms.selection.wanted();
    let types = wanted.types.is_empty() || wanted.types.iter().any(|pattern| pattern.matches(event.event_type()));
    let listed = |list: &[String], own: Option<&str>| {
        list.is_empty() || own.is_some_and(|own| list.iter().any(|one| one == own))
    };
    types
        && listed(&wanted.sources, Some(event.source()))
        && listed(&wanted.subjects, event.subject())
        && terms.principal.reader().may_see(event)
}
