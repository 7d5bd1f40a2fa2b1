//! Bounds of what is taken from a registry, whatever it says and sends.

use std::time::Duration;

/// A manifest; the distribution specification has registries take 4 MiB, artifacts with one layer have about 1 KiB.
pub const MANIFEST_BYTES_MAX: u64 = 1 << 20;
/// The configuration of an artifact: names of imports and exports.
pub const CONFIG_BYTES_MAX: u64 = 1 << 20;
/// What a registry or an issuer of tokens says of an order, and why it refuses one.
pub const ANSWER_BYTES_MAX: u64 = 256 << 10;
/// A list of tags, which is read to name some that are near.
pub const TAGS_BYTES_MAX: u64 = 1 << 20;
/// Credentials that Docker keeps.
pub const CREDENTIALS_BYTES_MAX: u64 = 1 << 20;
/// A key's file; one has 200 bytes.
pub const KEY_BYTES_MAX: u64 = 4 << 10;
/// A signature with its comment.
pub const SIGNATURE_BYTES_MAX: usize = 4 << 10;
/// Redirects that are followed; registries have one, to where they store blobs.
pub const REDIRECTS_MAX: usize = 5;
/// Tags that are named when there is none of the one that was asked for.
pub const TAGS_NAMED_MAX: usize = 5;
/// Characters of others' words that are passed on.
pub const WORDS_MAX: usize = 200;
/// Bytes that are handed to a connection at once, after which progress is told.
pub const PART_BYTES: usize = 256 << 10;
/// How long a connection may take.
pub const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a registry may be silent while something is expected of it.
pub const SILENCE_MAX: Duration = Duration::from_secs(30);
/// How long one request may take with all its bytes: 64 MiB at 75 KiB/s.
pub const REQUEST_TIME_MAX: Duration = Duration::from_secs(15 * 60);
