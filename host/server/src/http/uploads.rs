//! `PUT` and `DELETE /plugins/{name}`: components over HTTP. The plugins directory stays the truth: what is uploaded becomes a
//! file there, once it was checked. Must not know how a component is checked.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use tidemill_plugin::{Expected, Incoming, Orders, PluginState, UploadError, Uploaded, Version};

use crate::app::App;
use crate::http::body;
use crate::http::extract::{Path, Query};
use crate::limits::{MATCHES_MAX, UPLOAD_CHECK_TIME_MAX, UPLOADS_MAX};
use crate::problem::{Kind, Problem};

const COMPONENT: &str = "application/wasm";
/// What programs say that do not know that name.
const BYTES: &str = "application/octet-stream";

/// Plugins that are being uploaded.
#[derive(Debug, Default)]
pub(crate) struct Uploads(Mutex<BTreeSet<String>>);

impl Uploads {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An upload's place among those there are at once.
struct Place {
    app: Arc<App>,
    name: String,
}

impl Place {
    fn take(app: &Arc<App>, name: &str) -> Result<Self, Problem> {
        let mut names = app.uploads.lock();
        if names.contains(name) {
            let detail = format!("`{name}` is being uploaded by somebody else; look at it when that is done");
            return Err(Problem::new(Kind::Conflict, detail));
        }
        if names.len() == UPLOADS_MAX {
            let detail = format!("{UPLOADS_MAX} plugins are being uploaded, which is the most at once; try again");
            return Err(Problem::new(Kind::Unavailable, detail).retry_after(1));
        }
        names.insert(name.to_owned());
        Ok(Self { app: Arc::clone(app), name: name.to_owned() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.app.uploads.lock().remove(&self.name);
    }
}

/// A parameter that is misspelt must not make an upload of what was to be a check.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Choices {
    #[serde(default)]
    dry_run: bool,
}

/// Takes a component in, or says why not.
pub(super) async fn upload(
    State(app): State<Arc<App>>,
    name: Result<Path<String>, Problem>,
    choices: Result<Query<Choices>, Problem>,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let begun = match (name, choices) {
        (Ok(Path(name)), Ok(Query(choices))) => begin(&app, &name, choices, &head.headers).await,
        (Err(problem), _) | (_, Err(problem)) => Err(problem),
    };
    let Begun { place, candidate, expected, dry_run } = match begun {
        Ok(begun) => begun,
        Err(problem) => {
            body::discard(&head.headers, body).await;
            return Err(problem);
        }
    };
    let (max, orders) = (app.config().reload.upload_max as u64, orders(&app)?);
    let file = candidate.file().map_err(|error| Problem::new(Kind::NotWritable, error.to_string()))?;
    body::store(&head.headers, body, max, file).await?;
    let uploaded = in_background(move || {
        // Others of this name wait until this one is over, also if its client goes away.
        let _place = place;
        orders.upload(candidate, expected, dry_run)
    });
    let Ok(uploaded) = tokio::time::timeout(UPLOAD_CHECK_TIME_MAX, uploaded).await else {
        let detail =
            "it is still being checked, and taken in if nothing is wrong with it; see GET /plugins for what came of it";
        return Err(Problem::new(Kind::Unavailable, detail).retry_after(30));
    };
    Ok(answer(&uploaded?, dry_run))
}

/// An upload of which the body is still to come.
struct Begun {
    place: Place,
    candidate: Incoming,
    expected: Expected,
    dry_run: bool,
}

/// Looks at everything but the body.
async fn begin(app: &Arc<App>, name: &str, choices: Choices, headers: &HeaderMap) -> Result<Begun, Problem> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !content_type.is_some_and(|text| [COMPONENT, BYTES].iter().any(|own| text.trim().eq_ignore_ascii_case(own))) {
        let detail = format!("a component is sent as it is, with `Content-Type: {COMPONENT}`");
        return Err(Problem::new(Kind::UnsupportedMediaType, detail).at("content-type"));
    }
    let (expected, orders) = (expected(headers)?, orders(app)?);
    let (place, name) = (Place::take(app, name)?, name.to_owned());
    let candidate = in_background(move || orders.receive(&name)).await?;
    Ok(Begun { place, candidate, expected, dry_run: choices.dry_run })
}

/// Removes a plugin's component.
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (orders, expected) = (orders(&app)?, expected(&headers)?);
    let removed = {
        let name = name.clone();
        in_background(move || orders.remove(&name, expected)).await?
    };
    Ok(Json(json!({"name": name, "version": removed.map(|version| version.to_string())})).into_response())
}

fn answer(uploaded: &Uploaded, dry_run: bool) -> Response {
    let Uploaded { plugin, before, state, generation } = uploaded;
    let version = plugin.version();
    let (status, outcome) = match before {
        _ if dry_run => (StatusCode::OK, "checked"),
        None => (StatusCode::CREATED, "created"),
        Some(before) if *before == version => (StatusCode::OK, "unchanged"),
        Some(_) => (StatusCode::OK, "replaced"),
    };
    let kinds: Vec<&str> = plugin.kinds().iter().map(|kind| kind.name()).collect();
    let document = json!({
        "name": &**plugin.name(),
        "outcome": outcome,
        "version": version.to_string(),
        "before": before.map(|version| version.to_string()),
        "kinds": kinds,
        "bytes": plugin.size(),
        "warnings": plugin.warnings(),
        "state": state.map(PluginState::name),
        "generation": generation,
    });
    let tag = [(header::ETAG, format!("\"{version}\""))];
    (status, tag, Json(document)).into_response()
}

/// What `If-Match` asks for.
fn expected(headers: &HeaderMap) -> Result<Expected, Problem> {
    let wrong = || {
        let detail = format!("`If-Match` names up to {MATCHES_MAX} versions, such as \"<SHA-256>\", or `*`");
        Problem::new(Kind::BadRequest, detail).at("if-match")
    };
    let mut versions: Vec<Version> = Vec::new();
    for value in headers.get_all(header::IF_MATCH) {
        let text = value.to_str().map_err(|_| wrong())?;
        if text.trim() == "*" {
            return Ok(Expected::Something);
        }
        for tag in text.split(',') {
            let bare = tag.trim().strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or_else(wrong)?;
            versions.push(bare.parse().map_err(|_| wrong())?);
            if versions.len() > MATCHES_MAX {
                return Err(wrong());
            }
        }
    }
    Ok(if versions.is_empty() { Expected::Anything } else { Expected::OneOf(versions) })
}

fn orders(app: &App) -> Result<Orders, Problem> {
    app.orders.get().cloned().ok_or_else(stopping)
}

/// Files and compilers keep a thread busy.
async fn in_background<T: Send + 'static>(
    what: impl FnOnce() -> Result<T, UploadError> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(what).await.map_err(|_| stopping())?;
    done.map_err(|error| {
        let kind = match &error {
            UploadError::Name(_) => return Problem::new(Kind::BadRequest, error.to_string()).at("name"),
            UploadError::Unknown(_) => Kind::NotFound,
            UploadError::NotWritable { .. } => Kind::NotWritable,
            UploadError::Refused(_) => Kind::PluginRefused,
            UploadError::Unexpected(_) => {
                return Problem::new(Kind::PreconditionFailed, error.to_string()).at("if-match");
            }
            UploadError::Overtaken(_) => Kind::Conflict,
            UploadError::Stopping(_) => Kind::Unavailable,
        };
        Problem::new(kind, error.to_string())
    })
}

fn stopping() -> Problem {
    Problem::new(Kind::Unavailable, "the host is stopping")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_are_expected_are_read_or_refused() {
        let of = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::IF_MATCH, value.parse().unwrap());
            }
            expected(&headers)
        };
        let (a, b) = ("a".repeat(64), "b".repeat(64));
        assert_eq!(of(&[]).unwrap(), Expected::Anything);
        assert_eq!(of(&["*"]).unwrap(), Expected::Something);
        let both = Expected::OneOf(vec![a.parse().unwrap(), b.parse().unwrap()]);
        assert_eq!(of(&[&format!("\"{a}\", \"{b}\"")]).unwrap(), both);
        assert_eq!(of(&[&format!("\"{a}\""), &format!("\"{b}\"")]).unwrap(), both);
        let many = vec![format!("\"{a}\""); MATCHES_MAX + 1].join(",");
        for wrong in ["", "a", &a, "\"a\"", &format!("W/\"{a}\""), &format!("\"{a}\","), &many] {
            assert!(of(&[wrong]).is_err(), "{wrong}");
        }
    }
}
