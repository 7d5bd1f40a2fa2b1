//! Mounts: paths of the configuration at which clients of a system find what its documents say. Owns the table of them; what
//! is at each is a kind with its own file. Must not know any system by name.

pub(crate) mod profile;
pub(crate) mod stream;

pub(crate) use profile::Profile;
pub(crate) use stream::{StreamMount, plain};
