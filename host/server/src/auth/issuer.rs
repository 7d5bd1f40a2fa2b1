//! One issuer's tokens: JWTs (RFC 7519), checked as RFC 8725 says, become principals.

use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Header, Validation, decode};
use serde_json::Value;
use tidemill_event::Timestamp;

use crate::auth::credential::Credential;
use crate::auth::keys::{Key, Keys};
use crate::auth::principal::{Principal, Rights, TokenType};
use crate::auth::refusal::Refusal;
use crate::outbound::Outbound;
use crate::{clock, config};

/// Somebody whose tokens are taken.
#[derive(Debug)]
pub(super) struct Issuer {
    config: config::Issuer,
    keys: Keys,
    validation: Validation,
    credential: Arc<Credential>,
}

impl Issuer {
    /// Reads its keys. If nothing is different from `before` it is the one from before.
    pub(super) fn load(
        config: &config::Issuer,
        outbound: &Outbound,
        before: Option<&Arc<Self>>,
    ) -> anyhow::Result<Arc<Self>> {
        let keys = Keys::load(config, outbound)?;
        if let Some(before) = before.filter(|before| before.config == *config && before.keys.equal(&keys)) {
            return Ok(Arc::clone(before));
        }
        let mut validation = Validation::new(Algorithm::HS256);
        // Set for each token, to the one algorithm of the key.
        validation.algorithms = Vec::new();
        let mut required = vec!["exp"];
        if !config.issuer.is_empty() {
            validation.set_issuer(&[&config.issuer]);
            required.push("iss");
        }
        // Without one a token that has an audience is for somebody else.
        if !config.audience.is_empty() {
            validation.set_audience(&config.audience);
            required.push("aud");
        }
        validation.set_required_spec_claims(&required);
        validation.validate_nbf = true;
        validation.leeway = config.leeway.as_secs();
        Ok(Arc::new(Self { config: config.clone(), keys, validation, credential: Arc::default() }))
    }

    pub(super) fn name(&self) -> &str {
        &self.config.issuer
    }

    /// Whether a token says that it is of this issuer: also one that says nothing, if there is one whose tokens do not.
    pub(super) fn is_of(&self, claims: &Value) -> bool {
        let said = claims.get("iss");
        if self.config.issuer.is_empty() { said.is_none() } else { said.is_some_and(|said| *said == *self.name()) }
    }

    /// What those rest on whose tokens are from it.
    pub(super) const fn credential(&self) -> &Arc<Credential> {
        &self.credential
    }

    /// Whom a token stands for, and the keys by which that is known.
    pub(super) async fn principal(
        &self,
        token: &str,
        header: &Header,
    ) -> Result<(Arc<Principal>, Arc<[Key]>), Refusal> {
        if header.crit.is_some() {
            return Err(Refusal::Malformed("the token's header has `crit`, which nothing here understands".into()));
        }
        let checked = self.keys.with(header.kid.as_deref(), header.alg, |key| {
            let validation = Validation { algorithms: vec![header.alg], ..self.validation.clone() };
            decode::<Value>(token, &key.key, &validation)
        });
        let checked = checked.await?;
        let unknown =
            "the token is signed with an algorithm, or names a key (`kid`), that its issuer does not use here";
        let (checked, keys) = checked.ok_or(Refusal::Signature(unknown))?;
        let claims = checked.map_err(|error| refusal(error.kind()))?.claims;
        let principal = self.of_claims(&claims)?;
        // The library takes a token until the end of the second in which it expires, our streams do not.
        if principal.left(clock::now()).is_some_and(|left| left.is_zero()) {
            return Err(Refusal::Expired);
        }
        Ok((Arc::new(principal), keys))
    }

    /// Whether its keys are still these.
    pub(super) fn has(&self, keys: &Arc<[Key]>) -> bool {
        self.keys.are(keys)
    }

    /// Has its keys fetched if it is time.
    pub(super) fn refresh_keys(&self) {
        self.keys.refresh();
    }

    fn of_claims(&self, claims: &Value) -> Result<Principal, Refusal> {
        let names = &self.config.claims;
        let malformed = |detail: String| Refusal::Malformed(format!("the token cannot be used: {detail}"));
        let kind = match claim(claims, &names.kind) {
            None => TokenType::Readonly,
            Some(kind) => serde_json::from_value(kind.clone())
                .map_err(|_| malformed(format!("its claim `{}` is none of master, team and readonly", names.kind)))?,
        };
        let list = |name: &str| list(claims, name).map_err(malformed);
        let (permissions, groups) = (list(&names.permissions)?, list(&names.groups)?);
        let publish = list(&names.publish)?.or_else(|| self.config.publish.clone());
        let subscribe = list(&names.subscribe)?.or_else(|| self.config.subscribe.clone());
        let rights = Rights::new(kind, permissions.unwrap_or_default(), groups.unwrap_or_default(), publish, subscribe)
            .map_err(malformed)?;
        let text = |name: &str| claim(claims, name).and_then(Value::as_str).map(str::to_owned);
        let nobody = || malformed(format!("it has no `{}`, which says whom it is for", names.subject));
        let subject = text(&names.subject).ok_or_else(nobody)?;
        // Was checked to be there.
        let expires = claims["exp"].as_f64().and_then(|at| Duration::try_from_secs_f64(at).ok()).unwrap_or_default();
        let expires = Timestamp::from_unix_ms(
            expires.as_secs().saturating_mul(1000).saturating_add(self.validation.leeway * 1000),
        );
        Ok(Principal::bearer(subject, rights, Some(expires), text(&names.id)).resting_on(&self.credential))
    }
}

fn claim<'c>(claims: &'c Value, name: &str) -> Option<&'c Value> {
    let found = if name.starts_with('/') { claims.pointer(name) } else { claims.get(name) };
    found.filter(|value| !value.is_null())
}

/// A list of texts, or one text with blanks between them, as in the `scope` of OAuth.
fn list(claims: &Value, name: &str) -> Result<Option<Vec<String>>, String> {
    let wrong = || format!("its claim `{name}` is no list of texts");
    match claim(claims, name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.split_whitespace().map(str::to_owned).collect())),
        Some(Value::Array(list)) => {
            let texts: Option<Vec<String>> = list.iter().map(|item| item.as_str().map(str::to_owned)).collect();
            texts.map(Some).ok_or_else(wrong)
        }
        Some(_) => Err(wrong()),
    }
}

fn refusal(error: &ErrorKind) -> Refusal {
    match error {
        ErrorKind::ExpiredSignature => Refusal::Expired,
        ErrorKind::ImmatureSignature => Refusal::NotYetValid,
        ErrorKind::InvalidAudience => Refusal::Audience,
        ErrorKind::InvalidIssuer => Refusal::Issuer,
        ErrorKind::InvalidSignature => Refusal::Signature("the token's signature is not that of its issuer"),
        ErrorKind::InvalidAlgorithm => Refusal::Signature("the token's algorithm is not the one of its issuer's key"),
        ErrorKind::MissingRequiredClaim(name) if name == "aud" => Refusal::Audience,
        ErrorKind::MissingRequiredClaim(name) => {
            Refusal::Malformed(format!("the token has no claim `{name}`, or one of the wrong kind"))
        }
        ErrorKind::InvalidClaimFormat(name) => Refusal::Malformed(format!("the token's claim `{name}` is no time")),
        _ => Refusal::Malformed("the token is no JWT that can be read".to_owned()),
    }
}
