//! What a plugin needs of its operator: said while it is loaded, not found out by requests that are denied.

use crate::Plugin;

/// Names what the plugin cannot do without. In [`export!`](crate::export!) it stands as `wants`.
///
/// ```
/// # use tidemill_sdk::{Manifest, NoConfig, Plugin, Wants, manifest};
/// # struct Rates;
/// # impl Plugin for Rates {
/// #     type Config = NoConfig;
/// #     fn manifest() -> Manifest { manifest! { summary: "Rates" } }
/// #     fn configure(_: NoConfig) -> Result<Self, String> { Ok(Self) }
/// # }
/// impl Wants for Rates {
///     fn http_hosts(&self) -> Vec<String> {
///         vec!["api.example.com".into()]
///     }
/// }
/// ```
pub trait Wants: Plugin {
    /// The hosts that it sends requests to: `api.example.com` (HTTPS, port 443), `*.example.org`, `https://host:8443`,
    /// `http://host`. One that was not granted refuses the load. Called once, after `configure`.
    fn http_hosts(&self) -> Vec<String>;
}
