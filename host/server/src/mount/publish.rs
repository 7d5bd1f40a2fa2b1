//! Mounts at which a body becomes an event, in whatever shape its clients send it.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::Request;
use axum::response::Response;
use serde_json::{Value, json};
use tidemill_jq_program::Program;

use crate::app::App;
use crate::auth::Principal;
use crate::clock;
use crate::connections::Peer;
use crate::http::{body, decode, publish};
use crate::mount::{Mount, count, entry};
use crate::problem::{Kind, Problem};
use crate::quota::Left;
use crate::traces;

/// `kind = "publish"`
#[derive(Debug, PartialEq)]
pub(crate) struct Publish {
    /// The body as an event in the simple form.
    pub(crate) event: Program,
    /// What became of it as the answer; none: as of POST /events.
    pub(crate) answer: Option<Program>,
    /// The stream whose subscribers are counted.
    pub(crate) of: Option<String>,
}

pub(super) async fn answer(
    app: &Arc<App>,
    mount: &Mount,
    own: &Publish,
    peer: &Peer,
    who: &Arc<Principal>,
    request: Request,
) -> Result<Response, Problem> {
    let received = Instant::now();
    let (parts, body) = request.into_parts();
    let body = body::read(&parts.headers, body, app.config().publish.body_max).await?;
    let (by, limited) = ((&**who, peer.address.ip()), &app.figures.limited);
    let quotas = Arc::clone(&app.admission.load().quotas);
    let mut left = Left::default();
    quotas.bytes(by, body.len(), limited, &mut left)?;
    quotas.events(by, 1, limited, &mut left)?;
    let owned = app.plugins.current().event_types().map(|(_, info)| info.name.clone()).collect();
    let asked = entry::Asked::naming(&body, who, Some(owned))?;
    // What the program says of a body is said to whoever sent it.
    let event = own.event.first(&asked.input).map_err(|error| Problem::new(Kind::BadRequest, error))?;
    let nothing = || Problem::new(Kind::BadRequest, "nothing is published of this body");
    let event = event.ok_or_else(nothing)?;
    let source = app.config().publish.default_source.clone();
    let mut decoded = decode::simple(&String::from_utf8_lossy(&event), &source);
    if let Ok(published) = &mut decoded {
        traces::carry(&parts.headers, published);
    }
    let event = decoded.as_ref().ok().map(|published| published.event.clone());
    let told = publish::single(app, who, decoded, mount.access.decides(), received).await?;
    let mut answer = match &own.answer {
        None => entry::json(told.to_string().into_bytes()),
        Some(program) => {
            let at = own.of.as_deref().and_then(|path| app.mounts.load().stream(path));
            let streams = count::streams(app, at.as_ref(), event.as_ref());
            let event = event.map(|event| tidemill_bus::cloudevents_json(&event));
            let event: Value = event.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default();
            let input = json!({
                "event": event,
                "id": told["id"],
                "position": told["position"],
                "outcome": told["outcome"],
                "recipients": streams.reached,
                "connections": streams.current,
                "now": clock::now().to_string(),
            });
            entry::json(entry::shaped(program, &input)?)
        }
    };
    left.write(answer.headers_mut());
    Ok(answer)
}
