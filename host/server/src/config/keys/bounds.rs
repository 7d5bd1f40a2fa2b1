//! The keys that bound one owner beside others: principals, addresses, types of tokens.

use tidemill_plugin::limits::COMPONENT_BYTES_MAX;

use super::{GIB, KIB};
use crate::config::bounds::Caps;
use crate::config::kind::{Count, Size};
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

pub(super) fn events_per_second(s: &mut Settings) -> usize {
    s.read(
        "publish.events-per-second",
        "0",
        &Count(0..=1_000_000),
        "Most events of one publisher in a second, and so in one request: of one principal, or without a token of one \
        address. More are answered 429. 0: without bound.",
    )
}

pub(super) fn bytes_per_second(s: &mut Settings) -> usize {
    s.read(
        "publish.bytes-per-second",
        "0B",
        &Size(0..=GIB),
        "Most bytes of one publisher's bodies in a second, and so in one request, in whole KiB. 0B: without bound.",
    )
}

pub(super) fn accept_rate(s: &mut Settings) -> u32 {
    s.read(
        "server.accept-rate",
        "0",
        &Count(0..=1_000_000),
        "Most connections that are accepted in a second; further ones wait in the kernel. 0: without bound.",
    )
}

pub(super) fn accept_rate_per_address(s: &mut Settings) -> u32 {
    s.read(
        "server.accept-rate-per-address",
        "0",
        &Count(0..=1_000_000),
        "Most connections in a second from one IPv4 address or one IPv6 network (/64); further ones are closed at once. \
        Behind a proxy all may have one address. 0: without bound.",
    )
}

pub(super) fn connections_per_address(s: &mut Settings) -> usize {
    s.read(
        "server.connections-per-address",
        "0",
        &CONNECTIONS,
        "Most open connections from one IPv4 address or one IPv6 network (/64), whatever they are for; further ones are \
        closed at once. Behind a proxy all may have one address. 0: without bound.",
    )
}

pub(super) fn upload_max(s: &mut Settings) -> usize {
    s.read(
        "reload.upload-max",
        "32MiB",
        &Size(KIB..=COMPONENT_BYTES_MAX as usize),
        "Most bytes of a component that is uploaded (`PUT /plugins/{name}`). More are answered 413.",
    )
}
