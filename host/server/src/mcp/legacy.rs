//! The transport of 2024-11-05: one stream for all that the server says, whose first frame (`endpoint`) names the address that
//! takes what the client says. A stream is a session; it ends with its connection.

use std::borrow::Cow;
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use rmcp::model::{ClientJsonRpcMessage, ClientNotification, RequestId, ServerJsonRpcMessage};
use rmcp::service::{RoleServer, serve_server_with_ct};
use rmcp::transport::{Transport, TransportAdapterIdentity};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use crate::app::App;
use crate::auth::Principal;
use crate::mcp::handler::Handler;
use crate::mcp::limits::{LEGACY_QUEUE_MAX, LEGACY_UNANSWERED_MAX, SESSIONS_MAX, SESSIONS_OF_ONE_MAX};
use crate::mcp::shares::Share;
use crate::mcp::{Presence, arrival, origin};
use crate::problem::{Kind, Problem};
use crate::sse;

/// Between two comments on a stream without messages, so that nobody between takes it for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// All that are open, by their ids.
#[derive(Debug, Default)]
pub(super) struct Streams(Mutex<HashMap<String, Said>>);

/// Where what a client says goes.
#[derive(Debug, Clone)]
struct Said {
    who: Arc<Principal>,
    to: mpsc::Sender<ClientJsonRpcMessage>,
    unanswered: Unanswered,
}

/// Requests of a stream that are not answered, each with its room. An answer takes the room along until the client takes it.
type Unanswered = Arc<Mutex<Vec<(RequestId, Share)>>>;

/// A stream's place among the others, until it is dropped.
struct Open {
    app: Arc<App>,
    id: String,
    _end: DropGuard,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.app.mcp.streams.lock().remove(&self.id);
    }
}

impl Streams {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Said>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.lock().len()
    }

    fn add(&self, id: &str, said: Said) -> Result<(), Problem> {
        let mut open = self.lock();
        let own = open.values().filter(|other| other.who.is(&said.who)).count();
        if open.len() >= SESSIONS_MAX || own >= SESSIONS_OF_ONE_MAX {
            let detail = format!("there are too many streams of MCP; one principal may have {SESSIONS_OF_ONE_MAX}");
            return Err(Problem::new(Kind::RateLimited, detail).retry_after(10));
        }
        open.insert(id.to_owned(), said);
        Ok(())
    }
}

/// Opens a stream. `messages` is the address for what the client says, as its client sees it.
pub(crate) async fn legacy_stream(app: &Arc<App>, presence: &Presence, messages: &str, request: Request) -> Response {
    open(app, presence, messages, &request).unwrap_or_else(IntoResponse::into_response)
}

fn open(app: &Arc<App>, presence: &Presence, messages: &str, request: &Request) -> Result<Response, Problem> {
    origin::check(&presence.origins, request.headers())?;
    let who = sender(request)?;
    let visit = app.mcp.visits.open(&who, None)?;
    let (said, from) = mpsc::channel(LEGACY_QUEUE_MAX);
    let (to, says) = mpsc::channel(LEGACY_QUEUE_MAX);
    let id = Uuid::new_v4().simple().to_string();
    let unanswered = Unanswered::default();
    app.mcp.streams.add(&id, Said { who: Arc::clone(&who), to: said, unanswered: Arc::clone(&unanswered) })?;
    let end = app.mcp.closing.child_token();
    let open = Open { app: Arc::clone(app), id: id.clone(), _end: end.clone().drop_guard() };
    let handler = Handler::new(Arc::downgrade(app), presence.clone(), who);
    tokio::spawn(serve(handler, Pipe { to, from, unanswered }, end));
    let first = frame("endpoint", &format!("{messages}?sessionId={id}"));
    let body = stream::unfold((Some(first), says, open), |(first, mut says, open)| async move {
        let frame = match first {
            Some(first) => first,
            None => match tokio::time::timeout(KEEP_ALIVE, says.recv()).await {
                Ok(Some((message, _room))) => frame("message", &serde_json::to_string(&message).ok()?),
                Ok(None) => return None,
                Err(_) => Bytes::from_static(b":\n\n"),
            },
        };
        Some((Ok::<_, Infallible>(frame), (None, says, open)))
    });
    Ok(sse::stream_response(visit.body(Body::from_stream(body))))
}

async fn serve(handler: Handler, pipe: Pipe, end: CancellationToken) {
    // What the library needs to begin is large.
    let served = Box::pin(serve_server_with_ct::<_, _, _, TransportAdapterIdentity>(handler, pipe, end));
    match served.await {
        Ok(running) => drop(running.waiting().await),
        Err(error) => tracing::debug!("a stream of MCP did not begin: {error}"),
    }
}

/// Takes what a client says.
pub(crate) async fn legacy_message(app: &Arc<App>, presence: &Presence, request: Request) -> Response {
    take(app, presence, request)
        .await
        .map_or_else(IntoResponse::into_response, |()| StatusCode::ACCEPTED.into_response())
}

async fn take(app: &App, presence: &Presence, request: Request) -> Result<(), Problem> {
    origin::check(&presence.origins, request.headers())?;
    let who = sender(&request)?;
    let query = request.uri().query().unwrap_or_default();
    let id =
        form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "sessionId").map(|(_, id)| id.into_owned());
    let id = id.ok_or_else(|| {
        Problem::new(Kind::BadRequest, "`sessionId` is missing; the stream's first frame has the address")
            .at("sessionId")
    })?;
    let said = app.mcp.streams.lock().get(&id).filter(|said| said.who.is(&who)).cloned();
    let said = said.ok_or_else(|| {
        let detail = "there is no such stream (`sessionId`): it has ended, or it is not yours; open another one";
        Problem::new(Kind::NotFound, detail).at("sessionId")
    })?;
    let _visit = app.mcp.visits.open(&who, None)?;
    let (parts, body) = request.into_parts();
    let (body, _bytes) = arrival::read(app, &who, &parts.headers, body).await?;
    let message: ClientJsonRpcMessage = serde_json::from_slice(&body)
        .map_err(|error| Problem::new(Kind::BadRequest, format!("the body is no JSON-RPC message of MCP: {error}")))?;
    if let ClientJsonRpcMessage::Request(request) = &message {
        expect(app, &who, &said.unanswered, &request.id)?;
    }
    let gone = |_| Problem::new(Kind::NotFound, "the stream has ended").at("sessionId");
    said.to.send(message).await.map_err(gone)
}

/// Room for one more answer.
fn expect(app: &App, who: &Principal, unanswered: &Unanswered, id: &RequestId) -> Result<(), Problem> {
    let mut unanswered = unanswered.lock().unwrap_or_else(PoisonError::into_inner);
    let room = if unanswered.len() < LEGACY_UNANSWERED_MAX { app.mcp.unanswered.take(who, 1) } else { None };
    let room = room.ok_or_else(|| {
        let most = app.mcp.unanswered.most(who);
        let detail = format!(
            "too many requests are not answered, or their answers not taken: at most {LEGACY_UNANSWERED_MAX} of a stream, \
             {most} of one principal; read the stream"
        );
        Problem::new(Kind::RateLimited, detail).retry_after(1)
    })?;
    unanswered.push((id.clone(), room));
    Ok(())
}

fn sender(request: &Request) -> Result<Arc<Principal>, Problem> {
    let nobody = || Problem::new(Kind::Unavailable, "it is not known who sent the request");
    request.extensions().get::<Arc<Principal>>().cloned().ok_or_else(nobody)
}

fn frame(name: &str, data: &str) -> Bytes {
    // JSON of this library is one line.
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}

/// What goes between a stream and the library.
struct Pipe {
    to: mpsc::Sender<(ServerJsonRpcMessage, Option<Share>)>,
    from: mpsc::Receiver<ClientJsonRpcMessage>,
    unanswered: Unanswered,
}

impl Pipe {
    /// The room of the answer to a request.
    fn room(&self, id: &RequestId) -> Option<Share> {
        let mut unanswered = self.unanswered.lock().unwrap_or_else(PoisonError::into_inner);
        let at = unanswered.iter().position(|(own, _)| own == id)?;
        Some(unanswered.remove(at).1)
    }
}

impl Transport<RoleServer> for Pipe {
    type Error = mpsc::error::SendError<(ServerJsonRpcMessage, Option<Share>)>;

    fn name() -> Cow<'static, str> {
        "HTTP+SSE".into()
    }

    fn send(&mut self, item: ServerJsonRpcMessage) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let answered = match &item {
            ServerJsonRpcMessage::Response(answer) => Some(&answer.id),
            ServerJsonRpcMessage::Error(error) => error.id.as_ref(),
            _ => None,
        };
        let (to, room) = (self.to.clone(), answered.and_then(|id| self.room(id)));
        async move { to.send((item, room)).await }
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        let message = self.from.recv().await;
        // What is cancelled is not answered; what was answered before is no longer there.
        if let Some(ClientJsonRpcMessage::Notification(told)) = &message
            && let ClientNotification::CancelledNotification(cancelled) = &told.notification
            && let Some(id) = &cancelled.params.request_id
        {
            drop(self.room(id));
        }
        message
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.from.close();
        Ok(())
    }
}
