//! `GET /openapi.json`: the HTTP interface for machines (OpenAPI 3.1). Written by hand beside this file; tests hold it to
//! the routes and to what the server answers.

use axum::http::header;
use axum::response::IntoResponse;

const DOCUMENT: &str = include_str!("openapi.json");

/// The document.
pub(super) async fn document() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

    /// The routes of the router, as it is written.
    fn routes() -> BTreeSet<(String, String)> {
        let source = include_str!("../http.rs");
        let mut routes = BTreeSet::new();
        for line in source.lines().filter_map(|line| line.trim().strip_prefix(".route(")) {
            let (path, handlers) = line.split_once(", ").expect("a path and its handlers");
            let path = if path == "sse::PATH" { crate::sse::PATH } else { path.trim_matches('"') };
            for method in METHODS.iter().filter(|method| handlers.contains(&format!("{method}("))) {
                routes.insert((path.to_owned(), (*method).to_owned()));
            }
        }
        routes
    }

    #[test]
    fn the_document_has_every_route_and_no_other() {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        let mut documented = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys().filter(|key| METHODS.contains(&key.as_str())) {
                documented.insert((path.clone(), method.clone()));
            }
        }
        assert!(documented.len() > 25, "{documented:?}");
        assert_eq!(documented, routes());
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        let mut open = vec![&document];
        while let Some(value) = open.pop() {
            match value {
                Value::Object(members) => {
                    if let Some(Value::String(reference)) = members.get("$ref") {
                        let found = document.pointer(reference.trim_start_matches('#'));
                        assert!(found.is_some(), "{reference}");
                    }
                    open.extend(members.values());
                }
                Value::Array(items) => open.extend(items),
                _ => {}
            }
        }
    }
}
