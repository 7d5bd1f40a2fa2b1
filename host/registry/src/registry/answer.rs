//! What a registry answers: what it wants to be shown first, to whom that goes, and what it says when it refuses.

use http::{HeaderValue, StatusCode};
use serde::Deserialize;
use url::Url;

use super::Registry;
use crate::auth::{Wanted, issued};
use crate::error::shown;
use crate::exchange::{Answer, Ask, Broken, origin};
use crate::{Credentials, RegistryError};

#[derive(Deserialize)]
struct Errors {
    errors: Vec<OneError>,
}

#[derive(Deserialize)]
struct OneError {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl Registry {
    /// Sends something with what the registry wants to be shown; it says what that is by refusing the first time.
    pub(super) async fn answer(&self, mut ask: Ask, what: &'static str) -> Result<Answer, RegistryError> {
        let max = ask.max;
        let broken = |broken: Broken| match broken {
            Broken::TooLong => RegistryError::TooLarge { what, max },
            Broken::Lost(reason) => self.unreachable(&self.base, &reason),
        };
        if !self.is_own(&ask.url) {
            return self.exchange.send(ask).await.map_err(broken);
        }
        ask.authorization.clone_from(&self.known.lock().await.shown);
        let mut met = Vec::new();
        loop {
            let answer = self.exchange.send(ask.clone()).await.map_err(broken)?;
            let status = answer.status;
            // Whoever the registry redirects to is told nothing of who asks, nor by whom it is to be believed.
            let is_asked =
                matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) && self.is_own(&answer.from);
            let wanted = if is_asked && !met.contains(&status) { Wanted::of(&answer.headers) } else { None };
            let shown = match (status, wanted) {
                (StatusCode::UNAUTHORIZED, Some(wanted)) => self.authorization(wanted, false).await?,
                // The token is good for less than this.
                (StatusCode::FORBIDDEN, Some(wanted @ Wanted::Token { .. })) => {
                    self.authorization(wanted, true).await?
                }
                (StatusCode::UNAUTHORIZED, None) if is_asked => return Err(self.unauthorized()),
                _ => return Ok(answer),
            };
            met.push(status);
            self.known.lock().await.shown = Some(shown.clone());
            ask.authorization = Some(shown);
        }
    }

    fn is_own(&self, url: &Url) -> bool {
        url.origin() == self.base.origin()
    }

    /// What to show for what is wanted; of tokens `exactly` that, or one that is good for all that is to be done.
    async fn authorization(&self, wanted: Wanted, exactly: bool) -> Result<HeaderValue, RegistryError> {
        let (realm, service, mut scope) = match wanted {
            Wanted::Basic => return self.credentials.basic().ok_or_else(|| self.unauthorized()),
            Wanted::Token { realm, service, scope } => (realm, service, scope),
        };
        if self.known.lock().await.pushes && !(exactly && scope.is_some()) {
            scope = Some(format!("repository:{}:pull,push", self.reference.repository()));
        }
        let ask = self.credentials.ask_for_token(realm.clone(), service.as_deref(), scope.as_deref());
        let answer = self.exchange.send(ask).await.map_err(|broken| self.unreachable(&realm, &broken.to_string()))?;
        match answer.status {
            StatusCode::OK => issued(&answer)
                .ok_or_else(|| RegistryError::Unusable(format!("{} issues no token that can be read", origin(&realm)))),
            StatusCode::UNAUTHORIZED => Err(self.unauthorized()),
            _ => Err(self.refused(&answer)),
        }
    }

    fn unreachable(&self, address: &Url, reason: &str) -> RegistryError {
        let registry = self.named(address);
        RegistryError::Unreachable { registry, reason: shown(reason) }
    }

    /// The registry by its own name, others by where they are.
    fn named(&self, address: &Url) -> String {
        if self.is_own(address) { self.reference.registry().to_owned() } else { origin(address) }
    }

    fn unauthorized(&self) -> RegistryError {
        RegistryError::Unauthorized {
            registry: self.reference.registry().to_owned(),
            repository: self.reference.repository().to_owned(),
            known: self.credentials != Credentials::None,
        }
    }

    /// What an answer says that is no success.
    pub(super) fn refused(&self, answer: &Answer) -> RegistryError {
        let registry = self.named(&answer.from);
        let said =
            serde_json::from_slice::<Errors>(&answer.body).ok().and_then(|Errors { errors }| errors.into_iter().next());
        let detail = said.map(|OneError { code, message }| if message.is_empty() { code } else { message });
        let detail = shown(&detail.unwrap_or_default());
        match answer.status {
            StatusCode::UNAUTHORIZED if self.is_own(&answer.from) => self.unauthorized(),
            StatusCode::FORBIDDEN => {
                RegistryError::Forbidden { registry, repository: self.reference.repository().to_owned(), detail }
            }
            status => RegistryError::Refused { registry, status: status.as_u16(), detail },
        }
    }
}
