//! Plugins in OCI registries: a component is pushed as an artifact, pulled by tag or digest, and signed.
//!
//! Owns references, the artifact's form, requests to registries with their bounds, credentials, and signatures. Trusts nothing that
//! a registry says: every answer has a bound, and every byte that is handed on has the digest that was asked for. Must not
//! know: what a plugin is, where components come from and go to, how anything is printed.

mod artifact;
mod auth;
mod connect;
mod credentials;
mod digest;
mod early;
mod error;
mod exchange;
pub mod limits;
mod pull;
mod push;
mod reference;
mod registry;
mod signature;

pub use artifact::About;
pub use connect::{Connector, Way, connector};
pub use credentials::{Credentials, CredentialsError};
pub use digest::{Digest, DigestError};
pub use early::Early;
pub use error::RegistryError;
pub use exchange::{Plain, Told};
pub use pull::Pulled;
pub use push::Pushed;
pub use reference::{Reference, ReferenceError};
pub use registry::{Access, Registry};
pub use signature::{KeyError, PublicKey, SecretKey, SignatureError, Trust, new_keys};
