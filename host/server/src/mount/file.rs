//! Mounts that answer with one file of the operator's, as it is at the moment.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::limits::FILE_BYTES_MAX;
use crate::problem::{Kind, Problem};

/// `kind = "file"`
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) path: PathBuf,
    /// `Content-Security-Policy`
    pub(crate) policy: HeaderValue,
}

pub(super) async fn answer(file: &File, headers: &HeaderMap) -> Result<Response, Problem> {
    let path = file.path.clone();
    let read =
        tokio::task::spawn_blocking(move || read(&path)).await.unwrap_or_else(|error| Err(io::Error::other(error)));
    let content = read.map_err(|error| {
        // Where it is is nobody's business but the operator's.
        tracing::warn!(file = %file.path.display(), "a file of a mount cannot be read: {error}");
        Problem::new(Kind::NotFound, "the file is not there; the server's log says why")
    })?;
    let hash = Sha256::digest(&content);
    let tag = hash.iter().take(8).fold(String::from("\""), |text, byte| text + &format!("{byte:02x}")) + "\"";
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let known = known.flat_map(|list| list.split(',')).any(|own| matches!(own.trim(), "*") || own.trim() == tag);
    let mut answer = if known { StatusCode::NOT_MODIFIED.into_response() } else { Body::from(content).into_response() };
    let kind = mime_guess::from_path(&file.path).first_or_octet_stream();
    let kind = if kind.type_() == "text" { format!("{kind}; charset=utf-8") } else { kind.to_string() };
    let set = [
        (header::CONTENT_TYPE, HeaderValue::try_from(kind).ok()),
        (header::ETAG, HeaderValue::try_from(tag).ok()),
        (header::CACHE_CONTROL, Some(HeaderValue::from_static("no-cache"))),
        (header::CONTENT_SECURITY_POLICY, Some(file.policy.clone())),
        (header::REFERRER_POLICY, Some(HeaderValue::from_static("no-referrer"))),
        (HeaderName::from_static("x-content-type-options"), Some(HeaderValue::from_static("nosniff"))),
    ];
    for (name, value) in set {
        value.map(|value| answer.headers_mut().insert(name, value));
    }
    Ok(answer)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = std::fs::File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut content = Vec::new();
    file.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut content)?;
    if content.len() > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("it has more than {FILE_BYTES_MAX} bytes")));
    }
    Ok(content)
}
