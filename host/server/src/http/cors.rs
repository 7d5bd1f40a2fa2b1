//! What pages of other sites may read of answers (CORS, <https://fetch.spec.whatwg.org/#http-cors-protocol>). The browser
//! asks before, without a token: it is answered here, before anybody asks who it is.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};
use tower_layer::Layer as _;
use tower_service::Service as _;

use crate::app::App;
use crate::config::Cors;
use crate::mount::At;

/// What pages may read beside what every page may.
const EXPOSED: [HeaderName; 6] = [
    header::RETRY_AFTER,
    header::WWW_AUTHENTICATE,
    HeaderName::from_static("last-event-id"),
    HeaderName::from_static("ratelimit"),
    HeaderName::from_static("ratelimit-policy"),
    HeaderName::from_static("x-request-id"),
];

/// Answers browsers that ask, and says in all answers which pages may read them, as the configuration in force has it.
pub(super) async fn answer(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let own = request.extensions().get::<At>().and_then(|at| at.mounted.cors.clone());
    let cors = own.unwrap_or_else(|| app.admission.load().cors.clone());
    match cors {
        Some(cors) => cors.layer(next).call(request).await.unwrap_or_else(|never| match never {}),
        None => next.run(request).await,
    }
}

/// The layer that says so, if anybody may.
pub(crate) fn layer(cors: &Cors) -> Option<CorsLayer> {
    let origins = match &cors.origins[..] {
        [] => return None,
        [any] if any == "*" => AllowOrigin::any(),
        list => AllowOrigin::list(list.iter().filter_map(|origin| HeaderValue::from_str(origin).ok())),
    };
    let layer = CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE])
        // Attributes of events are headers of any name.
        .allow_headers(AllowHeaders::mirror_request())
        .allow_credentials(cors.credentials)
        .expose_headers(EXPOSED)
        .max_age(cors.max_age);
    Some(layer)
}
