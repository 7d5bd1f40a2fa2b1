//! What is asked of every request before anybody asks who sent it, and said with every answer. Must not know routes.

use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::limits::{HEAD_BYTES_MAX, TARGET_BYTES_MAX};
use crate::problem::{Kind, Problem};

/// Lets a request through, or answers why not.
pub(super) async fn gate(request: Request, next: Next) -> Response {
    let mut answer = match check(&request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    // What is JSON must not be taken for a page, whatever stands in it.
    answer.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

fn check(request: &Request) -> Result<(), Problem> {
    let length = request.uri().path().len() + request.uri().query().map_or(0, str::len);
    if length > TARGET_BYTES_MAX {
        let detail =
            format!("the request's path and query have {length} bytes; at most {TARGET_BYTES_MAX} are possible");
        return Err(Problem::new(Kind::TargetTooLong, detail));
    }
    // The HTTP server's own bound is that of its buffer, which takes a read more.
    let head: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if head > HEAD_BYTES_MAX {
        let detail = format!("the request's headers have {head} bytes; at most {HEAD_BYTES_MAX} are possible");
        return Err(Problem::new(Kind::HeadersTooLarge, detail));
    }
    Ok(())
}
