//! What the reader of a page has: programs, an address for a server, and nothing that the tests are set with.

use std::env;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::support::{self, toolchain};

/// As pages write the server's address: the default.
const SERVER: [&str; 2] = ["127.0.0.1:3000", "localhost:3000"];
/// As they write that of a registry of plugins.
const REGISTRY: [&str; 2] = ["127.0.0.1:5000", "localhost:5000"];

/// An address that nobody listens at. It lies below the ports that systems hand out by themselves, so that it is still free when
/// a page needs it.
pub(super) fn free_address() -> String {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    // Far from the one before, which nobody listens at yet either.
    let first = std::process::id() + TAKEN.fetch_add(1_000, Ordering::Relaxed);
    let free = |port: &u32| TcpListener::bind(("127.0.0.1", u16::try_from(*port).unwrap())).is_ok();
    let port = (0..20_000).map(|next| 10_000 + (first + next) % 20_000).find(free).unwrap();
    format!("127.0.0.1:{port}")
}

/// A text of the page with the addresses that its server and its registry really have.
pub(super) fn here(text: &str, server: &str, registry: &str) -> String {
    let text = SERVER.iter().fold(text.to_owned(), |text, written| text.replace(written, server));
    REGISTRY.iter().fold(text, |text, written| text.replace(written, registry))
}

/// The folders of toolchains by their names. None: one may be left out, and is not there.
pub(super) fn toolchains(names: &[String]) -> Option<Vec<PathBuf>> {
    names.iter().map(|name| toolchain(name)).collect()
}

/// Gives a command what a reader has.
pub(super) fn prepare(command: &mut Command, toolchains: &[PathBuf], address: &str) {
    support::prepare(command);
    command.env_remove("CARGO_TARGET_DIR");
    let program = Path::new(env!("CARGO_BIN_EXE_tidemill"));
    let mut path = vec![program.parent().unwrap().to_owned()];
    path.extend(toolchains.iter().map(|folder| folder.join("bin")));
    path.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    command.env("PATH", env::join_paths(path).unwrap());
    if let Some(first) = toolchains.first() {
        command.env("TIDEMILL_TOOLS", first);
    }
    command.env("TIDEMILL_LISTEN", address).env("TIDEMILL_URL", format!("http://{address}"));
    command.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
    // The SDK is compiled once for all pages; what becomes of a plugin is its own.
    command.env("CARGO_BUILD_BUILD_DIR", Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/pages"));
}
