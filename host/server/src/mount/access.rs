//! Who may use a mount. Must not know how they show who they are.

use std::sync::Arc;

use crate::auth::{Principal, TokenType, not_permitted};
use crate::problem::Problem;

/// Who may.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) entrance: Entrance,
    /// The parameter `token` counts as a token.
    pub(crate) token_in_query: bool,
    /// All of them are needed.
    pub(crate) permissions: Vec<String>,
    /// One of them is needed, if there are any.
    pub(crate) token_types: Vec<TokenType>,
}

/// `auth`
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entrance {
    /// Who may use the server.
    #[default]
    Server,
    /// Everybody.
    Open,
    /// Who has a token, also where nobody else needs one.
    Token,
}

impl Entrance {
    /// The more, the fewer come in.
    const fn asks(self) -> u8 {
        match self {
            Self::Open => 0,
            Self::Server => 1,
            Self::Token => 2,
        }
    }
}

impl Access {
    /// Whether somebody may come in here who may not there.
    pub(crate) fn admits_more_than(&self, other: &Self) -> bool {
        let each = |own: &[String], theirs: &[String]| theirs.iter().all(|needed| own.contains(needed));
        let types = |own: &[TokenType], theirs: &[TokenType]| {
            theirs.is_empty() || (!own.is_empty() && own.iter().all(|kind| theirs.contains(kind)))
        };
        self.entrance.asks() < other.entrance.asks()
            || !each(&self.permissions, &other.permissions)
            || !types(&self.token_types, &other.token_types)
    }

    /// Whether it says itself who may do what is done here.
    pub(crate) const fn decides(&self) -> bool {
        matches!(self.entrance, Entrance::Open) || !self.permissions.is_empty() || !self.token_types.is_empty()
    }

    /// Whether somebody may.
    pub(crate) fn check(&self, who: &Arc<Principal>) -> Result<(), Problem> {
        // As everywhere: who may come without a token may do everything.
        let Some(kind) = who.kind() else { return Ok(()) };
        if !self.token_types.is_empty() && !self.token_types.iter().any(|own| own.name() == kind) {
            let types: Vec<&str> = self.token_types.iter().map(|own| own.name()).collect();
            let detail = format!("a {kind} token may not use this; it takes one of type {}", types.join(" or "));
            return Err(not_permitted(&format!("type:{}", types.join(",")), detail));
        }
        match self.permissions.iter().find(|permission| !who.has(permission)) {
            None => Ok(()),
            Some(permission) => {
                let detail = format!("this takes a token with the permission `{permission}`, which this one has not");
                Err(not_permitted(permission, detail))
            }
        }
    }
}
