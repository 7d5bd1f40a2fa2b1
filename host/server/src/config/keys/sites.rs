//! The keys about where browsers may come from.

use std::time::Duration;

use super::MINUTE;
use crate::config::Cors;
use crate::config::kind::{Hosts, Origins, Span, Switch};
use crate::config::settings::Settings;

pub(super) fn allowed_hosts(s: &mut Settings) -> Vec<String> {
    s.read(
        "server.allowed-hosts",
        "",
        &Hosts,
        "Names of this server that requests without a token may be for (`Host`), with any port, beside `localhost` and \
        addresses. On a loopback address others are refused, elsewhere only if there is something in the list.",
    )
}

pub(super) fn cors(s: &mut Settings) -> Cors {
    Cors {
        origins: s.read(
            "cors.origins",
            "",
            &Origins,
            "Sites whose pages may read answers, and may change something without a token where nobody needs one. \
            [\"*\"]: every site.",
        ),
        credentials: s.read(
            "cors.credentials",
            "false",
            &Switch,
            "Whether these pages may also use the cookie `tidemill_token`. Not with [\"*\"].",
        ),
        max_age: s.read(
            "cors.max-age",
            "10m",
            &Span(Duration::ZERO..=24 * 60 * MINUTE),
            "How long browsers need not ask again whether a page may.",
        ),
    }
}
