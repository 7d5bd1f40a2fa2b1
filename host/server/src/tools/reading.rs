//! Reading events for tools and resources: a page of what somebody may see, and the cursor for the next one. The same cursor
//! as streams have. Must not know who asks for it by which protocol.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::value::RawValue;
use serde_json::{Value, json};
use tidemill_bus::{Encoding, Envelope, Framing, Progress, Start, Subscription, Wanted};
use tidemill_event::{Position, TypePattern};
use tokio::time::Instant;

use crate::app::App;
use crate::auth::Principal;
use crate::limits::{PAGE_EVENTS_MAX, POLL_BYTES_MAX, RECENT_SCANNED_MAX};
use crate::sse;

/// Which events.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// Of these types; none: of all that the reader may see.
    pub(crate) types: Vec<TypePattern>,
    /// Those after this position; none: the newest.
    pub(crate) after: Option<Position>,
    /// At most so many.
    pub(crate) limit: usize,
}

/// Reads a page: `{events, next, gaps}`. `next` is what to ask for what comes after.
pub(crate) async fn page(app: &App, who: &Principal, page: Page) -> Result<Value, String> {
    let types = who.reader().narrow(page.types).map_err(|beyond| {
        format!("the types `{beyond}` are beyond those that the token may subscribe to (`subscribe`)")
    })?;
    let encoding = Encoding { envelope: Envelope::CloudEvents, framing: Framing::Json, without_ids: false };
    let selection = app.bus.selection(Wanted { types, encoding, ..Wanted::default() });
    let limit = page.limit.clamp(1, PAGE_EVENTS_MAX);
    let newest = page.after.is_none();
    let start = page.after.map_or_else(|| recent(app), Start::After);
    // Of the newest all are read, and the last ones kept.
    let most = if newest { RECENT_SCANNED_MAX } else { limit as u64 };
    let subscription = Subscription { selection, reader: who.reader().clone(), start, limit: Some(most) };
    let mut cursor = app.bus.subscribe(subscription).await.map_err(|error| error.to_string())?;
    let progress = Progress::of(&cursor);
    let (mut kept, mut bytes, mut gaps) = (VecDeque::<Box<RawValue>>::new(), 0, Vec::new());
    loop {
        let until = Instant::now() + Duration::from_millis(20);
        let (events, missing) = sse::gather(&mut cursor, &progress, until).await;
        gaps.extend(missing.iter().filter_map(|gap| serde_json::from_str::<Value>(&gap.json()).ok()));
        let text = String::from_utf8_lossy(&events);
        let events: Vec<Box<RawValue>> = serde_json::from_str(&format!("[{}]", text.trim_end_matches(',')))
            .map_err(|error| format!("the events cannot be read: {error}"))?;
        let is_all = events.is_empty() || !newest;
        bytes += events.iter().map(|event| event.get().len()).sum::<usize>();
        kept.extend(events);
        while newest && (kept.len() > limit || (bytes > POLL_BYTES_MAX && kept.len() > 1)) {
            bytes -= kept.pop_front().map_or(0, |event| event.get().len());
        }
        if is_all {
            break;
        }
    }
    if newest {
        // Nobody asked for what is missing before.
        gaps.clear();
    }
    Ok(json!({"events": kept, "next": cursor.position().to_string(), "gaps": gaps}))
}

/// Where the newest events begin.
fn recent(app: &App) -> Start {
    let info = app.bus.log_info();
    let after = info.last.saturating_sub(RECENT_SCANNED_MAX).max(info.first.saturating_sub(1));
    Start::After(Position::new(info.epoch, after))
}
