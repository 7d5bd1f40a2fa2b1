//! The keys that bound one owner beside others: principals, addresses, types of tokens.

use crate::config::bounds::Caps;
use crate::config::kind::Count;
use crate::config::settings::Settings;

const CONNECTIONS: Count<usize> = Count(0..=10_000_000);

pub(super) fn caps(s: &mut Settings) -> Caps {
    let mut cap = |key, meaning| s.read(key, "0", &CONNECTIONS, meaning);
    Caps {
        per_principal: cap(
            "subscribe.connections-per-principal",
            "Most of these of one principal with a token. 0: no bound but `subscribe.connections-max`, here and below.",
        ),
        per_address: cap(
            "subscribe.connections-per-address",
            "Most of these from one IPv4 address or one IPv6 network (/64). Behind a proxy all may have one address.",
        ),
        anonymous: cap("subscribe.connections-anonymous", "Most of these without a token."),
        readonly: cap("subscribe.connections-readonly", "Most of these with tokens of type `readonly`."),
        team: cap("subscribe.connections-team", "Most of these with tokens of type `team`."),
        master: cap("subscribe.connections-master", "Most of these with tokens of type `master`."),
    }
}
