//! The keys of `[auth]`: who may do what.

use crate::config::auth::{AllowAnonymous, Auth, issuer, token};
use crate::config::kind::Choice;
use crate::config::settings::Settings;
use crate::limits::{ISSUERS_MAX, TOKENS_MAX};

pub(super) fn read(s: &mut Settings) -> Auth {
    Auth {
        allow_anonymous: s.read(
            "auth.allow-anonymous",
            "loopback",
            &Choice(&[
                ("loopback", AllowAnonymous::Loopback),
                ("anywhere", AllowAnonymous::Anywhere),
                ("never", AllowAnonymous::Never),
            ]),
            "Who may do everything without a token: nobody (`never`), everybody if `listen` is a loopback address \
            (`loopback`), or everybody who reaches the server (`anywhere`, with a warning at the start).",
        ),
        tokens: s.tables("auth.tokens", TOKENS_MAX, token),
        issuers: s.tables("auth.issuers", ISSUERS_MAX, issuer),
    }
}
