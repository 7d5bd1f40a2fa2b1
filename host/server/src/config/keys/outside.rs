//! The keys about others that are asked for something, or trusted.

use tidemill_registry::PublicKey;

use crate::config::HttpClient;
use crate::config::kind::{File, PublicKeys};
use crate::config::settings::Settings;

pub(super) fn http_client(s: &mut Settings) -> HttpClient {
    HttpClient {
        roots: s.read(
            "http-client.roots",
            "",
            &File,
            "PEM file with certificates that plugins' requests trust beside those that browsers do.",
        ),
    }
}

pub(super) fn registry_keys(s: &mut Settings) -> Vec<PublicKey> {
    s.read(
        "registry.keys",
        "[]",
        &PublicKeys,
        "Public keys of which one must have signed what `tidemill plugin pull` takes. Without any, nothing needs to be signed.",
    )
}
