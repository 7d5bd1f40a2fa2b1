//! Components for tests, built by `cargo xtask guests`.

use std::path::{Path, PathBuf};

/// A test guest (`tests/guests/examples/<name>.rs`).
pub(crate) fn guest(name: &str) -> PathBuf {
    existing(root().join(format!("target/guests/{name}.wasm")))
}

/// A ready-made plugin (`plugins/<name>`).
pub(crate) fn ready_made(name: &str) -> PathBuf {
    existing(root().join(format!("plugins/{name}.wasm")))
}

fn existing(path: PathBuf) -> PathBuf {
    assert!(path.exists(), "{} is missing: run `cargo xtask test`, or `cargo xtask guests` first", path.display());
    path
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}
