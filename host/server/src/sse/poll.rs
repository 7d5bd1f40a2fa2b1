//! `GET /events/poll`: the same cursor for clients that cannot stream. Each answer says where the next question begins.

use std::future::poll_fn;
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use tidemill_bus::{Cursor, Delivery, Encoding, End, Envelope, Framing, Gap, Progress};
use tokio::time::{Instant, timeout_at};

use super::crowded::{self, Crowded};
use super::query::{Form, Query};
use super::view::Unopened;
use super::{defaults, open, register};
use crate::app::App;
use crate::auth::{Principal, Who};
use crate::clock;
use crate::connections::{Carrier, Peer, Registered, Use};
use crate::limits::{POLL_BYTES_MAX, POLL_EVENTS, POLL_EVENTS_MAX, POLL_JUDGED_MAX};
use crate::mount;
use crate::problem::{Kind, Problem};

/// Answers with the events after a position, at once if there are some, otherwise when some come or the time is over.
pub(crate) async fn poll(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    Extension(who): Who,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    match answer(&app, peer, who, &uri, &headers).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn answer(
    app: &App,
    peer: Peer,
    who: Arc<Principal>,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let mut query =
        Query::parse(Form::Poll, uri.query().unwrap_or_default(), headers, defaults(app), mount::plain().profile())?;
    let place = crowded::place(app, &who, &peer).map_err(Crowded::problem)?;
    query.limit = Some(query.limit.unwrap_or(POLL_EVENTS).min(POLL_EVENTS_MAX));
    query.wanted.encoding = Encoding { envelope: Envelope::CloudEvents, framing: Framing::Json, without_ids: false };
    let until = Instant::now() + who.left(clock::now()).map_or(query.wait, |left| query.wait.min(left));
    let (mut cursor, terms) =
        open(app, &mount::plain(), who, query, uri, headers, Use::Poll).await.map_err(|unopened| match unopened {
            Unopened::Wrong(problem) => problem,
            Unopened::Busy => Crowded::View.problem(),
        })?;
    let connection = register(app, terms, place, &cursor, Carrier::http(peer, Use::Poll));
    let place = Registered::new(Arc::clone(&app.connections), connection);
    let (events, gaps) = gather(&mut cursor, &place.progress, until).await;
    if cursor.end() == Some(End::Unjudged) && events.is_empty() && gaps.is_empty() {
        let detail = "the view cannot judge events at the moment; ask again later";
        return Err(Problem::new(Kind::Unavailable, detail).at("view").retry_after(1));
    }
    let gaps: Vec<String> = gaps.iter().map(Gap::json).collect();
    let events = String::from_utf8_lossy(&events);
    let body = format!(
        "{{\"events\":[{}],\"next\":\"{}\",\"gaps\":[{}]}}",
        events.trim_end_matches(','),
        cursor.position(),
        gaps.join(",")
    );
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Whether there is more that takes a moment: a judgement, or, for an answer that would be empty, a page of the log.
fn is_owed(cursor: &Cursor, nothing: bool) -> bool {
    cursor.is_judging() || (nothing && cursor.is_catching_up())
}

/// Everything that is there, or the first that comes.
pub(crate) async fn gather(cursor: &mut Cursor, progress: &Progress, until: Instant) -> (Vec<u8>, Vec<Gap>) {
    let (mut events, mut gaps) = (Vec::new(), Vec::new());
    let judged = Instant::now() + POLL_JUDGED_MAX;
    while events.len() < POLL_BYTES_MAX {
        // Once there is something, only what is ready is added. Reading from the disk takes a moment.
        let ready = Instant::now() + std::time::Duration::from_millis(20);
        let until = if events.is_empty() && gaps.is_empty() { until.max(ready) } else { ready };
        match timeout_at(until, poll_fn(|cx| cursor.poll_next(progress, cx))).await {
            Ok(Some(Delivery::Frames { bytes, .. })) => events.extend_from_slice(&bytes),
            Ok(Some(Delivery::Gap(gap))) => gaps.push(gap),
            // What is there already is waited for a little longer: asking again would only ask for the same.
            Err(_) if is_owed(cursor, events.is_empty()) && Instant::now() < judged => {}
            Ok(None) | Err(_) => break,
        }
    }
    (events, gaps)
}
