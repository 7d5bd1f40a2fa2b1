//! `GET /events` and `GET /events/poll`: a request becomes a subscription, a subscription a stream of frames or one answer.

mod change;
mod coding;
mod crowded;
mod feed;
mod mailbox;
mod notice;
mod poll;
mod query;
mod stream;
#[cfg(test)]
mod tests;
mod view;
mod visitor;
mod words;

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use tidemill_bus::{Coding, Cursor, SlowPolicy, Subscription};
use tidemill_event::TypePattern;

pub(crate) use change::Changes;
pub(crate) use feed::Feed;
pub(crate) use mailbox::{Mailbox, NotPosted};
pub(crate) use poll::{gather, poll};
#[cfg(any(test, fuzzing))]
pub(crate) use query::property as query_property;
pub(crate) use words::tell;

use crate::app::App;
use crate::auth::{Principal, Who, not_permitted};
use crate::config::Slow;
use crate::connections::{Carrier, Connection, Peer, Place, Terms, Use};
use crate::mount::{self, Profile, StreamMount};
use crate::problem::{Kind, Problem};
use crate::sse::crowded::Crowded;
use crate::sse::query::{Defaults, Form, Query};
use crate::sse::stream::Stream;
use crate::sse::view::Unopened;
use crate::sse::words::NoProcess;

/// Where streams are.
pub(crate) const PATH: &str = "/events";

/// Answers with an endless stream of Server-Sent Events, as `/events` has them.
pub(crate) async fn subscribe(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    Extension(who): Who,
    handover: Option<Extension<Handover>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let mount = mount::plain();
    if method == Method::HEAD {
        return head();
    }
    stream(&app, &mount, peer, who, handover.map(|Extension(handover)| handover), &uri, &headers).await
}

/// What a stream begins with, for those who ask for nothing else: nobody is registered, and nothing is started for them.
pub(crate) fn head() -> Response {
    stream_response(Body::from_stream(futures_util::stream::pending::<Result<Bytes, Infallible>>()))
}

/// Answers with an endless stream of what a mount shows.
pub(crate) async fn stream(
    app: &Arc<App>,
    mount: &Arc<StreamMount>,
    peer: Peer,
    who: Arc<Principal>,
    handover: Option<Handover>,
    uri: &Uri,
    headers: &HeaderMap,
) -> Response {
    let text = uri.query().unwrap_or_default();
    let mut query = match Query::parse(Form::Stream, text, headers, defaults(app), mount.profile()) {
        Ok(query) => query,
        Err(problem) => return problem.into_response(),
    };
    if let Some(problem) = who.is_visitor().then(|| visitor::check(&query, mount.profile()).err()).flatten() {
        return problem.into_response();
    }
    let resumes = query.resumes;
    let place = match crowded::place(app, &who, &peer) {
        Ok(place) => place,
        Err(crowded) => return crowded.answer(resumes),
    };
    let codings = app.config().subscribe.compression.clone();
    let coding = coding::negotiate(headers, &codings);
    query.wanted.coding = coding;
    let is_private = mount.profile().private;
    let (cursor, terms) = match open(app, mount, who, query, uri, headers, Use::Stream).await {
        Ok(opened) => opened,
        Err(Unopened::Busy) => return Crowded::View.answer(resumes),
        Err(Unopened::Wrong(problem)) => return problem.into_response(),
    };
    // Last of all, so that no process is started for nothing.
    let attached = match words::attach(app, terms.mount.profile(), &terms.principal) {
        Ok(attached) => attached,
        Err(NoProcess::Crowded(crowded)) => return crowded.answer(resumes),
        Err(NoProcess::Wrong(problem)) => return problem.into_response(),
    };
    let mut subscribed = Subscribed { cursor, terms, place };
    // The lane knows no mailboxes.
    let body = match handover.filter(|_| !is_private) {
        Some(handover) => {
            subscribed.terms.client = peer.forwarded.then_some(peer.address);
            handover.give(subscribed);
            // Never asked for anything; an empty one would get a length.
            Body::from_stream(futures_util::stream::pending::<Result<Bytes, Infallible>>())
        }
        None => {
            let feed = subscribed.carried_by(app, Carrier::http(peer, Use::Stream));
            let mailbox = is_private.then(|| words::open(app, feed.connection(), attached));
            Body::new(Stream::new(feed, mailbox, Arc::clone(app)))
        }
    };
    let mut response = stream_response(body);
    coding::tell(&mut response, coding, &codings);
    response
}

/// A subscription that nobody carries yet.
#[derive(Debug)]
pub(crate) struct Subscribed {
    cursor: Cursor,
    terms: Terms,
    place: Place,
}

impl Subscribed {
    /// How its bytes are coded.
    pub(crate) fn coding(&self) -> Coding {
        self.cursor.selection().wanted().coding
    }

    /// Keeps another place as well, for as long as it lasts.
    pub(crate) fn seated(mut self, place: Place) -> Self {
        self.place = self.place.and(place);
        self
    }

    /// Its frames, from now on one of the connections. Whoever carries them ends that.
    pub(crate) fn carried_by(self, app: &Arc<App>, carrier: Carrier) -> Feed {
        let connection = register(app, self.terms, self.place, &self.cursor, carrier);
        Feed::new(self.cursor, connection)
    }
}

/// Takes a subscriber in among the others. Whoever ends those of one principal, or of a mount, sees it, or this sees what
/// they did.
fn register(app: &Arc<App>, terms: Terms, place: Place, cursor: &Cursor, carrier: Carrier) -> Arc<Connection> {
    let connection = app.connections.register(terms, place, cursor, carrier);
    let is_gone = connection.terms.usage == Use::Stream && !app.mounts.load().has(&connection.terms.mount);
    if is_gone || app.is_nobody(&connection.terms.principal) {
        app.connections.close(connection.id);
    }
    change::tell(app, &connection, change::What::Came);
    connection
}

/// Lets a subscriber go.
pub(crate) fn leave(app: &Arc<App>, connection: &Connection) {
    app.connections.leave(connection);
    change::tell(app, connection, change::What::Went);
}

/// In the extensions of a request, lets the handler hand its subscription over in place of a body that makes frames.
#[derive(Debug, Clone, Default)]
pub(crate) struct Handover(Arc<Mutex<Option<Subscribed>>>);

impl Handover {
    fn give(&self, subscribed: Subscribed) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(subscribed);
    }

    /// What was handed over.
    pub(crate) fn take(&self) -> Option<Subscribed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

fn defaults(app: &App) -> Defaults {
    let subscribe = &app.config().subscribe;
    let slow = match subscribe.slow {
        Slow::Keep => SlowPolicy::Keep,
        Slow::Sample => SlowPolicy::Sample,
        Slow::Disconnect => SlowPolicy::Disconnect,
    };
    Defaults { heartbeat: subscribe.heartbeat, slow }
}

/// A cursor for a request, and what others may know of it.
async fn open(
    app: &App,
    mount: &Arc<StreamMount>,
    principal: Arc<Principal>,
    mut query: Query,
    uri: &Uri,
    headers: &HeaderMap,
    usage: Use,
) -> Result<(Cursor, Terms), Unopened> {
    query.wanted.types = types(query.wanted.types, mount.profile(), &principal)?;
    query.wanted.view = query.view.open(app).await?;
    let selection = app.bus.selection(query.wanted);
    let reader = Arc::clone(principal.reader());
    let subscription =
        Subscription { selection: Arc::clone(&selection), reader, start: query.start, limit: query.limit };
    let unreadable = |error: tidemill_log::ReadError| Problem::new(Kind::Unavailable, error.to_string()).retry_after(1);
    let cursor = app.bus.subscribe(subscription).await.map_err(unreadable)?;
    let agent = headers.get(header::USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes()).into_owned());
    let terms = Terms {
        mount: Arc::clone(mount),
        usage,
        query: uri.query().unwrap_or_default().to_owned(),
        user_agent: agent,
        client: None,
        principal,
        selection,
        heartbeat: query.heartbeat.max(query.wait),
    };
    Ok((cursor, terms))
}

/// The types that somebody gets who asks for these. Those of the mount are not asked for: what of them a token has not is left
/// out.
fn types(asked: Vec<TypePattern>, profile: &Profile, principal: &Principal) -> Result<Vec<TypePattern>, Problem> {
    if !asked.is_empty() || profile.types.is_empty() {
        return principal.reader().narrow(asked).map_err(|beyond| not_permitted_types(&beyond));
    }
    let common = principal.reader().common(&profile.types);
    if common.is_empty() {
        let types = profile.types.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let detail = format!(
            "the types of the mount, `{types}`, and those that the token may subscribe to (`subscribe`) have nothing in \
             common; ask for types that the token has, or use another token"
        );
        return Err(not_permitted(&format!("subscribe:{types}"), detail).at("types"));
    }
    Ok(common)
}

fn not_permitted_types(beyond: &TypePattern) -> Problem {
    let detail = format!(
        "the types `{beyond}` are beyond those that the token may subscribe to (`subscribe`); ask for fewer, or leave \
         `types` out for all of them"
    );
    not_permitted(&format!("subscribe:{beyond}"), detail).at("types")
}

/// A body that is a stream, to clients and to what is between.
pub(crate) fn stream_response(body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    // nginx and others would collect frames before they pass them on.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
