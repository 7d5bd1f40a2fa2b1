//! The peer nginx with nchan: its configuration and its start. Debian and Ubuntu have both as packages.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use super::{READY_LIMIT, Running, Setup, server_cores};
use crate::launch::Program;

/// Where packages put the module.
const MODULES: [&str; 2] = ["/usr/lib/nginx/modules", "/usr/lib64/nginx/modules"];
const MODULE: &str = "ngx_nchan_module.so";

/// One channel in memory. `@NAME@` is filled in.
const CONFIGURATION: &str = include_str!("nchan.conf");

pub(super) fn obstacle(setup: &Setup) -> Option<String> {
    (!setup.nginx.exists() || module().is_none())
        .then(|| "nginx with nchan is not installed: apt-get install nginx-light libnginx-mod-nchan".to_owned())
}

pub(super) fn start(setup: &Setup, scratch: TempDir) -> Result<Running> {
    let directory = scratch.path().to_str().context("the directory for temporary files is not UTF-8")?;
    // nginx cannot say which port it got: one that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let user = if rustix::process::getuid().is_root() { "user root;" } else { "" };
    let text = CONFIGURATION
        .replace("@MODULE@", &module().context("no nchan module")?)
        .replace("@USER@", user)
        .replace("@DIRECTORY@", directory)
        .replace("@ADDRESS@", &address.to_string())
        .replace("@OPEN_FILES@", &setup.open_files.min(1 << 20).to_string())
        .replace("@CONNECTIONS@", &setup.open_files.saturating_sub(64).clamp(512, 60_000).to_string());
    let file = scratch.path().join("nginx.conf");
    fs::write(&file, text)?;
    let log = scratch.path().join("error.log");
    let arguments = [Path::new("-e"), &log, Path::new("-c"), &file];
    let mut program = Program::start(&setup.bench, server_cores(setup), scratch.path(), &setup.nginx, arguments)?;
    program.wait_until(READY_LIMIT, |_| listens(address))?;
    Ok(Running {
        program,
        address,
        subscribe_path: "/subscribe",
        publish_path: "/publish",
        envelope: false,
        secure: None,
        _scratch: scratch,
    })
}

fn listens(address: SocketAddr) -> Option<()> {
    TcpStream::connect(address).ok().map(drop)
}

fn module() -> Option<String> {
    MODULES.iter().map(|directory| format!("{directory}/{MODULE}")).find(|path| Path::new(path).exists())
}
