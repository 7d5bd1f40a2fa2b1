//! `GET /`: a page that shows the stream and the plugins, built into the binary.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::http::extract::Path;
use crate::problem::{Kind, Problem};

const PAGE: &str = include_str!("../dashboard/index.html");
const SCRIPT: &str = include_str!("../dashboard/dashboard.js");
const SESSION: &str = include_str!("../dashboard/session.js");
const STYLE: &str = include_str!("../dashboard/dashboard.css");

/// Events are shown as text and nothing is loaded from elsewhere, so that no event can run code in the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page.
pub(crate) async fn page() -> Response {
    asset("text/html; charset=utf-8", PAGE)
}

/// What the page loads.
pub(crate) async fn file(Path(file): Path<String>) -> Response {
    match file.as_str() {
        "dashboard.js" => asset("text/javascript; charset=utf-8", SCRIPT),
        "session.js" => asset("text/javascript; charset=utf-8", SESSION),
        "dashboard.css" => asset("text/css; charset=utf-8", STYLE),
        _ => Problem::new(Kind::NotFound, format!("the dashboard has no file `{file}`")).into_response(),
    }
}

fn asset(content_type: &'static str, content: &'static str) -> Response {
    let mut response = content.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // For browsers that do not know `frame-ancestors`.
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    for (name, value) in
        [("cross-origin-opener-policy", "same-origin"), ("cross-origin-resource-policy", "same-origin")]
    {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
