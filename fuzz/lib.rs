//! Nothing: a package needs a target that is always there. What is here is in `targets.rs`.
