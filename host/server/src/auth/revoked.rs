//! Signed tokens that were taken back before they expire, by what tells them apart (`jti`). Kept in a small file of the
//! data directory, so that a restart does not let them in again.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use anyhow::Context;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tidemill_event::Timestamp;

use crate::app::App;
use crate::clock;
use crate::http::extract::{Path as Route, Query};
use crate::limits::{LEEWAY_MAX, REVOKED_MAX, TOKEN_ID_BYTES_MAX};
use crate::problem::{Kind, Problem};

const FILE: &str = "revoked-tokens.json";

/// The tokens that were taken back, with when they expire, if that is known.
type Tokens = BTreeMap<String, Option<String>>;

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    revoked: Tokens,
}

/// Tokens that were taken back.
#[derive(Debug)]
pub(crate) struct Revoked {
    path: PathBuf,
    known: RwLock<Tokens>,
    /// Held while the file is written.
    writing: Mutex<()>,
}

impl Revoked {
    /// Reads the file. One that cannot be read is an error: whom it names would be let in.
    pub(crate) fn open(data_dir: &Path) -> anyhow::Result<Self> {
        let path = data_dir.join(FILE);
        let Written { revoked } = match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).with_context(|| {
                format!("{} is damaged; restore it, or remove it to take all revoked tokens again", path.display())
            })?,
            Err(error) if error.kind() == ErrorKind::NotFound => Written::default(),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        Ok(Self { path, known: RwLock::new(revoked), writing: Mutex::default() })
    }

    /// Whether a token was taken back.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.known.read().unwrap_or_else(PoisonError::into_inner).contains_key(id)
    }

    /// Takes a token back, at once; the error says that it is not kept, or that there are too many.
    fn revoke(&self, id: String, expires: Option<Timestamp>) -> Result<(), Problem> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let written = {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            let now = clock::now().unix_ms();
            known.retain(|_, expires| is_kept(expires.as_deref(), now));
            if known.len() >= REVOKED_MAX && !known.contains_key(&id) {
                let detail = format!(
                    "{REVOKED_MAX} tokens are revoked, which is the most; say when they expire (`expires`), or change \
                     the key of their issuer"
                );
                return Err(Problem::new(Kind::Conflict, detail));
            }
            // Asked for twice, it is kept as long as the longer of both; for ever is longest.
            let later = |before: Option<String>| {
                let both = before.and_then(|before| before.parse::<Timestamp>().ok()).zip(expires);
                both.map(|(before, now)| if before.unix_ms() > now.unix_ms() { before } else { now })
            };
            let kept = known.remove(&id).map_or(expires, later);
            known.insert(id, kept.map(|expires| expires.to_string()));
            serde_json::to_vec(&Written { revoked: known.clone() }).unwrap_or_default()
        };
        replace(&self.path, &written).map_err(|error| {
            tracing::error!("{} is not written: {error}", self.path.display());
            let detail = "it is revoked until the server is started again, since its file was not written; try again";
            Problem::new(Kind::Unavailable, detail).retry_after(1)
        })
    }
}

/// A token that has expired needs no entry; its issuer's clock may differ.
fn is_kept(expires: Option<&str>, now: u64) -> bool {
    let leeway = u64::try_from(LEEWAY_MAX.as_millis()).unwrap_or(u64::MAX);
    let expires = expires.and_then(|expires| expires.parse::<Timestamp>().ok());
    expires.is_none_or(|expires| expires.unix_ms().saturating_add(leeway) > now)
}

/// Puts a file in the place of another, whole or not at all.
fn replace(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let new = path.with_extension("json.new");
    let mut file = File::create(&new)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

/// What may be said of a token that is taken back.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Details {
    /// When it expires, so that it can be forgotten then.
    expires: Option<String>,
}

/// `POST /tokens/{jti}/revoke`: from now on it is refused, and its streams end.
pub(crate) async fn revoke(
    State(app): State<Arc<App>>,
    Route(id): Route<String>,
    Query(details): Query<Details>,
) -> Result<Json<Value>, Problem> {
    if id.len() > TOKEN_ID_BYTES_MAX {
        let detail = format!("it has {} bytes, at most {TOKEN_ID_BYTES_MAX} are possible", id.len());
        return Err(Problem::new(Kind::BadRequest, detail).at("jti"));
    }
    let expires = details.expires.map(|text| text.parse::<Timestamp>()).transpose();
    let expires = expires.map_err(|error| Problem::new(Kind::BadRequest, error.to_string()).at("expires"))?;
    // Those who are here tell it themselves.
    let expires = expires.or_else(|| app.connections.principal(|who| who.token_id() == Some(&id))?.expires());
    let (revoking, known) = (Arc::clone(&app), id.clone());
    let kept = tokio::task::spawn_blocking(move || revoking.revoked.revoke(known, expires)).await;
    let ended = app.end_nobodies();
    kept.unwrap_or_else(|error| Err(Problem::new(Kind::Unavailable, error.to_string())))?;
    Ok(Json(json!({"jti": id, "expires": expires.map(|expires| expires.to_string()), "ended": ended})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_expired_is_forgotten_and_what_is_new_beyond_the_bound_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let revoked = Revoked::open(directory.path()).unwrap();
        let long_ago = Timestamp::from_unix_ms(1);
        revoked.revoke("old".into(), Some(long_ago)).unwrap();
        revoked.revoke("for ever".into(), None).unwrap();
        revoked.revoke("now".into(), Some(clock::now())).unwrap();
        let again = Revoked::open(directory.path()).unwrap();
        assert!(!again.has("old") && again.has("for ever") && again.has("now"), "{again:?}");
        let full = (0..REVOKED_MAX).map(|number| (number.to_string(), None)).collect();
        *again.known.write().unwrap() = full;
        assert!(again.revoke("one more".into(), None).is_err());
        again.revoke("7".into(), None).unwrap();
        let later = Timestamp::from_unix_ms(clock::now().unix_ms() + 3_600_000);
        let kept_after = |expires| {
            revoked.revoke("twice".into(), expires).unwrap();
            revoked.known.read().unwrap()["twice"].clone()
        };
        assert_eq!(kept_after(Some(later)), Some(later.to_string()));
        assert_eq!(kept_after(Some(clock::now())), Some(later.to_string()), "the longer of both");
        assert_eq!((kept_after(None), kept_after(Some(later))), (None, None), "for ever is longest");
        fs::write(directory.path().join(FILE), "{").unwrap();
        assert!(Revoked::open(directory.path()).unwrap_err().to_string().contains("damaged"));
    }
}
