//! Who is measured: the host, the floor, and the peers. Starts one of them on a free loopback port and says how to talk
//! to it. Must not know loads or figures.

mod nchan;
mod tidemill;

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use serde::Serialize;
use tempfile::TempDir;

use crate::cases::{Case, Chain, Kind};
use crate::cpu::Cores;
use crate::launch::Program;
use crate::load::{LoadSpec, PublishSpec};
use crate::payload::Payload;
use crate::wire::{Secure, Wire};

pub use tidemill::Position;

/// How long a hub may take to be ready. The host compiles its plugins on the one core it has.
const READY_LIMIT: Duration = Duration::from_secs(60);

/// A hub of our own that was forgotten ends by itself after this many seconds.
const LIFETIME_S: &str = "300";

/// The most that is read of an answer.
const LONGEST_ANSWER: u64 = 1 << 20;

const NDJSON: &str = "application/x-ndjson";

/// A program that takes events and hands them out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Hub {
    /// The least a server has to do, all that is ready in one write.
    Floor,
    /// The same with one write per event.
    FloorDirect,
    /// Ninety lines of axum.
    AxumNaive,
    /// Axum's own `Sse`.
    AxumSse,
    /// nginx with nchan, one worker.
    Nchan,
    /// The host.
    Tidemill,
}

/// Where programs are and how they are started.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// This program, which is also the floor and the axum peer.
    pub bench: PathBuf,
    /// The host's binary.
    pub tidemill: PathBuf,
    /// The directory with the plugins' `.wasm` files.
    pub plugins: PathBuf,
    /// More configuration for the host, appended to what the case needs.
    pub config: Option<PathBuf>,
    /// Plugins for every case, instead of the case's own.
    pub chain: Option<Chain>,
    /// Whether the host speaks TLS; the others never do.
    pub tls: bool,
    /// The nginx binary.
    pub nginx: PathBuf,
    /// Who runs where; `None` leaves it to the system.
    pub cores: Option<Cores>,
    /// How many files a process may open.
    pub open_files: u64,
}

/// A hub that is ready. Dropping it stops it.
#[derive(Debug)]
pub struct Running {
    program: Program,
    /// Where it listens.
    pub address: SocketAddr,
    /// The path to subscribe to.
    pub subscribe_path: &'static str,
    publish_path: &'static str,
    envelope: bool,
    /// What connections need when it speaks TLS.
    pub secure: Option<Secure>,
    _scratch: TempDir,
}

impl Hub {
    /// Its name on the command line and in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::FloorDirect => "floor-direct",
            Self::AxumNaive => "axum-naive",
            Self::AxumSse => "axum-sse",
            Self::Nchan => "nchan",
            Self::Tidemill => "tidemill",
        }
    }

    /// Why it cannot be measured here, and what to do about it.
    #[must_use]
    pub fn obstacle(self, setup: &Setup) -> Option<String> {
        match self {
            Self::Floor | Self::FloorDirect | Self::AxumNaive | Self::AxumSse => None,
            Self::Nchan => nchan::obstacle(setup),
            Self::Tidemill => tidemill::obstacle(setup),
        }
    }

    /// Whether it can do what a case asks for.
    #[must_use]
    pub fn can(self, case: &Case) -> bool {
        self != Self::Nchan || case.batch == 1 || case.kind == Kind::Idle
    }

    /// Starts it and waits until it is ready.
    ///
    /// # Errors
    ///
    /// When it cannot be started or does not get ready; the message holds what it printed.
    pub fn start(self, setup: &Setup, chain: Chain) -> Result<Running> {
        let scratch = scratch()?;
        let started = match self {
            Self::Floor => own(setup, scratch, &["floor", "--for-seconds", LIFETIME_S]),
            Self::FloorDirect => own(setup, scratch, &["floor", "--mode", "direct", "--for-seconds", LIFETIME_S]),
            Self::AxumNaive => own(setup, scratch, &["axum-naive", "--for-seconds", LIFETIME_S]),
            Self::AxumSse => own(setup, scratch, &["axum-sse", "--for-seconds", LIFETIME_S]),
            Self::Nchan => nchan::start(setup, scratch),
            Self::Tidemill => tidemill::start(setup, scratch, chain),
        };
        started.with_context(|| format!("{} did not start", self.name()))
    }
}

impl Running {
    /// A load on it with this payload, everything else as [`LoadSpec::new`] sets it.
    ///
    /// # Errors
    ///
    /// When the payload has no marker.
    pub fn load(&self, payload: &Payload, batch: usize) -> Result<LoadSpec> {
        let item = if self.envelope { payload.envelope()? } else { payload.data.clone() };
        let content_type = if batch > 1 { NDJSON } else { "application/json" };
        let publish = PublishSpec {
            path: self.publish_path.to_owned(),
            headers: String::new(),
            content_type: content_type.to_owned(),
            item,
            batch,
        };
        let secure = self.secure.clone();
        Ok(LoadSpec {
            secure,
            server: Some(self.process()),
            ..LoadSpec::new(self.address, self.subscribe_path, publish)
        })
    }

    /// Its process.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.program.id()
    }
}

/// Starts the host with a chain's plugins, more configuration and a data directory of its own.
///
/// # Errors
///
/// As [`Hub::start`].
pub fn host(setup: &Setup, chain: Chain, more: &str) -> Result<Running> {
    tidemill::start_with(setup, scratch()?, chain, more).context("tidemill did not start")
}

/// A directory of its own, where all data of a run go; `TMPDIR` says in which file system.
///
/// # Errors
///
/// When it cannot be made.
pub fn scratch() -> Result<TempDir> {
    Ok(tempfile::Builder::new().prefix("tidemill-bench-").tempdir()?)
}

/// A hub that is a command of this program.
fn own(setup: &Setup, scratch: TempDir, arguments: &[&str]) -> Result<Running> {
    let mut program = Program::start(&setup.bench, server_cores(setup), scratch.path(), &setup.bench, arguments)?;
    let address = program.wait_until(READY_LIMIT, printed_address)?;
    Ok(Running {
        program,
        address,
        subscribe_path: "/events",
        publish_path: "/events",
        envelope: false,
        secure: None,
        _scratch: scratch,
    })
}

/// The server's cores; none when it is left to the system.
fn server_cores(setup: &Setup) -> &[usize] {
    setup.cores.as_ref().map_or(&[], |cores| &cores.server)
}

/// The address of the listener, out of the line `{"listener":"http","address":"127.0.0.1:4000"}`, or `"https"`.
fn printed_address(program: &Program) -> Option<SocketAddr> {
    program.output().lines().find_map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        (line["listener"] == "http" || line["listener"] == "https").then(|| line["address"].as_str()?.parse().ok())?
    })
}

/// Asks for a path on a fresh connection; the status of the answer.
fn status(address: SocketAddr, secure: Option<&Secure>, path: &str) -> Option<u16> {
    let mut head = [0; 64];
    let length = ask(address, secure, path).ok()?.read(&mut head).ok()?;
    std::str::from_utf8(&head[..length]).ok()?.split(' ').nth(1)?.parse().ok()
}

/// Asks for a path on a fresh connection; the whole answer.
fn answer(address: SocketAddr, secure: Option<&Secure>, path: &str) -> io::Result<String> {
    let mut text = String::new();
    ask(address, secure, path)?.take(LONGEST_ANSWER).read_to_string(&mut text)?;
    Ok(text)
}

fn ask(address: SocketAddr, secure: Option<&Secure>, path: &str) -> io::Result<Wire> {
    let limit = Duration::from_secs(2);
    let socket = TcpStream::connect_timeout(&address, limit)?;
    socket.set_read_timeout(Some(limit))?;
    let mut wire = Wire::over(socket, secure)?;
    write!(wire, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    Ok(wire)
}

/// An absolute path, because programs run in other directories and name files in messages.
///
/// # Errors
///
/// When the path is empty.
pub fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("{} is no path", path.display()))
}
