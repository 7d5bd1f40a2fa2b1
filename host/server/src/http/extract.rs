//! Parts of an address as handlers want them. What does not fit is a problem as any other, with the name of the field.

use axum::extract::{FromRequestParts, Path as PathOf, Query as QueryOf};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::problem::{Kind, Problem};

/// The parameters in a path.
pub(crate) struct Path<T>(pub(crate) T);

/// The parameters behind it.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match PathOf::from_request_parts(parts, state).await {
            Ok(PathOf(value)) => Ok(Self(value)),
            Err(error) => Err(wrong("path", &error.body_text())),
        }
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match QueryOf::from_request_parts(parts, state).await {
            Ok(QueryOf(value)) => Ok(Self(value)),
            Err(error) => Err(wrong("query", &error.body_text())),
        }
    }
}

fn wrong(at: &str, what: &str) -> Problem {
    Problem::new(Kind::BadRequest, format!("the address is wrong: {what}")).at(at)
}
