//! The two ways in which a server carries streams (`server.sse-lane`), and which of them this run of the tests is about.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::Server;

/// Which lane the servers of this run take: `auto` or `hyper`; unset, whatever a server does by itself.
const CHOSEN: &str = "TIDEMILL_TEST_SSE_LANE";
/// The setting of a server.
const SETTING: &str = "TIDEMILL_SERVER_SSE_LANE";

/// A value of `server.sse-lane`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Streams leave hyper where that is possible.
    Auto,
    /// Everything stays with hyper.
    Hyper,
}

impl Lane {
    pub(crate) const BOTH: [Self; 2] = [Self::Auto, Self::Hyper];

    /// A server that takes this lane, whatever this run is about.
    pub(crate) async fn server(self, config: &str) -> Server {
        Server::start(&self.configure(config), &[]).await
    }

    /// The same in a prepared directory.
    pub(crate) async fn server_in(self, directory: TempDir, config: &str) -> Server {
        Server::start_in(directory, &self.configure(config)).await
    }

    /// A configuration with this lane.
    pub(crate) fn configure(self, config: &str) -> String {
        let name = match self {
            Self::Auto => "auto",
            Self::Hyper => "hyper",
        };
        let table = format!("[server]\nsse-lane = \"{name}\"\n");
        match config.contains("[server]\n") {
            true => config.replace("[server]\n", &table),
            false => format!("{config}\n{table}"),
        }
    }
}

/// Hands the choice of this run on to a command.
pub(super) fn choose(command: &mut Command) {
    if let Ok(lane) = std::env::var(CHOSEN) {
        assert!(["auto", "hyper"].contains(&lane.as_str()), "{CHOSEN} is {lane:?}: expected auto or hyper");
        command.env(SETTING, lane);
    }
}

/// The same to a server in a directory, unless its configuration names a lane: a variable would win over that.
pub(super) fn choose_unless_configured(command: &mut Command, directory: &Path) {
    let config = std::fs::read_to_string(directory.join("tidemill.toml")).unwrap_or_default();
    if config.contains("sse-lane") {
        command.env_remove(SETTING);
    }
}
