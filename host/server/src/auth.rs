//! Who may do what: tokens become principals, and one layer asks principals before anything else does.
//!
//! Owns the tokens that are taken, by their hashes and their issuers' keys. Must not know what handlers do.

mod credential;
mod guard;
mod issuer;
mod keys;
mod place;
mod policy;
mod principal;
#[cfg(any(test, fuzzing))]
pub(crate) mod property;
mod refusal;
mod revoked;
mod site;
mod tickets;
mod verified;

use anyhow::Context;
use axum::http::HeaderMap;
use jsonwebtoken::dangerous::insecure_decode;
use jsonwebtoken::decode_header;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

pub(crate) use guard::{Who, guard};
pub(crate) use keys::secret;
pub(crate) use principal::{Principal, Rights, TokenType};
pub(crate) use refusal::{Refusal, not_permitted};
pub(crate) use revoked::{Revoked, revoke};
pub(crate) use site::Sites;
pub(crate) use tickets::{Tickets, give_ticket};

use crate::auth::credential::Credential;
use crate::auth::issuer::Issuer;
use crate::auth::verified::Verified;
use crate::config::{self, AllowAnonymous};
use crate::outbound::Outbound;
use crate::problem::Problem;

/// The tokens that are taken.
#[derive(Debug)]
pub(crate) struct Auth {
    anonymous: Option<Arc<Principal>>,
    /// By the tokens' hashes, which say nothing of the tokens: how long looking takes is nobody's help.
    tokens: HashMap<[u8; 32], (config::StaticToken, Arc<Principal>)>,
    issuers: Vec<Arc<Issuer>>,
    verified: Verified,
}

impl Auth {
    /// Reads keys. `listen` is what the server is bound to; whoever is the same as `before` stays who they are.
    pub(crate) fn load(
        config: &config::Auth,
        listen: IpAddr,
        outbound: &Outbound,
        before: Option<&Self>,
    ) -> anyhow::Result<Self> {
        let load = |issuer: &config::Issuer| {
            let before = before.and_then(|before| before.issuers.iter().find(|own| own.name() == issuer.issuer));
            Issuer::load(issuer, outbound, before).with_context(|| {
                format!("`auth.issuers`: the issuer {:?}, whose keys are needed at the start", issuer.issuer)
            })
        };
        let issuers: Vec<Arc<Issuer>> = config.issuers.iter().map(load).collect::<Result<_, _>>()?;
        let loopback = listen.to_canonical().is_loopback();
        let anonymous = match config.allow_anonymous {
            AllowAnonymous::Anywhere => true,
            AllowAnonymous::Loopback => loopback,
            AllowAnonymous::Never => false,
        };
        let bearer = |token: &config::StaticToken| {
            let known = before.and_then(|before| before.tokens.get(&token.sha256)).filter(|(own, _)| own == token);
            let new = || Arc::new(Principal::bearer(token.name.clone(), token.rights.clone(), None, None));
            (token.sha256, (token.clone(), known.map_or_else(new, |(_, principal)| Arc::clone(principal))))
        };
        let known = before.and_then(|before| before.anonymous.clone());
        let nobody_known = || known.unwrap_or_else(|| Arc::new(Principal::anonymous()));
        Ok(Self {
            anonymous: anonymous.then(nobody_known),
            tokens: config.tokens.iter().map(bearer).collect(),
            issuers,
            verified: Verified::default(),
        })
    }

    /// What all who are known here rest on.
    fn credentials(&self) -> impl Iterator<Item = &Arc<Credential>> {
        let tokens = self.tokens.values().map(|(_, principal)| principal).chain(&self.anonymous);
        tokens.map(|principal| principal.rests_on()).chain(self.issuers.iter().map(|issuer| issuer.credential()))
    }

    /// Makes nobodies of those whom the ones that come after do not know.
    pub(crate) fn withdraw_all_but(&self, after: &Self) {
        let stay: HashSet<*const Credential> = after.credentials().map(Arc::as_ptr).collect();
        self.credentials().filter(|own| !stay.contains(&Arc::as_ptr(own))).for_each(|own| own.withdraw());
    }

    /// Says at the start what an operator may not have meant.
    pub(crate) fn warn(&self, listen: IpAddr) {
        let (open, local) = (self.anonymous.is_some(), listen.to_canonical().is_loopback());
        if open && !local {
            tracing::warn!(%listen, "`auth.allow-anonymous` is \"anywhere\": whoever reaches this server may publish, \
                subscribe and administer it");
        } else if !open && self.tokens.is_empty() && self.issuers.is_empty() {
            tracing::warn!(%listen, "nobody can do anything but deliver to hooks: requests need a token, and none is \
                accepted; write `[[auth.tokens]]` or `[[auth.issuers]]`, or set `auth.allow-anonymous`");
        }
    }

    /// Has issuers' keys fetched that are not there, or old. To be called now and then.
    pub(crate) fn refresh_keys(&self) {
        self.issuers.iter().for_each(|issuer| issuer.refresh_keys());
    }

    /// Who sent a request, if there is a token in it. `in_address`: the one of an address where that is allowed.
    async fn sender(
        &self,
        cookies: bool,
        query: &str,
        headers: &HeaderMap,
        in_address: Option<&str>,
    ) -> Result<Option<Arc<Principal>>, Problem> {
        match place::token(cookies, query, headers, in_address)? {
            // One that is not taken is an error everywhere: whoever sent it counts on it.
            Some(token) => Ok(Some(self.bearer(token).await?)),
            None => Ok(None),
        }
    }

    /// Whom a token stands for.
    pub(crate) async fn bearer(&self, token: &str) -> Result<Arc<Principal>, Refusal> {
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        if let Some((_, principal)) = self.tokens.get(&hash) {
            return Ok(Arc::clone(principal));
        }
        if token.bytes().filter(|byte| *byte == b'.').count() != 2 {
            return Err(Refusal::Unknown);
        }
        match self.verified.find(&hash) {
            Some(principal) => Ok(principal),
            None => self.signed(token, hash).await,
        }
    }

    /// Whom a signed token stands for.
    async fn signed(&self, token: &str, hash: [u8; 32]) -> Result<Arc<Principal>, Refusal> {
        let unreadable = || {
            let detail = "the token is no JWT that is accepted: its header must be JSON with an `alg` of HS256, RS256, \
                ES256 or EdDSA, and its claims JSON";
            Refusal::Malformed(detail.to_owned())
        };
        let header = decode_header(token).map_err(|_| unreadable())?;
        // Only to know whose keys to take: nothing else is believed before they fit.
        let claims = insecure_decode::<Value>(token).map_err(|_| unreadable())?.claims;
        let issuer = self.issuers.iter().find(|issuer| issuer.is_of(&claims)).ok_or(Refusal::Issuer)?;
        let (principal, keys) = issuer.principal(token, &header).await?;
        self.verified.keep(hash, &principal, issuer, keys);
        Ok(principal)
    }
}
