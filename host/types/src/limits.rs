//! Every bound, and the harm it prevents.

/// How deep schemas are followed, also around in circles. What lies deeper may be anything.
pub(crate) const DEPTH_MAX: usize = 32;
/// Definitions of one event type. Schemas that refer to each other could multiply.
pub(crate) const DEFINITIONS_MAX: usize = 1_000;
/// Parts of schemas that one event type is made of, however often each of them is looked at.
pub(crate) const PARTS_MAX: usize = 20_000;
/// Characters of a name that is made of others.
pub(crate) const NAME_MAX: usize = 80;
/// Characters of a description that are kept.
pub(crate) const ABOUT_MAX: usize = 300;
