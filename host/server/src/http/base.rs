//! All routes below a path (`server.base-path`). Routes, and what they need, are the same there: the path is taken off
//! before anything looks at it.

use axum::Router;
use axum::extract::Request;
use axum::http::uri::PathAndQuery;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use tower_service::Service as _;

use crate::problem::{Kind, Problem};

/// The same routes below a path; an empty one changes nothing.
pub(super) fn below(base: &str, routes: Router) -> Router {
    if base.is_empty() {
        return routes;
    }
    let base: std::sync::Arc<str> = base.into();
    Router::new().fallback(move |mut request: Request| {
        let (base, mut routes) = (std::sync::Arc::clone(&base), routes.clone());
        async move {
            match strip(request.uri(), &base) {
                Ok(uri) => {
                    *request.uri_mut() = uri;
                    let Ok(answer) = routes.call(request).await;
                    answer
                }
                Err(answer) => *answer,
            }
        }
    })
}

/// An address without the base; otherwise what to answer.
fn strip(uri: &Uri, base: &str) -> Result<Uri, Box<Response>> {
    let rest = match uri.path().strip_prefix(base) {
        // The page's own links are relative to a directory.
        Some("") => {
            let to = format!("{base}/");
            return Err(Box::new((StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, to)]).into_response()));
        }
        Some(rest) if rest.starts_with('/') => rest,
        _ => {
            let detail = format!("there is nothing at {}: everything is below {base} (`server.base-path`)", uri.path());
            return Err(Box::new(Problem::new(Kind::NotFound, detail).into_response()));
        }
    };
    let rest = uri.query().map_or_else(|| rest.to_owned(), |query| format!("{rest}?{query}"));
    let wrong = || Problem::new(Kind::BadRequest, "the address cannot be read").into_response();
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(rest.parse::<PathAndQuery>().map_err(|_| wrong())?);
    Uri::from_parts(parts).map_err(|_| Box::new(wrong()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_below_is_found_and_keeps_its_query() {
        let strip = |uri: &str| strip(&uri.parse().unwrap(), "/a/b").map_err(|answer| answer.status().as_u16());
        assert_eq!(strip("/a/b/events?types=x/y").unwrap(), "/events?types=x/y");
        assert_eq!(strip("http://host/a/b/").unwrap(), "http://host/");
        assert_eq!(strip("/a/b").unwrap_err(), 308);
        for other in ["/", "/events", "/a/bc/events", "/a/b%2fevents", "/a"] {
            assert_eq!(strip(other).unwrap_err(), 404, "{other}");
        }
    }
}
