//! Who somebody is and what they may do. Must not know how they showed it, nor HTTP.

use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tidemill_event::{Reader, Timestamp, TypePattern, limits::PATTERNS_MAX};

use crate::auth::credential::Credential;
use crate::limits::RIGHTS_MAX;

/// Who a request comes from.
#[derive(Debug)]
pub(crate) struct Principal {
    name: String,
    /// None without a token: whoever may come without one may do everything, but for visitors.
    rights: Option<Rights>,
    /// What they may see.
    reader: Arc<Reader>,
    expires: Option<Timestamp>,
    /// What tells a token from others of its issuer (`jti`).
    token_id: Option<String>,
    rests_on: Arc<Credential>,
}

/// What kind of token it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TokenType {
    /// May administer, too.
    Master,
    /// May publish and subscribe.
    Team,
    /// May subscribe.
    Readonly,
}

/// What the bearer of a token may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rights {
    kind: TokenType,
    permissions: Vec<String>,
    groups: Vec<String>,
    publish: Vec<TypePattern>,
    subscribe: Vec<TypePattern>,
}

/// What all visitors rest on: they are one. They see, and do what the mount is for that they come to.
static VISITORS: LazyLock<Arc<Credential>> = LazyLock::new(Arc::default);

/// The permission that everything needs which changes the server itself.
pub(crate) const ADMIN: &str = "admin";

impl TokenType {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Master => "master",
            Self::Team => "team",
            Self::Readonly => "readonly",
        }
    }
}

impl Rights {
    /// Checked. Patterns that are left out are all types for a `master`, none for others.
    pub(crate) fn new(
        kind: TokenType,
        permissions: Vec<String>,
        groups: Vec<String>,
        publish: Option<Vec<String>>,
        subscribe: Option<Vec<String>>,
    ) -> Result<Self, String> {
        for (name, list) in [("permissions", &permissions), ("groups", &groups)] {
            if list.len() > RIGHTS_MAX {
                return Err(format!("`{name}` has {} entries, at most {RIGHTS_MAX} are possible", list.len()));
            }
        }
        let patterns = |name: &str, texts: Option<Vec<String>>| match texts {
            None if kind == TokenType::Master => Ok(vec![TypePattern::All]),
            None => Ok(Vec::new()),
            Some(texts) if texts.len() > PATTERNS_MAX => {
                Err(format!("`{name}` has {} patterns, at most {PATTERNS_MAX} are possible", texts.len()))
            }
            Some(texts) => {
                texts.iter().map(|text| text.parse().map_err(|error| format!("`{name}`: {error}"))).collect()
            }
        };
        let (publish, subscribe) = (patterns("publish", publish)?, patterns("subscribe", subscribe)?);
        Ok(Self { kind, permissions, groups, publish, subscribe })
    }
}

impl Principal {
    /// Somebody without a token, where that is allowed.
    pub(crate) fn anonymous() -> Self {
        let (name, reader) = ("anonymous".to_owned(), Arc::default());
        Self { name, rights: None, reader, expires: None, token_id: None, rests_on: Arc::default() }
    }

    /// Somebody without a token at a mount that is open to everybody: they see these types, or all if there are none.
    pub(crate) fn visitor(types: &[TypePattern]) -> Self {
        let subscribe = (!types.is_empty()).then(|| types.to_vec());
        let reader = Arc::new(Reader { subscribe, ..Reader::default() });
        Self { reader, rests_on: Arc::clone(&VISITORS), ..Self::anonymous() }
    }

    /// The bearer of a token.
    pub(crate) fn bearer(name: String, rights: Rights, expires: Option<Timestamp>, token_id: Option<String>) -> Self {
        let Rights { kind, permissions, groups, subscribe, .. } = &rights;
        let reader = Arc::new(Reader {
            client: Some(name.clone()),
            groups: groups.clone(),
            token_type: Some(kind.name().to_owned()),
            permissions: permissions.clone(),
            subscribe: (!subscribe.contains(&TypePattern::All)).then(|| subscribe.clone()),
            any_audience: false,
        });
        Self { name, rights: Some(rights), reader, expires, token_id, rests_on: Arc::default() }
    }

    /// One of several that rest on the same.
    pub(super) fn resting_on(self, credential: &Arc<Credential>) -> Self {
        Self { rests_on: Arc::clone(credential), ..self }
    }

    /// What it rests on. Once that is withdrawn it is nobody.
    pub(crate) const fn rests_on(&self) -> &Arc<Credential> {
        &self.rests_on
    }

    /// Whether these two are the same somebody, by whichever of their tokens.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.name == other.name && Arc::ptr_eq(&self.rests_on, &other.rests_on)
    }

    /// Whether what it rests on was taken from it.
    pub(crate) fn is_withdrawn(&self) -> bool {
        self.rests_on.is_withdrawn()
    }

    /// What tells its token from others of the issuer.
    pub(crate) fn token_id(&self) -> Option<&str> {
        self.token_id.as_deref()
    }

    /// Whom a token stands for.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The type of its token, if it has one.
    pub(crate) fn kind(&self) -> Option<&'static str> {
        self.rights.as_ref().map(|rights| rights.kind.name())
    }

    /// From when on it is nobody any more.
    pub(crate) const fn expires(&self) -> Option<Timestamp> {
        self.expires
    }

    /// How long it is still somebody, if that ends.
    pub(crate) fn left(&self, now: Timestamp) -> Option<Duration> {
        let expires = self.expires?.unix_ms();
        Some(Duration::from_millis(expires.saturating_sub(now.unix_ms())))
    }

    /// Whether it is somebody without a token at a mount that is open to everybody.
    pub(crate) fn is_visitor(&self) -> bool {
        Arc::ptr_eq(&self.rests_on, &VISITORS)
    }

    /// Whether it may publish at all.
    pub(crate) fn may_publish_something(&self) -> bool {
        !self.is_visitor() && self.rights.as_ref().is_none_or(|rights| rights.kind != TokenType::Readonly)
    }

    /// Whether it may publish events of this type.
    pub(crate) fn may_publish(&self, event_type: &str) -> bool {
        let covered = |rights: &Rights| rights.publish.iter().any(|pattern| pattern.matches(event_type));
        self.may_publish_something() && self.rights.as_ref().is_none_or(covered)
    }

    /// What it may see. Somebody without a token is named by no audience.
    pub(crate) const fn reader(&self) -> &Arc<Reader> {
        &self.reader
    }

    /// What it may see where the server is looked after: whoever may administer it, events for whomever.
    pub(crate) fn operating(&self) -> Reader {
        Reader { any_audience: self.may_administer(), ..Reader::clone(&self.reader) }
    }

    /// Whether it has a permission. A `master` has all, and so has whoever may come to the server without a token; strangers at a
    /// mount that is open to everybody have none.
    pub(crate) fn has(&self, permission: &str) -> bool {
        match &self.rights {
            None => !self.is_visitor(),
            Some(rights) => rights.kind == TokenType::Master || rights.permissions.iter().any(|own| own == permission),
        }
    }

    /// Whether it may change the server itself.
    pub(crate) fn may_administer(&self) -> bool {
        !self.is_visitor()
            && self.rights.as_ref().is_none_or(|rights| {
                // Reading is all that a readonly token is for, whatever else stands in it.
                rights.kind == TokenType::Master
                    || (rights.kind == TokenType::Team
                        && rights.permissions.iter().any(|permission| permission == ADMIN))
            })
    }

    /// All there is to know, for itself.
    pub(crate) fn to_json(&self) -> Value {
        let texts = |patterns: &[TypePattern]| patterns.iter().map(ToString::to_string).collect::<Vec<_>>();
        let all = vec!["*".to_owned()];
        let rights = self.rights.as_ref();
        json!({
            "name": self.name,
            "type": rights.map(|rights| rights.kind.name()),
            "permissions": rights.map_or(vec![ADMIN], |rights| rights.permissions.iter().map(|p| &**p).collect()),
            "groups": rights.map_or(&[][..], |rights| &rights.groups),
            "publish": rights.map_or_else(|| all.clone(), |rights| texts(&rights.publish)),
            "subscribe": rights.map_or_else(|| all.clone(), |rights| texts(&rights.subscribe)),
            "expires": self.expires.map(|expires| expires.to_string()),
            "jti": self.token_id,
        })
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.token_id.iter().try_for_each(|id| write!(f, " ({id})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(kind: TokenType, permissions: &[&str], publish: Option<&str>, subscribe: Option<&str>) -> Principal {
        let list = |texts: &str| texts.split(',').filter(|text| !text.is_empty()).map(str::to_owned).collect();
        let permissions = permissions.iter().map(ToString::to_string).collect();
        let rights = Rights::new(kind, permissions, Vec::new(), publish.map(list), subscribe.map(list)).unwrap();
        Principal::bearer("x".into(), rights, None, None)
    }

    #[test]
    fn kinds_of_tokens_differ() {
        use TokenType::{Master, Readonly, Team};
        assert!(principal(Master, &[], None, None).may_administer());
        assert!(principal(Team, &["admin"], None, None).may_administer());
        assert!(!principal(Team, &["administer"], None, None).may_administer());
        assert!(!principal(Readonly, &["admin"], None, None).may_administer());
        assert!(principal(Master, &[], None, None).may_publish("a"));
        assert!(!principal(Master, &[], Some("b"), None).may_publish("a"));
        assert!(principal(Team, &[], Some("a"), None).may_publish("a"));
        assert!(!principal(Team, &[], None, None).may_publish("a"));
        assert!(!principal(Readonly, &[], Some("*"), None).may_publish("a"));
        let narrowed = |principal: Principal| principal.reader().narrow(Vec::new()).map(|list| list.len());
        assert_eq!(narrowed(principal(Readonly, &[], None, Some("a,b"))), Ok(2));
        assert!(narrowed(principal(Team, &[], None, None)).is_err());
        assert_eq!(narrowed(principal(Master, &[], None, None)), Ok(0));
        assert_eq!(narrowed(Principal::anonymous()), Ok(0));
        let (anonymous, visitor) = (Principal::anonymous(), Principal::visitor(&[]));
        assert!(anonymous.may_publish("a") && anonymous.may_administer() && anonymous.has("a"));
        assert!(!visitor.may_publish("a") && !visitor.may_administer() && !visitor.has("a"));
        let audiences = [principal(Master, &[], None, None), principal(Team, &["admin"], None, None)];
        assert!(audiences.iter().all(|one| !one.reader().any_audience && one.operating().any_audience));
        assert!(!principal(Team, &[], None, None).operating().any_audience);
        let has = |who: &Principal| who.has("write");
        assert!(has(&principal(Master, &[], None, None)) && has(&principal(Team, &["write"], None, None)));
        assert!(!has(&principal(Team, &["admin"], None, None)));
        assert!(has(&Principal::anonymous()) && !has(&Principal::visitor(&[])));
    }
}
